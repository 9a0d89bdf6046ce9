"""From a results folder to the files of a report."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import fabricate
import numpy as np
import pytest
from programs import SUPPORT
from sklearn.metrics import f1_score, recall_score

from benchmark.digests import sealed
from benchmark.exceptions import ResultsError, UsageError
from benchmark.report.render import to_terminal
from benchmark.report.write import FORMATS, UnwrittenReportError, write_report
from benchmark.results.collect import collect
from benchmark.results.store import ResultsStore
from benchmark.settings import EarlyStopping, TrainingSettings

TABLES = ("md", "csv", "tex")
# Enough where it matters whether a report is made, and not what is in it.
BOARD = ("leaderboard",)
NEW_METRIC = fabricate.FEW.replace("metrics: [top1, macro-f1]", "metrics: [top1, macro-f1, top2]")


def top1(number: int) -> float:
    labels, probabilities = fabricate.make_answers(number)
    return float(np.mean(probabilities.argmax(axis=1) == labels))


def macro_f1(number: int) -> float:
    labels, probabilities = fabricate.make_answers(number)
    return float(f1_score(labels, probabilities.argmax(axis=1), average="macro"))


def report(
    folder: Path,
    failed: dict[int, str] | None = None,
    formats: Sequence[str] = TABLES,
    sections: Sequence[str] = (),
    text: str = fabricate.SUITE,
    **changes: object,
) -> Path:
    """Make results and their report; return its folder."""
    plan = fabricate.make_plan(folder, text)
    store = fabricate.make_results(plan, folder / "results", failed, **changes)
    write_report(plan, store, fabricate.make_registry(), formats, sections=sections)
    return store.folder / "report"


def report_again(folder: Path, formats: Sequence[str] = TABLES, text: str = fabricate.FEW) -> Path:
    """Bring the report's leaderboard up to date with the results that are there; return its folder."""
    plan = fabricate.make_plan(folder, text)
    store = ResultsStore(folder / "results", plan.suite.name)
    write_report(plan, store, fabricate.make_registry(), formats, sections=BOARD)
    return store.folder / "report"


