"""What finished cells said of their validation part: read when it is asked for, since most tables do without it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from benchmark.exceptions import ResultsError
from benchmark.record import CellRecord
from benchmark.results.folder import VALIDATION
from benchmark.results.predictions import PredictionReader, SetPredictions
from benchmark.results.sets import AGAIN

NO_PART = "they have no validation part"
OLDER = f"they were run before validation predictions were stored; {AGAIN}"


def read_validation(
    records: Mapping[str, CellRecord], folders: Mapping[str, Path]
) -> dict[str, SetPredictions | str]:
    """Return each finished cell's predictions of its validation part, or why there are none, by id."""
    reader = PredictionReader()
    return {
        id_: _read(record, folders[id_], reader) for id_, record in records.items() if record.status == "ok"
    }


def _read(record: CellRecord, folder: Path, reader: PredictionReader) -> SetPredictions | str:
    if not (folder / VALIDATION).is_file():
        return NO_PART if record.counts.get("validation_tracks") == 0 else OLDER
    try:
        (predictions,) = reader.read(folder, record.classes, VALIDATION).values()
    except ResultsError as error:
        return str(error)
    except ValueError:
        return f"{folder / VALIDATION} is not of one set"
    return predictions
