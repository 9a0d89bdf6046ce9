"""What cells need of each track."""

from __future__ import annotations

from pathlib import Path

from benchmark.execution import features
from benchmark.locations import Locations
from benchmark.plugin.manager import Plugins
from benchmark.results.plan import make_plan
from benchmark.suite.load import load_suite

SUITE = """
name: trial
cell:
  dataset: {synthetic: {tracks_per_class: 4, seconds: 1}}
  split: {fractions: [0.5, 0.25, 0.25]}
  evaluate: [test]
matrix:
  features: [{mel: {size: [12, 16]}}, {mfcc: {coefficients: 8}}]
  augmentation: [none, {gain: {decibels: [-6, 6]}}]
  model: [majority, linear]
  seed: [0, 1]
"""


def test_what_cells_need_is_found_out_once_for_all_features_of_one_data(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "suite.yaml").write_text(SUITE)
    registry = Plugins().registry
    plan = make_plan(
        load_suite(tmp_path / "suite.yaml", registry), registry, Locations(cache=tmp_path / "cache")
    )
    cells = [cell for cell, _ in plan.cells]
    looked, look = [], features.cell_requests
    monkeypatch.setattr(
        features, "cell_requests", lambda spec, *others: (looked.append(spec), look(spec, *others))[1]
    )
    found = features.feature_requests(cells, registry, plan)
    assert len(cells) == 16
    assert len(looked) == 4  # augmentations and seeds
    assert len(found) == 2
    for spec, asked in found.values():
        own = {
            (request.track.id, wanted[0])
            for cell in cells
            if cell.spec.features.key == spec.key
            for request in look(cell.spec, registry, plan.corpus_of)
            for wanted in request.wanted
        }
        assert {(request.track.id, wanted[0]) for request in asked for wanted in request.wanted} == own
