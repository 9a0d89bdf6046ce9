"""Results of each release, kept as they were written: every later version reads and reports them alike."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from benchmark.plugin.manager import Plugins
from benchmark.plugin.registry import Registry
from benchmark.record import CellRecord
from benchmark.report.write import write_report
from benchmark.results.collect import collect
from benchmark.results.folder import read_history, read_metrics
from benchmark.results.plan import Plan
from benchmark.results.store import ResultsStore
from benchmark.suite.identity import Identifier
from benchmark.suite.load import load_suite

FOLDERS = sorted((Path(__file__).parents[1] / "data").glob("golden-*"))

pytestmark = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)


def store_of(folder: Path) -> ResultsStore:
    return ResultsStore(folder / "results", "quickstart")


def plan_of(folder: Path, registry: Registry) -> Plan:
    """Return the plan of the quickstart with the identities that its cells had then, by their labels."""
    suite = load_suite(folder / "quickstart.yaml", registry)
    records = store_of(folder).records().values()
    ids = {tuple(record.labels.items()): record.id for record in records if isinstance(record, CellRecord)}
    identifier = Identifier(lambda spec: None)
    return Plan(
        suite,
        tuple(ids[tuple(cell.labels.items())] for cell in suite.cells),
        {},
        {},
        lambda _: None,
        identifier,
    )


def test_records_are_read(folder: Path) -> None:
    records = store_of(folder).records()
    assert len(records) == 24
    assert {record.status for record in records.values() if isinstance(record, CellRecord)} == {"ok"}
    for id_, path in store_of(folder).scan().items():
        assert store_of(folder).read(id_) == records[id_]
        is_network = path.name.startswith(("cnn", "crnn"))
        assert len(read_history(path)) >= (8 if is_network else 1)


def test_metrics_are_computed_as_they_were(folder: Path) -> None:
    registry = Plugins().registry
    found = collect(plan_of(folder, registry), store_of(folder), registry)
    assert list(found.cells["status"]) == ["ok"] * 24
    for line in found.cells.to_dict("records"):
        filed = read_metrics(found.folders[line["id"]]) or {}
        values = {
            f"{name}/{metric}": value for name, metrics in filed.items() for metric, value in metrics.items()
        }
        assert len(values) == 6
        assert {name: line[name] for name in values} == pytest.approx(values, abs=1e-12)


def test_the_leaderboard_has_the_same_figures(folder: Path, tmp_path: Path) -> None:
    registry = Plugins().registry
    copied = ResultsStore(tmp_path, "quickstart")
    shutil.copytree(store_of(folder).folder, copied.folder)
    write_report(plan_of(folder, registry), copied, registry, ["csv"], sections=["leaderboard"])
    board = pd.read_csv(copied.folder / "report" / "leaderboard.csv")
    before = pd.read_csv(folder / "leaderboard.csv")
    figures = [name for name in before.columns if name.endswith(" mean")]
    assert len(figures) >= 6
    pd.testing.assert_frame_equal(board[["n", *figures]], before[["n", *figures]])
