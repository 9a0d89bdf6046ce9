"""Curves for TensorBoard, as files that it reads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench_trackers.common import Steps, final_values, missing, title
from benchmark import CellRecord, PlannedCell, Tracker, hookimpl


class TensorBoard(Tracker):
    """Curves of each cell in the suite's folder: ``tensorboard --logdir results/SUITE/tensorboard``."""

    name = "tensorboard"

    def __init__(self) -> None:
        self._folder = Path("tensorboard")
        self._writers: dict[str, Any] = {}
        self._steps = Steps()

    def unavailable(self) -> str:
        """Return what to install, or nothing."""
        return missing("tensorboardX", "tensorboard")

    @hookimpl
    def bench_suite_started(self, results: Path) -> None:
        """Note where the files go."""
        self._folder = results / "tensorboard"

    @hookimpl
    def bench_epoch_finished(self, cell: PlannedCell, stage: str, logs: Mapping[str, float]) -> None:
        """Write an epoch's values, by stage."""
        step = self._steps.next(cell.id)
        for name, value in logs.items():
            self._writer(cell.id, cell.labels).add_scalar(f"{stage}/{name}", value, step)

    @hookimpl
    def bench_cell_finished(self, record: CellRecord, folder: Path) -> None:
        """Write the metrics, and how the cell ended."""
        writer = self._writer(record.id, record.labels)
        for name, value in final_values(record, folder).items():
            writer.add_scalar(name, value, 0)
        writer.add_text(
            "status", record.status if record.error is None else f"{record.status}: {record.error.message}"
        )
        writer.close()
        del self._writers[record.id]
        self._steps.forget(record.id)

    @hookimpl
    def bench_suite_finished(self) -> None:
        """Close the files of cells that did not end."""
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()

    def _writer(self, cell: str, labels: Mapping[str, str]) -> Any:
        if cell not in self._writers:
            from tensorboardX import SummaryWriter

            name = re.sub(r"[^\w.-]+", "-", title(labels))[:80].strip("-.")
            self._writers[cell] = SummaryWriter(str(self._folder / f"{name}-{cell}"))
        return self._writers[cell]
