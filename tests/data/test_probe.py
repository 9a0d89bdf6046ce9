from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmark.data.probe import Probe, probe_file, probe_files
from benchmark.digests import sealed


def noise(seconds: float, seed: int = 0, rate: int = 22050) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, round(seconds * rate)).astype("f4")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "clips"
    folder.mkdir()
    for name, seed in (("a.wav", 1), ("b.wav", 2)):
        soundfile.write(folder / name, noise(1.5, seed), 22050)
    return folder


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def remembered(cache: Path) -> Path:
    (file,) = (cache / "probe").glob("*.json")
    return file


def test_a_probe_says_what_a_file_holds(root):
    samples = soundfile.read(root / "a.wav")[0]
    probe = probe_file(root / "a.wav")
    assert (probe.seconds, probe.sample_rate, probe.channels) == (1.5, 22050, 1)
    assert probe.peak == pytest.approx(np.abs(samples).max(), abs=1e-6)
    assert probe.problem == ""


def test_the_same_samples_are_the_same_content_in_another_container_and_no_other(root, tmp_path):
    samples, rate = soundfile.read(root / "a.wav", dtype="int16")
    soundfile.write(root / "a.flac", samples, rate)
    soundfile.write(root / "a.au", samples, rate, format="AU", subtype="PCM_16")
    soundfile.write(root / "faster.wav", samples, 44100)
    content = probe_file(root / "a.wav").content
    assert probe_file(root / "a.flac").content == probe_file(root / "a.au").content == content
    assert probe_file(root / "faster.wav").content != content
    assert probe_file(root / "b.wav").content != content


def test_a_recording_longer_than_one_block_is_probed_as_a_whole(tmp_path):
    samples = noise(15, 3)
    samples[-1] = -0.9
    soundfile.write(tmp_path / "long.wav", samples, 22050)
    probe = probe_file(tmp_path / "long.wav")
    assert probe.seconds == 15
    assert probe.peak == pytest.approx(0.9, abs=1e-4)


def test_files_are_looked_at_once(root, cache):
    first = probe_files(root, ["a.wav", "b.wav"], cache)
    data = json.loads(remembered(cache).read_text())
    data["files"]["a.wav"][5] = 0.123  # only an answer from memory can hold this
    remembered(cache).write_text(json.dumps(sealed(data)))
    again = probe_files(root, ["a.wav", "b.wav"], cache)
    assert again["b.wav"] == first["b.wav"]
    assert again["a.wav"].peak == 0.123


def test_a_file_that_changed_is_looked_at_again(root, cache):
    first = probe_files(root, ["a.wav", "b.wav"], cache)
    soundfile.write(root / "a.wav", noise(1.5, 9), 22050)
    again = probe_files(root, ["a.wav", "b.wav"], cache)
    assert again["a.wav"].content not in ("", first["a.wav"].content)
    assert again["b.wav"] == first["b.wav"]


@pytest.mark.parametrize(
    "damage",
    [
        "",
        "{",
        "[]",
        "null",
        '{"format": 1}',
        '{"format": 99, "files": {}}',
        '{"format": 1, "files": {"a.wav": [1]}}',
    ],
)
def test_a_damaged_memory_is_ignored_and_rebuilt(damage, root, cache):
    first = probe_files(root, ["a.wav"], cache)
    whole = remembered(cache).read_text()
    remembered(cache).write_text(damage)
    assert probe_files(root, ["a.wav"], cache) == first
    assert json.loads(remembered(cache).read_text()) == json.loads(whole)


def test_memory_that_cannot_be_written_costs_time_only(root, tmp_path, caplog):
    blocked = tmp_path / "file"
    blocked.touch()
    assert probe_files(root, ["a.wav"], blocked)["a.wav"].seconds == 1.5
    assert "cannot remember" in caplog.text


def test_a_file_that_is_not_there_is_a_problem_and_is_not_remembered(root, cache):
    assert "No such file" in probe_files(root, ["gone.wav"], cache)["gone.wav"].problem
    soundfile.write(root / "gone.wav", noise(1), 22050)
    assert probe_files(root, ["gone.wav"], cache)["gone.wav"].problem == ""


def test_reasons_not_to_use_a_recording_are_told_in_words():
    good = Probe(2.0, 22050, 1, 0.5, "c")
    assert good.unusable(min_seconds=2.0) == ""
    assert good.unusable(min_seconds=2.5).startswith("too short: 2.00 s")
    assert Probe(2.0, 22050, 1, 5e-5, "c").unusable(1).startswith("silent")
    assert Probe(problem="not audio").unusable(1) == "not audio"


def test_a_thousand_remembered_files_take_no_time_and_no_heavy_import(tmp_path):
    root, cache = tmp_path / "many", tmp_path / "cache"
    root.mkdir()
    soundfile.write(root / "0000.wav", noise(0.2), 22050)
    data = (root / "0000.wav").read_bytes()
    names = [f"{number:04d}.wav" for number in range(1000)]
    for name in names[1:]:
        (root / name).write_bytes(data)
    probe_files(root, names, cache)
    script = (
        "import sys, time; from pathlib import Path; from benchmark.data.probe import probe_files\n"
        "names = [f'{number:04d}.wav' for number in range(1000)]\n"
        "took = []\n"
        "for _ in range(5):\n"
        "    start = time.perf_counter()\n"
        "    probes = probe_files(Path(sys.argv[1]), names, Path(sys.argv[2]))\n"
        "    took.append(time.perf_counter() - start)\n"
        "assert all(probe.seconds == 0.2 for probe in probes.values())\n"
        "print(min(took), *({'numpy', 'soundfile', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, root, cache], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    seconds, *heavy = done.stdout.split()
    assert float(seconds) < 0.05
    assert heavy == []
