"""What the page on plugins shows works as it is written."""

from __future__ import annotations

import json
import os
import re
from importlib.util import find_spec
from pathlib import Path

import pytest
from forked_trials import FORKED
from warm import BENCH, start_program

from benchmark.files import TEMPORARY
from benchmark.plugin import hookspecs

PAGE = Path(__file__).resolve().parents[2] / "docs" / "plugins.md"


@pytest.fixture(scope="module")
def page() -> str:
    if not PAGE.is_file():
        pytest.skip("the page is not here")
    return PAGE.read_text()


def block(page: str, name: str) -> str:
    """Return the Python block with a class of that name."""
    (found,) = (
        text for text in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if f"class {name}(" in text
    )
    return found


def skip_without(package: str) -> None:
    """Skip a test where a package is not, which other processes import."""
    if find_spec(package) is None:
        pytest.skip(f"{package} is not installed")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("block_", "name", "needs"), [("Forest", "forest", "sklearn"), ("Boosting", "boosting", "lightgbm")]
)
def test_a_classifier_of_somebody_elses_is_run_stored_and_asked(
    project, page: str, block_: str, name: str, needs: str
) -> None:
    skip_without(needs)
    (project.folder / "benchfile.py").write_text(block(page, block_))
    suite = (project.folder / "suite.yaml").read_text()
    project.write(suite.replace("[majority, nearest]", f"[majority, {{{name}: {{trees: 20}}}}]"))
    ran = project.bench("run", "suite.yaml", "--executor", "inline", "--keep-models")
    assert ran.code == 0, ran.err
    found = {}
    for file in project.results.glob("*-0-*/metrics.json"):
        found[file.parent.name.partition("-")[0]] = json.loads(file.read_text())["test"]["top1"]
    assert found[name] > 2 * found["majority"]
    assert list(project.results.glob(f"{name}-*/model/estimator.skops"))
    clip = next(song for song in project.cache.rglob("*.wav") if TEMPORARY not in str(song))
    said = project.bench("predict", f"{name} 0", str(clip), "--suite", "suite.yaml", "--json")
    assert said.code == 0, said.err
    assert json.loads(said.out)


@pytest.mark.slow
@pytest.mark.parametrize(("block_", "needs"), [("Forest", "sklearn"), ("Boosting", "lightgbm")])
def test_a_classifier_of_somebody_elses_passes_the_kit(
    tmp_path: Path, page: str, block_: str, needs: str
) -> None:
    skip_without(needs)
    # Most time goes into trees: a tenth of them are no other model.
    few = re.sub(r"trees: int = (\d+)0\b", r"trees: int = \1", block(page, block_))
    assert few != block(page, block_)
    (tmp_path / "benchfile.py").write_text(few)
    process = start_program(FORKED + BENCH, ("plugins", "check", "benchfile.py"), tmp_path, os.environ)
    said, err = process.communicate(timeout=300)
    assert process.returncode == 0, said + err
    assert f"model {block_.lower()}: ok" in said
    assert "NOT OK" not in said


@pytest.mark.slow
def test_the_tracker_keeps_its_diary(project, page: str) -> None:
    (project.folder / "benchfile.py").write_text(block(page, "Diary"))
    suite = (project.folder / "suite.yaml").read_text()
    project.write(suite.replace("[majority, nearest]", "[majority]"))
    ran = project.bench("run", "suite.yaml", "--executor", "inline", "--track", "diary")
    assert ran.code == 0, ran.err
    lines = [line.split() for line in (project.results / "diary.txt").read_text().splitlines()]
    assert [(status, folder.endswith(id_)) for id_, status, folder in lines] == [("ok", True)] * 2


def test_the_table_of_events_is_that_of_the_hooks(page: str) -> None:
    rows = dict(re.findall(r"^\| `(bench_\w+)` \| [^|]+ \| ([^|]+) \|$", page, re.MULTILINE))
    events = {
        name: hook.__code__.co_varnames[: hook.__code__.co_argcount]
        for name, hook in vars(hookspecs).items()
        if name.endswith(("_started", "_finished"))
    }
    assert {name: tuple(re.findall(r"`([a-z_]+)`", text)) for name, text in rows.items()} == events
