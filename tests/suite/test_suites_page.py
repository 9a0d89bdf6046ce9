"""The reference page says what the loader does."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from benchmark.plugin.manager import Plugins
from benchmark.plugin.registry import Registry
from benchmark.settings import SETTINGS
from benchmark.suite.expand import KEYS
from benchmark.suite.load import TOP, load_suite

PAGE = (Path(__file__).parents[2] / "docs" / "suites.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
WHOLE = [block for block in BLOCKS if block.startswith("name:")]
COMMON = "name: x\ncell:\n  dataset: gtzan\n  features: mel\n"


@cache
def registry() -> Registry:
    return Plugins().registry


def load(text: str, folder: Path, *overrides: str):
    (folder / "suite.yaml").write_text(text, encoding="utf-8")
    return load_suite(folder / "suite.yaml", registry(), overrides)


@pytest.mark.parametrize("text", WHOLE, ids=range(len(WHOLE)))
def test_whole_suites_on_the_page_load(tmp_path: Path, text: str) -> None:
    assert load(text, tmp_path).cells


def test_single_lines_on_the_page_load(tmp_path: Path) -> None:
    lines = [
        line
        for block in BLOCKS
        for line in block.splitlines()
        if re.match("(model|audio|augmentation): ", line)
    ]
    assert len(lines) == 13
    for line in lines:
        rest = "" if line.startswith("model") else "  model: cnn\n"
        assert load(f"{COMMON}{rest}  {line}\n", tmp_path).cells


def test_exclusions_and_inclusions_on_the_page_load(tmp_path: Path) -> None:
    (entries,) = [block for block in BLOCKS if block.startswith("exclude:")]
    suite = load(WHOLE[0] + entries, tmp_path)
    assert "wide CRNN · none · 0" in [cell.label for cell in suite.cells]
    assert len(suite.cells) == 18 - 3 - 4 + 3


def test_the_page_lacks_no_key_and_no_setting() -> None:
    names = [*TOP, *KEYS, *(name for kind in SETTINGS.values() for name in kind.model_fields)]
    assert [name for name in names if f"`{name}`" not in PAGE and f"{{{name}:" not in PAGE] == []
