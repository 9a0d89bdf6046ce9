"""That a study reads no test data, and what a trial does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tuning_toys import BENCHFILE, SUITE

from benchmark.data.assemble import cell_items
from benchmark.data.prepare import feature_key, open_store
from benchmark.execution.executor import Executors, Inline
from benchmark.execution.progress import PlainDisplay
from benchmark.execution.run import RunOptions
from benchmark.locations import Locations
from benchmark.plugin.manager import Plugins
from benchmark.results.plan import make_plan
from benchmark.suite.cell import Evaluation, canonical_json
from benchmark.suite.load import load_suite
from benchmark.suite.tuning.searching import PRUNERS
from benchmark.suite.tuning.tune import Choice, studies
from benchmark.tuning.record import read_records
from benchmark.tuning.run import run_studies
from benchmark.tuning.trial import TrialTask, epoch_value, run_trial

SPY = '''
import json, os

class Spy(Toy):
    """Notes how many items of each label it is given, to be fitted to and to predict."""
    name = "spy"

    def fit(self, train, validation, run):
        self.seen = [len(train), len(validation)]
        if "SPY_RECIPE" in os.environ:
            with open(os.environ["SPY_RECIPE"], "a") as file:
                file.write(run.recipe + "\\n")
        return super().fit(train, validation, run)

    def predict(self, examples):
        with open(os.environ["SPY_LOG"], "a") as file:
            file.write(json.dumps([*self.seen, len(examples)]) + "\\n")
        return super().predict(examples)

@hookimpl
def bench_models():
    return [Toy, Spy]
'''


METRICS = BENCHFILE[BENCHFILE.rindex("@hookimpl\ndef bench_metrics") :]


@pytest.fixture
def spied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return the plugins, plan and places of a suite whose model tells what it is given, with an empty cache."""
    suite = SUITE.replace("toy]", "spy]").replace("evaluate: [test]", "evaluate: [test, validation]")
    (tmp_path / "suite.yaml").write_text(suite)
    (tmp_path / "benchfile.py").write_text(
        BENCHFILE.rpartition("@hookimpl\ndef bench_models")[0] + SPY + METRICS
    )
    monkeypatch.setenv("SPY_LOG", str(tmp_path / "spy"))
    plugins = Plugins(tmp_path / "benchfile.py")
    assert not plugins.registry.broken
    locations = Locations(cache=tmp_path / "cache", results=tmp_path / "results")
    plan = make_plan(load_suite(tmp_path / "suite.yaml", plugins.registry), plugins.registry, locations)
    return plugins, plan, locations


@pytest.mark.slow
def test_a_study_computes_reads_and_predicts_nothing_of_test_tracks(spied, tmp_path: Path) -> None:
    plugins, plan, locations = spied
    interrupted = run_studies(
        plan, plugins, locations, RunOptions(), Executors(Inline, lambda trials: Inline()), PlainDisplay()
    )
    assert not interrupted
    assert len(read_records(locations.results / "trial")) == 1
    spec = next(cell.spec for cell in plan.suite.cells if cell.labels["model"] == "spy")
    items = cell_items(spec, plugins.registry, plan.corpus_of)
    store = open_store(spec.features, plugins.registry, locations.cache)
    stored = {
        part.name: [
            store.rows([feature_key(part.tracks[item.track], item.clip, ())])[0] >= 0 for item in part.items
        ]
        for part in (items.train, items.validation, *items.evaluations)
    }
    assert stored.keys() == {"train", "validation", "synthetic:test", "synthetic:validation"}
    assert all(stored["train"])
    assert all(stored["validation"])
    # Not even the features of test tracks have been computed, so that nothing can have read them.
    assert not any(stored["synthetic:test"])
    seen = {tuple(map(int, line.strip("[]\n").split(","))) for line in (tmp_path / "spy").open()}
    parts = len(stored["train"]), len(stored["validation"])
    assert seen == {(*parts, parts[1])}


def a_task(plan, locations, spec, **changes) -> TrialTask:
    task = TrialTask(
        key="a trial",
        study="none",
        trial=0,
        storage=str(locations.results / "no.journal"),
        pruner=Choice("none", PRUNERS["none"]()),
        protected=True,
        spec=spec,
        locations=locations,
        benchfile=plan.suite.path.parent / "benchfile.py",
    )
    return replace(task, **changes)


@pytest.mark.slow
def test_a_trial_refuses_to_be_evaluated_on_test_data(spied) -> None:
    _, plan, locations = spied
    (study,) = studies(plan.suite.tune, plan.suite.cells)
    spec = replace(study.base, evaluate=(Evaluation("synthetic:test", None, "test"),))
    outcome = run_trial(a_task(plan, locations, spec))
    assert outcome.value is None
    assert outcome.error is not None
    assert "validation data, and not on 'test'" in outcome.error.message
    assert not (locations.cache / "features").exists()


@pytest.mark.slow
def test_a_trial_shares_stages_with_the_cell_of_its_values_also_where_augmentations_are_drawn(
    spied, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    plugins, plan, locations = spied
    monkeypatch.setenv("SPY_RECIPE", str(tmp_path / "recipes"))
    executors = Executors(Inline, lambda trials: Inline())
    assert not run_studies(plan, plugins, locations, RunOptions(), executors, PlainDisplay())
    (study,) = studies(plan.suite.tune, plan.suite.cells)
    canonical = plan.identifier.canonical(study.base)
    assert canonical is not None
    recipes = (tmp_path / "recipes").read_text().splitlines()
    assert set(recipes) == {canonical_json(canonical["augmentation"])}


@pytest.mark.parametrize(
    ("logs", "greater", "value"),
    [
        ({"val_accuracy": 0.7, "val_loss": 2.0}, True, 0.7),
        ({"val_accuracy": 0.7, "val_loss": 2.0}, False, 2.0),
        ({"val_accuracy": 0.7}, False, pytest.approx(0.3)),
        ({"accuracy": 0.7}, True, None),
        ({}, False, None),
    ],
)
def test_epochs_are_compared_by_validation_accuracy_or_loss(logs: dict, greater: bool, value: float) -> None:
    assert epoch_value(logs, greater_is_better=greater) == value