def read_csv(folder: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((folder / "leaderboard.csv").read_text().splitlines()))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the report of results where all went well."""
    return report(tmp_path_factory.mktemp("made"))


def test_every_format_shows_what_numpy_computes_from_the_predictions(made: Path) -> None:
    lines = read_csv(made)
    markdown, latex = (made / "leaderboard.md").read_text(), (made / "leaderboard.tex").read_text()
    assert len(lines) == 6
    rows = [(model, recipe) for model in ("first", "second", "third_50%") for recipe in ("none", "stretched")]
    for number, (model, recipe) in enumerate(rows):
        (line,) = [line for line in lines if (line["model"], line["augmentation"]) == (model, recipe)]
        for metric, compute in (("top1", top1), ("macro-f1", macro_f1)):
            values = [compute(2 * number), compute(2 * number + 1)]
            mean, sd = np.mean(values), np.std(values, ddof=1)
            assert float(line[f"tones:test/{metric} mean"]) == pytest.approx(mean)
            assert float(line[f"tones:test/{metric} sd"]) == pytest.approx(sd)
            (shown,) = [
                text for text in markdown.splitlines() if model.replace("_", r"\_") in text and recipe in text
            ]
            low, high = (float(line[f"tones:test/{metric} {side}"]) for side in ("low", "high"))
            assert low <= mean <= high
            assert rf" {100 * mean:.1f} \[{100 * low:.1f}, {100 * high:.1f}\] " in shown
            assert f"{100 * mean:.1f} {{[}}{100 * low:.1f}, {100 * high:.1f}]" in latex


def test_rows_are_ordered_by_the_sorted_measure_and_ranks_are_those_that_the_comparisons_leave_open(
    made: Path,
) -> None:
    lines = read_csv(made)
    means = [float(line["tones:test/top1 mean"]) for line in lines]
    assert means == sorted(means, reverse=True)
    compared = list(csv.DictReader((made / "differences-to-the-best-row.csv").read_text().splitlines()))
    alike = [float(line["p_holm"]) >= 0.05 for line in compared]
    assert all(alike), "twelve tracks and two seeds tell nothing"
    assert {line["rank"] for line in lines} == {"1-6"}
    assert {(line["rank_low"], line["rank_high"]) for line in lines} == {("1", "6")}
    assert "Any of 6 rows may be the best; 0 of 15 pairs are decided." in (made / "report.md").read_text()
    assert {line["verdict"] for line in compared} == {"may be best"}


def test_the_page_has_recall_per_class(made: Path) -> None:
    page = (made / "report.md").read_text()
    recalls = []
    for number in (0, 1):
        labels, probabilities = fabricate.make_answers(number)
        recalls.append(recall_score(labels, probabilities.argmax(axis=1), average=None))
    expected = [f"{100 * share:.1f}" for share in np.mean(recalls, axis=0)]
    recognised = page.split("## Recognised per class")[1].split("\n## ")[0]
    (line,) = [line for line in recognised.splitlines() if line.startswith("| first · none")]
    assert [cell.strip() for cell in line.strip("|").split("|")[1:]] == expected


@pytest.mark.slow
def test_the_page_has_figures_that_exist(tmp_path: Path) -> None:
    made = report(tmp_path, formats=FORMATS)
    page = (made / "report.md").read_text()
    figures = [line.split("](")[1].rstrip(")") for line in page.splitlines() if line.startswith("![")]
    assert sorted(figures) == [
        f"figures/{name}.png"
        for name in (
            "class-effects-augmentation-tones-test-recall",
            "class-effects-model-tones-test-recall",
            "confusion-tones-test",
            "cost",
            "difference-tones-test",
            "effects",
            "interaction-augmentation-model-tones-test",
            "learning-curves",
            "pairs-tones-test-top1",
            "per-class-tones-test",
            "reliability-tones-test",
            "top1-top2-tones-test",
        )
    ]
    for figure in figures:
        assert (made / figure).read_bytes().startswith(b"\x89PNG")
        assert (made / figure).with_suffix(".pdf").read_bytes().startswith(b"%PDF")


def test_a_failed_cell_leaves_its_row_unranked_and_is_shown_with_what_it_said(tmp_path: Path) -> None:
    folder = report(tmp_path, {3: "no memory & no_luck\nat all"})
    last = read_csv(folder)[-1]
    assert (last["model"], last["augmentation"], last["rank"], last["n"]) == (
        "first",
        "stretched",
        "",
        "1/2 (1 failed)",
    )
    assert float(last["tones:test/top1 mean"]) == pytest.approx(top1(2))
    assert (
        "first · stretched · 1: failed: ValueError: no memory & no\\_luck"
        in (folder / "report.md").read_text()
    )
    assert r"failed: ValueError: no memory \& no\_luck" in (folder / "leaderboard.tex").read_text()
    assert "1/2 (1 failed)" in (folder / "leaderboard.md").read_text()


def test_results_of_which_nothing_went_well_have_a_report_too(tmp_path: Path) -> None:
    folder = report(tmp_path, dict.fromkeys(range(12), "no luck"))
    assert {line["n"] for line in read_csv(folder)} == {"0/2 (2 failed)"}
    assert "no luck" in (folder / "report.md").read_text()


def test_marks_are_in_every_format(tmp_path: Path) -> None:
    folder = report(tmp_path, marks=["rehearsal", "leaky"])
    for name in ("leaderboard.md", "leaderboard.tex", "report.md"):
        text = (folder / name).read_text()
        assert "A REHEARSAL on small stand-ins" in text
        assert "rehearsal, leaky" in text
    lines = read_csv(folder)
    assert {line["marks"] for line in lines} == {"rehearsal;leaky"}
    assert {line["rank"] for line in lines} == {""}


def test_a_metric_added_later_is_computed_from_what_is_stored(tmp_path: Path) -> None:
    report(tmp_path, sections=BOARD, text=fabricate.FEW)
    folder = report_again(tmp_path, text=NEW_METRIC)
    (line,) = [line for line in read_csv(folder) if line["model"] == "second"]
    values = []
    for number in (2, 3):
        labels, probabilities = fabricate.make_answers(number)
        values.append(
            np.mean(
                [
                    label in order[-2:]
                    for label, order in zip(labels, probabilities.argsort(axis=1), strict=True)
                ]
            )
        )
    assert float(line["tones:test/top2 mean"]) == pytest.approx(np.mean(values))


def test_a_damaged_result_is_named_and_its_row_counts_as_incomplete(tmp_path: Path) -> None:
    plan = fabricate.make_plan(tmp_path)
    store = fabricate.make_results(plan, tmp_path / "results")
    broken = store.scan()[str(plan.ids[0])]
    (broken / "predictions.parquet").write_bytes(b"PAR1 nothing PAR1")
    write_report(plan, store, fabricate.make_registry(), TABLES)
    folder = store.folder / "report"
    assert broken.name.replace("_", r"\_") in (folder / "leaderboard.md").read_text()
    assert read_csv(folder)[-1]["n"] == "1/2 (1 damaged)"


def test_mixed_versions_a_missing_file_and_rows_of_one_seed_are_said_and_do_no_harm(tmp_path: Path) -> None:
    plan = fabricate.make_plan(tmp_path)
    store = fabricate.make_results(plan, tmp_path / "results", {3: "no luck"})
    folders = store.scan()
    (folders[str(plan.ids[0])] / "predictions.parquet").unlink()
    fabricate.without_digests(folders[str(plan.ids[5])])
    other = folders[str(plan.ids[5])] / "cell.json"
    other.write_text(other.read_text().replace('"0.1.0"', '"0.0.9"'))
    write_report(plan, store, fabricate.make_registry(), (*TABLES, "html"))
    folder = store.folder / "report"
    for name in ("report.md", "report.html", "leaderboard.tex"):
        text = (folder / name).read_text().replace("\\", "")
        assert "made with 2 versions of genrebench: 0.0.9, 0.1.0" in text
        assert folders[str(plan.ids[0])].name in text
        assert "2 rows have one finished cell: the interval covers the choice of test tracks" in text
    ranks = {(line["model"], line["augmentation"]): line["rank"] for line in read_csv(folder)}
    unranked = {label for label, rank in ranks.items() if not rank}
    assert unranked == {("first", "none"), ("first", "stretched")}


def test_statistics_have_tables_of_their_own_in_every_format(made: Path) -> None:
    page = (made / "report.md").read_text()
    for title in ("Differences to the best row", "Effects", "Calibration"):
        name = title.lower().replace(" ", "-")
        assert f"## {title}\n" in page
        assert len((made / f"{name}.csv").read_text().splitlines()) > 1
        assert r"\toprule" in (made / f"{name}.tex").read_text()
    (effect,) = [
        line
        for line in csv.DictReader((made / "effects.csv").read_text().splitlines())
        if line["value"] == "stretched"
    ]
    gains = [
        np.mean([top1(number + 2), top1(number + 3)]) - np.mean([top1(number), top1(number + 1)])
        for number in (0, 4, 8)
    ]
    assert float(effect["difference"]) == pytest.approx(np.mean(gains))
    assert "would be found in four of five tables" in (made / "leaderboard.tex").read_text()


def test_asking_for_another_format_keeps_those_made_of_the_same_results(tmp_path: Path) -> None:
    shown = ("leaderboard", "effects")
    folder = report(tmp_path, formats=["md"], sections=shown)
    plan = fabricate.make_plan(tmp_path)
    store = ResultsStore(tmp_path / "results", plan.suite.name)
    before = (folder / "leaderboard.md").stat().st_mtime_ns
    write_report(plan, store, fabricate.make_registry(), ["csv"], sections=shown)
    files, _ = write_report(plan, store, fabricate.make_registry(), ["csv", "md"], sections=shown)
    assert {"leaderboard.csv", "effects.csv", "leaderboard.md", "report.md"} <= {file.name for file in files}
    assert (folder / "leaderboard.md").stat().st_mtime_ns == before


def test_a_table_of_older_results_is_removed_rather_than_left_to_mislead(tmp_path: Path) -> None:
    folder = report(tmp_path, {0: "no luck"}, sections=BOARD, text=fabricate.FEW)
    assert (folder / "leaderboard.tex").exists()
    fabricate.make_results(fabricate.make_plan(tmp_path, fabricate.FEW), tmp_path / "results")
    report_again(tmp_path, ["csv"])
    assert (folder / "leaderboard.csv").exists()
    assert not (folder / "leaderboard.tex").exists()


def test_a_list_of_files_that_leads_out_of_the_report_removes_nothing(tmp_path: Path) -> None:
    folder = report(tmp_path, sections=BOARD, text=fabricate.FEW)
    precious = tmp_path / "precious"
    precious.write_text("")
    made_from = json.loads((folder / "made-from.json").read_text())
    made_from["files"]["../../../precious"] = "0" * 64
    (folder / "made-from.json").write_text(json.dumps(sealed(made_from)))
    report_again(tmp_path, ["csv"], NEW_METRIC)
    assert precious.exists()


def test_a_report_that_cannot_be_written_says_where(tmp_path: Path) -> None:
    plan = fabricate.make_plan(tmp_path)
    store = fabricate.make_results(plan, tmp_path / "results")
    (store.folder / "report").write_text("in the way")
    with pytest.raises(ResultsError, match=r"report cannot be written to .*made_up/report: File exists\."):
        write_report(plan, store, fabricate.make_registry(), TABLES)


def test_a_report_that_cannot_be_written_can_still_be_seen(tmp_path: Path) -> None:
    plan = fabricate.make_plan(tmp_path)
    store = fabricate.make_results(plan, tmp_path / "results")
    (store.folder / "report").write_text("in the way")
    with pytest.raises(UnwrittenReportError) as caught:
        write_report(plan, store, fabricate.make_registry(), TABLES, sections=BOARD)
    assert len(caught.value.leaderboard.lines) == 6
    assert "third_50%" in to_terminal(caught.value.leaderboard)


@pytest.mark.slow
def test_nothing_new_writes_nothing_and_imports_nothing_heavy(tmp_path: Path) -> None:
    folder = report(tmp_path)
    before = {file: file.stat().st_mtime_ns for file in folder.rglob("*")}
    script = (
        "import sys; from pathlib import Path; import fabricate\n"
        "from benchmark.report.write import write_report\n"
        "from benchmark.report.render import to_terminal\n"
        "from benchmark.results.store import ResultsStore\n"
        "folder = Path(sys.argv[1]); plan = fabricate.make_plan(folder)\n"
        "store = ResultsStore(folder / 'results', 'made_up')\n"
        "files, board = write_report(plan, store, fabricate.make_registry(), ['md', 'csv', 'tex'])\n"
        "print(to_terminal(board))\n"
        "print('heavy:', *({'pandas', 'numpy', 'matplotlib', 'seaborn'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        capture_output=True, text=True, check=True, cwd=SUPPORT,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "heavy:"
    assert "third_50%" in done.stdout
    assert {file: file.stat().st_mtime_ns for file in folder.rglob("*")} == before


def test_the_stored_leaderboard_prints_as_the_new_one_did(tmp_path: Path) -> None:
    plan = fabricate.make_plan(tmp_path, fabricate.FEW)
    store = fabricate.make_results(plan, tmp_path / "results", {3: "no luck"}, marks=["synthetic"])
    _, new = write_report(plan, store, fabricate.make_registry(), TABLES, sections=BOARD)
    _, stored = write_report(plan, store, fabricate.make_registry(), TABLES, sections=BOARD)
    assert new is not stored
    assert to_terminal(new) == to_terminal(stored)


def stop(*arguments: object) -> None:
    raise KeyboardInterrupt


def test_a_report_that_is_interrupted_while_it_is_drawn_leaves_the_older_one_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = report(tmp_path, sections=BOARD, text=fabricate.FEW)
    before = {file: file.read_bytes() for file in folder.iterdir()}
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):  # noqa: PT012
        patch.setattr("benchmark.report.compose.make_page", stop)
        report_again(tmp_path, text=NEW_METRIC)
    assert {file: file.read_bytes() for file in folder.iterdir()} == before


def test_a_report_that_is_interrupted_while_it_is_put_in_place_leaves_whole_files_and_no_trace_in_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = report(tmp_path, sections=BOARD, text=fabricate.FEW)
    before = {file: file.read_bytes() for file in folder.iterdir() if file.is_file()}
    plan = fabricate.make_plan(tmp_path, fabricate.FEW)
    store = ResultsStore(tmp_path / "results", plan.suite.name)
    more = ("leaderboard", "effects")
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):  # noqa: PT012
        patch.setattr("benchmark.report.write.sync_folder", stop)
        write_report(plan, store, fabricate.make_registry(), TABLES, sections=more)
    assert (folder / "effects.csv").read_text().startswith("change,")
    report_again(tmp_path)
    assert {file: file.read_bytes() for file in folder.iterdir()} == before


def test_a_flipped_bit_in_a_report_has_it_made_again(tmp_path: Path) -> None:
    folder = report(tmp_path, sections=BOARD, text=fabricate.FEW)
    for name in ("leaderboard.csv", "leaderboard.md", "made-from.json"):
        file = folder / name
        before = file.read_bytes()
        content = bytearray(before)
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
        report_again(tmp_path)
        assert file.read_bytes() == before, name


def test_a_changed_result_makes_the_report_again(tmp_path: Path) -> None:
    report(tmp_path, {0: "no luck"}, sections=BOARD, text=fabricate.FEW)
    fabricate.make_results(fabricate.make_plan(tmp_path, fabricate.FEW), tmp_path / "results")
    assert {line["n"] for line in read_csv(report_again(tmp_path))} == {"2/2"}


def test_a_program_under_development_makes_its_reports_again_when_it_was_edited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = tmp_path / "program" / "part.py"
    code.parent.mkdir()
    code.touch()
    monkeypatch.setattr("benchmark.report.write.is_editable", lambda _: True)
    monkeypatch.setattr("benchmark.report.write.ROOT", code.parent)
    board = report(tmp_path, sections=BOARD, text=fabricate.FEW) / "leaderboard.csv"
    first = board.stat().st_mtime_ns
    report_again(tmp_path)
    assert board.stat().st_mtime_ns == first
    os.utime(code, ns=(1, 1))
    report_again(tmp_path)
    assert board.stat().st_mtime_ns > first


def test_a_class_may_be_called_like_the_column_of_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fabricate, "CLASSES", ("blues", "hip_hop & rap", "row"))
    folder = report(tmp_path, sections=["classes"], text=fabricate.FEW)
    lines = list(csv.DictReader((folder / "recognised-per-class.csv").read_text().splitlines()))
    assert {line["row"] for line in lines} == {"first", "second"}
    assert all(0 <= float(line["'row'"]) <= 1 for line in lines)


def test_a_metric_without_a_value_in_some_cell_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = fabricate.make_plan(tmp_path, fabricate.FEW)
    store = fabricate.make_results(plan, tmp_path / "results")
    registry = fabricate.make_registry()
    results = collect(plan, store, registry)
    results.cells.loc[0, "tones:test/macro-f1"] = float("nan")
    monkeypatch.setattr("benchmark.results.collect.collect", lambda *_, **__: results)
    _, board = write_report(plan, store, registry, [], sections=BOARD)
    assert sum("tones:test/macro-f1 has no value in 1 finished cell," in note for note in board.notes) == 1
    assert not any("tones:test/top1 has no value" in note for note in board.notes)


@pytest.mark.parametrize("stops", [True, False])
def test_a_table_says_which_sets_had_a_part_in_choosing(tmp_path: Path, stops: bool) -> None:
    plan = fabricate.make_plan(
        tmp_path, fabricate.FEW.replace("evaluate: [test]", "evaluate: [test, validation]")
    )
    store = fabricate.make_results(plan, tmp_path / "results")
    stopping = EarlyStopping(patience=2) if stops else None
    cells = [
        replace(cell, spec=replace(cell.spec, training=TrainingSettings(early_stopping=stopping)))
        for cell in plan.suite.cells
    ]
    plan = replace(plan, suite=replace(plan.suite, cells=tuple(cells)))
    _, board = write_report(plan, store, fabricate.make_registry(), [], sections=BOARD)
    said = [note for note in board.notes if "chosen on tones:validation" in note]
    assert [note.partition(" were ")[0] for note in said] == ["Ends of training"] * stops


def test_a_leaderboard_has_the_columns_that_are_asked_for_in_their_order(tmp_path: Path) -> None:
    plan = fabricate.make_plan(tmp_path)
    store = fabricate.make_results(plan, tmp_path / "results")
    folder, registry = store.folder / "report", fabricate.make_registry()
    asked = ("model", "RANK", "tones:test/top1", "Δ top1", "cells ok", "expected")
    _, board = write_report(plan, store, registry, (*TABLES, "html"), sections=BOARD, columns=asked)
    assert [column.header for column in board.drawn] == [
        "model",
        "rank",
        "top1",
        "Δ top1",
        "cells ok",
        "expected",
    ]
    head = next(line for line in to_terminal(board, 100).splitlines() if "rank" in line and "┃" in line)
    assert [each.strip() for each in head.strip("┃ ").split("┃")] == [column.header for column in board.drawn]
    markdown = (folder / "leaderboard.md").read_text()
    assert "| model" in markdown
    assert "augmentation |" not in markdown
    assert (
        r"model & rank & top1 & $\Delta$ top1 & cells ok & expected"
        in (folder / "leaderboard.tex").read_text()
    )
    (first, *_) = read_csv(folder)
    assert list(first)[:3] == ["model", "rank", "tones:test/top1 mean"]
    assert "augmentation" not in first
    assert "stretched" in (folder / "report.html").read_text(), "the page has room for all"

    _, whole = write_report(plan, store, registry, TABLES, sections=BOARD)
    assert len(whole.columns) > len(board.columns)
    assert "augmentation" in read_csv(folder)[0]


def test_a_column_that_is_not_there_is_named_with_those_that_are_and_changes_nothing(tmp_path: Path) -> None:
    plan = fabricate.make_plan(tmp_path, fabricate.FEW)
    store = fabricate.make_results(plan, tmp_path / "results")
    registry = fabricate.make_registry()
    files, _ = write_report(plan, store, registry, TABLES, sections=BOARD)
    before = {file: file.stat().st_mtime_ns for file in files}
    with pytest.raises(UsageError) as caught:
        write_report(plan, store, registry, TABLES, sections=BOARD, columns=("modle", "rank", "colour"))
    said = str(caught.value)
    assert "There are no columns 'modle', 'colour'. Did you mean 'model'?" in said
    assert "rank" in said
    assert "tones:test/top1" in said
    write_report(plan, store, registry, TABLES, sections=BOARD)
    assert {file: file.stat().st_mtime_ns for file in files} == before
