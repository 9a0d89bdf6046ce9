from __future__ import annotations

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result
from threads import look_in_threads

from benchmark.cli.data import command
from benchmark.exceptions import DatasetError, UsageError
from benchmark.execution.looking import in_local_workers


def noise(file: Path, seconds: float = 1.2, seed: int = 0, peak: float = 0.5) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(file, np.random.default_rng(seed).uniform(-peak, peak, round(seconds * 22050)), 22050)


@pytest.fixture
def bench(tmp_path, monkeypatch):
    monkeypatch.delenv("BENCH_DATA", raising=False)
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    look_in_threads(monkeypatch)

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(command, [str(argument) for argument in arguments])

    return run


@pytest.mark.slow
def test_verify_says_what_is_there_and_what_is_missing_of_the_real_clips(
    bench, shared: Path, tmp_path: Path, monkeypatch
):
    monkeypatch.setattr("benchmark.execution.looking.in_local_workers", in_local_workers)
    for file in sorted((shared / "data" / "gtzan").rglob("*.wav"))[::5]:
        place = tmp_path / "genres" / file.parent.name / file.name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, place)
    result = bench("verify", "gtzan", "--data", tmp_path)
    assert result.exit_code == 1
    assert "gtzan: 20 usable tracks" in result.output
    assert "  blues: 2 of 100" in result.output
    assert "missing: 980 of 1000" in result.output


def test_verify_finds_data_by_the_environment_too(bench, tmp_path, monkeypatch):
    noise(tmp_path / "x/genres/pop/pop.00000.wav")
    monkeypatch.setenv("BENCH_DATA", f"{tmp_path}/nowhere:{tmp_path}/x")
    assert "pop: 1 of 100" in bench("verify", "gtzan", "--set", "min_seconds=1").output


def test_verify_names_what_is_broken_and_what_is_there_twice(bench, tmp_path):
    for number, seed in enumerate((1, 2, 1)):
        noise(tmp_path / f"m/rock/{number}.wav", seed=seed)
    noise(tmp_path / "m/pop/same.wav", seed=2)
    (tmp_path / "m/pop/broken.wav").write_text("no music " * 100)
    result = bench("verify", "folder", "--data", f"folder={tmp_path / 'm'}")
    assert result.exit_code == 1
    assert "left out pop/broken.wav: not audio" in result.output
    assert "duplicates: rock/0.wav = rock/2.wav" in result.output
    assert "duplicates across classes: pop/same.wav = rock/1.wav" in result.output


def test_verify_is_content_with_a_whole_dataset(bench):
    result = bench("verify", "synthetic", "--set", "tracks_per_class=2", "--set", "seconds=1")
    assert result.exit_code == 0
    assert "synthetic: 20 usable tracks" in result.output
    assert "missing" not in result.output


def test_verify_of_what_is_absent_says_where_it_looked(bench, tmp_path):
    result = bench("verify", "gtzan", "--data", tmp_path)
    assert isinstance(result.exception, DatasetError)
    assert str(tmp_path) in str(result.exception)


def test_a_data_folder_that_is_not_there_is_said_at_once(bench, tmp_path):
    assert isinstance(bench("verify", "gtzan", "--data", tmp_path / "gone").exception, UsageError)
    assert isinstance(bench("verify", "gtzan", "--set", "min_seconds").exception, UsageError)


def test_a_data_folder_without_name_or_place_is_refused_and_not_taken_for_the_one_here(bench, tmp_path):
    for given in ("gtzan=", f"={tmp_path.name}"):
        refused = bench("verify", "gtzan", "--data", given).exception
        assert isinstance(refused, UsageError)
        assert f"--data {given}: write it as NAME=DIR" in str(refused)


def test_a_place_that_was_given_for_another_dataset_is_said_to_be(bench, tmp_path):
    said = str(bench("verify", "gtzan", "--data", f"gtzna={tmp_path}").exception)
    assert (
        f"no place for it was given.\n  (--data gtzna={tmp_path} is for a dataset called 'gtzna')\n" in said
    )


def test_a_folder_with_an_equals_sign_in_its_path_is_a_folder(bench, tmp_path):
    noise(tmp_path / "a=b/genres/pop/pop.00000.wav")
    result = bench("verify", "gtzan", "--data", tmp_path / "a=b", "--set", "min_seconds=1")
    assert "pop: 1 of 100" in result.output


def test_scan_writes_a_manifest_that_the_folder_dataset_reads(bench, tmp_path):
    noise(tmp_path / "m/rock/album/1.wav", seed=1)
    noise(tmp_path / "m/rock/2.wav", seed=1)
    noise(tmp_path / "m/pop/3.wav", 0.1)
    noise(tmp_path / "m/pop/4.wav", peak=0)
    noise(tmp_path / "m/pop/6, x.wav", seed=6)
    (tmp_path / "m/pop/5.wav").touch()
    result = bench("scan", tmp_path / "m")
    assert result.exit_code == 0
    for line in (
        "left out pop/3.wav: too short: 0.10 s",
        "left out pop/4.wav: silent",
        "left out pop/5.wav: zero bytes",
        "manifest.csv: 3 of 6 files",
        "duplicates: rock/2.wav = rock/album/1.wav",
    ):
        assert line in result.output
    header, *rows = (tmp_path / "m/manifest.csv").read_text().splitlines()
    assert header == "path,label,track_id,group,split,licence,seconds,sample_rate,channels,content"
    assert rows[2].startswith("rock/album/1.wav,rock,rock/album/1.wav,rock/album,,,1.2,22050,1,")
    verified = bench("verify", "folder", "--data", f"folder={tmp_path / 'm'}")
    assert verified.exit_code == 0
    assert "folder: 3 usable tracks" in verified.output
    assert "groups: 1" in verified.output


