from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from suite_components import fake_registry

from benchmark.exceptions import SuiteError
from benchmark.plugin.registry import Registry
from benchmark.suite.load import Suite, load_suite


@pytest.fixture
def registry() -> Registry:
    return fake_registry()


@pytest.fixture
def load(tmp_path: Path, registry: Registry) -> Callable[..., Suite]:
    """Return a function that writes a suite and loads it."""

    def write_and_load(text: str, *overrides: str) -> Suite:
        (tmp_path / "suite.yaml").write_text(text, encoding="utf-8")
        return load_suite(tmp_path / "suite.yaml", registry, overrides)

    return write_and_load


@pytest.fixture
def problems(load: Callable[..., Suite], tmp_path: Path) -> Callable[..., list[str]]:
    """Return a function from a wrong suite to its problems, with the folder left off."""

    def find(text: str, *overrides: str) -> list[str]:
        with pytest.raises(SuiteError) as caught:
            load(text, *overrides)
        return [str(problem).replace(f"{tmp_path}/", "") for problem in caught.value.problems]

    return find
