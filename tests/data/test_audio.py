from __future__ import annotations

import gc
import os
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from benchmark.data.audio import decode, load_mono
from benchmark.data.probe import probe_file
from benchmark.exceptions import AudioError, PassingAudioError

FORMATS = {
    "wav": {},
    "au": {"format": "AU", "subtype": "PCM_16"},
    "flac": {},
    "ogg": {"format": "OGG", "subtype": "VORBIS"},
    "opus": {"format": "OGG", "subtype": "OPUS"},
    "mp3": {"format": "MP3"},
}
LOSSLESS = {"wav", "au", "flac"}


@pytest.fixture
def stereo() -> np.ndarray:
    t = np.arange(2 * 44100) / 44100
    return (0.4 * np.stack([np.sin(2 * np.pi * 440 * t), np.sin(2 * np.pi * 1000 * t)], axis=1)).astype("f4")


def write(folder: Path, samples: np.ndarray, kind: str, rate: int = 44100) -> Path:
    file = folder / f"clip.{kind}"
    soundfile.write(file, samples, 48000 if kind == "opus" else rate, **FORMATS[kind])
    return file


def cut(file: Path, fraction: float) -> Path:
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * fraction)])
    return file


@pytest.mark.parametrize("kind", FORMATS)
def test_every_container_is_decoded_to_its_rate_and_channels(kind: str, tmp_path: Path, stereo: np.ndarray):
    samples, rate = decode(write(tmp_path, stereo, kind))
    assert samples.dtype == np.float32
    assert rate == (48000 if kind == "opus" else 44100)
    assert samples.shape == stereo.shape
    tolerance = 2**-15 if kind in LOSSLESS else 0.05
    middle = slice(5000, -5000)
    assert np.abs(samples - stereo)[middle].mean() < tolerance


@pytest.mark.parametrize("kind", sorted(LOSSLESS))
def test_stereo_at_another_rate_becomes_mono_at_22050_as_soxr_does_it(kind, tmp_path, stereo):
    file = write(tmp_path, stereo, kind)
    exact = soundfile.read(file, always_2d=True)[0]
    expected = soxr.resample(exact.mean(axis=1), 44100, 22050, quality="HQ")
    mono = load_mono(file)
    assert mono.shape == (44100,)
    assert mono.dtype == np.float32
    np.testing.assert_allclose(mono, expected, atol=1e-5)


def test_resampling_keeps_what_the_lower_rate_can_hold_and_removes_the_rest(tmp_path):
    t = np.arange(44100) / 44100
    low, high = np.sin(2 * np.pi * 5000 * t) * 0.3, np.sin(2 * np.pi * 15000 * t) * 0.3
    mono = load_mono(write(tmp_path, (low + high).astype("f4"), "wav"))
    expected = 0.3 * np.sin(2 * np.pi * 5000 * np.arange(22050) / 22050)
    assert np.abs(mono - expected)[500:-500].max() < 1e-3


def test_mono_at_the_asked_rate_is_not_touched(tmp_path):
    samples = np.linspace(-0.5, 0.5, 22050, dtype="f4")
    np.testing.assert_allclose(load_mono(write(tmp_path, samples, "wav", 22050)), samples, atol=2**-15)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_cut_holds_exactly_the_samples_of_the_whole(kind, tmp_path, stereo):
    file = write(tmp_path, stereo, kind)
    np.testing.assert_array_equal(
        load_mono(file, start=0.3, seconds=0.5), load_mono(file)[6615 : 6615 + 11025]
    )


def test_a_cut_past_the_end_is_as_long_as_what_is_there_and_one_after_it_is_an_error(tmp_path, stereo):
    file = write(tmp_path, stereo, "wav")
    assert len(load_mono(file, start=1.5, seconds=3)) == 11025
    with pytest.raises(AudioError, match=r"clip\.wav.*ends at 2\.00 s"):
        load_mono(file, start=2.0)


@pytest.mark.parametrize("kind", ["wav", "au", "flac"])
def test_a_file_that_holds_less_than_its_header_promises_is_called_truncated(kind, tmp_path, stereo):
    with pytest.raises(AudioError, match=rf"clip\.{kind}: truncated"):
        decode(cut(write(tmp_path, stereo, kind), 0.6))


def test_a_wave_file_of_unknown_length_as_streams_write_it_is_whole(tmp_path, stereo):
    file = write(tmp_path, stereo, "wav")
    data = bytearray(file.read_bytes())
    at = data.index(b"data") + 4
    data[at : at + 4] = data[4:8] = b"\xff\xff\xff\xff"
    file.write_bytes(data)
    assert decode(file)[0].shape == stereo.shape


