"""What ``bench compare`` says of rows: never more than the table that they are in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import fabricate
import pytest

from benchmark.analysis.leaderboard import leaderboard
from benchmark.analysis.statistics import statistics
from benchmark.report.compare import Side, comparison_table, comparisons, make_side
from benchmark.results.collect import collect
from benchmark.results.frames import Results

MEASURE = "tones:test/top1"


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    folder = tmp_path_factory.mktemp("compare")
    plan = fabricate.make_plan(folder)
    return collect(plan, fabricate.make_results(plan, folder / "results"), fabricate.make_registry())


@pytest.fixture
def side(results: Results, tmp_path: Path) -> Side:
    return make_side("made_up", results, fabricate.make_plan(tmp_path).suite.leaderboard)


def of(side: Side, other: Side, pairs: list[tuple[int, int]], name: str = MEASURE) -> list[dict]:
    metrics = {each.name: side.results.metrics[each.metric] for each in side.results.measures}
    found = comparisons(side, other, pairs, metrics)
    return next(lines for measure, lines in found.items() if measure.name == name)


@pytest.mark.parametrize("price", [1.0, pytest.param(2.0, marks=pytest.mark.slow)])
def test_a_pair_of_a_table_has_the_p_values_of_the_table(side: Side, price: float) -> None:
    side = replace(side, price=price)
    board = leaderboard(side.results.cells, side.results.axes, side.results.measures, side.settings.sort)
    table = statistics(side.results, board, side.settings, price=price).comparisons
    for line in table[table["measure"] == MEASURE].to_dict("records"):
        (compared,) = of(side, side, [(line["row"], line["other"])])
        assert compared["difference"] == pytest.approx(-line["difference"])
        assert (compared["low"], compared["high"]) == pytest.approx((-line["high"], -line["low"]))
        assert [compared[key] for key in ("p", "p_holm", "p_equal_holm")] == pytest.approx(
            [line[key] for key in ("p", "p_holm", "p_equal_holm")]
        )
        assert (compared["pairs"], compared["price"]) == (15, price)


def test_a_pair_is_corrected_over_the_table_on_measures_too_that_do_not_sort_it(side: Side) -> None:
    (line,) = of(side, side, [(0, 3)], "tones:test/macro-f1")
    assert line["pairs"] == 15
    assert line["p_holm"] >= line["p"]


def test_looks_that_a_race_took_are_paid_for_in_a_comparison_of_two_tables_too(side: Side) -> None:
    other = replace(side, name="again")
    pairs = [(0, 3), (1, 2)]
    plain = of(side, other, pairs)
    raced = of(side, replace(other, price=2.0), pairs)
    for before, after in zip(plain, raced, strict=True):
        assert before["pairs"] == 2
        assert after["p"] == before["p"]
        assert after["p_holm"] == pytest.approx(min(2 * before["p_holm"], 1))
    measure = side.results.measures[0]
    assert "p is multiplied by 2" in comparison_table(measure, raced, "a", "b").caption
    assert "multiplied" not in comparison_table(measure, plain, "a", "b").caption
