"""Results that somebody sent are data: what is in them can neither fill the memory nor stop a report for ever."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmark.exceptions import ResultsError
from benchmark.results.folder import read_history
from benchmark.results.intact import Damaged
from benchmark.results.parquet import read_table
from benchmark.results.store import ResultsStore

READ = """
import resource, sys
from pathlib import Path
import pyarrow.parquet
from benchmark.exceptions import ResultsError
from benchmark.results.parquet import read_table
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    read_table(Path(sys.argv[1]))
except ResultsError as error:
    print(error)
grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
print("grown by more than 300 MB" if grown > 300 else "memory is as it was")
"""


def columns(count: int, track: object, label: object) -> pa.Table:
    text = pa.dictionary(pa.int32(), pa.string())
    number = pa.array([0], pa.int32()).take(pa.array([0] * 1000, pa.int32()))
    many = pa.chunked_array(
        [pa.DictionaryArray.from_arrays(number, pa.array([track], pa.string()))] * (count // 1000)
    )
    few = pa.chunked_array(
        [pa.DictionaryArray.from_arrays(number, pa.array([label], pa.string()))] * (count // 1000)
    )
    table = pa.table({"set": few, "track": many, "group": few, "label": few})
    assert table.schema.field("set").type == text
    zeros = pa.chunked_array([pa.array([0.5] * 1000, pa.float32())] * (count // 1000))
    return table.append_column("p:a", zeros)


@pytest.mark.parametrize(
    ("rows", "track", "reason"),
    [
        pytest.param(30_000_000, "t", "unfolds into 150,000,000 values", marks=pytest.mark.slow),
        (1_000_000, "t" * 100_000, "has a value of 100,000 bytes"),
    ],
    ids=["many rows", "long names"],
)
def test_a_small_file_that_unfolds_into_gigabytes_is_refused_by_name(
    tmp_path: Path, rows: int, track: str, reason: str
) -> None:
    pq.write_table(columns(rows, track, "a"), tmp_path / "predictions.parquet", row_group_size=rows)
    assert (tmp_path / "predictions.parquet").stat().st_size < 1_000_000
    done = subprocess.run(
        [sys.executable, "-c", READ, str(tmp_path)], capture_output=True, text=True, check=True, timeout=300
    )
    assert reason in done.stdout
    assert "predictions.parquet cannot be read" in done.stdout
    assert "memory is as it was" in done.stdout


def test_honest_predictions_are_read_as_plain_texts(tmp_path: Path) -> None:
    pq.write_table(columns(2000, "t", "ä"), tmp_path / "predictions.parquet")
    table = read_table(tmp_path)
    assert table.schema.field("label").type == pa.string()
    assert table["label"][1999].as_py() == "ä"


@pytest.mark.parametrize("name", ["cell.json", "predictions.parquet"])
@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_never_ends_is_damaged_and_not_waited_for(tmp_path: Path, name: str, kind: str) -> None:
    store = ResultsStore(tmp_path, "trial")
    folder = store.folder / "cnn-0-0123456789ab"
    folder.mkdir(parents=True)
    if kind == "pipe":
        os.mkfifo(folder / name)
    else:
        (folder / name).symlink_to("/dev/zero")
    assert isinstance(store.read("0123456789ab"), Damaged)
    if name == "predictions.parquet":
        os.mkfifo(folder / "history.csv")
        assert read_history(folder) == []


def test_predictions_that_are_a_pipe_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "predictions.parquet").symlink_to("/dev/null")
    with pytest.raises(ResultsError, match="cannot be read"):
        read_table(tmp_path)


def test_a_record_of_a_hundred_megabytes_is_not_read(tmp_path: Path) -> None:
    store = ResultsStore(tmp_path, "trial")
    folder = store.folder / "cnn-0-0123456789ab"
    folder.mkdir(parents=True)
    with (folder / "cell.json").open("wb") as file:
        file.truncate(100_000_000)
    found = store.read("0123456789ab")
    assert isinstance(found, Damaged)
    assert "no file that a record can be" in found.reason
