from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from bench_augmentations import Gain, Noise, Reverb
from benchmark.plugin.manager import load_registry

RATE = 22_050


def clip() -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * 330 * np.arange(2 * RATE) / RATE)).astype(np.float32)


def decibels(power: float) -> float:
    return 10 * np.log10(power)


@pytest.mark.parametrize("colour", ["white", "pink"])
def test_noise_is_as_far_below_the_clip_as_was_asked(colour: str) -> None:
    augmentation = Noise(snr=[30, 3, -5], colour=colour)
    for settings in augmentation.copies():
        noise = augmentation.apply(clip(), np.random.default_rng(1), **settings) - clip()
        assert decibels(np.mean(clip() ** 2) / np.mean(noise**2)) == pytest.approx(settings["snr"], abs=0.01)


def test_white_noise_has_equal_power_in_equal_bands_and_pink_noise_in_equal_octaves() -> None:
    powers = {}
    for colour in ("white", "pink"):
        noise = Noise(snr=[0], colour=colour).apply(clip(), np.random.default_rng(2), snr=0) - clip()
        spectrum = np.abs(np.fft.rfft(noise)) ** 2
        frequencies = np.fft.rfftfreq(len(noise), 1 / RATE)
        powers[colour] = [
            spectrum[(frequencies >= low) & (frequencies < 2 * low)].sum() for low in (500, 1000, 2000, 4000)
        ]
    octaves = np.log2(np.array(powers["white"][1:]) / powers["white"][:-1])
    np.testing.assert_allclose(octaves, 1, atol=0.15)
    np.testing.assert_allclose(np.log2(np.array(powers["pink"][1:]) / powers["pink"][:-1]), 0, atol=0.15)


def test_a_silent_clip_stays_silent() -> None:
    assert not Noise().apply(np.zeros(100, np.float32), np.random.default_rng(0), snr=10).any()


def test_gain_is_in_decibels_and_does_not_clip() -> None:
    louder = Gain().apply(clip() * 3, np.random.default_rng(0), decibels=6.0)
    assert decibels(np.mean(louder**2) / np.mean((clip() * 3) ** 2)) == pytest.approx(6, abs=1e-3)
    assert louder.max() > 1


@pytest.mark.parametrize("seconds", [0.3, 1.0])
def test_a_room_falls_by_sixty_decibels_in_its_time(seconds: float) -> None:
    room = Reverb(wet=0.5).room(seconds, np.random.default_rng(3))
    assert np.sum(room**2) == pytest.approx(0.5)
    # Schroeder (1965): the energy that is still to come, fitted from -5 to -25 dB.
    left = 10 * np.log10(np.cumsum(room[::-1] ** 2)[::-1] / np.sum(room**2))
    fitted = (left < -5) & (left > -25)
    slope = np.polyfit(np.flatnonzero(fitted) / RATE, left[fitted], 1)[0]
    assert -60 / slope == pytest.approx(seconds, rel=0.05)


@pytest.mark.parametrize("augmentation", [Noise(), Gain(), Reverb()], ids=lambda each: each.name)
def test_the_same_generator_gives_the_same_clip_and_leaves_the_original(augmentation) -> None:
    original = clip()
    original.setflags(write=False)
    for settings in augmentation.copies():
        one, other = (augmentation.apply(original, np.random.default_rng(5), **settings) for _ in range(2))
        np.testing.assert_array_equal(one, other)
        assert one.dtype == np.float32
        assert one.shape == original.shape


def response(file: Path, seconds: float, rate: int = 44_100, before: int = 300, channels: int = 1) -> Path:
    """Write an impulse response: silence, the direct sound, and a decay by 60 dB in so many seconds."""
    time = np.arange(round(seconds * rate)) / rate
    tail = 0.1 * np.random.default_rng(8).standard_normal(len(time)) * 10 ** (-3 * time / seconds)
    heard = np.concatenate([np.zeros(before), [0.9], tail])
    soundfile.write(file, np.stack([heard] * channels, axis=1), rate, subtype="FLOAT")
    return file


def test_a_measured_room_falls_as_its_response_does_and_has_the_asked_energy(tmp_path: Path) -> None:
    reverb = Reverb(responses=str(response(tmp_path / "hall.wav", 0.5, channels=2)), wet=0.3)
    room = reverb.measured(np.random.default_rng(0))
    assert np.sum(room**2) == pytest.approx(0.3)
    assert not room[: round(0.002 * RATE)].any()
    left = 10 * np.log10(np.cumsum(room[::-1] ** 2)[::-1] / np.sum(room**2))
    fitted = (left < -5) & (left > -25)
    assert -60 / (np.polyfit(np.flatnonzero(fitted) / RATE, left[fitted], 1)[0]) == pytest.approx(
        0.5, rel=0.07
    )


