"""A file that hangs, or kills the process that looks at it, is left out by name; the rest goes on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from projects import Project

pytestmark = pytest.mark.slow

RATE = 22050
SUITE = """
name: trial
cell:
  dataset: DATASET
  features: level
  split: {strategy: predefined}
  evaluate: [test]
matrix:
  model: [majority]
"""
# Imports of large libraries may take longer than these tests wait.
LEVEL = """
from benchmark import Features
import benchmark

class Level(Features):
    '''How loud it is.'''
    name = "level"
    dtype = "float32"
    shape = (1, 1, 1)
    def compute(self, samples, sample_rate, *, reference_length):
        import numpy as np
        return np.full((1, 1, 1), np.abs(samples).mean(), np.float32)

@benchmark.hookimpl
def bench_features():
    return [Level]
"""
# Reads audio by a decoder of its own, in native code, which two files are too much for.
DECODER = """
import ctypes, os, signal
import soundfile

_read = soundfile.SoundFile

class SoundFile(_read):
    def __init__(self, file, *args, **kwargs):
        name = os.readlink(f"/proc/self/fd/{file}") if isinstance(file, int) else ""
        if os.path.basename(name).startswith("hang") and not os.path.exists(os.environ["MENDED"]):
            ctypes.PyDLL(None).sleep(1000)
        if os.path.basename(name).startswith("kill"):
            with open(os.environ["KILLS"], "a") as file_of_kills:
                file_of_kills.write("x")
            os.kill(os.getpid(), signal.SIGKILL)
        super().__init__(file, *args, **kwargs)

soundfile.SoundFile = SoundFile
"""
# A dataset that looks at no file: what its tracks hold is for fingerprints and features to find out.
DATASET = """
from pathlib import Path
from benchmark import Corpus, Dataset, Track, hookimpl

class Listed(Dataset):
    '''What a list says.'''
    name = "listed"
    role = "train"
    licence = citation = "none"

    def load(self, locations):
        root = Path(__file__).parent / "music"
        lines = [line.split(",") for line in (root / "manifest.csv").read_text().splitlines()[1:]]
        tracks = [Track(path, root / path, label, f"content of {path}", 2.0, group, split)
                  for path, label, group, split in lines]
        return Corpus(tuple(sorted(tracks, key=lambda track: track.id)), ("jazz", "rock"))

@hookimpl
def bench_datasets():
    return [Listed]
