from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from projects import FEW_SECTIONS

from bench_datasets.formats import Mp3, Ogg
from benchmark.data.audio import load_mono

RATE = 22050
SECONDS = 5
SUITE = """
name: trial
cell:
  dataset: {synthetic: {tracks_per_class: 3, seconds: 1, difficulty: 0}}
  features: {mel: {size: [12, 16], n_mels: 12}}
  split: {fractions: [0.34, 0.33, 0.33]}
  evaluate: [test, {synthetic-shifted: {tracks_per_class: 1, seconds: 1}}]
  model: nearest
  augmentation: {noise: {snr: [20]}}
matrix:
  audio: [{original: , label: WAV}, AUDIO]
"""


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    """Return some seconds with partials, beats and hiss, as loud as music is."""
    rng = np.random.default_rng(0)
    seconds = np.arange(SECONDS * RATE) / RATE
    tones = sum(np.sin(2 * np.pi * 110 * k * seconds) / k for k in range(1, 60))
    beats = np.exp(-8 * (seconds % 0.5)) * rng.standard_normal(len(seconds))
    made = (tones + 2 * beats) / np.abs(tones + 2 * beats).max() * 0.9
    return made.astype(np.float32)


def correlation(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.corrcoef(first, second)[0, 1])


@pytest.mark.parametrize("bitrate", [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160])
def test_mp3_has_the_bit_rate_that_is_asked_for_and_no_delay(music: np.ndarray, bitrate: int) -> None:
    made = Mp3(bitrate=bitrate)
    kilobits = len(made.encode(music, RATE)) * 8 / SECONDS / 1000
    assert kilobits == pytest.approx(bitrate, rel=0.02)
    decoded = made.apply(music, RATE)
    assert decoded.shape == music.shape
    assert decoded.dtype == np.float32
    at = {lag: correlation(music[5000:-5000], np.roll(decoded, lag)[5000:-5000]) for lag in (-2, -1, 0, 1, 2)}
    assert max(at, key=at.__getitem__) == 0
    assert at[0] > (0.9 if bitrate >= 32 else 0.6)


def test_less_is_left_at_a_lower_bit_rate_and_quality(music: np.ndarray) -> None:
    by_rate = [correlation(music, Mp3(bitrate=rate).apply(music, RATE)) for rate in (24, 48, 96, 160)]
    by_quality = [correlation(music, Ogg(quality=quality).apply(music, RATE)) for quality in (0.0, 0.5, 1.0)]
    assert by_rate == sorted(by_rate)
    assert by_quality == sorted(by_quality)
    assert by_rate[-1] > 0.97
    sizes = [len(Ogg(quality=quality).encode(music, RATE)) for quality in (0.0, 0.5, 1.0)]
    assert sizes == sorted(set(sizes))


@pytest.mark.parametrize("made", [Mp3(), Mp3(bitrate=32), Ogg()])
def test_silence_stays_silent_and_any_length_is_kept(made, music: np.ndarray) -> None:
    assert np.abs(made.apply(np.zeros(RATE, np.float32), RATE)).max() < 1e-6
    for length in (1, 100, 1152, 5000):
        before = music[:length].copy()
        assert made.apply(music[:length], RATE).shape == (length,)
        np.testing.assert_array_equal(music[:length], before)


def test_the_same_samples_give_the_same_twice(music: np.ndarray) -> None:
    for made in (Mp3(), Ogg()):
        np.testing.assert_array_equal(made.apply(music, RATE), made.apply(music, RATE))


def test_mp3_is_what_a_file_on_the_disk_would_be(music: np.ndarray, tmp_path: Path) -> None:
    file = tmp_path / "music.mp3"
    soundfile.write(file, music, RATE, bitrate_mode="CONSTANT", compression_level=(160 - 128) / 152)
    np.testing.assert_allclose(load_mono(file), Mp3().apply(music, RATE), atol=1e-6)


