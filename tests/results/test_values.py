"""Values of metrics: taken as they were filed where that is the same number, and computed where it is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from fabricate import SUITE, make_answers, make_plan, make_registry, make_results

from benchmark import Metric
from benchmark.digests import file_digest, sealed
from benchmark.plugin.benchfile import Benchfile
from benchmark.plugin.registry import Registry, Source
from benchmark.results.collect import collect
from benchmark.results.folder import filed_metrics
from benchmark.results.plan import Plan
from benchmark.results.store import ResultsStore

SET = "tones:test"
FILED = 0.125  # What no metric gives here, so that it is seen where a value comes from.


def refile(store: ResultsStore, change: Callable[[dict[str, Any], dict[str, float]], None]) -> None:
    """Change records, and the values beside them, as if they had been filed so."""
    for id_, folder in store.scan().items():
        record = store.read(id_, folder)
        filed = json.loads((folder / "metrics.json").read_text())
        content = record.to_json()  # type: ignore[union-attr]
        change(content, filed[SET])
        (folder / "metrics.json").write_text(json.dumps(filed))
        content["files"]["metrics.json"] = file_digest(folder / "metrics.json")
        (folder / "cell.json").write_text(json.dumps(sealed(content)))


def known(record: dict[str, Any], values: dict[str, float]) -> None:
    values["top1"] = FILED


@pytest.fixture
def filed(tmp_path: Path) -> tuple[Plan, ResultsStore]:
    """Return a plan and its results, of which the filed value of top1 can be told from the computed one."""
    plan = make_plan(tmp_path)
    store = make_results(plan, tmp_path / "results")
    refile(store, known)
    return plan, store


def top1(number: int) -> float:
    labels, probabilities = make_answers(number)
    return float((probabilities.argmax(axis=1) == labels).mean())


def test_a_value_that_was_filed_is_not_computed_again(filed) -> None:
    cells = collect(*filed, make_registry()).cells
    assert (cells[f"{SET}/top1"] == FILED).all()


def test_a_metric_is_known_by_what_it_is_and_not_by_its_label(filed, tmp_path: Path) -> None:
    renamed = make_plan(
        tmp_path, SUITE.replace("[top1,", "[{top1: {}, label: accuracy},").replace("/top1", "/accuracy")
    )
    assert (collect(renamed, filed[1], make_registry()).cells[f"{SET}/accuracy"] == FILED).all()


def test_another_metric_of_the_same_label_is_computed(filed, tmp_path: Path) -> None:
    other = make_plan(tmp_path, SUITE.replace("[top1,", "[{top-k: {k: 1}, label: top1},"))
    cells = collect(other, filed[1], make_registry()).cells
    assert list(cells[f"{SET}/top1"]) == pytest.approx([top1(number) for number in range(len(cells))])


def test_a_metric_of_another_version_is_computed(filed) -> None:
    plan, store = filed

    def older(record: dict[str, Any], values: dict[str, float]) -> None:
        record["metrics"]["top1"]["version"] += "-before"

    refile(store, older)
    cells = collect(plan, store, make_registry()).cells
    assert list(cells[f"{SET}/top1"]) == pytest.approx([top1(number) for number in range(len(cells))])


def test_values_of_records_that_do_not_say_what_metrics_are_are_computed(filed) -> None:
    plan, store = filed
    refile(store, lambda record, values: record.pop("metrics") and None)
    cells = collect(plan, store, make_registry()).cells
    assert list(cells[f"{SET}/top1"]) == pytest.approx([top1(number) for number in range(len(cells))])


def test_without_tracks_that_leak_values_are_computed_and_with_them_they_are_those_filed(filed) -> None:
    plan, store = filed

    def leak(record: dict[str, Any], values: dict[str, float]) -> None:
        record["audit"] = {"sets": {SET: {"leaks": 1, "leaking": ["track 00"]}}}

    refile(store, leak)
    cells = collect(plan, store, make_registry()).cells
    assert (cells[f"{SET} left out"] == 1).all()
    assert (cells[f"{SET}/top1 whole"] == FILED).all()
    labels, probabilities = make_answers(0)
    right = probabilities.argmax(axis=1) == labels
    assert cells[f"{SET}/top1"][0] == pytest.approx(right[1:].mean())


def test_of_strangers_nothing_is_believed_but_their_predictions(filed) -> None:
    plan, store = filed
    registry = make_registry()
    registry.unopened = Benchfile(Path("benchfile.py"), "0" * 64, b"")
    cells = collect(plan, store, registry).cells
    assert list(cells[f"{SET}/top1"]) == pytest.approx([top1(number) for number in range(len(cells))])


def test_a_metric_that_cannot_be_computed_any_more_keeps_its_values(tmp_path: Path) -> None:
    class Rare(Metric):
        name = "rare"
        broken: ClassVar[bool] = False

        def compute(self, labels: np.ndarray, probabilities: np.ndarray) -> float:
            if self.broken:
                raise ValueError("its tables are gone")
            return float(labels.mean())

    def registry_with() -> Registry:
        registry = make_registry()
        registry.add(Rare, Source("fakes", "fakes", "1.0"))
        return registry

    plan, spec = make_plan(tmp_path), registry_with().spec("metric", "rare")
    cells = [replace(c, spec=replace(c.spec, metrics=(*c.spec.metrics, spec))) for c in plan.suite.cells]
    plan = replace(plan, suite=replace(plan.suite, cells=tuple(cells)))
    store = make_results(plan, tmp_path / "results", registry=registry_with())
    Rare.broken = True
    results = collect(plan, store, registry_with())
    assert list(results.cells[f"{SET}/rare"]) == pytest.approx([make_answers(0)[0].mean()] * len(cells))
    assert not [note for note in results.notes if "rare" in note]


def test_values_that_were_changed_after_the_record_was_read_are_not_used(filed) -> None:
    _, store = filed
    id_, folder = next(iter(store.scan().items()))
    record = store.read(id_, folder)
    assert filed_metrics(folder, record)[SET]["top1"] == FILED  # type: ignore[arg-type]
    (folder / "metrics.json").write_text(json.dumps({SET: {"top1": 1.0}}))
    assert filed_metrics(folder, record) == {}  # type: ignore[arg-type]