def rows_of(manifest: Path) -> list[dict[str, str]]:
    with manifest.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def test_scan_keeps_what_a_person_wrote_and_adds_what_is_new(bench, tmp_path):
    noise(tmp_path / "m/rock/1.wav", seed=1)
    noise(tmp_path / "m/pop/2.wav", seed=2)
    assert bench("scan", tmp_path / "m").exit_code == 0
    manifest = tmp_path / "m/manifest.csv"
    manifest.write_text(
        "label,path,mood,split,group\n"
        "Rock & Roll,rock/1.wav,loud,test,The Band\n"
        "pop,pop/gone.wav,,,\n"
        'pop,pop/2.wav,"soft, slow",train,\n'
    )
    noise(tmp_path / "m/rock/live/3.wav", seed=3)
    noise(tmp_path / "m/pop/4.wav", 0.2)
    result = bench("scan", tmp_path / "m")
    assert result.exit_code == 0
    assert "manifest.csv: 4 lines, 1 added" in result.output
    assert "listed but not there, and kept: 1 (pop/gone.wav)" in result.output
    assert "left out pop/4.wav: too short" in result.output
    assert manifest.read_text().startswith("label,path,mood,split,group,track_id,licence,seconds,")
    one, gone, two, new = rows_of(manifest)
    assert (one["label"], one["mood"], one["split"], one["group"]) == (
        "Rock & Roll",
        "loud",
        "test",
        "The Band",
    )
    assert one["seconds"] == "1.2"
    assert (gone["path"], gone["content"]) == ("pop/gone.wav", "")
    assert two["mood"] == "soft, slow"
    assert (new["path"], new["label"], new["group"]) == ("rock/live/3.wav", "Rock & Roll", "rock/live")


def test_scan_of_a_folder_that_it_knows_changes_nothing(bench, tmp_path):
    noise(tmp_path / "m/rock/1.wav", seed=1)
    noise(tmp_path / "m/rock/ 2 .wav", seed=2)
    bench("scan", tmp_path / "m")
    manifest = tmp_path / "m/manifest.csv"
    manifest.write_bytes(b"\xef\xbb\xbf" + manifest.read_bytes())
    before = manifest.read_bytes()
    assert "2 lines, nothing is new" in bench("scan", tmp_path / "m").output
    assert manifest.read_bytes() == before
    noise(tmp_path / "m/rock/3.wav", seed=3)
    bench("scan", tmp_path / "m")
    assert manifest.read_bytes().startswith(before)


def test_scan_leaves_a_manifest_that_it_cannot_read_unless_forced(bench, tmp_path):
    noise(tmp_path / "m/rock/1.wav")
    (tmp_path / "m/manifest.csv").write_text("mine")
    assert isinstance(bench("scan", tmp_path / "m").exception, DatasetError)
    assert (tmp_path / "m/manifest.csv").read_text() == "mine"
    assert bench("scan", tmp_path / "m", "--force").exit_code == 0
    assert rows_of(tmp_path / "m/manifest.csv")[0]["path"] == "rock/1.wav"


def test_verify_tells_files_that_were_added_after_the_scan(bench, tmp_path):
    noise(tmp_path / "m/rock/1.wav", seed=1)
    noise(tmp_path / "m/rock/short.wav", 0.2)
    noise(tmp_path / "m/rock/silent.wav", peak=0)
    bench("scan", tmp_path / "m")
    said = bench("verify", "folder", "--set", f"root={tmp_path / 'm'}").output
    assert "1 further file is not in manifest.csv and cannot be used: 1 silent" in said
    noise(tmp_path / "m/rock/2.wav", seed=2)
    said = bench("verify", "folder", "--set", f"root={tmp_path / 'm'}").output
    assert "recordings are in the folder but not in manifest.csv, and not used: rock/2.wav" in said
    assert f"bench data scan {tmp_path / 'm'}" in said


def test_verify_counts_what_is_no_audio_and_why_files_are_left_out(bench, tmp_path):
    noise(tmp_path / "m/rock/1.wav", seed=1)
    for number in range(3):
        noise(tmp_path / f"m/rock/silent{number}.wav", peak=0)
        (tmp_path / f"m/rock/cover{number}.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    (tmp_path / "m/rock/broken.mp3").write_text("no music " * 100)
    said = bench("verify", "folder", "--set", f"root={tmp_path / 'm'}").output
    assert "left out: 4 files (3 silent, 1 not audio)" in said
    assert "no audio: 3 .jpg" in said


def test_scan_of_a_folder_without_usable_audio_writes_nothing(bench, tmp_path):
    noise(tmp_path / "m/stray.wav")
    result = bench("scan", tmp_path / "m")
    assert isinstance(result.exception, DatasetError)
    assert "left out stray.wav: it lies in no class folder" in result.output
    assert not (tmp_path / "m/manifest.csv").exists()


def test_list_tells_what_each_dataset_is_for(bench):
    output = bench("list").output
    assert "gtzan: training and test" in output
    assert "spotify: test only" in output
