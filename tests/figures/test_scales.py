"""The mel scale is that of the formulas, and so are the bands."""

from __future__ import annotations

import numpy as np
import pytest

from benchmark.figures.scales import band_amplitudes, hertz_to_mel, mel_edges, mel_to_hertz, scales_figure
from benchmark.figures.spectrograms import Analysis

HERTZ = np.array([0.0, 50, 440, 999, 1000, 1001, 4000, 11_025])


@pytest.mark.parametrize("htk", [True, False])
def test_mels_are_those_of_librosa_and_lead_back_to_frequencies(htk: bool) -> None:
    import librosa

    mel = hertz_to_mel(HERTZ, htk=htk)
    assert mel == pytest.approx(librosa.hz_to_mel(HERTZ, htk=htk))
    assert mel_to_hertz(mel, htk=htk) == pytest.approx(HERTZ)


def test_a_thousand_hertz_are_a_thousand_mels_by_the_papers_formula() -> None:
    assert hertz_to_mel(np.array(1000.0), htk=True) == pytest.approx(1000, abs=0.1)


@pytest.mark.parametrize("htk", [True, False])
def test_bands_weigh_frequencies_as_those_of_librosa_do(htk: bool) -> None:
    import librosa

    analysis = Analysis(n_mels=40, fmin=20, fmax=8000, htk=htk)
    bins = np.linspace(0, 11_025, 1025)
    expected = librosa.filters.mel(sr=22_050, n_fft=2048, n_mels=40, fmin=20, fmax=8000, htk=htk)
    assert band_amplitudes(mel_edges(analysis, 22_050), bins) == pytest.approx(expected, abs=1e-6)


def test_the_figure_shows_the_scale_that_the_features_have() -> None:
    for htk, formula in ((True, "2595 log10"), (False, "27 log")):
        figure = scales_figure(Analysis(htk=htk), 22_050, "scales")
        mel, bands, level = figure.axes
        assert formula in mel.get_title("left")
        x, y = mel.lines[0].get_data()
        assert y == pytest.approx(hertz_to_mel(np.asarray(x), htk=htk))
        assert bands.get_ylabel() == "amplitude of a band"
        amplitude, decibels = (np.asarray(values) for values in level.lines[0].get_data())
        assert decibels[-1] == 0
        assert np.interp(0.5, amplitude, decibels) == pytest.approx(-6.02, abs=0.01)
