from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import CliRunner
from layouts import GOOD, LAYOUTS, ODD_NAMES, Layout, good, sound
from projects import FEW_SECTIONS
from sounds import FFMPEG
from threads import look_in_threads

from benchmark.cli.main import cli
from benchmark.data.folders import shown
from benchmark.exceptions import BenchError

SUITE = """
name: trial
cell:
  dataset: {folder: {root: music}}
  features: {mel: {size: [12, 16], n_mels: 12}}
  split: {fractions: [0.5, 0.2, 0.3]}
  evaluate: [test, {folder-test: {root: music}}]
  model: majority
"""


class Bench:
    """The commands, in this process; anything but an error for people is raised."""

    def __call__(self, *arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(cli, list(arguments))
        if isinstance(result.exception, BenchError):
            return result.exception.exit_code, f"{result.output}Error: {result.exception}"
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.output


@pytest.fixture
def bench(tmp_path: Path, monkeypatch) -> Bench:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("BENCH_ENERGY", "off")
    # Which formats reports have concerns odd names alone.
    monkeypatch.setenv("BENCH_FORMAT", "md")
    monkeypatch.delenv("BENCH_DATA", raising=False)
    (tmp_path / "suite.yaml").write_text(SUITE)
    return Bench()


@pytest.mark.slow
@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_every_folder_is_looked_at_planned_run_and_reported_rightly(
    layout: Layout, bench: Bench, tmp_path: Path, monkeypatch, request: pytest.FixtureRequest
):
    if layout.used == ODD_NAMES:
        monkeypatch.setenv("BENCH_FORMAT", "md,html,csv,tex")
    else:
        monkeypatch.setattr("benchmark.report.write.SECTIONS", FEW_SECTIONS)
    if layout.ffmpeg and (FFMPEG is None or find_spec("av") is None):
        pytest.skip("FFmpeg or PyAV is not here")
    if layout.workers:
        request.getfixturevalue("warm_workers")
    else:
        look_in_threads(monkeypatch)
    good(tmp_path / "music")
    layout.make(tmp_path / "music")
    used = {*GOOD, *layout.used}

    code, verified = bench("data", "verify", "folder", "--set", "root=music")
    if layout.error and code == 2:
        ends_with(layout.error, verified)
        for words in (["plan", "suite.yaml"], ["run", "suite.yaml", "--executor", "inline"]):
            said = bench(*words)[1]
            assert all(each in said for each in layout.error)
        assert bench("run", "suite.yaml", "--executor", "inline")[0] == 2
        return
    told(layout, code, verified)
    if layout.error:
        code, said = bench("run", "suite.yaml", "--executor", "inline")
        assert code == 2
        ends_with(layout.error, said)
        return
    assert f"folder: {len(used)} usable tracks" in verified
    planned = bench("plan", "suite.yaml")[1]
    assert f"  folder: {len(used)} tracks in" in planned
    code, said = bench("run", "suite.yaml", "--executor", "inline")
    assert code == 0, said
    for words in layout.says:
        assert words in planned
        assert words in said or words.startswith("no audio")
    assert bench("report", "suite.yaml")[0] == 0
    assert predicted(tmp_path) == used

    listed = layout.manifest
    code, said = bench("data", "scan", "music")
    assert code == 0, said
    code, again = bench("data", "verify", "folder", "--set", "root=music")
    known = sum("leads out of the folder" in line for line in said.splitlines())
    added = sum("recording is in the folder but not in" in line for line in verified.splitlines())
    assert f"folder: {len(used) - known + added} usable tracks" in again
    if not known and not listed:
        assert code == 0
        assert revision(again) == revision(verified)
    assert bench("data", "scan", "music")[1].count("nothing is new") == 1


@pytest.mark.slow
def test_a_class_whose_decoder_is_not_installed_says_what_to_install(
    bench: Bench, tmp_path: Path, monkeypatch
):
    if FFMPEG is None:
        pytest.skip("FFmpeg is not here")
    (layout,) = (each for each in LAYOUTS if each.name == "a class of m4a")
    good(tmp_path / "music")
    layout.make(tmp_path / "music")
    monkeypatch.setattr("benchmark.data.codecs.installed", lambda: False)
    # In workers it would be installed.
    look_in_threads(monkeypatch)
    code, said = bench("run", "suite.yaml", "--executor", "inline")
    assert code == 2
    assert "Class 'pop' of dataset 'folder' has too few tracks for the split: it has 0" in said
    assert "4 files of that class were left out: 4 MP4" in said
    assert 'pip install "genrebench[codecs]"' in bench("data", "verify", "folder", "--set", "root=music")[1]


def told(layout: Layout, code: int, verified: str) -> None:
    lines = verified.splitlines()
    for name, reason in layout.left_out.items():
        start = f"left out {shown(name)}: "
        assert [line for line in lines if line.startswith(start) and reason in line], (name, verified)
    count = sum(line.startswith("left out ") for line in lines)
    assert count >= len(layout.left_out)
    assert code == (1 if layout.left_out else 0), verified
    for words in layout.says:
        assert words in verified


def ends_with(words: tuple[str, ...], said: str) -> None:
    for each in words:
        assert each in said


def revision(verified: str) -> str:
    found = re.search(r"^revision: (\w+)$", verified, re.MULTILINE)
    assert found
    return found[1]


def predicted(folder: Path) -> set[str]:
    import pandas as pd

    (file,) = (folder / "results/trial").glob("*/predictions.parquet")
    return set(pd.read_parquet(file)["track"])


SWAPPING = """
import os, shutil
from benchmark import hookimpl

@hookimpl
def bench_suite_started(suite, results, cells):
    if os.environ.get("SWAP"):
        shutil.copyfile("other.wav", "music/rock/0.wav")
"""


@pytest.mark.slow
def test_a_file_that_is_replaced_during_a_run_gives_no_result_and_the_next_run_takes_the_new_one(
    bench: Bench, tmp_path: Path, monkeypatch
):
    look_in_threads(monkeypatch)
    good(tmp_path / "music")
    sound(tmp_path / "other.wav", 99)
    (tmp_path / "benchfile.py").write_text(SWAPPING)
    monkeypatch.setenv("SWAP", "1")
    before = revision(bench("data", "verify", "folder", "--set", "root=music")[1])
    code, said = bench("run", "suite.yaml", "--executor", "inline")
    assert code == 1
    assert "no features of rock/0.wav" in said
    assert "its audio is not what it was when it was looked at" in said
    monkeypatch.delenv("SWAP")
    assert bench("run", "suite.yaml", "--executor", "inline", "--retry-failed")[0] == 0
    assert revision(bench("data", "verify", "folder", "--set", "root=music")[1]) != before
    assert predicted(tmp_path) == set(GOOD)