def test_the_direct_sound_stays_the_clip_itself_and_the_room_follows(tmp_path: Path) -> None:
    reverb = Reverb(responses=str(response(tmp_path / "hall.wav", 0.3)))
    click = np.zeros(RATE, np.float32)
    click[1000] = 1
    heard = reverb.apply(click, np.random.default_rng(0), copy=0)
    np.testing.assert_allclose(heard[1000], 1, atol=1e-6)
    np.testing.assert_allclose(heard[:1000], 0, atol=1e-6)
    expected = reverb.measured(np.random.default_rng(0))
    np.testing.assert_allclose(heard[1001 : 1000 + len(expected)], expected[1:], atol=1e-5)


def test_rooms_are_drawn_evenly_from_a_folder_and_hidden_files_are_none(tmp_path: Path) -> None:
    for seconds in (0.2, 0.4, 0.8):
        response(tmp_path / f"{seconds}.wav", seconds)
    (tmp_path / "._0.2.wav").write_bytes(b"junk")
    (tmp_path / "LICENSE").write_text("free")
    reverb = Reverb(responses=str(tmp_path), copies=2)
    assert reverb.unavailable() == ""
    assert reverb.copies() == [{"copy": 0}, {"copy": 1}]
    drawn = [len(reverb.measured(np.random.default_rng(seed))) for seed in range(120)]
    counts = np.unique(drawn, return_counts=True)[1]
    assert len(counts) == 3
    assert counts.min() > 20


def test_responses_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    assert "holds no impulse response" in Reverb(responses=str(tmp_path)).unavailable()
    (tmp_path / "broken.wav").write_bytes(b"junk")
    assert "broken.wav cannot be read" in Reverb(responses=str(tmp_path)).unavailable()
    soundfile.write(tmp_path / "broken.wav", np.zeros(100), RATE)
    assert "has no sound after its first 2.5 ms" in Reverb(responses=str(tmp_path)).unavailable()
    with pytest.raises(ValueError, match="'seconds' is of rooms that are drawn"):
        Reverb(responses=str(tmp_path), seconds=[1.0])
    with pytest.raises(ValueError, match="'copies' is for 'responses'"):
        Reverb(copies=2)


def test_a_response_that_changes_is_read_again(tmp_path: Path) -> None:
    reverb = Reverb(responses=str(response(tmp_path / "hall.wav", 0.3)))
    before = len(reverb.measured(np.random.default_rng(0)))
    response(tmp_path / "hall.wav", 0.6)
    assert len(reverb.measured(np.random.default_rng(0))) > before
    assert len(reverb.measured(np.random.default_rng(0))) > before


def test_responses_count_by_their_content_and_not_by_their_place(tmp_path: Path) -> None:
    registry = load_registry()

    def identity(folder: Path) -> dict:
        return registry.spec("augmentation", "reverb", {"responses": str(folder)}).identity()

    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        response(tmp_path / name / "hall.wav", 0.3)
    (tmp_path / "other" / ".DS_Store").write_text("junk")
    first = identity(tmp_path / "one")
    assert first["parameters"]["responses"].startswith("sha256:")
    assert identity(tmp_path / "other") == first
    response(tmp_path / "other" / "room.wav", 0.2)
    assert identity(tmp_path / "other") != first
    response(tmp_path / "one" / "hall.wav", 0.4)
    assert identity(tmp_path / "one") != first


@pytest.mark.slow
def test_a_folder_of_responses_is_given_from_the_place_of_the_suite(project) -> None:
    project.write(ROOMS)
    absent = project.bench("plan", "suite.yaml")
    assert absent.code == 2
    assert "suite.yaml:6: there is no file or folder 'rooms'" in absent.err
    (project.folder / "rooms").mkdir()
    response(project.folder / "rooms" / "hall.wav", 0.3)
    ran = project.bench("run", "suite.yaml", "--executor", "inline")
    assert ran.code == 0, ran.err


ROOMS = """
name: trial
cell:
  dataset: {synthetic: {tracks_per_class: 4, seconds: 1}}
  features: {mel: {size: [12, 16], n_mels: 12}}
  augmentation: {reverb: {responses: rooms, copies: 2}}
  split: {fractions: [0.5, 0.25, 0.25]}
  evaluate: [test]
matrix:
  model: [majority]
"""
