"""What a cell says of its validation part is stored beside its predictions."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmark.results.folder import VALIDATION
from benchmark.results.intact import Damaged
from benchmark.results.predictions import PredictionReader
from benchmark.results.store import ResultsStore
from benchmark.training.evaluate import validation_predictions


@pytest.mark.slow
def test_validation_predictions_are_stored_verified_and_no_part_of_the_identity(project: Any) -> None:
    assert project.bench("run", "suite.yaml", "--executor", "inline", "--set", "matrix.seed=[0]").code == 0
    store = ResultsStore(project.results.parent, "trial")
    scanned = store.scan()
    for folder in scanned.values():
        content = json.loads((folder / "cell.json").read_text())
        assert VALIDATION in content["files"]
        assert not any("validation" in json.dumps(each) for each in content["spec"]["evaluate"])
        (found,) = PredictionReader().read(folder, content["classes"], VALIDATION).values()
        assert len(found.tracks) == content["counts"]["validation_tracks"]
        tested = set(pd.read_parquet(folder / "predictions.parquet")["track"])
        assert not tested & set(found.tracks.tolist())
    assert project.bench("verify", str(store.folder)).code == 0
    file = folder / VALIDATION
    file.write_bytes(file.read_bytes()[:-9] + b"x" * 9)
    damaged = store.read(next(reversed(scanned)))
    assert isinstance(damaged, Damaged)
    assert damaged.reason.startswith("validation.parquet is not what was filed")


def test_a_validation_part_that_was_evaluated_is_not_predicted_again() -> None:
    evaluated = pd.DataFrame({"set": ["test", "validation", "validation"], "track": ["a", "b", "c"]})
    watched = SimpleNamespace(key="validation")
    found = validation_predictions(Unasked(), SimpleNamespace(watched=watched), evaluated)  # type: ignore[arg-type]
    assert found is not None
    assert found["track"].tolist() == ["b", "c"]


def test_without_a_validation_part_there_is_nothing_to_store() -> None:
    evaluated = pd.DataFrame({"set": ["test"], "track": ["a"]})
    assert validation_predictions(Unasked(), SimpleNamespace(watched=None), evaluated) is None  # type: ignore[arg-type]


class Unasked:
    def predict(self, examples: Any) -> np.ndarray:
        raise AssertionError("the model is asked twice")


def test_bundles_carry_validation_predictions(tmp_path: Path) -> None:
    import fabricate

    from benchmark.bundles.export import CELL_FILES

    plan = fabricate.make_plan(tmp_path)
    store = fabricate.make_results(plan, tmp_path / "results", validated=True)
    for folder in store.scan().values():
        assert {file.name for file in folder.iterdir()} <= set(CELL_FILES)
