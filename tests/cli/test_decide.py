"""Which rows ``bench run --decide`` gives seeds to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import fabricate
import numpy as np
import pytest

from benchmark.cli import decide
from benchmark.results import collect as collecting
from benchmark.results.collect import collect
from benchmark.results.frames import Results
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
