"""After a power cut, what was reported as finished is there, and the next run goes on by itself."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from disk import Call, Disk
from power import Recording, calls_of, fault_after_cut, first_moment_with, moments, record, reported_before


def played(root: Path, *calls: tuple[str, str, int]) -> Disk:
    disk = Disk(root)
    for name, arguments, result in calls:
        shown = arguments.replace("ROOT", str(root))
        for text in sorted(set(shown.split('"')[1::2]), key=len, reverse=True):
            shown = shown.replace(
                f'"{text}"', '"' + "".join(f"\\x{byte:02x}" for byte in text.encode()) + '"'
            )
        disk.play(Call(1, name, shown, result))
    return disk


WRITTEN = (
    ("openat", 'AT_FDCWD, "ROOT/new", O_WRONLY|O_CREAT|O_TRUNC', 3),
    ("write", '3, "content"', 7),
)
SYNCED = ("fsync", "3", 0)
RENAMED = ("rename", '"ROOT/new", "ROOT/old"', 0)
FOLDER = (("openat", 'AT_FDCWD, "ROOT/", O_RDONLY', 4), ("fsync", "4", 0))


def test_of_a_renamed_file_that_was_not_synced_the_name_is_left_or_nothing(tmp_path: Path) -> None:
    disk = played(tmp_path, *WRITTEN, RENAMED)
    assert disk.now() == {"old": b"content"}
    assert disk.tree(undone=False) == {"old": b""}
    assert disk.tree(undone=True) == {}


def test_a_synced_file_may_lose_its_name_until_its_folder_is_synced(tmp_path: Path) -> None:
    assert played(tmp_path, *WRITTEN, SYNCED, RENAMED).tree(undone=False) == {"old": b"content"}
    assert played(tmp_path, *WRITTEN, SYNCED, RENAMED).tree(undone=True) == {}
    assert played(tmp_path, *WRITTEN, SYNCED, RENAMED, *FOLDER).tree(undone=True) == {"old": b"content"}


def test_a_removed_file_may_come_back_until_its_folder_is_synced(tmp_path: Path) -> None:
    removed = (*WRITTEN, SYNCED, *FOLDER, ("unlink", '"ROOT/new"', 0))
    assert played(tmp_path, *removed).tree(undone=True) == {"new": b"content"}
    assert played(tmp_path, *removed, *FOLDER).tree(undone=True) == {}


@pytest.fixture(scope="module")
def _traced() -> None:
    strace = shutil.which("strace")
    if strace is None or subprocess.run([strace, "-o", "/dev/null", "true"], check=False).returncode != 0:
        pytest.skip("strace is not here, or may not trace")


COUNTS = """
import sys
from contextlib import closing
from pathlib import Path
from benchmark.database import connect
with closing(connect(Path("counts.sqlite"), ["CREATE TABLE IF NOT EXISTS counts (number)"])) as base:
    for number in range(3):
        with base:
            base.execute("INSERT INTO counts VALUES (?)", (number,))
        print(number, file=sys.stderr, flush=True)
"""


def counted(folder: Path) -> list[int]:
    """Return what a database holds after a cut, which must not have damaged it."""
    with closing(sqlite3.connect(folder / "counts.sqlite")) as base:
        assert base.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        tables = base.execute("SELECT name FROM sqlite_master").fetchall()
        return [number for (number,) in base.execute("SELECT number FROM counts")] if tables else []


@pytest.mark.slow
@pytest.mark.usefixtures("_traced")
@pytest.mark.parametrize("undone", [False, True])
def test_a_transaction_that_has_ended_is_on_the_disk_whenever_power_is_cut(
    tmp_path: Path, undone: bool
) -> None:
    calls = calls_of(COUNTS, tmp_path / "counts")
    disk = Disk(tmp_path / "counts")
    for number, call in enumerate(calls):
        disk.play(call)
        left = tmp_path / str(number)
        left.mkdir()
        for name, content in disk.tree(undone=undone).items():
            (left / name).write_bytes(content or b"")
        told = [int(line) for line in disk.told.split()]
        assert counted(left)[: len(told)] == told, (number, call.name)
    assert told == [0, 1, 2]


@pytest.fixture(scope="module")
def recording(_traced: None, tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """Return a recorded run."""
    return record(tmp_path_factory.mktemp("recorded"))


@pytest.mark.slow
# Two of the points that the campaign in benchmarks/faults.py looks at.
@pytest.mark.parametrize(("share", "undone"), [(0.6, True), (1.0, False)])
def test_nothing_that_was_reported_is_lost_and_the_next_run_goes_on(
    recording: Recording, share: float, undone: bool
) -> None:
    points = moments(recording)
    point = points[round(share * (len(points) - 1))]
    if share == 1:
        assert reported_before(recording, point) == 4
    assert fault_after_cut(recording, point, undone=undone) == ""


@pytest.mark.slow
def test_nothing_is_lost_in_the_moment_after_a_report(recording: Recording) -> None:
    point = first_moment_with(recording, 2)
    assert reported_before(recording, point) == 2
    assert fault_after_cut(recording, point, undone=True) == ""