"""


@pytest.fixture
def project(project: Project) -> Project:
    """Return a project that waits for nothing beyond its time limits."""
    project.limits = {"benchmark.execution.workers.GRACE_SECONDS": 0.5}
    return project


@pytest.fixture
def music(project, tmp_path: Path) -> Path:
    """Twelve tracks of two classes, split by the manifest; one hangs its reader, one kills it, one is another's copy."""
    folder = project.folder / "music"
    folder.mkdir()
    lines = ["path,label,group,split"]
    names = {2: "hang.wav", 10: "kill.wav"}
    for number in range(12):
        side = ("train", "train", "validation", "test")[number // 3]
        name = names.get(number, f"{number:02d}.wav")
        noise = np.random.default_rng(number).normal(0, 0.1, 2 * RATE).astype(np.float32)
        soundfile.write(folder / name, noise, RATE)
        if number == 1:
            soundfile.write(folder / "copy.ogg", noise, RATE)
        lines.append(f"{name},{('jazz', 'rock')[number % 2]},artist {number},{side}")
    lines.append("copy.ogg,rock,artist 20,test")
    (folder / "manifest.csv").write_text("\n".join(lines) + "\n")
    project.environment |= {"KILLS": str(project.folder / "kills"), "MENDED": str(project.folder / "mended")}
    return folder


def test_files_that_hang_or_kill_are_left_out_of_a_dataset_by_name_and_remembered(
    project, music: Path, tmp_path: Path
) -> None:
    (project.folder / "benchfile.py").write_text(LEVEL + DECODER)
    project.write(SUITE.replace("DATASET", "folder"))
    places = ("--data", f"folder={music}", "--cache", str(tmp_path / "cache"))
    ran = project.bench("run", "suite.yaml", "--timeout", "2", "--jobs", "2", *places)
    assert ran.code == 0, ran.err
    assert "11 tracks, 2 files left out" in ran.err
    assert "Traceback" not in ran.err
    (record,) = (json.loads(file.read_text()) for file in project.results.glob("[!.]*/cell.json"))
    assert record["status"] == "ok"
    # It was tried a second time, alone, and not by any of the processes that came later.
    assert (project.folder / "kills").read_text() == "xx"

    audit = project.bench("audit", "suite.yaml", "--timeout", "2", "--json", *places)
    assert audit.code == 0, audit.err
    report = json.loads(audit.out)
    left_out = report["left_out"]["folder"]
    assert "hung for 2 s" in left_out["hang.wav"]
    assert "killed its process" in left_out["kill.wav"]
    assert [finding["kind"] for finding in report["findings"] if finding["severity"] == "leak"] == [
        "near-duplicates"
    ]
    assert (project.folder / "kills").read_text() == "xxxx", "an audit tries again"

    (project.folder / "mended").touch()
    again = project.bench("audit", "suite.yaml", "--timeout", "2", *places)
    assert "folder: 1 file is left out" in again.out


def test_an_audit_names_tracks_that_it_could_not_look_into_and_calls_no_cell_clean(
    project, music: Path, tmp_path: Path
) -> None:
    (project.folder / "benchfile.py").write_text(LEVEL + DATASET + DECODER)
    (music / "copy.ogg").unlink()
    manifest = (music / "manifest.csv").read_text()
    (music / "manifest.csv").write_text(manifest.replace("copy.ogg,rock,artist 20,test\n", ""))
    project.write(SUITE.replace("DATASET", "listed"))
    places = ("--cache", str(tmp_path / "cache"))
    audit = project.bench("audit", "suite.yaml", "--timeout", "2", *places)
    assert audit.code == 0, audit.err
    assert "train: hang.wav (hung for 2 s)" in audit.out
    assert "test: kill.wav (killed its process)" in audit.out
    assert "none of 1 cells leaks" in audit.out
    assert "of 1 some tracks were not looked into" in audit.out
    as_json = project.bench("audit", "suite.yaml", "--timeout", "2", "--json", *places)
    assert json.loads(as_json.out)["verdicts"] == {"unknown": 1}

    ran = project.bench("run", "suite.yaml", "--timeout", "2", *places)
    (record,) = (json.loads(file.read_text()) for file in project.results.glob("[!.]*/cell.json"))
    assert record["audit"]["verdict"] == "unknown"
    assert "Traceback" not in ran.err


def test_a_scan_writes_a_manifest_without_files_that_hang(project, tmp_path: Path) -> None:
    """Without a benchfile, which a scan knows nothing of: the files' own folder does not answer."""
    folder = project.folder / "scanned" / "jazz"
    folder.mkdir(parents=True)
    for number in range(3):
        noise = np.random.default_rng(number).normal(0, 0.1, 2 * RATE).astype(np.float32)
        soundfile.write(folder / f"{number}.wav", noise, RATE)
    soundfile.write(folder / "hang.wav", noise, RATE)
    site = project.folder / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(DECODER)
    project.environment |= {
        "PYTHONPATH": str(site), "KILLS": str(project.folder / "kills"), "MENDED": str(project.folder / "mended"),
    }  # fmt: skip
    ran = project.bench("data", "scan", "scanned", "--timeout", "2", "--cache", str(tmp_path / "cache"))
    assert ran.code == 0, ran.err
    assert "left out jazz/hang.wav: not looked into: hung for 2 s" in ran.out
    lines = (project.folder / "scanned" / "manifest.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == ["jazz/0.wav", "jazz/1.wav", "jazz/2.wav"]
