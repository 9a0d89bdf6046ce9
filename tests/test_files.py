from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from benchmark import files


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    files.write_text(file, "one\n")
    files.write_text(file, "two ü\r\n")
    assert file.read_bytes() == "two ü\r\n".encode()
    assert names(tmp_path) == ["a.txt"]


def test_a_file_may_be_read_by_whom_the_umask_allows(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        files.write_text(tmp_path / "a", "x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o644


def test_a_writer_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    file.write_text("older")
    with pytest.raises(RuntimeError, match="full"), files.whole_file(file) as temporary:  # noqa: PT012
        assert temporary.suffix == ".png", "writers choose their format by the ending"
        temporary.write_text("half")
        raise RuntimeError("full")
    assert file.read_text() == "older"
    assert names(tmp_path) == ["a.png"]


def test_a_folder_is_whole_or_absent(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "down" / "data"
    with pytest.raises(RuntimeError, match="no"), files.whole_folder(folder) as temporary:  # noqa: PT012
        (temporary / "a").write_text("half")
        raise RuntimeError("no")
    assert names(folder.parent) == []
    with files.whole_folder(folder) as temporary:
        (temporary / "below").mkdir()
        (temporary / "below" / "a").write_text("whole")
        assert not folder.exists()
    assert (folder / "below" / "a").read_text() == "whole"


def test_a_folder_takes_the_place_of_an_older_one(tmp_path: Path) -> None:
    older = tmp_path / "older"
    older.mkdir()
    (older / "a").write_text("1")
    with files.whole_folder(tmp_path / "newer", replaces=older) as temporary:
        (temporary / "a").write_text("2")
        assert (older / "a").read_text() == "1"
    assert names(tmp_path) == ["newer"]
    with files.whole_folder(tmp_path / "newer", replaces=tmp_path / "newer") as temporary:
        (temporary / "a").write_text("3")
    assert names(tmp_path) == ["newer"]
    assert (tmp_path / "newer" / "a").read_text() == "3"


def test_all_is_synced_before_it_gets_its_name_and_the_name_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    sync, rename = os.fsync, os.rename

    def fsync(descriptor: int) -> None:
        place = Path(os.readlink(f"/proc/self/fd/{descriptor}")).relative_to(tmp_path).as_posix()
        done.append(
            "sync " + "/".join("temporary" if part.startswith(".tmp-") else part for part in place.split("/"))
        )
        sync(descriptor)

    def renamed(source: Path, target: Path) -> None:
        done.append(f"rename {Path(target).name}")
        rename(source, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "rename", renamed)
    with files.whole_folder(tmp_path / "data") as temporary:
        (temporary / "below").mkdir()
        for name in "abc":
            (temporary / "below" / name).write_text("x")
    assert sorted(done[:3]) == [f"sync temporary/below/{name}" for name in "abc"]
    assert done[3:] == [
        "sync temporary/below",
        "sync temporary",
        "rename data",
        "sync .",
    ]


def test_leftovers_are_known_by_their_names(tmp_path: Path) -> None:
    for name in (".tmp-0123-a.txt", ".tmp-4567-b.txt", "tmp-a.txt", ".other"):
        (tmp_path / name).write_text("")
    (tmp_path / ".tmp-89-a.txt").mkdir()
    files.remove_leftovers(tmp_path, "a.txt")
    assert names(tmp_path) == [".other", ".tmp-4567-b.txt", "tmp-a.txt"]
    files.remove_leftovers(tmp_path)
    assert names(tmp_path) == [".other", "tmp-a.txt"]


def test_what_was_being_replaced_is_known_by_its_name() -> None:
    assert files.replaced_name(".tmp-old-123-cnn-0-0123456789ab") == "cnn-0-0123456789ab"
    assert files.replaced_name(".tmp-0123-cnn-0-0123456789ab") is None
    assert files.replaced_name(".tmp-old-") is None


def test_a_full_disk_is_known_by_its_number_and_not_by_words() -> None:
    assert files.is_full(OSError(28, "No space left on device"))
    assert not files.is_full(OSError(30, "Read-only file system", "/full"))
    with closing(sqlite3.connect(":memory:")) as base:
        base.execute("PRAGMA max_page_count = 1")
        with pytest.raises(sqlite3.OperationalError) as caught:
            base.execute("CREATE TABLE t (x)")
    assert files.is_full(caught.value)
    assert not files.is_full(sqlite3.OperationalError("the name of this is full"))
