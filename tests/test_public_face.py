"""What ``benchmark`` exports: all that plugins need, explained, and loaded only when it is used."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from types import FunctionType

import pytest

import benchmark

ROOT = Path(__file__).resolve().parents[1]


def test_help_has_a_line_for_each_name_and_for_no_other() -> None:
    listed = re.findall(r"^- ``(\w+)``: \S", benchmark.__doc__ or "", re.MULTILINE)
    assert sorted(listed) == sorted(benchmark.__all__)
    assert len(set(listed)) == len(listed)


def test_type_checkers_and_programs_see_the_same_names_from_the_same_modules() -> None:
    tree = ast.parse(Path(benchmark.__file__).read_text())
    (guarded,) = (node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.name: node.module
        for node in guarded.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == benchmark._HOMES


@pytest.mark.parametrize("name", benchmark.__all__)
def test_every_name_can_be_had_and_explains_itself(name: str) -> None:
    found = getattr(benchmark, name)
    if isinstance(found, type | FunctionType):
        assert found.__doc__


@pytest.mark.parametrize(
    "needed",
    ["Stage", "Examples", "TrainingRun", "Track", "Corpus", "build_corpus", "find_root", "generated_folder",
     "ParameterCount", "derive_generator", "Tracker", "PlannedCell", "CellRecord", "hookimpl"],
)  # fmt: skip
def test_what_plugins_are_promised_is_there(needed: str) -> None:
    assert needed in benchmark.__all__


def test_the_built_ins_import_nothing_else() -> None:
    folder = ROOT / "plugins"
    if not folder.is_dir():
        pytest.skip("the built-in plugins' source is not here")
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "benchmark":
                assert node.module == "benchmark", file
                assert {alias.name for alias in node.names} <= set(benchmark.__all__), file
            if isinstance(node, ast.Import):
                assert not any(alias.name.startswith("benchmark.") for alias in node.names), file


def test_importing_it_with_all_contracts_loads_nothing_heavy() -> None:
    code = (
        "import sys, benchmark; [getattr(benchmark, name) for name in benchmark.__all__]; "
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {
        "tensorflow",
        "keras",
        "torch",
        "jax",
        "librosa",
        "matplotlib",
        "pandas",
        "sklearn",
        "scipy",
        "mlflow",
    }
    assert not heavy & set(loaded.stdout.split())
