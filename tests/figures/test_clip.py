"""What is shown of one clip: spectrograms with true axes, and pictures that are those of training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmark.data.audio import load_mono
from benchmark.figures.panels import Kitchen, Panel, augmented, draw_panels, inputs
from benchmark.figures.spectrograms import Analysis, spectrograms
from benchmark.figures.variants import recipe_steps
from benchmark.locations import Locations
from benchmark.plugin.manager import Plugins
from benchmark.results.plan import make_plan
from benchmark.suite.load import load_suite

RATE = 22_050
SUITE = """
name: clips
cell:
  dataset: {synthetic: {tracks_per_class: 3, seconds: 1}}
  features: {mel: {size: [24, 32], n_mels: 24}}
matrix:
  model: [cnn]
  augmentation:
    - none
    - {label: two, use: [{time-stretch: {rates: [2.0]}}, frequency-mask]}
    - {label: fresh, use: [{time-mask: {fresh: true}}]}
  seed: [0, 1, 2]
"""


def tone(hertz: float) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(RATE) / RATE).astype(np.float32)


@pytest.mark.parametrize("hertz", [512.0, 4096.0])
def test_a_tone_lies_at_its_frequency_on_the_axis(hertz: float) -> None:
    made = dict(spectrograms(tone(hertz), RATE, Analysis(htk=True), "a tone"))
    assert list(made) == ["spectrogram-stft", "spectrogram-mel", "spectrogram-mel-db"]
    for name, figure in made.items():
        axes = figure.axes[0]
        loudest = axes.images[0].get_array().mean(axis=1).argmax() + 0.5
        labels = [float(label.get_text().replace(",", "")) for label in axes.get_yticklabels()]
        found = np.interp(loudest, axes.get_yticks(), labels)
        assert found == pytest.approx(hertz, rel=0.06), name
        assert axes.images[0].get_extent()[:2] == (0, 1.0) or list(axes.images[0].get_extent()[:2]) == [
            0,
            1.0,
        ]
        assert axes.get_xlabel() == "time, s"
        assert "Hz" in axes.get_ylabel()
        assert figure.axes[1].get_ylabel()


def test_decibels_are_those_of_librosa() -> None:
    import librosa

    samples = tone(440) + 0.01 * tone(3000)
    figure = dict(spectrograms(samples, RATE, Analysis(n_mels=40), "two tones"))["spectrogram-mel-db"]
    mel = librosa.feature.melspectrogram(y=samples, sr=RATE, n_mels=40)
    expected = librosa.power_to_db(mel, ref=np.max)
    np.testing.assert_allclose(figure.axes[0].images[0].get_array(), expected, atol=1e-3)


def test_a_silent_clip_is_drawn_too() -> None:
    assert len(dict(spectrograms(np.zeros(RATE, np.float32), RATE, Analysis(), "silence"))) == 3


def test_panels_are_what_training_gets(tmp_path: Path, cache: Path) -> None:
    registry = Plugins().registry
    (tmp_path / "suite.yaml").write_text(SUITE)
    plan = make_plan(load_suite(tmp_path / "suite.yaml", registry), registry, Locations(cache=cache))
    spec = plan.suite.cells[0].spec
    tracks = plan.corpora["synthetic"].tracks
    kitchen = Kitchen(registry, cache, None)
    (only,) = inputs([spec], tracks[0], kitchen)
    assert only.title == "mel, 24 × 32 × 1"
    samples = load_mono(tracks[0].path)
    features = spec.features.create(registry)
    np.testing.assert_array_equal(only.image, features.compute(samples, RATE, reference_length=len(samples)))
    panels = augmented(recipe_steps(plan), tracks[:3], spec, [0, 1, 2], kitchen)
    titles = [panel.title for panel in panels]
    assert titles == [
        "original", "time-stretch, rate 2\n1.0 s become 0.5 s", "frequency-mask", "time-mask, afresh"
    ]  # fmt: skip
    np.testing.assert_array_equal(panels[0].image, only.image)
    masked = (panels[2].image != only.image).any(axis=(1, 2))
    assert masked.any()
    assert not panels[2].image[masked].any()


def test_a_grid_letters_its_panels_and_is_nearly_full() -> None:
    panels = [Panel(f"panel {number}", np.zeros((4, 5, 1), np.uint8)) for number in range(5)]
    figure = draw_panels(panels, "Five panels", 4)
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title(loc="left") for axes in shown] == [
        f"({letter}) panel {number}" for number, letter in enumerate("abcde")
    ]
    assert len(figure.axes) == 6
