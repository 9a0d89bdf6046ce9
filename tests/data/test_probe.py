from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmark.data import probe
from benchmark.data.looking import Look, Threads
from benchmark.data.probe import Probe, probe_file, probe_files, recall_files


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
    (file,) = (cache / "probe").glob("*.jsonl")
    return file


def lines_of(memory: Path) -> dict[str, list]:
    """Return what a memory holds by name, without its checksums."""
    return {
        name: rest for name, *rest in (json.loads(line[9:]) for line in memory.read_bytes().split(b"\n")[1:])
    }


def flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def test_a_probe_says_what_a_file_holds(root):
    samples = soundfile.read(root / "a.wav")[0]
    found = probe_file(root / "a.wav")
    assert (found.seconds, found.sample_rate, found.channels) == (1.5, 22050, 1)
    assert found.peak == pytest.approx(np.abs(samples).max(), abs=1e-6)
    assert found.problem == ""


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
    found = probe_file(tmp_path / "long.wav")
    assert found.seconds == 15
    assert found.peak == pytest.approx(0.9, abs=1e-4)


@pytest.fixture
def looked_at(monkeypatch) -> list[str]:
    """Return the names of files that are decoded, as they are."""
    names: list[str] = []

    def noting(path: Path) -> Probe:
        names.append(path.name)
        return probe_file(path)

    monkeypatch.setattr(probe, "probe_file", noting)
    return names


def test_files_are_looked_at_once(root, cache, looked_at):
    first = probe_files(root, ["a.wav", "b.wav"], cache)
    assert sorted(looked_at) == ["a.wav", "b.wav"]
    assert probe_files(root, ["a.wav", "b.wav"], cache) == first
    assert recall_files(root, ["a.wav", "b.wav"], cache) == first
    assert len(looked_at) == 2


def test_what_was_not_looked_at_is_not_recalled(root, cache, looked_at):
    probe_files(root, ["a.wav"], cache)
    assert list(recall_files(root, ["a.wav", "b.wav"], cache)) == ["a.wav"]
    assert looked_at == ["a.wav"]


def test_a_file_that_changed_is_looked_at_again(root, cache):
    first = probe_files(root, ["a.wav", "b.wav"], cache)
    soundfile.write(root / "a.wav", noise(1.5, 9), 22050)
    again = probe_files(root, ["a.wav", "b.wav"], cache)
    assert again["a.wav"].content not in ("", first["a.wav"].content)
    assert again["b.wav"] == first["b.wav"]


@pytest.mark.parametrize("change", ["in place", "by another file"])
def test_a_file_with_other_bytes_of_equal_size_and_time_is_looked_at_again(change, root, cache):
    first = probe_files(root, ["a.wav", "b.wav"], cache)
    times = (root / "a.wav").stat()
    if change == "in place":
        (root / "a.wav").write_bytes((root / "b.wav").read_bytes())
    else:
        (root / "b.wav").rename(root / "a.wav")
    os.utime(root / "a.wav", ns=(times.st_atime_ns, times.st_mtime_ns))
    assert (root / "a.wav").stat().st_size == times.st_size
    assert probe_files(root, ["a.wav"], cache)["a.wav"].content == first["b.wav"].content


def test_files_that_change_places_are_looked_at_again(root, cache):
    time = (root / "a.wav").stat().st_mtime_ns
    for name in ("a.wav", "b.wav"):
        os.utime(root / name, ns=(time, time))
    first = probe_files(root, ["a.wav", "b.wav"], cache)
    (root / "a.wav").rename(root / "c.wav")
    (root / "b.wav").rename(root / "a.wav")
    (root / "c.wav").rename(root / "b.wav")
    again = probe_files(root, ["a.wav", "b.wav"], cache)
    assert (again["a.wav"], again["b.wav"]) == (first["b.wav"], first["a.wav"])


@pytest.mark.parametrize("damage", ["", "{", "[]", "null", '{"format": 1}', '{"format": 99}', "\n\n\n"])
def test_a_damaged_memory_is_ignored_and_rebuilt(damage, root, cache):
    first = probe_files(root, ["a.wav"], cache)
    whole = remembered(cache).read_bytes()
    remembered(cache).write_text(damage)
    assert probe_files(root, ["a.wav"], cache) == first
    assert remembered(cache).read_bytes() == whole