@pytest.mark.slow
def test_real_music_sounds_alike_and_not_the_same(shared: Path) -> None:
    from benchmark.plugin.manager import load_registry

    registry = load_registry()
    features = registry.spec("features", "mel-image", {"size": [128, 128]}).create(registry)
    for file in sorted((shared / "data" / "gtzan").rglob("*.wav"))[::30]:
        samples = load_mono(file)[: 5 * RATE]
        images = [
            features.compute(each, RATE, reference_length=len(samples)).astype(float)
            for each in (samples, Mp3(bitrate=128).apply(samples, RATE), Mp3(bitrate=32).apply(samples, RATE))
        ]
        differences = [np.abs(image - images[0]).mean() for image in images[1:]]
        assert 0 < differences[0] < differences[1]
        assert correlation(images[0].ravel(), images[1].ravel()) > 0.9


def cells(project) -> dict[str, dict]:
    records = [json.loads(file.read_text()) for file in project.results.glob("[!.]*/cell.json")]
    return {record["labels"]["audio"]: record for record in records}


@pytest.mark.slow
def test_a_format_is_an_axis_and_its_features_are_computed_once(project, tmp_path: Path) -> None:
    project.environment["BENCH_CACHE"] = str(tmp_path / "cache")
    project.sections = FEW_SECTIONS
    project.write(SUITE.replace("AUDIO", "{mp3: {bitrate: 32}, label: MP3}, {mp3: {bitrate: 128}}"))
    planned = project.bench("plan", "suite.yaml")
    assert planned.code == 0, planned.err
    # Of 30 own tracks in three formats, 10 are heard with noise too; 10 tracks of another dataset stay as they are.
    assert f"features to compute: {3 * (30 + 10) + 10}" in planned.out
    ran = project.bench("run", "suite.yaml", "--executor", "inline")
    assert ran.code == 0, ran.err
    found = cells(project)
    assert set(found) == {"WAV", "MP3", "mp3"}
    assert "audio" not in found["WAV"]["spec"]
    assert found["MP3"]["spec"]["audio"]["parameters"] == {"bitrate": 32}
    again = SUITE.replace("AUDIO", "{mp3: {bitrate: 32}, label: other words}")
    project.write(again.replace("nearest", "majority"))
    assert "features to compute: 0 " in project.bench("plan", "suite.yaml").out


@pytest.mark.parametrize(
    ("audio", "why"),
    [
        ("mp4", "there is no audio 'mp4'. Did you mean 'mp3'? Available: mp3, ogg, original."),
        ("{mp3: {bitrate: 100}}", "'bitrate': input should be 8, 16,"),
        ("{mp3: {bitrat: 96}}", "audio 'mp3' has no parameter 'bitrat'. Did you mean 'bitrate'?"),
        ("{original: {}, label: same}", "'same' is the same as 'WAV'"),
        ("{original: 3}", "the parameters of 'original' are a mapping, found 3"),
    ],
)
def test_a_format_that_is_not_there_is_refused_with_its_line(project, audio: str, why: str) -> None:
    project.write(SUITE.replace("AUDIO", audio))
    ran = project.bench("plan", "suite.yaml")
    assert ran.code == 2
    assert "suite.yaml:11" in ran.err
    assert why in ran.err


@pytest.mark.slow
def test_a_format_without_an_encoder_is_named_before_anything_runs(project) -> None:
    """libsndfile has no MP3 encoder for this codec, as one that was built without LAME has for none."""
    benchfile = project.folder / "benchfile.py"
    benchfile.write_text(
        benchfile.read_text()
        + """
from bench_datasets.formats import Mp3

class Layer2(Mp3):
    name = "mp2"
    codec = "MPEG_LAYER_II"

@hookimpl
def bench_audio_formats():
    return [Layer2]
"""
    )
    project.write(SUITE.replace("AUDIO", "{mp2: , label: Layer II}"))
    assert project.bench("plan", "suite.yaml").code == 0
    for verb in ("run", "prepare"):
        ran = project.bench(verb, "suite.yaml")
        assert ran.code == 2
        assert "Audio 'Layer II' cannot work here: libsndfile" in ran.err
        assert "cannot write MP3 (MPEG_LAYER_II)" in ran.err
        assert "Traceback" not in ran.err
    assert not list(project.results.glob("[!.]*/cell.json"))
