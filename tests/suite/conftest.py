from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field

from benchmark import Augmentation, Dataset, Features, Location, Metric, Model
from benchmark.exceptions import SuiteError
from benchmark.plugin.registry import Registry, Source
from benchmark.suite.load import Suite, load_suite

class Tones(Dataset):
    name = "tones"

    def __init__(self, *, count: int = 4, root: Annotated[str | None, Location()] = None) -> None: ...


class Noises(Dataset):
    name = "noises"
    role = "test"


class Picture(Features):
    name = "picture"

    def __init__(self, *, size: Annotated[int, Field(gt=0)] = 16) -> None: ...


class Small(Model):
    name = "small"


class Large(Model):
    name = "large"

    def __init__(self, *, width: Annotated[int, Field(gt=0)] = 8, kind: Literal["a", "b"] = "a") -> None: ...


class Stretch(Augmentation):
    name = "stretch"
    acts_on = "waveform"

    def __init__(self, *, rates: list[float] = [1.25]) -> None: ...  # noqa: B006


class Mask(Augmentation):
    name = "mask"
    acts_on = "features"


def metric(called: str) -> type[Metric]:
    return type(called, (Metric,), {"name": called})


@pytest.fixture
def registry() -> Registry:
    made = Registry()
    for component in (Tones, Noises, Picture, Small, Large, Stretch, Mask, *map(metric, ("top1", "top2", "macro-f1"))):
        made.add(component, Source("fakes", "fakes", "1.0"))
    return made


@pytest.fixture
def load(tmp_path: Path, registry: Registry) -> Callable[..., Suite]:
    """Return a function that writes a suite and loads it."""

    def write_and_load(text: str, *overrides: str, name: str = "suite.yaml") -> Suite:
        (tmp_path / name).write_text(text)
        return load_suite(tmp_path / name, registry, overrides)

    return write_and_load


@pytest.fixture
def problems(load: Callable[..., Suite]) -> Callable[..., list[str]]:
    """Return a function from a wrong suite to its problems, with the folder left off."""

    def find(text: str, *overrides: str) -> list[str]:
        with pytest.raises(SuiteError) as caught:
            load(text, *overrides)
        return [
            f"{Path(problem.where).name if problem.where[:1] == '/' else problem.where}: {problem.message}"
            for problem in caught.value.problems
        ]

    return find
