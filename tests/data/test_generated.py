from __future__ import annotations

import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from benchmark.data.generated import LISTING, generated_folder
from benchmark.exceptions import DatasetError


def fill(folder: Path) -> None:
    (folder / "data").write_text("whole")
    (folder / "done").touch()


def test_a_folder_is_made_once(tmp_path):
    calls: list[Path] = []
    for _ in range(2):
        folder = generated_folder(tmp_path / "a/b", lambda f: (calls.append(f), fill(f)), complete="done")
    assert len(calls) == 1
    assert (folder / "data").read_text() == "whole"


def test_a_half_made_folder_is_replaced(tmp_path):
    (tmp_path / "made").mkdir()
    (tmp_path / "made/data").write_text("half")
    assert (generated_folder(tmp_path / "made", fill, complete="done") / "data").read_text() == "whole"


def test_a_failure_leaves_nothing_behind(tmp_path):
    def fail(folder: Path) -> None:
        (folder / "data").write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(DatasetError, match="No space left"):
        generated_folder(tmp_path / "made", fail, complete="done")
    assert [path.name for path in tmp_path.iterdir() if not path.name.endswith(".lock")] == []


def test_a_full_disk_is_said_also_where_a_library_has_another_name_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(folder: Path) -> None:
        raise RuntimeError("System error.")

    with pytest.raises(RuntimeError, match="System error"):
        generated_folder(tmp_path / "made", fail, complete="done")
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=4096))
    with pytest.raises(DatasetError, match=r"the disk is full; .*--cache DIR"):
        generated_folder(tmp_path / "made", fail, complete="done")


def test_many_at_once_make_it_once(tmp_path):
    calls: list[Path] = []
    with ThreadPoolExecutor(4) as pool:
        jobs = [
            pool.submit(
                generated_folder, tmp_path / "made", lambda f: (calls.append(f), fill(f)), complete="done"
            )
            for _ in range(8)
        ]
        assert {job.result() for job in jobs} == {tmp_path / "made"}
    assert len(calls) == 1


def made(tmp_path: Path, calls: list[Path]) -> Path:
    return generated_folder(tmp_path / "made", lambda f: (calls.append(f), fill(f)), complete="done")


@pytest.mark.parametrize("content", [b"", b"whol", b"wholf"])
def test_a_file_that_is_not_what_it_was_is_made_again(tmp_path: Path, content: bytes) -> None:
    calls: list[Path] = []
    folder = made(tmp_path, calls)
    (folder / "data").write_bytes(content)
    assert (made(tmp_path, calls) / "data").read_text() == "whole"
    made(tmp_path, calls)
    assert len(calls) == 2


def test_a_manifest_that_decayed_without_a_new_time_is_made_again(tmp_path: Path) -> None:
    calls: list[Path] = []
    file = generated_folder(tmp_path / "made", lambda f: (calls.append(f), fill(f)), complete="data") / "data"
    before = file.stat()
    file.write_text("whale")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    generated_folder(tmp_path / "made", lambda f: (calls.append(f), fill(f)), complete="data")
    assert file.read_text() == "whole"


def test_a_file_that_was_changed_behind_its_time_is_made_again(tmp_path: Path) -> None:
    file = made(tmp_path, []) / "data"
    before = file.stat()
    time.sleep(0.05)  # A file system's clock has ticks.
    file.write_text("whale")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (made(tmp_path, []) / "data").read_text() == "whole"


def test_a_file_that_is_gone_is_made_again(tmp_path: Path) -> None:
    calls: list[Path] = []
    (made(tmp_path, calls) / "data").unlink()
    assert (made(tmp_path, calls) / "data").read_text() == "whole"


def test_files_of_another_time_and_the_same_content_are_kept(tmp_path: Path) -> None:
    calls: list[Path] = []
    os.utime(made(tmp_path, calls) / "data", (1, 1))
    made(tmp_path, calls)
    assert len(calls) == 1


@pytest.mark.parametrize("content", ["", "{}", "nonsense"])
def test_a_folder_whose_list_is_damaged_is_made_again(tmp_path: Path, content: str) -> None:
    calls: list[Path] = []
    (made(tmp_path, calls) / LISTING).write_text(content)
    for _ in range(2):
        made(tmp_path, calls)
    assert len(calls) == 2


def test_a_folder_of_a_version_that_kept_no_list_is_taken_unless_a_file_is_empty(tmp_path: Path) -> None:
    calls: list[Path] = []
    folder = made(tmp_path, calls)
    (folder / "done").write_text("yes")
    (folder / LISTING).unlink()
    made(tmp_path, calls)
    assert len(calls) == 1
    (folder / LISTING).unlink()
    (folder / "done").write_text("")
    made(tmp_path, calls)
    assert len(calls) == 2


def test_what_killed_makers_left_is_removed_by_the_next(tmp_path: Path) -> None:
    (tmp_path / ".tmp-0123-made").mkdir()
    (tmp_path / ".tmp-0123-other").mkdir()
    made(tmp_path, [])
    assert sorted(entry.name for entry in tmp_path.glob(".tmp-*")) == [".tmp-0123-other"]
