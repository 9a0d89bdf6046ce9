"""Runs for Trackio."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench_trackers.common import Steps, final_values, missing, title
from benchmark import CellRecord, PlannedCell, Tracker, hookimpl


class Trackio(Tracker):
    """A run of Trackio for each cell, in a project of the suite's name (``trackio show``), below ``$TRACKIO_DIR``."""

    name = "trackio"

    def __init__(self) -> None:
        self._runs: dict[str, Any] = {}
        self._steps = Steps()
        self._suite = ""

    def unavailable(self) -> str:
        """Return what to install, or nothing."""
        return missing("trackio", "trackio")

    @hookimpl
    def bench_suite_started(self, suite: str) -> None:
        """Note the suite's name."""
        self._suite = suite

    @hookimpl
    def bench_cell_started(self, cell: PlannedCell) -> None:
        """Begin a run."""
        self._run(cell.id, cell.labels)

    @hookimpl
    def bench_epoch_finished(self, cell: PlannedCell, stage: str, logs: Mapping[str, float]) -> None:
        """Log an epoch's values."""
        values = {f"{stage}/{name}": float(value) for name, value in logs.items()}
        self._run(cell.id, cell.labels).log(values, step=self._steps.next(cell.id))

    @hookimpl
    def bench_cell_finished(self, record: CellRecord, folder: Path) -> None:
        """Log the metrics, and end the run."""
        run = self._run(record.id, record.labels)
        run.log({**final_values(record, folder), "status": record.status})
        run.finish()
        del self._runs[record.id]
        self._steps.forget(record.id)

    @hookimpl
    def bench_suite_finished(self) -> None:
        """End the runs of cells that did not end."""
        for run in self._runs.values():
            run.finish()
        self._runs.clear()

    def _run(self, cell: str, labels: Mapping[str, str]) -> Any:
        if cell not in self._runs:
            import trackio

            # Which processes use how much is in the cells' records.
            self._runs[cell] = trackio.init(
                self._suite,
                name=f"{title(labels)} ({cell})",
                config={**labels, "cell": cell},
                embed=False,
                auto_log_gpu=False,
                auto_log_cpu=False,
                resume="allow",
            )
        return self._runs[cell]
