"""Which rows ``bench run --decide`` gives seeds to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import fabricate
import numpy as np
import pytest

from benchmark.cli import decide
from benchmark.cli.limits import Limits
from benchmark.execution.run import RunSummary
from benchmark.results import collect as collecting
from benchmark.results.added import Race, read_race, with_added, write_race
from benchmark.results.collect import collect
from benchmark.results.frames import Results
from benchmark.results.plan import Plan, identities
from benchmark.results.standing import Block, Standing

ONE_SEED = fabricate.SUITE.replace("[0, 1]", "[0]")


def asked_for(folder: Path, monkeypatch: pytest.MonkeyPatch, standing: Block) -> tuple[set[int], set[int]]:
    """Return the rows that a look gives seeds to, and the rows of the model with this standing."""
    plan, registry = fabricate.make_plan(folder, ONE_SEED), fabricate.make_registry()
    store = fabricate.make_results(plan, folder / "results")
    stored = collect(plan, store, registry)
    concerned = stored.cells["model"] == "first"
    of_model = set(stored.cells.loc[concerned, "id"])

    standings = np.where(concerned, standing, "honest")

    def collected(*given: Any, **options: Any) -> Results:
        return replace(
            stored,
            standings={
                id_: {"tones:test": Standing(standing if id_ in of_model else "honest", "clean")}
                for id_ in stored.stored
            },
            cells=stored.cells.assign(**{"standing": standings, "tones:test standing": standings}),
        )

    monkeypatch.setattr(collecting, "collect", collected)
    look = decide._look(plan, store, registry, most=5)
    rows = {row for request in look.requests for row in request.seeds}
    return rows, set(map(int, stored.cells.loc[concerned, "row"]))


def test_rows_that_may_be_ranked_get_seeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows, concerned = asked_for(tmp_path, monkeypatch, "honest")
    assert concerned < rows
    assert len(rows) == 6


@pytest.mark.parametrize("standing", ["leaky", "shared groups"])
def test_rows_that_are_not_ranked_get_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, standing: Block
) -> None:
    rows, concerned = asked_for(tmp_path, monkeypatch, standing)
    assert len(rows) == 4
    assert not rows & concerned


def another_seed(plan: Plan) -> Race:
    """Return the record of somebody who gave one row a third seed."""
    request = decide._Request({0: 2})
    return Race().plus(decide._added([request], plan, fabricate.make_registry()))


def never(plan: Plan) -> RunSummary:
    raise AssertionError("there is nothing to run")


def test_a_driver_whose_plan_is_older_than_the_record_goes_on_with_what_is_recorded(tmp_path: Path) -> None:
    """As one of two side by side: the other one has added a seed, and looked at what came of it."""
    plan, registry, limits = fabricate.make_plan(tmp_path), fabricate.make_registry(), Limits(4, None)
    store = fabricate.make_results(plan, tmp_path / "results")
    decide.decide(plan, store, registry, limits, never, at_once=1)
    write_race(store.folder, replace(another_seed(plan), looks=read_race(store.folder).looks))
    suite, _ = with_added(plan.suite, read_race(store.folder), registry)
    longer = replace(plan, suite=suite, ids=identities(suite, plan.identifier))
    fabricate.make_results(longer, tmp_path / "results")
    decide.decide(longer, store, registry, limits, never, at_once=1)
    before = read_race(store.folder)
    assert len(set(before.looks)) == 2

    newest, _ = decide.decide(plan, store, registry, limits, never, at_once=1)
    assert read_race(store.folder) == before
    assert newest.ids == longer.ids


def test_nobody_looks_while_others_run_what_the_look_before_asked_for(tmp_path: Path) -> None:
    plan, registry = fabricate.make_plan(tmp_path), fabricate.make_registry()
    store = fabricate.make_results(plan, tmp_path / "results")
    write_race(store.folder, another_seed(plan))
    asked: list[Plan] = []

    def elsewhere(plan: Plan) -> RunSummary:
        asked.append(plan)
        return RunSummary(elsewhere=["others run it"])

    _, summary = decide.decide(plan, store, registry, Limits(4, None), elsewhere, at_once=1)
    assert summary is not None
    assert summary.elsewhere
    assert [len(longer.cells) - len(plan.cells) for longer in asked] == [1]
    assert read_race(store.folder).looks == ()
