"""What the trackers have in common."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from benchmark import CellRecord


def missing(module: str, extra: str) -> str:
    """Return what to install where a module is not, or nothing."""
    return (
        ""
        if find_spec(module)
        else f"the package {module} is not installed: pip install 'genrebench[{extra}]'"
    )


def title(labels: Mapping[str, str]) -> str:
    """Return what a cell is called: its labels, in the suite's order."""
    return " · ".join(labels.values())


def final_values(record: CellRecord, folder: Path) -> dict[str, float]:
    """Return ``set/metric`` of a finished cell, and what it cost; what is no number is left out."""
    values: dict[str, float] = {f"seconds/{name}": value for name, value in record.seconds.items()}
    values |= {f"cost/{name}": value for name, value in record.cost.items()}
    values |= {f"parameters/{name}": float(count) for name, count in record.parameters.items()}
    file = folder / "metrics.json"
    if record.status == "ok" and file.is_file():
        for key, metrics in json.loads(file.read_text(encoding="utf-8")).items():
            values |= {f"{record.sets.get(key, key)}/{name}": value for name, value in metrics.items()}
    return {name: value for name, value in values.items() if value is not None and math.isfinite(value)}


class Steps:
    """Counts the epochs of each cell over all its stages, which begin at 1 again."""

    def __init__(self) -> None:
        self._done: dict[str, int] = {}

    def next(self, cell: str) -> int:
        """Return the number of a cell's next epoch, from 1."""
        self._done[cell] = self._done.get(cell, 0) + 1
        return self._done[cell]

    def forget(self, cell: str) -> None:
        """Begin a cell anew."""
        self._done.pop(cell, None)
