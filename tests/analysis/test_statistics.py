from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import fabricate
import numpy as np
import pandas as pd
import pytest

from benchmark.analysis.comparison import by_pair
from benchmark.analysis.leaderboard import baseline_rows, leaderboard
from benchmark.analysis.ranked import with_statistics
from benchmark.analysis.statistics import Statistics, statistics
from benchmark.results.collect import collect
from benchmark.results.frames import Measure, Results
from benchmark.results.standing import Block, Standing
from benchmark.settings import LeaderboardSettings


def found(folder: Path, failed: dict[int, str] | None = None) -> tuple[Results, pd.DataFrame, Statistics]:
    plan = fabricate.make_plan(folder)
    results = collect(
        plan, fabricate.make_results(plan, folder / "results", failed), fabricate.make_registry()
    )
    settings = plan.suite.leaderboard
    lines = leaderboard(results.cells, results.axes, results.measures, settings.sort, settings.baseline)
    return results, lines, statistics(results, lines, settings)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Results, pd.DataFrame, Statistics]:
    return found(tmp_path_factory.mktemp("statistics"))


def test_every_row_and_measure_has_an_interval_around_its_mean(made) -> None:
    results, lines, statistics = made
    assert len(statistics.intervals) == len(lines) * len(results.measures)
    for line in statistics.intervals.to_dict("records"):
        mean = lines.loc[lines["row"] == line["row"], f"{line['measure']} mean"].iloc[0]
        assert line["mean"] == pytest.approx(mean)
        assert line["low"] <= line["mean"] <= line["high"]


def test_every_pair_of_complete_rows_is_compared(made) -> None:
    _, lines, statistics = made
    count = len(lines)
    assert len(statistics.comparisons) == count * (count - 1) / 2


def test_every_row_is_ranked_and_the_best_is_first(made) -> None:
    _, lines, statistics = made
    ranked = with_statistics(lines, statistics)
    assert ranked["rank_low"].iloc[0] == 1
    assert (ranked["rank_low"] <= ranked["rank_high"]).all()
    assert ranked["rank"].notna().all()
    assert (ranked["tones:test/top1 low"] <= ranked["tones:test/top1 mean"]).all()


def test_effects_are_given_over_all_and_per_class(made) -> None:
    results, _, statistics = made
    stretched = statistics.effects[statistics.effects["value"] == "stretched"]
    assert set(stretched["class"]) == {"", *results.classes(0)}


def test_a_row_that_is_not_complete_is_neither_ranked_nor_compared(tmp_path: Path) -> None:
    _, lines, statistics = found(tmp_path, {0: "no luck"})
    (broken,) = lines.loc[~lines["complete"], "row"]
    assert broken not in statistics.ranks.index
    assert broken not in set(statistics.comparisons["row"]) | set(statistics.comparisons["other"])
    assert np.isfinite(statistics.intervals.loc[statistics.intervals["row"] == broken, "low"]).all()
    assert any("one finished cell" in note for note in statistics.notes)


def test_a_suite_without_results_has_no_statistics_and_no_error(tmp_path: Path) -> None:
    plan = fabricate.make_plan(tmp_path)
    store = fabricate.make_results(plan, tmp_path / "results", dict.fromkeys(range(len(plan.ids)), "no luck"))
    results = collect(plan, store, fabricate.make_registry())
    lines = leaderboard(results.cells, results.axes, results.measures)
    statistics_found = statistics(results, lines, plan.suite.leaderboard)
    assert statistics_found.intervals.empty
    assert statistics_found.ranks.empty


def test_the_numbers_are_the_same_when_asked_for_again(made, tmp_path: Path) -> None:
    _, _, again = found(tmp_path)
    pd.testing.assert_frame_equal(again.intervals, made[2].intervals)
    pd.testing.assert_frame_equal(again.comparisons, made[2].comparisons)


PREDEFINED = fabricate.SUITE.replace("  metrics:", "  split: {strategy: predefined}\n  metrics:").replace(
    "[0, 1]", "[0]"
)


def ranked(folder: Path, text: str, seedless: tuple[str, ...]) -> set[str]:
    """Return the labels of the rows that have ranks."""
    plan = fabricate.make_plan(folder, text)
    results = collect(plan, fabricate.make_results(plan, folder / "results"), fabricate.make_registry())
    lines = leaderboard(results.cells, results.axes, results.measures)
    found = statistics(results, lines, plan.suite.leaderboard, seedless)
    names = lines.set_index("row").apply(lambda line: f"{line['model']} · {line['augmentation']}", axis=1)
    return {str(names[row]) for row in found.ranks.index}


def test_one_cell_stands_for_all_seeds_where_nothing_depends_on_the_seed(tmp_path: Path) -> None:
    assert ranked(tmp_path, PREDEFINED, ("first", "third")) == {"first · none", "third_50% · none"}


def test_a_split_that_is_drawn_by_the_seed_needs_more_than_one_though_the_model_does_not(
    tmp_path: Path,
) -> None:
    drawn = PREDEFINED.replace("predefined", "stratified")
    assert ranked(tmp_path, drawn, ("first", "third")) == set()


