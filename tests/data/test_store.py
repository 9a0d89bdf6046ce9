from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from benchmark.data.store import FeatureStore
from benchmark.exceptions import CacheError

SHAPE = (4, 5, 1)


def store(folder: Path) -> FeatureStore:
    return FeatureStore(folder / "space", SHAPE, "uint8", {"name": "mel"})


def array(value: int) -> np.ndarray:
    return np.full(SHAPE, value % 256, np.uint8)


def fill(made: FeatureStore, values: range) -> None:
    with made.writing():
        made.append([f"k{value}" for value in values], [array(value) for value in values])


def test_what_is_appended_is_found_by_its_key(tmp_path: Path) -> None:
    made = store(tmp_path)
    assert made.rows(["k1"]).tolist() == [-1]
    fill(made, range(3))
    fill(made, range(1, 5))
    rows = store(tmp_path).rows(["k4", "k0", "absent", "k2"])
    assert rows.tolist() == [4, 0, -1, 2]
    assert made.open_rows()[rows[0]].max() == 4
    assert made.open_rows().shape == (5, *SHAPE)


def test_many_keys_are_looked_up_at_once(tmp_path: Path) -> None:
    made = store(tmp_path)
    fill(made, range(1200))
    keys = [f"k{value % 1300}" for value in range(5000)]
    rows = made.rows(keys)
    assert (rows == [value % 1300 if value % 1300 < 1200 else -1 for value in range(5000)]).all()


def test_arrays_of_another_shape_or_type_are_refused(tmp_path: Path) -> None:
    made = store(tmp_path)
    for wrong in (np.zeros((4, 5, 3), np.uint8), np.zeros(SHAPE, np.float32)):
        with made.writing(), pytest.raises(CacheError, match="do not fit"):
            made.append(["k"], [wrong])
    assert made.rows(["k"]).tolist() == [-1]


def flip(file: Path, position: int, bit: int = 0) -> None:
    content = bytearray(file.read_bytes())
    content[position] ^= 1 << bit
    file.write_bytes(content)


def test_a_flipped_bit_in_a_row_is_seen_and_the_row_made_anew(tmp_path: Path) -> None:
    fill(store(tmp_path), range(5))
    flip(tmp_path / "space" / "data.bin", 20 * 2 + 7)
    made = store(tmp_path)
    with pytest.warns(UserWarning, match="1 features in .* are damaged"):
        assert made.rows([f"k{n}" for n in range(5)], verify=True).tolist() == [0, 1, -1, 3, 4]
    with pytest.warns(UserWarning, match="are damaged"):
        fill(made, range(5))
    rows = made.rows([f"k{n}" for n in range(5)], verify=True)
    assert rows.tolist() == [0, 1, 5, 3, 4]
    assert (made.open_rows()[rows[2]] == 2).all()


