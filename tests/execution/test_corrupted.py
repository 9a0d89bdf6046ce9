"""Cells on corrupted sets: right away, from kept models, and trained again; their own results never change."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest

from benchmark.execution.executor import Executors, Inline
from benchmark.execution.progress import PlainDisplay
from benchmark.execution.run import RunOptions, RunSummary, has_work, run_suite
from benchmark.locations import Locations
from benchmark.plugin.manager import Plugins
from benchmark.results.corrupted import CorruptedStore, read_record, unfinished
from benchmark.results.plan import Plan, make_plan
from benchmark.results.predictions import load_predictions
from benchmark.results.store import ResultsStore
from benchmark.suite.load import load_suite

SUITE = """
name: trial
cell:
  dataset: {synthetic: {tracks_per_class: 4, seconds: 1, difficulty: 0}}
  features: {mel: {size: [12, 16], n_mels: 12}}
  split: {fractions: [0.5, 0.25, 0.25]}
  evaluate: [test]
  model: centroids
matrix:
  seed: [0, 1]
"""
NOISE = "{corrupt: {by: [noise], severity: [1, 5]}}"
BENCHFILE = """
import os
import numpy as np
from benchmark import SklearnModel, hookimpl

class Centroids(SklearnModel):
    '''Nearest class mean; counts how often it is fitted, and may be told to learn otherwise.'''
    name = "centroids"

    def estimator(self, random_state):
        from sklearn.neighbors import NearestCentroid
        return NearestCentroid()

    def fit(self, train, validation, run):
        with open(os.environ["FITTED"], "a") as file:
            file.write("fitted\\n")
        history = super().fit(train, validation, run)
        if os.environ.get("OTHERWISE"):
            self._fitted.centroids_ = self._fitted.centroids_[::-1].copy()
        return history

@hookimpl
def bench_models():
    return [Centroids]
"""


class Bench:
    """A suite in a folder, run here."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self.folder, self.locations = folder, Locations(results=folder / "results", cache=cache)
        (folder / "benchfile.py").write_text(BENCHFILE)
        self.plugins = Plugins(folder / "benchfile.py")
        self.store = ResultsStore(self.locations.results, "trial")
        self.said = ""

    def plan(self, *corrupt: str) -> Plan:
        text = SUITE.replace("[test]", f"[{', '.join(['test', *corrupt])}]")
        (self.folder / "suite.yaml").write_text(text)
        suite = load_suite(self.folder / "suite.yaml", self.plugins.registry)
        return make_plan(suite, self.plugins.registry, self.locations)

    def run(self, *corrupt: str, **options: bool) -> RunSummary:
        stream = io.StringIO()
        executors = Executors(Inline, lambda tasks: Inline(), 1)
        with PlainDisplay(stream) as display:
            summary = run_suite(
                self.plan(*corrupt), self.plugins, self.locations, RunOptions(**options), executors, display
            )
        self.said = stream.getvalue()
        return summary

    @property
    def fitted(self) -> int:
        file = self.folder / "fitted"
        return len(file.read_text().splitlines()) if file.exists() else 0

    def cells(self) -> dict[str, bytes]:
        """Return all files of the cells' own folders."""
        folders = self.store.scan().values()
        return {
            file.relative_to(self.store.folder).as_posix(): file.read_bytes()
            for folder in folders
            for file in sorted(folder.rglob("*"))
            if file.is_file()
        }

    def filed(self) -> list[Path]:
        return sorted((self.store.folder / "corrupted").glob("*"))


