"""Runs for MLflow."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench_trackers.common import Steps, final_values, missing, title
from benchmark import CellRecord, PlannedCell, Tracker, hookimpl

_ENDS = {"ok": "FINISHED", "interrupted": "KILLED"}


class MLflow(Tracker):
    """A run of MLflow for each cell, in an experiment of the suite's name; ``$MLFLOW_TRACKING_URI`` says where."""

    name = "mlflow"

    def __init__(self) -> None:
        self._runs: dict[str, str] = {}
        self._steps = Steps()
        self._client: Any = None
        self._experiment = ""

    def unavailable(self) -> str:
        """Return what to install, or nothing."""
        return missing("mlflow", "mlflow")

    @hookimpl
    def bench_suite_started(self, suite: str) -> None:
        """Make the experiment, if there is none."""
        from mlflow import MlflowClient

        self._client = MlflowClient()
        experiment = self._client.get_experiment_by_name(suite)
        self._experiment = experiment.experiment_id if experiment else self._client.create_experiment(suite)

    @hookimpl
    def bench_cell_started(self, cell: PlannedCell) -> None:
        """Begin a run."""
        self._run(cell.id, cell.labels)

    @hookimpl
    def bench_epoch_finished(self, cell: PlannedCell, stage: str, logs: Mapping[str, float]) -> None:
        """Log an epoch's values."""
        run, step = self._run(cell.id, cell.labels), self._steps.next(cell.id)
        for name, value in logs.items():
            self._client.log_metric(run, _key(f"{stage}/{name}"), float(value), step=step)

    @hookimpl
    def bench_cell_finished(self, record: CellRecord, folder: Path) -> None:
        """Log the metrics, and end the run."""
        run = self._run(record.id, record.labels)
        for name, value in final_values(record, folder).items():
            self._client.log_metric(run, _key(name), value)
        if record.error is not None:
            self._client.set_tag(run, "error", f"{record.error.type}: {record.error.message}"[:5000])
        self._client.set_terminated(run, _ENDS.get(record.status, "FAILED"))
        del self._runs[record.id]
        self._steps.forget(record.id)

    @hookimpl
    def bench_suite_finished(self) -> None:
        """End the runs of cells that did not end."""
        for run in self._runs.values():
            self._client.set_terminated(run, "KILLED")
        self._runs.clear()

    def _run(self, cell: str, labels: Mapping[str, str]) -> str:
        if cell not in self._runs:
            tags = {"genrebench.cell": cell}
            made = self._client.create_run(self._experiment, run_name=title(labels), tags=tags)
            self._runs[cell] = made.info.run_id
            for axis, label in labels.items():
                self._client.log_param(made.info.run_id, _key(axis), label)
        return self._runs[cell]


def _key(name: str) -> str:
    """Return a name as MLflow takes it."""
    return re.sub(r"[^\w\-. /]", "_", name)
