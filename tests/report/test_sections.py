"""A report has the sections that are asked for, in every format, and computes no others."""

from __future__ import annotations

from pathlib import Path

import fabricate
import pytest

from benchmark.exceptions import UsageError
from benchmark.report.chapters.make import CHAPTERS
from benchmark.report.material import make_material
from benchmark.report.sections import SECTIONS, checked_sections
from benchmark.report.write import write_report
from benchmark.results.collect import collect


@pytest.fixture
def made(tmp_path: Path) -> tuple:  # type: ignore[type-arg]
    plan = fabricate.make_plan(tmp_path)
    return plan, fabricate.make_results(plan, tmp_path / "results"), fabricate.make_registry()


def test_every_section_has_a_name_that_is_listed() -> None:
    assert set(CHAPTERS) < set(SECTIONS)
    assert checked_sections([]) == set(SECTIONS)
    assert checked_sections(["cost", "effects"]) == {"cost", "effects"}


def test_an_unknown_section_is_answered_with_the_nearest_and_all_others() -> None:
    with pytest.raises(UsageError, match=r"no section 'evidnce'.* Did you mean 'evidence'\?.*leaderboard"):
        checked_sections(["evidnce"])


@pytest.mark.slow
def test_all_formats_have_what_is_asked_for_and_nothing_else(made: tuple) -> None:  # type: ignore[type-arg]
    plan, store, registry = made
    files, board = write_report(plan, store, registry, sections=["evidence", "suite"])
    names = {file.name for file in files}
    assert names == {
        "differences-to-the-best-row.csv", "differences-to-the-best-row.tex", "pairs-tones-test-top1.png",
        "pairs-tones-test-top1.pdf", "report.md", "report.html",
    }  # fmt: skip
    assert len(board.lines) == 6
    folder = store.folder / "report"
    page, text = (folder / "report.html").read_text(), (folder / "report.md").read_text()
    assert [title in page for title in (">Which differences are real</h2>", ">Suite</h2>")] == [True, True]
    assert not any(
        f">{title}</h2>" in page for title in ("Leaderboard", "Effects of factors", "Cells", "Cost")
    )
    titles = [line for line in text.splitlines() if line.startswith("## ")]
    assert titles == ["## Differences to the best row", "## Figures", "## Suite"]


def test_a_report_of_other_sections_is_made_anew_and_what_is_no_longer_asked_for_goes(made: tuple) -> None:  # type: ignore[type-arg]
    plan, store, registry = made
    write_report(plan, store, registry, ["csv"], sections=["leaderboard", "effects"])
    folder = store.folder / "report"
    assert (folder / "effects.csv").is_file()
    write_report(plan, store, registry, ["csv"], sections=["leaderboard"])
    assert [file.name for file in folder.glob("*.csv")] == ["leaderboard.csv"]


def test_what_is_not_asked_for_is_not_computed(made: tuple) -> None:  # type: ignore[type-arg]
    plan, store, registry = made
    results = collect(plan, store, registry)
    few = make_material(results, plan, registry, ["leaderboard"])
    assert not len(few.statistics.effects)
    assert not len(few.statistics.calibration)
    assert not few.questions.sets[0].interactions.within
    whole = make_material(results, plan, registry)
    assert len(whole.statistics.effects)
    assert len(whole.statistics.calibration)
    assert whole.questions.sets[0].interactions.within
    # What is shown of rows does not hang on what else is asked for.
    assert few.board == whole.board
