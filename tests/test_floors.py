from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_the_map_for_contributors_is_what_import_linter_holds() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(each["layers"] for each in contracts if each["type"] == "layers")
    held = [sorted(re.split(r" [:|] ", layer)) for layer in layers]
    rows = re.findall(r"^\| (`.*?`) \|", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE)
    assert [sorted(re.findall(r"`(\w+)`", row)) for row in rows] == held


def test_every_package_has_a_floor() -> None:
    there = {
        path.stem
        for path in (ROOT / "benchmark").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").is_file()
    }
    layers = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0][
        "layers"
    ]
    assert {name for layer in layers for name in re.split(r" [:|] ", layer)} == there - {
        "__init__",
        "__main__",
    }


def test_the_page_of_what_tests_share_has_every_module_of_it() -> None:
    folder = ROOT / "tests" / "support"
    rows = re.findall(r"^\| (`.*?`) \|", (folder / "README.md").read_text(), re.MULTILINE)
    named = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert sorted(named) == sorted(file.stem for file in folder.glob("*.py"))
