"""The blocks of docs/plugins.md are short, and work as they stand."""

from __future__ import annotations

import os
import re
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest
from forked_trials import FORKED
from projects import NETWORKS
from warm import start_program

PAGE = Path(__file__).resolve().parents[2] / "docs" / "plugins.md"
KINDS = {"model package, tinynet.py": "Model", "dataset": "Dataset", "torch model": "Model"}
NAMES = {"model package, tinynet.py": "TinyNet", "dataset": "Folders", "torch model": "TorchNet"}


def block(title: str) -> str:
    """Return the code below ``<!-- test: title -->``."""
    if not PAGE.is_file():
        pytest.skip("the documentation is not here")
    found = re.search(
        rf"<!-- test: {re.escape(title)} -->\n```\w+\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL
    )
    assert found, title
    return found[1]


def lines(title: str) -> int:
    """Return how many lines of a block are not empty."""
    return sum(bool(line.strip()) for line in block(title).splitlines())


@pytest.mark.parametrize(
    ("title", "most"),
    [
        ("model package, tinynet.py", 15),
        ("model package, pyproject.toml", 8),
        ("dataset", 30),
        ("torch model", 15),
    ],
)
def test_what_an_author_must_write_is_short(title: str, most: int) -> None:
    assert lines(title) <= most


def test_the_package_names_its_module_by_an_entry_point_and_requires_nothing_else() -> None:
    project = tomllib.loads(block("model package, pyproject.toml"))["project"]
    assert project["entry-points"] == {"bench": {"tinynet": "tinynet"}}
    assert project["dependencies"] == ["genrebench"]


# Of the kit, in a folder.
TESTS = """
import pytest
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "--rootdir", ".", "."]))
"""


def kit_on(title: str, folder: Path, members: str = "") -> tuple[int | None, str]:
    """Run the kit's tests of a block's component; return how they ended, and what they said."""
    (folder / "theirs.py").write_text(block(title))
    (folder / "test_theirs.py").write_text(
        f"from pathlib import Path\nfrom theirs import {NAMES[title]}\n"
        f"from benchmark.testing import {KINDS[title]}Contract, PluginContract\n"
        f"class TestTheirs({KINDS[title]}Contract):\n    component = {NAMES[title]}\n{members}"
        "class TestPlugin(PluginContract):\n    module = 'theirs'\n"
    )
    libraries = NETWORKS if title.startswith("model") else ()
    process = start_program(FORKED + TESTS, (), folder, os.environ, libraries)
    said, err = process.communicate(timeout=300)
    return process.returncode, said + err


@pytest.mark.slow
@pytest.mark.parametrize("title", ["model package, tinynet.py", "torch model"])
def test_the_models_pass_the_kit(title: str, tmp_path: Path) -> None:
    if title == "torch model" and not (find_spec("torch") and find_spec("safetensors")):
        pytest.skip("PyTorch is not installed")
    code, said = kit_on(title, tmp_path)
    assert code == 0, said
    assert " passed" in said
    assert "skipped" not in said


@pytest.mark.slow
def test_the_dataset_passes_the_kit(tmp_path: Path) -> None:
    import numpy as np
    import soundfile

    for label, pitch in (("high", 880), ("low", 220)):
        (tmp_path / "data" / label).mkdir(parents=True)
        for number in range(2):
            tone = 0.3 * np.sin(2 * np.pi * (pitch + number) * np.arange(44_100) / 22_050)
            soundfile.write(tmp_path / "data" / label / f"{number}.wav", tone, 22_050)
    code, said = kit_on("dataset", tmp_path, "    data = Path(__file__).parent / 'data'\n")
    assert code == 0, said
    assert " passed" in said
    assert "skipped" not in said
