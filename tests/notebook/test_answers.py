"""Answers to further questions as data frames: the numbers of a report, of a bundle, and of a folder alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from fabricate import SUITE, make_plan, make_registry, make_results
from worn import WORN, make_corrupted

import benchmark
from benchmark.bundles.export import export
from benchmark.report.write import write_report
from benchmark.results.plan import Plan
from benchmark.results.store import ResultsStore

Made = tuple[Plan, ResultsStore, Path]


@pytest.fixture
def made(tmp_path: Path) -> Callable[[str], Made]:
    def make(text: str) -> Made:
        plan = make_plan(tmp_path, text)
        store = make_results(plan, tmp_path / "results", validated=True)
        if text == WORN:
            make_corrupted(plan, store)
        return plan, store, export(plan, store, tmp_path / "made.zip").file

    return make


def reported(store: ResultsStore, name: str) -> pd.DataFrame:
    return pd.read_csv(store.folder / "report" / f"{name}.csv")


@pytest.mark.slow
def test_robustness_has_the_numbers_of_the_report(made: Callable[[str], Made]) -> None:
    plan, store, bundle = made(WORN)
    write_report(plan, store, make_registry(), ["csv"], sections=["robustness"])
    loaded = benchmark.load(bundle)
    rows = loaded.robustness.set_index("row")
    shown = reported(store, "robustness-1").set_index("row").loc[rows.index]
    for own, key in (
        ("clean", "clean"), ("corrupted", "mean"), ("corrupted_low", "mean low"), ("corrupted_high", "mean high"),
        ("drop", "drop"), ("drop_low", "drop low"), ("drop_high", "drop high"),
    ):  # fmt: skip
        pd.testing.assert_series_equal(rows[own], shown[key], check_names=False)
    lines = loaded.corrupted.pivot_table(index=["row", "corruption"], columns="severity", values="value")
    severities = reported(store, "robustness-2").set_index(["row", "corruption"]).loc[lines.index]
    for severity in (1, 3):
        pd.testing.assert_series_equal(lines[severity], severities[str(severity)], check_names=False)
    assert set(zip(loaded.corrupted["severity"], loaded.corrupted["unit"], strict=True)) == {
        (1, "dB SNR"),
        (3, "dB SNR"),
    }
    bought = reported(store, "robustness-3")
    changes = loaded.robustness_changes
    assert list(changes["corruption"]) == list(bought["corruption"])
    pd.testing.assert_series_equal(changes["extra_low"], bought["extra low"], check_names=False)
    pd.testing.assert_series_equal(changes["p_holm"], bought["p_holm"])


def test_a_folder_without_its_suite_gives_the_numbers_of_its_bundle(made: Callable[[str], Made]) -> None:
    _, store, bundle = made(WORN)
    of_bundle, of_folder = benchmark.load(bundle), benchmark.load(store.folder)
    for name, keys in (("robustness", ["row"]), ("corrupted", ["row", "corruption", "severity"])):
        pair = [getattr(loaded, name).set_index(keys).sort_index() for loaded in (of_bundle, of_folder)]
        pd.testing.assert_frame_equal(*pair)
    assert len(of_folder.robustness) == 6


def test_ensembles_have_the_numbers_of_the_report(made: Callable[[str], Made]) -> None:
    text = SUITE.replace("leaderboard: {", "leaderboard: {ensembles: {size: 3, seeds: true}, ")
    plan, store, bundle = made(text)
    write_report(plan, store, make_registry(), ["csv"], sections=["ensembles"])
    loaded = benchmark.load(bundle)
    of_rows = loaded.ensembles[loaded.ensembles["of"] == "rows"].set_index("measure")
    (shown,) = reported(store, "ensembles-1").to_dict("records")
    for measure in ("tones:test/top1", "tones:test/macro-f1"):
        assert of_rows.loc[measure, "mean"] == pytest.approx(shown[measure])
        assert of_rows.loc[measure, "difference_low"] == pytest.approx(shown[f"{measure} difference low"])
    assert of_rows["made_of"].iloc[0] == shown["made_of"]
    assert of_rows["against"].iloc[0] == shown["against"]
    weights = loaded.ensemble_members.groupby(["ensemble", "cell"])["weight"].sum()
    assert weights.tolist() == pytest.approx([1.0] * len(weights))
    assert set(loaded.ensembles["of"]) == {"rows", "seeds"}


def test_a_suite_without_worn_sets_has_frames_without_lines(
    made: Callable[[str], Made], tmp_path: Path
) -> None:
    plan = make_plan(tmp_path, SUITE)
    store = make_results(plan, tmp_path / "plain")
    loaded = benchmark.load(store.folder)
    for frame in (loaded.robustness, loaded.corrupted, loaded.robustness_changes, loaded.ensemble_members):
        assert len(frame) == 0
        assert len(frame.columns) > 3
