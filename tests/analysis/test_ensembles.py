"""Ensembles: the choice is that of the paper, by validation alone, and the numbers are those of averaged answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import fabricate
import numpy as np
import pandas as pd
import pytest

from bench_metrics.classification import MacroF1, Top1
from benchmark.analysis.ensembles.ensemble import (
    ALONE,
    INCOMPLETE,
    LEAKING,
    ONE_SEED,
    OTHER_TRACKS,
    ensembles,
)
from benchmark.analysis.ensembles.greedy import greedy
from benchmark.analysis.leaderboard import leaderboard
from benchmark.plugin.metric import Metric
from benchmark.results.collect import collect
from benchmark.results.frames import Results
from benchmark.results.validation import NO_PART, OLDER, read_validation
from benchmark.settings import EnsembleSettings


class LogLoss(Metric):
    name = "log-loss"
    greater_is_better = False
    percent = False

    def compute(self, labels: np.ndarray, probabilities: np.ndarray) -> float:
        return float(-np.log(probabilities[np.arange(len(labels)), labels]).mean())


def by_the_paper(labels: np.ndarray, library: np.ndarray, metric: Metric, size: int) -> list[int]:
    """Return the members as the paper has it: lists of models, each ensemble averaged anew from its members."""

    def quality(members: list[int]) -> tuple[float, float]:
        mean = sum(library[each] for each in members) / len(members)
        value = metric.compute(labels, mean)
        sign = 1 if metric.greater_is_better else -1
        likelihood = np.mean(
            [np.log(max(line[label], 1e-12)) for line, label in zip(mean, labels, strict=True)]
        )
        return round(sign * value, 9), round(float(likelihood), 9)

    by_quality = sorted(range(len(library)), key=lambda each: quality([each]), reverse=True)
    seen: list[list[int]] = []
    for n in range(1, min(size, len(library)) + 1):
        current = by_quality[:n]
        seen.append(current)
        while len(current) < size:
            current = max(([*current, each] for each in range(len(library))), key=quality)
            seen.append(current)
    fewest_first = sorted(seen, key=len)
    best = max(fewest_first, key=quality)
    return sorted(best)


@pytest.mark.parametrize("metric", [Top1(), MacroF1(), LogLoss()], ids=lambda metric: metric.name)
@pytest.mark.parametrize("size", [1, 2, 5, 9])
def test_members_are_those_of_a_computation_by_the_paper(metric: Metric, size: int) -> None:
    for seed in range(8):
        random = np.random.default_rng([seed, size])
        labels = random.integers(0, 4, 25)
        library = random.dirichlet(np.ones(4), (6, 25))
        library[:, np.arange(25), labels] += random.uniform(0, 0.6, (6, 1))
        library /= library.sum(axis=2, keepdims=True)
        counts = greedy(labels, library, metric, size)
        assert np.repeat(np.arange(6), counts).tolist() == by_the_paper(labels, library, metric, size)
        assert counts.sum() <= size


def test_a_member_may_be_taken_twice_and_one_that_only_harms_never_is() -> None:
    labels = np.array([0, 0, 1])
    sure, wrong = np.array([[0.9, 0.1]] * 2 + [[0.6, 0.4]]), np.array([[0.1, 0.9]] * 2 + [[0.9, 0.1]])
    other = np.array([[0.4, 0.6], [0.6, 0.4], [0.2, 0.8]])
    # One of each gets all three right, and so do two of the first; the better log loss is that of one of each.
    counts = greedy(labels, np.stack([wrong, sure, other]), Top1(), 3)
    assert counts.tolist() == [0, 2, 1]


def test_a_row_that_is_best_alone_stays_alone() -> None:
    labels = np.arange(6) % 2
    perfect = np.eye(2)[labels]
    noise = np.full((6, 2), 0.5)
    assert greedy(labels, np.stack([noise, perfect]), Top1(), 5).tolist() == [0, 1]


def test_a_metric_without_any_value_is_refused() -> None:
    class Undefined(LogLoss):
        name = "undefined"

        def compute(self, labels: np.ndarray, probabilities: np.ndarray) -> float:
            return float("nan")

    with pytest.raises(ValueError, match="no value on the validation tracks"):
        greedy(np.array([0, 1]), np.full((2, 2, 2), 0.5), Undefined(), 3)


Made = tuple[Results, Any]
SETTINGS = EnsembleSettings(size=4, seeds=True)


@pytest.fixture
def made(tmp_path: Path) -> Callable[..., Made]:
    def make(text: str = fabricate.SUITE, **changes: Any) -> Made:
        plan = fabricate.make_plan(tmp_path, text)
        store = fabricate.make_results(
            plan, tmp_path / "results", validated=changes.pop("validated", True), **changes
        )
        return collect(plan, store, fabricate.make_registry()), plan

    return make


def of(results: Results, settings: EnsembleSettings = SETTINGS, validation: Any = None) -> Any:
    lines = leaderboard(results.cells, results.axes, results.measures)
    known = read_validation(results.records, results.folders) if validation is None else validation
    return ensembles(results, lines, settings, known, results.measures[0])


def test_each_seed_has_members_of_its_own_chosen_on_its_validation_part(made) -> None:
    results, _ = made()
    (found,) = of(results).of_rows
    assert found.rows == tuple(range(6))
    for seed in (0, 1):
        numbers = [fabricate.VALIDATED + 2 * row + seed for row in range(6)]
        labels = fabricate.make_answers(numbers[0])[0]
        library = np.stack([fabricate.make_answers(number)[1] for number in numbers]).astype(np.float64)
        expected = by_the_paper(labels, library, Top1(), 4)
        assert (
            sorted(row for row, count in found.members[str(seed)].items() for _ in range(count)) == expected
        )


def test_values_are_those_of_the_averaged_answers_on_the_test(made) -> None:
    results, _ = made()
    (found,) = of(results).of_rows
    shares = []
    for seed, members in found.members.items():
        answers = [(count, *fabricate.make_answers(2 * row + int(seed))) for row, count in members.items()]
        mean = sum(count * probabilities for count, _, probabilities in answers)
        shares.append(float((mean.argmax(axis=1) == answers[0][1]).mean()))
    value = next(each for each in found.values if each.measure == "tones:test/top1")
    assert value.mean == pytest.approx(np.mean(shares))
    assert value.sd == pytest.approx(np.std(shares, ddof=1))
    assert value.low < value.mean < value.high
    lines = leaderboard(results.cells, results.axes, results.measures).set_index("row")
    own = lines.loc[found.reference, "tones:test/top1 mean"]
    assert value.difference == pytest.approx(value.mean - own)
    assert value.difference_low < value.difference < value.difference_high


def test_nothing_of_the_test_decides_about_members(made) -> None:
    results, _ = made()
    (before,) = of(results).of_rows
    turned = {
        id_: {name: _turned(each) for name, each in sets.items()} for id_, sets in results.stored.items()
    }
    (after,) = of(_with(results, stored=turned)).of_rows
    assert (after.members, after.validation, after.reference) == (
        before.members,
        before.validation,
        before.reference,
    )
    assert after.values != before.values


def _turned(predictions: Any) -> Any:
    from dataclasses import replace

    return replace(predictions, probabilities=predictions.probabilities[:, ::-1])


def _with(results: Results, **changes: Any) -> Results:
    from dataclasses import replace

    return replace(results, **changes)


def test_nothing_is_measured_on_what_members_were_chosen_on(made) -> None:
    results, _ = made()
    tested, watched = "tones:test", "tones:validation"
    more = [replace(column, set=watched) for column in results.measures]
    stored = {id_: {**sets, watched: sets[tested]} for id_, sets in results.stored.items()}
    filed = {id_: {tested: "test", watched: "validation"} for id_ in stored}
    both = replace(results, measures=[*results.measures, *more], stored=stored, filed=filed)
    (found,) = of(both).of_rows
    assert {value.measure for value in found.values} == {"tones:test/top1", "tones:test/macro-f1"}


def test_the_seeds_of_a_row_are_averaged_with_equal_weights(made) -> None:
    results, _ = made()
    found = of(results).of_seeds
    assert [each.reference for each in found] == list(range(6))
    answers = [fabricate.make_answers(number) for number in (0, 1)]
    mean = answers[0][1] + answers[1][1]
    expected = float((mean.argmax(axis=1) == answers[0][0]).mean())
    value = found[0].values[0]
    assert value.mean == pytest.approx(expected)
    assert np.isnan(value.sd)
    assert value.low < value.mean < value.high


def test_seeds_that_are_tested_on_different_tracks_are_no_ensemble(made) -> None:
    from dataclasses import replace

    results, _ = made()
    stored = {
        id_: {
            name: replace(each, tracks=np.char.add(each.tracks, results.records[id_].labels["seed"]))
            for name, each in sets.items()
        }
        for id_, sets in results.stored.items()
    }
    found = of(_with(results, stored=stored))
    assert found.of_seeds == ()
    assert found.seeds_absent == {OTHER_TRACKS: tuple(range(6))}
    # What differs from seed to seed alike for all rows is no obstacle to ensembles of rows.
    assert len(found.of_rows) == 1


def test_folds_are_no_seeds(made) -> None:
    results, _ = made()
    folds = results.cells.rename(columns={"seed": "fold"})
    assert of(_with(results, cells=folds)).seeds_absent == {ONE_SEED: tuple(range(6))}


def test_rows_that_were_run_before_there_were_validation_predictions_are_named(made) -> None:
    results, _ = made(validated=False)
    found = of(results)
    assert found.of_rows == ()
    assert found.absent == {OLDER: tuple(range(6))}
    assert len(found.of_seeds) == 6


def test_rows_without_a_validation_part_are_named(made) -> None:
    results, _ = made(validated=False, counts={"validation_tracks": 0})
    assert of(results).absent == {NO_PART: tuple(range(6))}


def test_rows_that_are_incomplete_leak_or_stand_alone_take_no_part(made) -> None:
    from dataclasses import replace

    results, _ = made(failed={1: "no luck"})
    validation = read_validation(results.records, results.folders)
    ids = {
        (int(row), str(cell)): str(id_)
        for row, cell, id_ in results.cells[["row", "cell", "id"]].itertuples(index=False)
    }
    leaky = ids[2, "0"]
    standings = dict(results.standings)
    standings[leaky] = {name: replace(each, block="leaky") for name, each in standings[leaky].items()}
    other = ids[3, "0"]
    strange = validation[other]
    validation[other] = replace(strange, tracks=np.char.add(strange.tracks, "x"))
    found = of(_with(results, standings=standings), validation=validation)
    assert found.absent == {INCOMPLETE: (0,), LEAKING: (2,), ALONE: (3,)}
    assert found.of_rows[0].rows == (1, 4, 5)


def test_a_metric_that_fails_costs_its_own_column_only(made) -> None:
    class Failing(Top1):
        name = "failing"

        def compute(self, labels: np.ndarray, probabilities: np.ndarray) -> float:
            raise RuntimeError("no")

        def scores(self, labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
            raise RuntimeError("no")

    results, _ = made()
    found = of(_with(results, metrics={**results.metrics, "macro-f1": Failing()}))
    assert {each.measure for each in found.of_rows[0].values} == {"tones:test/top1"}
    assert found.notes == ("No macro-f1 of ensembles: RuntimeError: no",)


@pytest.mark.slow
def test_the_report_has_ensembles_in_a_table_of_their_own(tmp_path: Path) -> None:
    from benchmark.report.write import write_report

    text = fabricate.SUITE.replace("leaderboard: {", "leaderboard: {ensembles: {size: 4, seeds: true}, ")
    plan = fabricate.make_plan(tmp_path, text)
    store = fabricate.make_results(plan, tmp_path / "results", validated=True, marks=["synthetic"])
    _, board = write_report(plan, store, fabricate.make_registry(), ["md", "html", "csv", "tex"])
    assert len(board.lines) == 6
    folder = store.folder / "report"
    table = pd.read_csv(folder / "ensembles-1.csv")
    (line,) = table.to_dict("records")
    assert line["marks"] == "ensemble;synthetic"
    members = pd.read_csv(folder / "ensembles-2.csv")
    assert members.groupby("cell")["weight"].sum().tolist() == pytest.approx([1, 1])
    seeds = pd.read_csv(folder / "ensembles-3.csv")
    assert len(seeds) == 6
    for page in ("report.md", "report.html"):
        said = (folder / page).read_text()
        assert "Caruana et al. 2004" in said
        assert "the row that is best by validation" in said
    assert "ensemble" not in (folder / "leaderboard.csv").read_text()


def test_a_report_of_older_results_says_why_there_is_no_ensemble(tmp_path: Path) -> None:
    from benchmark.report.write import write_report

    text = fabricate.SUITE.replace("leaderboard: {", "leaderboard: {ensembles: {}, ")
    plan = fabricate.make_plan(tmp_path, text)
    store = fabricate.make_results(plan, tmp_path / "results")
    write_report(plan, store, fabricate.make_registry(), ["md", "html"])
    for page in ("report.md", "report.html"):
        said = (store.folder / "report" / page).read_text()
        assert "There is no ensemble of rows. 6 rows have no part in ensembles of rows: " in said
        assert "before validation predictions were stored" in said
