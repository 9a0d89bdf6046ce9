"""Predictions as a Parquet file: one line a track and evaluation set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.exceptions import ResultsError
from benchmark.results.folder import PREDICTIONS

if TYPE_CHECKING:
    import pandas as pd

_TEXTS = ("set", "track", "group", "label")
# Of predictions: ten thousand tracks by ten thousand classes, and names as long as file systems have them.
MOST_VALUES, MOST_BYTES, LONGEST_NAME = 100_000_000, 2_000_000_000, 10_000


def read_table(folder: Path, name: str = PREDICTIONS) -> Any:
    """Return a cell's predictions as an Arrow table: columns set, track, group, label, and ``p:<class>``.

    ``name`` is the file: ``PREDICTIONS`` or ``VALIDATION``.

    Raises:
        ResultsError: when the file is missing or damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = folder / name
    try:
        with pq.ParquetFile(file, page_checksum_verification=True, read_dictionary=list(_TEXTS)) as opened:
            _refuse_bomb(opened.metadata)
            return _unfolded(opened.read(use_threads=False))
    except (OSError, ValueError, pa.ArrowException) as error:
        raise ResultsError(f"{file} cannot be read: {error}") from error


def _refuse_bomb(metadata: Any) -> None:
    """Raise before memory is taken for more than predictions can be; values that repeat take little of a file."""
    groups = [metadata.row_group(index) for index in range(metadata.num_row_groups)]
    values = max(metadata.num_rows, sum(group.num_rows for group in groups)) * metadata.num_columns
    size = sum(group.total_byte_size for group in groups)
    if values > MOST_VALUES or size > MOST_BYTES:
        raise ValueError(f"it unfolds into {values:,} values ({size:,} bytes), which no predictions are")


def _unfolded(table: Any) -> Any:
    """Return a table with texts in place of numbers of texts, unless these are longer than names can be."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for name in _TEXTS:
        index = table.schema.get_field_index(name)
        if index < 0 or not pa.types.is_dictionary(table.schema.types[index]):
            continue
        chunks = table[name].chunks
        longest = max(
            (pc.max(pc.binary_length(chunk.dictionary)).as_py() or 0 for chunk in chunks), default=0
        )
        if longest > LONGEST_NAME:
            raise ValueError(f"its column {name} has a value of {longest:,} bytes")
        table = table.set_column(index, name, table[name].cast(table.schema.types[index].value_type))
    return table


def read_predictions(folder: Path) -> pd.DataFrame:
    """Return ``read_table`` as a data frame.

    Raises:
        ResultsError: when the file is missing or damaged.
    """
    return read_table(folder).to_pandas()


def write_predictions(predictions: pd.DataFrame, file: Path) -> None:
    """Write predictions, with a checksum of each page."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pandas(predictions, preserve_index=False), file, write_page_checksum=True)