@pytest.mark.slow
def test_every_flipped_bit_of_an_index_costs_time_at_most(tmp_path: Path) -> None:
    fill(store(tmp_path), range(6))
    folder, file = tmp_path / "space", tmp_path / "space" / "index.sqlite"
    whole = {made.name: made.read_bytes() for made in folder.iterdir()}
    keys = [f"k{n}" for n in range(6)]
    written = [n for n, byte in enumerate(whole[file.name]) if byte]
    for position in written[:: max(1, len(written) // 200)]:
        flip(file, position, position % 8)
        made = store(tmp_path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for row, value in zip(made.rows(keys, verify=True), range(6), strict=True):
                assert row == -1 or (made.open_rows()[row] == value).all(), position
            fill(made, range(6))
            rows = made.rows(keys, verify=True)
        assert [int(made.open_rows()[row].max()) for row in rows] == list(range(6)), position
        for leftover in folder.iterdir():
            leftover.unlink()
        for name, content in whole.items():
            (folder / name).write_bytes(content)


def test_an_index_of_the_version_before_checksums_is_read_and_written(tmp_path: Path) -> None:
    made = store(tmp_path)
    fill(made, range(3))
    with closing(sqlite3.connect(tmp_path / "space" / "index.sqlite")) as index, index:
        index.execute("ALTER TABLE rows DROP COLUMN checksum")
    assert made.rows(["k0", "k2", "k9"], verify=True).tolist() == [0, 2, -1]
    fill(made, range(5))
    assert made.rows([f"k{n}" for n in range(5)], verify=True).tolist() == [0, 1, 2, 3, 4]
    flip(tmp_path / "space" / "data.bin", 20 * 4)
    with pytest.warns(UserWarning, match="are damaged"):
        assert store(tmp_path).rows(["k2", "k3", "k4"], verify=True).tolist() == [2, 3, -1]


@pytest.mark.parametrize("name", ["data.bin", "index.sqlite", "meta.json"])
def test_a_file_that_a_power_cut_left_empty_is_made_anew(tmp_path: Path, name: str) -> None:
    fill(store(tmp_path), range(4))
    (tmp_path / "space" / name).write_bytes(b"")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = store(tmp_path)
        fill(made, range(4))
    rows = made.rows([f"k{n}" for n in range(4)], verify=True)
    assert [int(made.open_rows()[row].max()) for row in rows] == list(range(4))
    assert json.loads((tmp_path / "space" / "meta.json").read_text())["shape"] == list(SHAPE)


def test_what_killed_writers_left_is_removed_by_the_next(tmp_path: Path) -> None:
    fill(store(tmp_path), range(1))
    (tmp_path / "space" / ".tmp-0123-meta.json").write_text("half")
    fill(store(tmp_path), range(2))
    assert sorted(file.name for file in (tmp_path / "space").iterdir()) == [
        "data.bin",
        "index.sqlite",
        "meta.json",
    ]


def test_a_truncated_file_serves_what_it_still_holds(tmp_path: Path) -> None:
    made = store(tmp_path)
    fill(made, range(10))
    data = tmp_path / "space" / "data.bin"
    data.write_bytes(data.read_bytes()[: 20 * 6 + 7])
    assert made.rows([f"k{n}" for n in range(10)]).tolist() == [0, 1, 2, 3, 4, 5, -1, -1, -1, -1]
    fill(made, range(6, 10))
    rows = made.rows([f"k{n}" for n in range(10)])
    assert [int(made.open_rows()[row].max()) for row in rows] == list(range(10))


def test_a_damaged_index_is_begun_anew(tmp_path: Path) -> None:
    made = store(tmp_path)
    fill(made, range(4))
    (tmp_path / "space" / "index.sqlite").write_bytes(b"this is no database" * 500)
    with pytest.warns(UserWarning, match="is damaged"):
        assert made.rows(["k0"]).tolist() == [-1]
    fill(made, range(2))
    assert made.open_rows()[made.rows(["k1"])[0]].max() == 1


@pytest.mark.parametrize("start", [0.2, 0.5, 0.9])
def test_an_index_that_is_damaged_inside_serves_nothing_wrong_and_is_begun_anew(
    tmp_path: Path, start: float
) -> None:
    made = store(tmp_path)
    fill(made, range(3000))
    file = tmp_path / "space" / "index.sqlite"
    content = bytearray(file.read_bytes())
    middle = int(start * len(content))
    content[middle : middle + 3000] = b"\xa5" * 3000
    file.write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rows = made.rows([f"k{value}" for value in range(3000)])
        assert all(row in (-1, value) for value, row in enumerate(rows))
        fill(made, range(2990, 3000))
    rows = made.rows([f"k{value}" for value in range(3000)])
    assert [int(made.open_rows()[row].max()) for row in rows[2990:]] == [v % 256 for v in range(2990, 3000)]
    assert (rows[:2990] == -1).all()


def test_beginning_anew_leaves_readers_what_they_have_open(tmp_path: Path) -> None:
    made = store(tmp_path)
    fill(made, range(4))
    opened, row = made.open_rows(), made.rows(["k2"])[0]
    (tmp_path / "space" / "index.sqlite").write_bytes(b"this is no database" * 500)
    fill(made, range(100, 110))
    assert made.rows(["k2", "k109"]).tolist() == [-1, 9]
    assert (opened[row] == 2).all()


def test_an_index_that_cannot_be_read_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = store(tmp_path)
    fill(made, range(2))
    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda file, **options: connect(file, **options | {"timeout": 0.05})
    )
    with closing(connect(tmp_path / "space" / "index.sqlite")) as index:
        index.execute("BEGIN EXCLUSIVE")
        with pytest.raises(CacheError, match=r"cannot be read \(database is locked\)"):
            made.rows(["k1"])
    assert made.rows(["k1"]).tolist() == [1]


def test_a_writer_that_is_killed_loses_nothing_that_was_committed(tmp_path: Path) -> None:
    code = textwrap.dedent(f"""
        import sys, numpy as np
        from pathlib import Path
        from benchmark.data.store import FeatureStore
        store = FeatureStore(Path({str(tmp_path)!r}) / "space", {SHAPE}, "uint8", {{"name": "mel"}})
        with store.writing():
            for value in range(100000):
                store.append([f"k{{value}}"], [np.full({SHAPE}, value % 251, np.uint8)])
                print(value, flush=True)
    """)
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    last = 0
    while last < 30:
        last = int(process.stdout.readline())
    os.kill(process.pid, signal.SIGKILL)
    last = max([last, *(int(line) for line in process.stdout.read().split() if line.isdigit())])
    process.wait()
    made = store(tmp_path)
    rows = made.rows([f"k{value}" for value in range(last + 1)])
    assert (rows >= 0).all()
    stored = made.open_rows()
    assert all((stored[row] == value % 251).all() for value, row in enumerate(rows))
    with made.writing():
        made.append(["after"], [array(77)])
    assert made.open_rows()[made.rows(["after"])[0]].max() == 77


def test_rows_without_a_key_are_overwritten(tmp_path: Path) -> None:
    made = store(tmp_path)
    fill(made, range(2))
    with (tmp_path / "space" / "data.bin").open("ab") as file:
        file.write(b"\xff" * 33)
    fill(made, range(2, 4))
    assert made.rows(["k2", "k3"]).tolist() == [2, 3]
    assert made.open_rows()[3].max() == 3


def test_another_process_reads_while_one_writes(tmp_path: Path) -> None:
    made = store(tmp_path)
    fill(made, range(3))
    code = f"""
from pathlib import Path
from benchmark.data.store import FeatureStore
store = FeatureStore(Path({str(tmp_path)!r}) / "space", {SHAPE}, "uint8", {{}})
print(store.rows(["k2"]).tolist(), int(store.open_rows()[2].max()))
"""
    with made.writing():
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
        )
    assert done.stdout.strip() == "[2] 2"


def test_a_second_writer_says_that_it_waits_and_then_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmark.data.store.PATIENCE_SECONDS", 0.1)
    made = store(tmp_path)
    with made.writing():
        held = threading.Event()

        def hold() -> None:
            with FileLock(tmp_path / f".{made.folder.name}.lock"):
                held.set()
                time.sleep(0.5)

        threading.Thread(target=hold).start()
        held.wait()
        with pytest.warns(UserWarning, match="Waiting for another process"):
            made.append(["first"], [array(1)])
    assert made.rows(["first"]).tolist() == [0]


def test_two_writers_add_to_one_store_in_turns(tmp_path: Path) -> None:
    one, two = store(tmp_path), store(tmp_path)
    with one.writing(), two.writing():
        assert one.take("track")
        assert not two.take("track")
        one.append(["k0"], [array(0)])
        two.append(["k1"], [array(1)])
        one.append(["k0", "k1", "k2"], [array(0), array(1), array(2)])
    assert one.rows(["k0", "k1", "k2"], verify=True).tolist() == [0, 1, 2]
    assert not [*tmp_path.glob(".*.claims")]


def test_a_full_disk_is_said_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = store(tmp_path)
    fill(made, range(2))

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with made.writing(), pytest.raises(CacheError, match=r"disk is full.*bench cache prune"):
        made.append(["k9"], [array(9)])
    monkeypatch.undo()
    assert made.rows(["k1", "k9"]).tolist() == [1, -1]


def test_an_index_that_another_process_is_about_to_write_can_be_read(tmp_path: Path) -> None:
    made = store(tmp_path)
    fill(made, range(2))
    with sqlite3.connect(tmp_path / "space" / "index.sqlite") as index:
        index.execute("BEGIN IMMEDIATE")
        started = time.monotonic()
        assert made.rows(["k1"]).tolist() == [1]
        assert time.monotonic() - started < 30
