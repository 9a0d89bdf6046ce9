"""Robustness in every format of a report, from stored predictions on corrupted sets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fabricate import SUITE, TRACKS, make_answers, make_plan, make_registry, make_results
from worn import WORN, answers, make_corrupted

from benchmark.report.write import write_report
from benchmark.results.collect import collect
from benchmark.results.corrupted import unfinished, wanted_keys
from benchmark.results.corrupted_scores import collect_corrupted
from benchmark.results.plan import Plan
from benchmark.results.store import ResultsStore


@pytest.fixture
def made(tmp_path: Path) -> tuple[Plan, ResultsStore]:
    plan = make_plan(tmp_path, WORN)
    store = make_results(plan, tmp_path / "results")
    make_corrupted(plan, store)
    return plan, store


def test_scores_are_those_of_stored_predictions(made: tuple[Plan, ResultsStore]) -> None:
    plan, store = made
    assert not unfinished(plan, store)
    results = collect(plan, store, make_registry())
    (found,) = collect_corrupted(plan, store, results, "tones:test/top1").sets
    assert found.corruptions == ("hiss", "rain")
    assert found.amounts["hiss", 3] == (0.0, "dB SNR")
    labels, _ = make_answers(0)
    keys = {
        (each.corruption.label, each.severity): key
        for key, each in wanted_keys(plan.suite.cells[0], plan).items()
    }
    one = found.rows[0]["0"]
    for wear, key in keys.items():
        assert one.means[wear] == pytest.approx((answers(0, key).argmax(axis=1) == labels).mean())
    both = [answers(0, keys["hiss", severity]).argmax(axis=1) == labels for severity in (1, 3)]
    assert one.corrupted["hiss"].tolist() == np.mean(both, axis=0).tolist()


@pytest.mark.slow
def test_robustness_is_in_all_formats(made: tuple[Plan, ResultsStore]) -> None:
    plan, store = made
    files, board = write_report(plan, store, make_registry(), sections=["leaderboard", "robustness"])
    names = {file.name for file in files}
    assert {"robustness-1.csv", "robustness-4.tex", "robustness-tones-test.png"} <= names
    assert "robustness-effects-tones-test.pdf" in names
    folder = store.folder / "report"
    whole = pd.read_csv(folder / "robustness-1.csv")
    assert len(whole) == 6
    assert whole["drop"].to_numpy() == pytest.approx(1 - whole["mean"] / whole["clean"])
    by_severity = pd.read_csv(folder / "robustness-2.csv")
    means = by_severity[["1", "3"]].mean(axis=1)
    assert by_severity["mean"].to_numpy() == pytest.approx(means.to_numpy())
    assert by_severity.groupby("row")["mean"].mean().to_numpy() == pytest.approx(
        whole.set_index("row")["mean"].sort_index().to_numpy(), abs=1e-6
    )
    bought = pd.read_csv(folder / "robustness-3.csv")
    assert set(bought["change"]) == {"augmentation: none → stretched"}
    assert set(bought["corruption"]) == {"hiss", "rain"}
    leaders = pd.read_csv(folder / "leaderboard.csv")
    assert (
        leaders["tones:test/top1 corrupted"]
        .between(leaders["tones:test/top1 corrupted low"], leaders["tones:test/top1 corrupted high"])
        .all()
    )
    assert {"corrupted top1", "relative drop"} <= {column.header for column in board.drawn}
    page, text = (folder / "report.html").read_text(), (folder / "report.md").read_text()
    assert "## Robustness" in text
    assert "Which change buys which robustness" in text
    assert "Row, on tones:test" in page
    assert (
        r"\label{tab:robustness-3}" in (folder / "robustness-3.tex").read_text()
        or (folder / "robustness-3.tex").read_text()
    )


@pytest.mark.slow
def test_the_rest_of_a_report_is_what_it_is_without(tmp_path: Path, made: tuple[Plan, ResultsStore]) -> None:
    plan, store = made
    write_report(plan, store, make_registry(), ["csv"])
    with_ = {file.name: file.read_bytes() for file in (store.folder / "report").glob("*.csv")}
    clean = make_plan(tmp_path, SUITE)
    assert clean.ids == plan.ids
    write_report(clean, store, make_registry(), ["csv"])
    without = {file.name: file.read_bytes() for file in (store.folder / "report").glob("*.csv")}
    assert not any(name.startswith("robustness") for name in without)
    assert {name: with_[name] for name in without if name != "leaderboard.csv"} == {
        name: data for name, data in without.items() if name != "leaderboard.csv"
    }


@pytest.mark.slow
def test_a_report_is_made_anew_when_corrupted_results_are_filed(tmp_path: Path) -> None:
    plan = make_plan(tmp_path, WORN)
    store = make_results(plan, tmp_path / "results")
    files, _ = write_report(plan, store, make_registry(), ["csv"], sections=["robustness"])
    assert not any(file.name.startswith("robustness") for file in files)
    make_corrupted(plan, store)
    files, _ = write_report(plan, store, make_registry(), ["csv"], sections=["robustness"])
    assert any(file.name.startswith("robustness") for file in files)


def test_a_row_with_a_cell_that_lacks_them_has_no_value(tmp_path: Path) -> None:
    plan = make_plan(tmp_path, WORN)
    store = make_results(plan, tmp_path / "results")
    make_corrupted(plan, store, skipped=0)
    assert len(unfinished(plan, store)) == 1
    _, board = write_report(plan, store, make_registry(), ["csv"], sections=["leaderboard", "robustness"])
    table = pd.read_csv(store.folder / "report" / "robustness-1.csv")
    assert len(table) == 5
    assert "1 finished cell lacks corrupted sets; 'bench run' evaluates what is missing." in board.notes


def test_tracks_that_leak_are_left_out_of_worn_ones_too(tmp_path: Path) -> None:
    plan = make_plan(tmp_path, WORN)
    audit = {
        "verdict": "leaky: 1 tracks",
        "sets": {"tones:test": {"leaks": 1, "leaking": ["track 00"], "shared": 0, "ungrouped": 0}},
    }
    store = make_results(plan, tmp_path / "results", audit=audit)
    make_corrupted(plan, store)
    results = collect(plan, store, make_registry())
    (found,) = collect_corrupted(plan, store, results, "tones:test/top1").sets
    one = found.rows[0]["0"]
    assert len(one.clean) == len(one.corrupted["hiss"]) == TRACKS - 1
