"""The files of a cell's folder: what they are called, and how the small ones are read and written."""

from __future__ import annotations

import csv
import errno
import hashlib
import json
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmark.record import CellRecord

CELL, METRICS, PREDICTIONS, HISTORY = "cell.json", "metrics.json", "predictions.parquet", "history.csv"
# What a cell said of its validation part, in the form of its predictions; older results have none.
VALIDATION = "validation.parquet"
MODEL = "model"
# Of a record: far more than its longest traceback.
MOST_RECORD_BYTES = 50_000_000


def text_of(file: Path) -> str:
    """Return the text of a file; one that would never end, or fill the memory, is as good as unreadable."""
    state = file.stat()
    if not stat.S_ISREG(state.st_mode) or state.st_size > MOST_RECORD_BYTES:
        raise OSError(errno.EINVAL, "it is no file that a record can be")
    return file.read_text(encoding="utf-8")


def read_history(folder: Path) -> list[dict[str, str]]:
    """Return a cell's epochs, as text; empty without a history."""
    try:
        if not (folder / HISTORY).is_file():  # A pipe would be waited for.
            return []
        with (folder / HISTORY).open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error):
        return []


def read_metrics(folder: Path) -> dict[str, dict[str, float]] | None:
    """Return a cell's metrics by evaluation set and label, or None where the file is missing or damaged."""
    try:
        return _metrics_of(text_of(folder / METRICS))
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return None


def filed_metrics(folder: Path, record: CellRecord) -> dict[str, dict[str, float]]:
    """Return ``read_metrics`` if that is what was filed together with the predictions; nothing where it is not."""
    filed = record.files.get(METRICS)
    if filed is None or PREDICTIONS not in record.files:
        return {}
    try:
        text = text_of(folder / METRICS)
        return _metrics_of(text) if hashlib.sha256(text.encode()).hexdigest() == filed else {}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return {}


def _metrics_of(text: str) -> dict[str, dict[str, float]]:
    return {
        name: {label: float(value) for label, value in values.items()}
        for name, values in json.loads(text).items()
    }


def write_history(history: Sequence[Mapping[str, Any]], file: Path) -> None:
    """Write a cell's epochs; columns are all that any epoch has."""
    columns = list(dict.fromkeys(name for epoch in history for name in epoch))
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, columns)
        writer.writeheader()
        writer.writerows(history)
