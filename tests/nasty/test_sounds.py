from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from sounds import FFMPEG, Nasty, by_ffmpeg, by_soundfile, decoded_by_ffmpeg

from benchmark.data.audio import decode
from benchmark.data.probe import probe_file

PYAV = find_spec("av") is not None
# Of what FFmpeg makes, which takes longer than to decode it, one of each kind of trouble.
OFTEN = {"joined.mp3", "joined-loud-ends.mp3", "aac.m4a", "flac.mka", "dolby-in.wav", "called.wav"}
MADE_BY_FFMPEG = [
    pytest.param(nasty, id=nasty.name, marks=[] if nasty.name in OFTEN else pytest.mark.slow)
    for nasty in by_ffmpeg()
]


def made(nasty: Nasty, folder: Path) -> Path:
    file = folder / nasty.name
    if not file.exists():
        nasty.make(file)
    return file


@pytest.mark.parametrize("nasty", by_soundfile(), ids=str)
def test_every_file_is_decoded_rightly_or_says_why_not(nasty: Nasty, tmp_path: Path):
    file = made(nasty, tmp_path)
    found = probe_file(file)
    if nasty.samples is None:
        assert nasty.problem in found.unusable(1.0)
        return
    assert found.problem == ""
    samples, rate = decode(file)
    expected = nasty.samples()
    assert rate == nasty.rate
    assert samples.shape[1] == expected.shape[1]
    assert abs(len(samples) - len(expected)) <= nasty.slack
    assert found.seconds == len(samples) / rate
    if nasty.tolerance is not None:
        np.testing.assert_allclose(samples, expected, atol=nasty.tolerance)
    else:
        assert likeness(samples, expected) > 0.95


@pytest.fixture(scope="module")
def encoded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder for files that FFmpeg makes, which are only read."""
    return tmp_path_factory.mktemp("encoded")


@pytest.mark.skipif(FFMPEG is None, reason="FFmpeg is not here")
@pytest.mark.parametrize("nasty", MADE_BY_FFMPEG)
def test_what_ffmpeg_made_is_decoded_as_ffmpeg_does(nasty: Nasty, encoded: Path):
    if nasty.av and not PYAV:
        pytest.skip("PyAV is not here")
    file = made(nasty, encoded)
    samples, _ = decode(file)
    expected = decoded_by_ffmpeg(file, samples.shape[1])
    assert len(samples) == len(expected)
    assert np.abs(samples - expected).max() < 1e-3


@pytest.mark.parametrize("nasty", [param for param in MADE_BY_FFMPEG if param.values[0].av])
@pytest.mark.skipif(FFMPEG is None, reason="FFmpeg is not here")
def test_what_needs_a_decoder_that_is_not_here_says_which_extra_brings_it(nasty, encoded, monkeypatch):
    monkeypatch.setattr("benchmark.data.codecs.installed", lambda: False)
    found = probe_file(made(nasty, encoded))
    assert 'pip install "genrebench[codecs]"' in found.problem
    assert found.passing


def likeness(samples: np.ndarray, expected: np.ndarray) -> float:
    """Return the correlation of two recordings at the shift where it is largest, of up to 1,300 samples."""
    length = min(len(samples), len(expected)) - 1300
    one = expected[:length, 0]
    best = 0.0
    for shift in range(0, 1300):
        best = max(best, float(np.corrcoef(one, samples[shift : shift + length, 0])[0, 1]))
        if best > 0.95:
            break
    return best