def test_a_flipped_bit_in_the_memory_is_found_and_its_file_looked_at_again(root, cache, looked_at):
    first = probe_files(root, ["a.wav", "b.wav"], cache)
    whole = remembered(cache).read_bytes()
    rng = np.random.default_rng(0)
    for bit in rng.choice(len(whole) * 8, 60, replace=False):
        remembered(cache).write_bytes(flipped(whole, int(bit)))
        looked_at.clear()
        assert probe_files(root, ["a.wav", "b.wav"], cache) == first, bit
        assert looked_at, bit
        assert lines_of(remembered(cache)).keys() == {"a.wav", "b.wav"}


def test_only_the_file_of_a_damaged_line_is_looked_at_again(root, cache, looked_at):
    probe_files(root, ["a.wav", "b.wav"], cache)
    whole = remembered(cache).read_bytes()
    looked_at.clear()
    remembered(cache).write_bytes(flipped(whole, 8 * whole.index(b'"b.wav"') + 100))
    probe_files(root, ["a.wav", "b.wav"], cache)
    assert looked_at == ["b.wav"]


def test_files_are_looked_at_again_by_another_version_of_what_decodes_them(
    root, cache, looked_at, monkeypatch
):
    """Else an upgrade that decodes otherwise would have all its features refused, for ever."""
    probe_files(root, ["a.wav"], cache)
    monkeypatch.setattr(probe, "decoders", lambda: {"soundfile": "0.0.1"})
    probe_files(root, ["a.wav"], cache)
    assert len(looked_at) == 2


def test_a_problem_that_may_pass_is_not_remembered(root, cache, monkeypatch):
    monkeypatch.setenv("BENCH_LONGEST_SECONDS", "1")
    assert "too long" in probe_files(root, ["a.wav"], cache)["a.wav"].problem
    monkeypatch.delenv("BENCH_LONGEST_SECONDS")
    assert probe_files(root, ["a.wav"], cache)["a.wav"].problem == ""


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


def test_channels_that_cancel_each_other_are_silent_together(tmp_path):
    left = noise(1.5)
    soundfile.write(tmp_path / "upside-down.wav", np.stack([left, -left], axis=1), 22050)
    soundfile.write(tmp_path / "one-side.wav", np.stack([left, 0 * left], axis=1), 22050)
    assert (
        probe_file(tmp_path / "upside-down.wav")
        .unusable(1)
        .startswith("silent once its channels are averaged")
    )
    assert probe_file(tmp_path / "one-side.wav").unusable(1) == ""


class Hanging(Threads):
    """Loses every file."""

    def __init__(self, *, again: bool) -> None:
        self.again = again

    def look(self, function, arguments):
        for index, _ in enumerate(arguments):
            yield Look(index, lost="hung for 1 s")


def test_a_file_that_hangs_has_that_problem_until_somebody_asks_again(root, cache, looked_at):
    lost = probe_files(root, ["a.wav"], cache, Hanging(again=False))
    assert "not looked into: hung for 1 s" in lost["a.wav"].problem
    assert probe_files(root, ["a.wav"], cache) == recall_files(root, ["a.wav"], cache) == lost
    assert looked_at == []
    asking = Threads()
    asking.again = True
    assert probe_files(root, ["a.wav"], cache, asking)["a.wav"].problem == ""
    assert probe_files(root, ["a.wav"], cache)["a.wav"].problem == ""
    assert looked_at == ["a.wav"]


def test_remembered_files_are_neither_opened_again_nor_need_heavy_imports(tmp_path):
    root, cache = tmp_path / "many", tmp_path / "cache"
    root.mkdir()
    soundfile.write(root / "0000.wav", noise(0.2), 22050)
    data = (root / "0000.wav").read_bytes()
    names = [f"{number:04d}.wav" for number in range(200)]
    for name in names[1:]:
        (root / name).write_bytes(data)
    probe_files(root, names, cache)
    script = (
        "import sys; from pathlib import Path; from benchmark.data.probe import probe_files\n"
        "names = [f'{number:04d}.wav' for number in range(200)]\n"
        "opened = []\n"
        "def hook(event, arguments):\n"
        "    if event in ('open', 'subprocess.Popen'):\n"
        "        opened.append(str(arguments[0]))\n"
        "sys.addaudithook(hook)\n"
        "probes = probe_files(Path(sys.argv[1]), names, Path(sys.argv[2]))\n"
        "assert len(probes) == 200 and all(probe.seconds == 0.2 for probe in probes.values())\n"
        "print(sum(name.endswith('.wav') for name in opened), *({'numpy', 'soundfile', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, root, cache], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.split() == ["0"]
