from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from benchmark.cli.cache import command, entries
from benchmark.data.generated import generated_folder
from benchmark.data.prepare import open_store
from benchmark.data.probe import probe_files
from benchmark.data.store import FeatureStore
from benchmark.exceptions import UsageError
from benchmark.plugin.manager import load_registry

DAY = 86400


def bench_cache(cache: Path, *arguments: str) -> Result:
    return CliRunner().invoke(command, ["--cache", str(cache), *arguments], catch_exceptions=False)


def space(cache: Path, *, days_old: float = 0, **parameters: object) -> FeatureStore:
    """Return a feature space of three items."""
    registry = load_registry()
    store = open_store(registry.spec("features", "mel", {"size": [8, 8], **parameters}), registry, cache)
    with store.writing():
        store.append(["a", "b", "c"], [np.zeros(store.shape, store.dtype)] * 3)
    then = time.time() - days_old * DAY
    os.utime(store.folder / "meta.json", (then, then))
    return store


def data(cache: Path, *, days_old: float = 0) -> Path:
    """Return a folder as a dataset generates it."""

    def write(folder: Path) -> None:
        (folder / "manifest.csv").write_text("x" * 1000)

    folder = generated_folder(cache / "toy" / "0123", write, complete="manifest.csv")
    then = time.time() - days_old * DAY
    for file in folder.iterdir():
        os.utime(file, (then, then))
    return folder


def test_each_feature_space_is_shown_with_what_it_holds(tmp_path: Path) -> None:
    space(tmp_path, htk=True)
    space(tmp_path, days_old=3, dtype="float32")
    data(tmp_path)
    for shown in (bench_cache(tmp_path), bench_cache(tmp_path, "show")):
        assert shown.exit_code == 0
        assert "8x8x1 uint8, 3 items, size=[8, 8], htk=True" in shown.output
        assert "8x8x1 float32, 3 items, size=[8, 8], dtype=float32" in shown.output
        assert "3 days ago" in shown.output
        assert "toy data" in shown.output


def test_the_cache_is_named_before_or_after_the_verb(tmp_path: Path) -> None:
    store = space(tmp_path)
    runner = CliRunner()
    assert store.folder.name in runner.invoke(command, ["show", "--cache", str(tmp_path)]).output
    assert runner.invoke(command, ["prune", "--all", "--cache", str(tmp_path)]).exit_code == 0
    assert not store.folder.exists()


def test_an_empty_cache_and_an_absent_one_hold_nothing(tmp_path: Path) -> None:
    for cache in (tmp_path, tmp_path / "absent"):
        assert bench_cache(cache).output.startswith("0.0 MB in all")
        assert bench_cache(cache, "prune", "--all").exit_code == 0
    assert not (tmp_path / "absent").exists()


def test_programs_compiled_for_gpus_are_told_with_their_folder(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "mine"))
    folder = tmp_path / "mine" / "genrebench-programs"
    assert str(folder) not in bench_cache(tmp_path).output
    folder.mkdir(parents=True)
    (folder / "step-cache").write_bytes(bytes(2_300_000))
    assert f"2.3 MB of programs compiled for GPUs, in {folder}" in bench_cache(tmp_path).output


def test_a_file_that_is_removed_while_it_is_looked_at_is_no_error(tmp_path: Path, monkeypatch) -> None:
    kept = space(tmp_path)
    (kept.folder / "gone").write_bytes(b"x")
    is_file = Path.is_file

    def removing(file: Path) -> bool:
        there = is_file(file)
        if file.name == "gone":
            file.unlink(missing_ok=True)
        return there

    monkeypatch.setattr(Path, "is_file", removing)
    assert "3 items" in bench_cache(tmp_path).output


def test_what_was_not_used_for_a_month_is_removed(tmp_path: Path) -> None:
    old, new = space(tmp_path, days_old=31), space(tmp_path, days_old=29, htk=True)
    old_data = data(tmp_path, days_old=31)
    assert bench_cache(tmp_path, "prune").exit_code == 0
    assert not old.folder.exists()
    assert not old_data.exists()
    assert new.rows(["a"]).tolist() == [0]
    assert [file for file in tmp_path.rglob(".*") if file.is_dir()] == []


def test_nothing_to_remove_is_said_with_what_would_remove_more(tmp_path: Path) -> None:
    store = space(tmp_path)
    assert "--all removes it too" in bench_cache(tmp_path, "prune").output
    assert "would remove" in bench_cache(tmp_path, "prune", "--all", "--dry-run").output
    assert store.folder.is_dir()
    bench_cache(tmp_path, "prune", "--all")
    assert not store.folder.exists()


def test_an_age_is_read_in_minutes_hours_days_and_weeks(tmp_path: Path) -> None:
    store = space(tmp_path, days_old=1.5)
    for kept in ("2d", "37h", "1w", "2200m"):
        bench_cache(tmp_path, "prune", "--older-than", kept)
        assert store.folder.exists()
    for wrong in (["--older-than", "soon"], ["--older-than", "-3d"], ["--older-than", "3d", "--all"]):
        with pytest.raises(UsageError):
            bench_cache(tmp_path, "prune", *wrong)
    bench_cache(tmp_path, "prune", "--older-than", "35h")
    assert not store.folder.exists()


def test_what_another_process_is_writing_is_kept(tmp_path: Path) -> None:
    store = space(tmp_path)
    code = f"""
from pathlib import Path
from benchmark.data.store import FeatureStore
with FeatureStore(Path({str(store.folder)!r}), (8, 8, 1), "uint8", {{}}).writing():
    print("writing", flush=True)
    input()
"""
    writer = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    assert writer.stdout.readline() == "writing\n"
    assert "another process is writing it" in bench_cache(tmp_path, "prune", "--all").output
    assert store.rows(["a", "b", "c"]).tolist() == [0, 1, 2]
    writer.communicate("\n", timeout=30)
    bench_cache(tmp_path, "prune", "--all")
    assert not store.folder.exists()


def test_a_pruned_space_is_written_again(tmp_path: Path) -> None:
    space(tmp_path)
    bench_cache(tmp_path, "prune", "--all")
    assert space(tmp_path).rows(["a", "absent"]).tolist() == [0, -1]


def test_folders_that_the_harness_did_not_make_are_neither_shown_nor_removed(tmp_path: Path) -> None:
    theirs = tmp_path / "music" / "songs" / "song.wav"
    theirs.parent.mkdir(parents=True)
    theirs.write_bytes(b"dear")
    space(tmp_path)
    assert "songs" not in bench_cache(tmp_path).output
    bench_cache(tmp_path, "prune", "--all")
    assert theirs.read_bytes() == b"dear"


def test_what_is_remembered_of_audio_files_is_shown_and_removed(tmp_path: Path) -> None:
    song = tmp_path / "songs" / "song.wav"
    song.parent.mkdir()
    song.write_bytes(b"no audio")
    probe_files(song.parent, ["song.wav"], tmp_path / "cache")
    assert "probe" in bench_cache(tmp_path / "cache").output
    bench_cache(tmp_path / "cache", "prune", "--all")
    assert entries(tmp_path / "cache") == []
    assert song.exists()


def test_what_an_interrupted_process_left_is_removed_too(tmp_path: Path) -> None:
    folder = data(tmp_path)
    left = folder.parent / f".{folder.name}-abcd"
    left.mkdir()
    (left / "half.wav").write_bytes(bytes(5000))
    assert {entry.folder for entry in entries(tmp_path)} == {folder, left}
    assert "left by an interrupted process" in bench_cache(tmp_path).output
    bench_cache(tmp_path, "prune", "--all")
    assert not left.exists()
