"""From what studies have found to cells, without running anything."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tuning_toys import BENCHFILE, SUITE

from benchmark.locations import Locations
from benchmark.plugin.manager import Plugins
from benchmark.results.plan import Plan, make_plan
from benchmark.suite.identity import Identifier
from benchmark.suite.load import load_suite
from benchmark.suite.rehearse import rehearse
from benchmark.suite.tuning.tune import studies
from benchmark.tuning.record import StudyRecord, read_record, write_record
from benchmark.tuning.resolve import planned_studies, resolved, unfinished_studies


@pytest.fixture
def plugins(tmp_path: Path) -> Plugins:
    (tmp_path / "benchfile.py").write_text(BENCHFILE)
    return Plugins(tmp_path / "benchfile.py")


def planned(tmp_path: Path, cache: Path, plugins: Plugins, text: str = SUITE) -> Plan:
    (tmp_path / "suite.yaml").write_text(text)
    suite = load_suite(tmp_path / "suite.yaml", plugins.registry)
    return make_plan(suite, plugins.registry, Locations(cache=cache, results=tmp_path / "results"))


def recorded(plan: Plan, results: Path, plugins: Plugins, **changes) -> StudyRecord:
    (study,) = planned_studies(plan, results, plugins.registry)
    assert study.id is not None
    assert study.canonical is not None
    record = StudyRecord(
        id=study.id,
        labels={"model": "toy"},
        spec=dict(study.canonical),
        status="ok",
        metric="confidence",
        chosen_on="synthetic:validation, seed 0",
        values={"model.x": 0.25},
        value=0.9,
        trials={"complete": 4, "pruned": 1, "failed": 1},
    )
    record = replace(record, **changes)
    write_record(results, record)
    return record


def test_a_record_is_read_as_it_was_written(tmp_path: Path, cache: Path, plugins: Plugins) -> None:
    plan = planned(tmp_path, cache, plugins)
    record = recorded(plan, tmp_path, plugins)
    assert read_record(tmp_path, record.id) == record
    (tmp_path / "studies" / f"{record.id}.json").write_text("{")
    assert read_record(tmp_path, record.id) is None


def test_tuned_cells_get_the_values_of_a_study_that_is_done(
    tmp_path: Path, cache: Path, plugins: Plugins
) -> None:
    plan = planned(tmp_path, cache, plugins)
    assert plan.ids.count(None) == 2
    recorded(plan, tmp_path, plugins)
    found = resolved(plan, tmp_path, plugins.registry)
    tuned = [cell for cell in found.suite.cells if cell.labels["tuning"] == "tuned"]
    assert [cell.spec.model.parameters["x"] for cell in tuned] == [0.25, 0.25]
    assert [cell.spec.seed for cell in tuned] == [0, 1]
    # What they share is one object, as in any other row.
    assert tuned[0].spec.model is tuned[1].spec.model
    assert None not in found.ids
    assert len(set(found.ids)) == 6
    assert not unfinished_studies(found, tmp_path, plugins.registry)
    # A cell of the same values that a suite wrote is the same cell.
    written = planned(tmp_path, cache, plugins, SUITE.split("tune:")[0].replace("toy]", "{toy: {x: 0.25}}]"))
    assert set(written.ids) <= set(found.ids)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"trials": {"complete": 5}}, "its study has 5 of 6 trials"),
        (
            {
                "status": "failed",
                "values": {},
                "value": None,
                "trials": {"failed": 6},
                "errors": ["OSError: x"],
            },
            "its study found nothing, none of 6 trials was finished: OSError: x",
        ),
    ],
)
def test_other_studies_leave_their_cells_pending(
    tmp_path: Path, cache: Path, plugins: Plugins, changes: dict, why: str
) -> None:
    plan = planned(tmp_path, cache, plugins)
    recorded(plan, tmp_path, plugins, **changes)
    found = resolved(plan, tmp_path, plugins.registry)
    assert {cell.pending for cell in found.suite.cells if cell.labels["tuning"] == "tuned"} == {why}
    assert found.ids.count(None) == 2


def test_what_a_study_found_is_known_without_its_dataset(
    tmp_path: Path, cache: Path, plugins: Plugins
) -> None:
    plan = planned(tmp_path, cache, plugins)
    record = recorded(plan, tmp_path, plugins)
    absent = replace(plan, identifier=Identifier(lambda _: None), ids=(None,) * len(plan.ids))
    (study,) = planned_studies(absent, tmp_path, plugins.registry)
    assert study.record == record
    tuned = [cell for cell in resolved(absent, tmp_path, plugins.registry).suite.cells if cell.tuning]
    assert [cell.spec.model.parameters["x"] for cell in tuned] == [0.25, 0.25]


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("trials: 6", "trials: 60", True),
        ("trials: 6", "trials: 6\n  timeout: 60", True),
        ("seed: [0, 1]", "seed: [0, 1, 2]", True),
        ("evaluate: [test]", "evaluate: [test, validation]", True),
        ("model: [majority, toy]", "model: [majority, {toy: {}, label: other}]", True),
        ("high: 1.0", "high: 2.0", False),
        ("trials: 6", "trials: 6\n  sampler: random", False),
        ("trials: 6", "trials: 6\n  metric: doubt", False),
        ("seed: [0, 1]", "seed: [1, 0]", False),
        ("epochs: 3", "epochs: 4", False),
    ],
)
def test_a_study_is_the_same_as_long_as_its_trials_are(
    tmp_path: Path, cache: Path, plugins: Plugins, old: str, new: str, same: bool
) -> None:
    assert old in SUITE

    def identity(text: str) -> str | None:
        (study,) = planned_studies(planned(tmp_path, cache, plugins, text), tmp_path, plugins.registry)
        return study.id

    assert (identity(SUITE) == identity(SUITE.replace(old, new))) is same


def test_a_rehearsal_has_few_trials_and_leaves_out_what_is_made_small(
    tmp_path: Path, plugins: Plugins
) -> None:
    text = SUITE.replace(
        "{low: -1.0, high: 1.0}", "{low: -1.0, high: 1.0}\n    training.epochs: {low: 3, high: 9}"
    )
    (tmp_path / "suite.yaml").write_text(text)
    small = rehearse(load_suite(tmp_path / "suite.yaml", plugins.registry), plugins.registry)
    assert small.tune is not None
    assert small.tune.settings.trials == 4
    (study,) = studies(small.tune, small.cells)
    assert [dimension.name for dimension in study.space] == ["model.x"]
    assert study.base.training.epochs == 2