def test_a_share_of_the_training_part_that_is_drawn_by_the_seed_needs_more_than_one(tmp_path: Path) -> None:
    share = PREDEFINED.replace("  metrics:", "  training_size: 0.5\n  metrics:")
    assert ranked(tmp_path, share, ("first", "third")) == set()


def test_a_rank_set_of_each_row_holds_all_ranks_where_nothing_is_known(made) -> None:
    _, lines, found = made
    assert set(found.ranks["rank_low"]) == {1}
    assert set(found.ranks["rank_high"]) == {len(lines)}
    (known,) = found.known
    assert (known.pairs, known.decided, len(known.candidates)) == (15, 0, 6)


def on_two_sets(folder: Path, standing: Block) -> tuple[Results, set[int]]:
    """Return results on ``tones:test`` and ``other``, on which the cells of one model have a standing of their own."""
    plan = fabricate.make_plan(folder)
    results = collect(plan, fabricate.make_results(plan, folder / "results"), fabricate.make_registry())
    first = results.measures[0]
    concerned = results.cells["model"] == "first"
    of_model = set(results.cells.loc[concerned, "id"])
    both = replace(
        results,
        measures=(first, Measure("other", first.metric, first.greater_is_better, first.percent)),
        stored={id_: sets | {"other": sets["tones:test"]} for id_, sets in results.stored.items()},
        standings={
            id_: {
                "tones:test": Standing("honest", "clean"),
                "other": Standing(standing if id_ in of_model else "honest", "clean"),
            }
            for id_ in results.stored
        },
        cells=results.cells.assign(
            **{
                "other/top1": results.cells["tones:test/top1"],
                "standing": np.where(concerned, standing, "honest"),
                "tones:test standing": "honest",
                "other standing": np.where(concerned, standing, "honest"),
            }
        ),
    )
    return both, set(map(int, results.cells.loc[concerned, "row"]))


@pytest.mark.parametrize("standing", ["leaky", "shared groups"])
@pytest.mark.parametrize(("sort", "is_ranked"), [("tones:test/top1", True), ("other/top1", False)])
def test_a_row_that_leaks_on_one_set_competes_on_all_others(
    tmp_path: Path, standing: Block, sort: str, is_ranked: bool
) -> None:
    results, concerned = on_two_sets(tmp_path, standing)
    settings = fabricate.make_plan(tmp_path).suite.leaderboard.model_copy(update={"sort": sort})
    lines = leaderboard(results.cells, results.axes, results.measures, sort, settings.baseline)
    found = statistics(results, lines, settings)
    assert set(found.ranks.index) == set(lines["row"]) - (set() if is_ranked else concerned)
    assert set(lines.loc[~lines["clean"], "row"]) == (set() if is_ranked else concerned)
    compared = found.comparisons.groupby("measure")
    pairs = {name: {frozenset(pair) for pair in each[["row", "other"]].to_numpy()} for name, each in compared}
    mixed = {pair for pair in pairs["tones:test/top1"] if len(pair & concerned) == 1}
    assert mixed
    assert pairs["other/top1"] == pairs["tones:test/top1"] - mixed


def with_a_copy(results: Results, of: int, to: int) -> Results:
    """Return results in which one row gave just the answers of another."""
    ids = {
        name: (own, other)
        for (name, own), (_, other) in zip(
            results.cells_of(of)[["cell", "id"]].itertuples(index=False),
            results.cells_of(to)[["cell", "id"]].itertuples(index=False),
            strict=True,
        )
    }
    copied = {copy: results.stored[original] for original, copy in ids.values()}
    return replace(results, stored={**results.stored, **copied})


def test_all_tables_say_the_same_of_a_pair_of_rows(made) -> None:
    """A row by two names counts once wherever seeds' variances are pooled."""
    results, lines, _ = made
    baselines = baseline_rows(lines, results.axes, {"augmentation": "none"})
    copy = next(row for row in baselines if row not in baselines.values())
    other = next(row for row in lines["row"] if row not in (copy, baselines[copy]))
    doubled = with_a_copy(results, of=int(other), to=copy)
    said = statistics(doubled, lines, LeaderboardSettings(baseline={"augmentation": "none"}))
    measure = doubled.measures[0].name
    compared = by_pair(said.comparisons, measure)
    shown = said.differences[said.differences["measure"] == measure].set_index("row")
    assert len(shown) == len(baselines)
    for row, base in baselines.items():
        pair = compared[row, base]
        assert shown.loc[row, ["low", "high"]].tolist() == pytest.approx([pair["low"], pair["high"]])
    for line in said.effects_by_row.to_dict("records"):
        pair = compared[line["row"], line["other"]]
        if line["measure"] == measure:
            assert [line["low"], line["high"]] == pytest.approx([pair["low"], pair["high"]])


def test_rows_of_the_same_answers_differ_in_nothing(made) -> None:
    results, lines, _ = made
    baselines = baseline_rows(lines, results.axes, {"augmentation": "none"})
    row, base = next(iter(baselines.items()))
    said = statistics(
        with_a_copy(results, of=base, to=row), lines, LeaderboardSettings(baseline={"augmentation": "none"})
    )
    shown = said.differences.set_index("row").loc[[row], ["low", "high"]]
    assert (shown == 0).all(axis=None)
