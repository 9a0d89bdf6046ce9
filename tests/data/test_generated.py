from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from benchmark.data.generated import generated_folder
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