@pytest.fixture
def bench(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setenv("FITTED", str(tmp_path / "fitted"))
    return Bench(tmp_path, cache)


@pytest.mark.slow
def test_a_fresh_cell_is_evaluated_right_away(bench: Bench) -> None:
    summary = bench.run(NOISE)
    assert [record.status for record in summary.records] == ["ok", "ok"]
    assert bench.fitted == 2
    assert len(bench.filed()) == 2
    record = read_record(bench.filed()[0])
    assert record.model == "in memory"
    assert [(each["label"], each["severity"], each["amount"]) for each in record.sets.values()] == [
        ("noise", 1, 30.0),
        ("noise", 5, 0.0),
    ]
    own = load_predictions(bench.store.scan()[record.cell], record.classes)["test"]
    worn = load_predictions(bench.filed()[0], record.classes)
    for each in worn.values():
        assert each.tracks.tolist() == own.tracks.tolist()
        assert each.labels.tolist() == own.labels.tolist()
    *_, last = worn.values()
    assert np.abs(last.probabilities - own.probabilities).sum() > 0
    assert not has_work(bench.plan(NOISE), bench.store, RunOptions())


@pytest.mark.slow
def test_ids_and_results_of_cells_are_the_same_with_and_without(
    bench: Bench, tmp_path_factory: pytest.TempPathFactory
) -> None:
    bench.run(NOISE)
    with_ = {name: data for name, data in bench.cells().items() if name.endswith(".parquet")}
    other = Bench(tmp_path_factory.mktemp("clean"), bench.locations.cache)
    other.run()
    without = {name: data for name, data in other.cells().items() if name.endswith(".parquet")}
    assert with_ == without
    assert not other.filed()


@pytest.mark.slow
def test_a_kept_model_is_evaluated_on_a_new_corruption_and_not_trained(bench: Bench) -> None:
    bench.run(keep_models=True)
    before = bench.cells()
    (one, two) = unfinished(bench.plan(NOISE), bench.store)
    assert (one.has_model, two.has_model) == (True, True)
    bench.run(NOISE)
    assert "2 finished cells lack 4 corrupted sets: 2 from their kept models" in bench.said
    assert bench.fitted == 2
    assert {read_record(folder).model for folder in bench.filed()} == {"kept"}
    assert bench.cells() == before


@pytest.mark.slow
def test_without_a_kept_model_it_is_said_and_trained_again_to_the_same_answers(bench: Bench) -> None:
    bench.run()
    before = bench.cells()
    assert [each.has_model for each in unfinished(bench.plan(NOISE), bench.store)] == [False, False]
    bench.run(NOISE)
    assert "2 must be trained again, since their models were not kept" in bench.said
    assert bench.fitted == 4
    assert {read_record(folder).model for folder in bench.filed()} == {"trained again"}
    assert bench.cells() == before


@pytest.mark.slow
def test_all_three_ways_give_the_same_answers(bench: Bench, tmp_path_factory, monkeypatch) -> None:
    def answers(kept: bool, later: bool) -> list[list[float]]:
        other = Bench(tmp_path_factory.mktemp("other"), bench.locations.cache)
        if later:
            other.run(keep_models=kept)
        other.run(NOISE)
        records = [(folder, read_record(folder)) for folder in other.filed()]
        return [
            each.probabilities.tolist()
            for folder, record in sorted(records, key=lambda pair: pair[1].cell)
            for each in load_predictions(folder, record.classes).values()
        ]

    assert answers(False, False) == answers(True, True) == answers(False, True)


def test_a_model_that_answers_otherwise_is_refused(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.run()
    before = bench.cells()
    monkeypatch.setenv("OTHERWISE", "1")
    bench.run(NOISE)
    assert "the model gives other answers on synthetic:test than those that are filed" in bench.said
    assert not bench.filed()
    assert bench.cells() == before
    assert len(unfinished(bench.plan(NOISE), bench.store)) == 2


@pytest.mark.slow
def test_a_further_corruption_computes_only_what_is_new(bench: Bench) -> None:
    bench.run(NOISE, keep_models=True)
    first = {folder: (folder / "predictions.parquet").read_bytes() for folder in bench.filed()}
    more = "{corrupt: {by: [noise, clipping], severity: [1, 5]}}"
    assert [len(each.corrupted) for each in unfinished(bench.plan(more), bench.store)] == [2, 2]
    bench.run(more)
    assert len(bench.filed()) == 4
    assert {folder: (folder / "predictions.parquet").read_bytes() for folder in first} == first
    # What is asked for no more stays, and nothing is missing.
    assert not unfinished(bench.plan(NOISE), bench.store)
    assert not has_work(bench.plan(), bench.store, RunOptions())


@pytest.mark.slow
def test_a_cell_that_is_run_anew_is_evaluated_anew(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.run(NOISE)
    monkeypatch.setenv("OTHERWISE", "1")
    bench.run(NOISE, force=True)
    assert not unfinished(bench.plan(NOISE), bench.store)
    cleans = {read_record(folder).clean for folder in bench.filed()}
    assert len(cleans) == 4
    own = {record.files["predictions.parquet"] for record in bench.store.records().values()}
    assert len(cleans & own) == 2


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["corrupted.json", "predictions.parquet"])
def test_what_is_damaged_counts_as_missing_and_is_made_again(bench: Bench, damage: str) -> None:
    bench.run(NOISE, keep_models=True)
    whole = (bench.filed()[0] / damage).read_bytes()
    (bench.filed()[0] / damage).write_bytes(whole[:100] + b"x" + whole[101:])
    assert len(unfinished(bench.plan(NOISE), bench.store)) == 1
    bench.run(NOISE)
    assert not unfinished(bench.plan(NOISE), bench.store)
    assert len(bench.filed()) == 2


def test_a_result_of_another_cell_does_not_count(bench: Bench) -> None:
    bench.run(NOISE)
    first, second = bench.filed()
    for file in first.iterdir():
        (second / file.name).write_bytes(file.read_bytes())
    assert [each.id for each in unfinished(bench.plan(NOISE), bench.store)] == [second.name[:12]]


def test_a_corruption_that_fails_leaves_the_cell_and_the_others(bench: Bench) -> None:
    text = BENCHFILE.replace("SklearnModel, hookimpl", "Corruption, SklearnModel, hookimpl") + (
        "\nclass Broken(Corruption):\n    'Raises.'\n    name, unit, severities = 'broken', 'times', (1, 2)\n"
        "    def apply(self, samples, sample_rate, rng, amount):\n        raise ValueError('it cannot')\n"
        "@hookimpl\ndef bench_corruptions():\n    return [Broken]\n"
    )
    (bench.folder / "benchfile.py").write_text(text)
    bench.plugins = Plugins(bench.folder / "benchfile.py")
    summary = bench.run("{corrupt: {by: [noise, broken], severity: [1, 2]}}")
    assert [record.status for record in summary.records] == ["ok", "ok"]
    assert "corruption 'broken'" in bench.said
    assert all(len(read_record(folder).sets) == 2 for folder in bench.filed())
    assert len(unfinished(bench.plan("{corrupt: {by: [noise, broken], severity: [1, 2]}}"), bench.store)) == 2


def test_the_record_says_what_wears_and_how_much(bench: Bench) -> None:
    bench.run("{corrupt: {by: [{noise: {colour: pink}, label: hiss}], severity: 3}}")
    record = json.loads((bench.filed()[0] / "corrupted.json").read_text())
    (told,) = record["sets"].values()
    assert told["label"] == "hiss"
    assert told["corruption"]["parameters"] == {"colour": "pink"}
    assert (told["severity"], told["amount"], told["unit"]) == (3, 10.0, "dB SNR")
    assert record["provenance"]["versions"]["genrebench"]
    assert set(CorruptedStore(bench.store).of(record["cell"], record["clean"])) == set(record["sets"])
