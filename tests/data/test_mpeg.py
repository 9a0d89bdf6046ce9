from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmark.data.audio import decode
from benchmark.data.mpeg import Stream, after_id3, count_frames, is_adts, is_mpeg, with_true_length

DELAY = 576 + 529  # of LAME, and of every decoder


def changing(seconds: float = 4.0, rate: int = 44100, channels: int = 2) -> np.ndarray:
    """Return noise and then a tone, which need very different numbers of bits."""
    t = np.arange(round(seconds * rate)) / rate
    tone = 0.3 * np.sin(2 * np.pi * 440 * t)
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, len(t)) * (t < seconds / 2)
    return np.repeat((tone + noise)[:, np.newaxis], channels, axis=1)


def mp3(samples: np.ndarray, rate: int = 44100, mode: str = "VARIABLE") -> bytes:
    file = io.BytesIO()
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    kind = {"format": "MP3", "subtype": "MPEG_LAYER_III", "bitrate_mode": mode, "compression_level": 0.1}
    with soundfile.SoundFile(file, "w", rate, channels, **kind) as sound:
        for start in range(0, len(samples), rate):
            sound.write(samples[start : start + rate])
    return file.getvalue()


def without_header(data: bytes) -> bytes:
    ((start, size),) = count_frames(data).headers
    return data[:start] + data[start + size :]


def saved(folder: Path, data: bytes) -> Path:
    file = folder / "clip.mp3"
    file.write_bytes(data)
    return file


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate", [8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000])
def test_frames_are_counted_as_the_header_says(rate, channels):
    stream = count_frames(mp3(changing(2.0, rate, channels), rate))
    assert stream.frames == stream.promised
    assert stream.samples == (1152 if rate >= 32000 else 576)
    assert 0 <= stream.length - 2.0 * rate - DELAY < 3 * stream.samples


@pytest.mark.parametrize("rate", [22050, 44100])
def test_a_variable_bit_rate_without_a_header_is_read_to_its_end(rate, tmp_path):
    whole = mp3(changing(rate=rate), rate)
    file = saved(tmp_path, without_header(whole))
    samples, _ = decode(file)
    assert len(samples) == count_frames(whole).length
    expected, _ = decode(saved(tmp_path, whole))
    np.testing.assert_allclose(samples[DELAY : DELAY + len(expected)], expected, atol=1e-6)
    saved(tmp_path, without_header(whole))
    assert len(soundfile.read(file)[0]) < 0.9 * len(samples)  # what would be read otherwise


@pytest.mark.parametrize("mode", ["VARIABLE", "CONSTANT"])
def test_a_recording_sounds_the_same_in_one_piece_and_in_blocks(mode, tmp_path, monkeypatch):
    """Small frames lean on many before them, which a decoder that is asked for its place loses."""
    data = mp3(changing(8.0, channels=1), mode=mode)
    whole, _ = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    monkeypatch.setattr("benchmark.data.libsndfile.BLOCK", 50_000)
    samples, _ = decode(saved(tmp_path, data))
    np.testing.assert_allclose(samples, whole, atol=1e-6)


@pytest.mark.parametrize(
    ("bitrate", "rate", "bears"),
    [
        (48, 44100, False),
        (56, 44100, False),
        (64, 44100, True),
        (320, 44100, True),
        (40, 22050, False),
        (64, 22050, True),
    ],
)
def test_streams_of_small_frames_do_not_bear_seeking(bitrate, rate, bears):
    size = 144 * bitrate * 1000 // rate // (1 if rate == 44100 else 2)
    stream = Stream(100, 1152 if rate == 44100 else 576, None, (), size)
    assert stream.bears_seeking == bears


def test_joined_files_are_read_to_the_end_of_the_last(tmp_path):
    one, two = changing(), changing()[::-1]
    encoded = [mp3(one), mp3(two)]
    samples, _ = decode(saved(tmp_path, b"".join(encoded)))
    first, second = (decode(saved(tmp_path, data))[0] for data in encoded)
    assert len(first) == len(one)
    np.testing.assert_allclose(samples[: len(first) - 2000], first[:-2000], atol=1e-6)
    np.testing.assert_allclose(samples[-len(second) :][5000:-5000].std(), second[5000:-5000].std(), rtol=0.05)
    assert abs(len(samples) - 2 * len(one)) < 3 * 1152


@pytest.mark.parametrize("seconds", [0.7, 1.2])
def test_tags_between_joined_files_change_nothing_of_what_is_heard(seconds, tmp_path):
    """The frame before a join leaves something to the one behind it, which a decoder that meets a tag forgets."""
    tag = b"ID3\x04\x00\x00\x00\x00\x00\x23" + bytes(35)
    encoded = mp3(changing(seconds)[::-1])
    tagged, _ = decode(saved(tmp_path, (tag + encoded) * 3))
    plain, _ = decode(saved(tmp_path, encoded * 3))
    np.testing.assert_allclose(tagged, plain, atol=1e-6)
    bare = without_header(encoded)
    tagged, _ = decode(saved(tmp_path, (tag + bare) * 3))
    plain, _ = decode(saved(tmp_path, bare * 3))
    np.testing.assert_allclose(tagged, plain, atol=1e-6)


def test_a_stream_with_its_true_length_has_one_header_and_all_its_frames():
    data = mp3(changing()) * 3
    stream = count_frames(data)
    assert len(stream.headers) == 3
    joined = count_frames(with_true_length(data, stream))
    assert (joined.frames, joined.promised, len(joined.headers)) == (stream.frames, stream.frames, 1)


def test_what_is_no_mpeg_audio_has_no_frames():
    rng = np.random.default_rng(0)
    for data in (b"", b"\xff", b"\xff\xfb", bytes(5000), b"\xff" * 5000, b"no music at all. " * 300):
        assert count_frames(data).frames == 0
        assert not is_mpeg(data[:4096])
        assert not is_adts(data[:4096])
    assert not any(is_mpeg(rng.bytes(4096)) or is_adts(rng.bytes(4096)) for _ in range(2000))


def test_bytes_between_and_around_frames_are_passed_over():
    data = mp3(changing(2.0))
    stream = count_frames(data)
    place = data.index(b"\xff\xfb", len(data) // 2)
    tag = b"ID3\x04\x00\x00\x00\x00\x02\x00" + bytes(256)
    for changed in (tag + data, tag + bytes(99) + data, data + b"TAG" + bytes(125), b"junk" * 50 + data):
        assert count_frames(changed).frames == stream.frames
    assert count_frames(data[:place] + b"junk" * 50 + data[place:]).frames >= stream.frames - 2
    start, size = stream.headers[0]
    behind = count_frames(data[: start + size] + b"junk" * 50 + data[start + size :])
    assert (behind.frames, behind.gaps) == (stream.frames, ((start + size, 200),))


def test_tags_are_passed_over_by_the_length_that_they_state():
    tag = b"ID3\x04\x00\x00\x00\x00\x02\x00" + bytes(256)
    assert after_id3(b"fLaC") == 0
    assert after_id3(tag) == after_id3(tag + b"fLaC") == 266
    assert after_id3(tag + tag) == 532
    assert after_id3(b"ID3") == 0
