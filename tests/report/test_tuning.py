"""What a report says of studies, made by real ones."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
from tuning_toys import BENCHFILE, SUITE, record, stamps

from benchmark.suite.tuning.space import Dimension
from benchmark.suite.tuning.tune import StudySpec
from benchmark.tuning.history import load_history

pytestmark = pytest.mark.slow
INLINE = ("run", "suite.yaml", "--executor", "inline")


def tuned(project):
    """Have a project tune a toy."""
    project.write(
        SUITE.replace("trials: 6", "trials: 12").replace(
            "toy]", "{toy: {trouble: raise, x: -0.5}, label: toy}]"
        )
    )
    (project.folder / "benchfile.py").write_text(BENCHFILE)
    return project


@pytest.fixture(scope="module")
def reported_once(module_project):
    """Return a project whose suite has been tuned, run and reported. Nothing is to be changed in it."""
    ran = tuned(module_project).bench(*INLINE)
    assert ran.code == 0, ran.err
    return module_project


@pytest.fixture
def reported(project, reported_once):
    """Return such a project of a test's own."""
    shutil.copytree(reported_once.folder / "results", project.folder / "results")
    return tuned(project)


def test_a_report_has_a_section_on_each_study(reported) -> None:
    reported.figures = True
    assert reported.bench("report", "suite.yaml", "--sections", "studies").code == 0
    folder: Path = reported.results / "report"
    page = (folder / "report.md").read_text()
    section = page.split("## Studies\n")[1].split("\n## ")[0]
    found = record(reported)
    assert "### Study of toy" in section
    assert "Values were chosen by confidence on synthetic:validation, seed 0" in section
    counts = ", ".join(f"{count} {state}" for state, count in found["trials"].items())
    assert f"Trials: {counts}" in section
    assert "Optuna 5" in section
    assert re.search(r"RuntimeError: model 'toy' \(plugin benchfile.py, .*\): x is", section)
    assert "| model.x" in section
    # The toy's right answers are the more certain the better its parameter, on every track and seed.
    row = next(line for line in section.splitlines() if line.startswith("| toy"))
    assert "| better" in row
    assert "< 0.001" in row
    assert "The test parts of other seeds hold some of the tracks" in section
    (figure,) = folder.glob("figures/study-*.png")
    assert f"({figure.relative_to(folder).as_posix()})" in section
    assert figure.with_suffix(".pdf").is_file()
    html = (folder / "report.html").read_text()
    assert "The best trials, by confidence" in html


def test_tables_and_best_trials_are_those_of_the_storage(reported) -> None:
    found = record(reported)
    spec = StudySpec(found["labels"], None, (Dimension("model.x", low=-1.0, high=1.0),))  # type: ignore[arg-type]
    history = load_history(spec, found["id"], str(reported.results / "studies.journal"))
    assert history.trials["state"].value_counts().to_dict() == {k: n for k, n in found["trials"].items() if n}
    best = history.best(3)
    assert best["value"].is_monotonic_decreasing
    assert best["value"].iloc[0] == found["value"]
    assert best["number"].iloc[0] == found["trial"]
    assert history.best_so_far().iloc[-1] == found["value"]
    pd.testing.assert_series_equal(
        history.importance, pd.Series({"model.x": 1.0}), check_names=False, check_index_type=False
    )


def test_a_report_is_made_again_when_a_study_has_gone_on_and_only_then(reported) -> None:
    file = reported.results / "report" / "report.md"
    before, cells = file.stat().st_mtime_ns, stamps(reported)
    assert reported.bench(*INLINE).code == 0
    assert file.stat().st_mtime_ns == before
    assert stamps(reported) == cells
    assert reported.bench(*INLINE, "--set", "tune.trials=14").code == 0
    assert (
        sum(
            json.loads(Path(next(iter(reported.results.glob("studies/*.json")))).read_text())[
                "trials"
            ].values()
        )
        == 14
    )
    assert file.stat().st_mtime_ns > before


def test_without_its_storage_a_study_is_reported_from_its_record(reported) -> None:
    (reported.results / "studies.journal").unlink()
    made = reported.bench("report", "suite.yaml", "--format", "md", "--force")
    assert made.code == 0, made.err
    page = (reported.results / "report" / "report.md").read_text()
    assert "studies.journal is not there, so that trials cannot be listed." in page
    assert "| model.x" in page
    assert not (reported.results / "studies.journal").exists()