@pytest.mark.parametrize("kind", FORMATS)
def test_text_and_nothing_are_not_audio_whatever_they_are_called(kind, tmp_path):
    text, nothing = tmp_path / f"text.{kind}", tmp_path / f"nothing.{kind}"
    text.write_text("not music at all. " * 200)
    nothing.touch()
    with pytest.raises(AudioError, match=r"text\.\w+: not audio"):
        decode(text)
    with pytest.raises(AudioError, match=r"nothing\.\w+: zero bytes"):
        decode(nothing)


def test_a_header_without_samples_and_samples_that_are_no_numbers_are_errors(tmp_path):
    soundfile.write(tmp_path / "empty.wav", np.zeros((0, 1), "f4"), 22050)
    soundfile.write(tmp_path / "nan.wav", np.array([0, np.nan, 0], "f4"), 22050, subtype="FLOAT")
    with pytest.raises(AudioError, match="holds no samples"):
        decode(tmp_path / "empty.wav")
    with pytest.raises(AudioError, match="not finite"):
        decode(tmp_path / "nan.wav")


def test_a_missing_file_is_an_error_that_names_it(tmp_path):
    with pytest.raises(AudioError, match=r"gone\.wav: cannot be read: No such file"):
        decode(tmp_path / "gone.wav")


def test_real_clips_are_decoded_as_soundfile_does(shared: Path):
    file = shared / "data/gtzan/genres/blues/blues.00000.wav"
    np.testing.assert_array_equal(load_mono(file), soundfile.read(file, dtype="float32")[0])


@pytest.mark.parametrize("seconds", ["7200", "0.5"])
def test_the_longest_recording_is_what_the_environment_says(seconds, tmp_path, stereo, monkeypatch):
    monkeypatch.setenv("BENCH_LONGEST_SECONDS", seconds)
    for kind in FORMATS:
        file = write(tmp_path, stereo, kind)
        if float(seconds) > 2:
            assert len(decode(file)[0]) == len(stereo)
        else:
            with pytest.raises(
                PassingAudioError, match=r"too long: more than 0\.5 s.*set BENCH_LONGEST_SECONDS"
            ):
                decode(file)


def test_a_flac_file_that_unpacks_to_ten_hours_is_refused_before_memory_is_taken(tmp_path):
    file = tmp_path / "bomb.flac"
    soundfile.write(file, np.zeros(10 * 3600 * 100), 100)
    assert file.stat().st_size < 100_000
    tracemalloc.start()
    with pytest.raises(AudioError, match=r"bomb\.flac: too long"):
        load_mono(file)
    assert tracemalloc.get_traced_memory()[1] < 2_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("given", ["much", "-1", "0", "nan"])
def test_a_limit_that_is_no_number_of_seconds_is_told(given, tmp_path, stereo, monkeypatch):
    monkeypatch.setenv("BENCH_LONGEST_SECONDS", given)
    with pytest.raises(AudioError, match=f"BENCH_LONGEST_SECONDS={given} is no number of seconds"):
        decode(write(tmp_path, stereo, "wav"))


def test_samples_that_were_looked_at_are_what_is_loaded_or_nothing_is(tmp_path, stereo):
    file = write(tmp_path, stereo, "wav")
    content = probe_file(file).content
    np.testing.assert_array_equal(load_mono(file, content=content), load_mono(file))
    write(tmp_path, stereo[::-1], "wav")
    with pytest.raises(AudioError, match=r"clip\.wav: its audio is not what it was"):
        load_mono(file, content=content)


def test_pipes_and_folders_are_told_and_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "folder.wav").mkdir()
    with pytest.raises(AudioError, match=r"pipe\.wav: a pipe or device, not a file"):
        decode(tmp_path / "pipe.wav")
    with pytest.raises(AudioError, match=r"folder\.wav: a folder, not a file"):
        decode(tmp_path / "folder.wav")


@pytest.mark.parametrize("kind", FORMATS)
def test_no_descriptor_stays_open_and_none_is_closed_twice(kind, tmp_path, stereo):
    good = write(tmp_path, stereo, kind)
    bad = tmp_path / f"bad.{kind}"
    bad.write_bytes(good.read_bytes()[:200])
    decode(good)
    # What other tests left open is closed when it is looked for.
    gc.collect()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        decode(good)
        with pytest.raises(AudioError):
            decode(bad)
    assert len(os.listdir("/proc/self/fd")) == before
