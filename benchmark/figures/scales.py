"""How frequency, the mel scale and amplitude relate (the paper's Fig. 4), from the formulas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmark.figures.spectrograms import TOP_DB, Analysis
from benchmark.report.mpl.style import COLOURS

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

_STEPS, _MOST_BANDS, _POINTS = 10, 32, 2000
# Slaney (1998), Auditory Toolbox: linear up to 1,000 Hz, then 27 steps for each factor of 6.4.
_LINEAR, _BREAK, _FACTOR, _LOGARITHMIC = 3 / 200, 1000.0, 6.4, 27.0
FORMULAS = {
    True: "mel = 2595 log10(1 + f / 700)",
    False: "mel = 3 f / 200 up to 1 kHz, then 15 + 27 log(f / 1000) / log 6.4",
}


def hertz_to_mel(hertz: np.ndarray, *, htk: bool) -> np.ndarray:
    """Return mels of frequencies in Hz, of any shape.

    ``htk``: 2595 log10(1 + f / 700) (O'Shaughnessy 1987), the formula that papers give; else Slaney's (1998).
    """
    import numpy as np

    if htk:
        mel: np.ndarray = 2595 * np.log10(1 + np.asarray(hertz) / 700)
        return mel
    above = np.maximum(hertz, _BREAK) / _BREAK
    return np.where(
        np.asarray(hertz) < _BREAK,
        np.asarray(hertz) * _LINEAR,
        _BREAK * _LINEAR + _LOGARITHMIC * np.log(above) / np.log(_FACTOR),
    )


def mel_to_hertz(mel: np.ndarray, *, htk: bool) -> np.ndarray:
    """Return the frequencies of mels: ``hertz_to_mel`` turned around."""
    import numpy as np

    if htk:
        hertz: np.ndarray = 700 * (10 ** (np.asarray(mel) / 2595) - 1)
        return hertz
    least = _BREAK * _LINEAR
    above = _BREAK * _FACTOR ** ((np.maximum(mel, least) - least) / _LOGARITHMIC)
    return np.where(np.asarray(mel) < least, np.asarray(mel) / _LINEAR, above)


def mel_edges(analysis: Analysis, sample_rate: int) -> np.ndarray:
    """Return where bands begin, are highest and end, in Hz, shape (bands + 2,): equal steps of mel."""
    import numpy as np

    first, last = hertz_to_mel(np.array([analysis.fmin, analysis.fmax or sample_rate / 2]), htk=analysis.htk)
    return mel_to_hertz(np.linspace(first, last, analysis.n_mels + 2), htk=analysis.htk)


def band_amplitudes(edges: np.ndarray, hertz: np.ndarray) -> np.ndarray:
    """Return the weight of each frequency in each band, shape (bands, frequencies).

    A band is a triangle between its neighbours' peaks, and of area one: 2 / (end - begin) high (Slaney 1998).
    """
    import numpy as np

    low, peak, high = (edges[at : len(edges) - 2 + at, None] for at in range(3))
    rising, falling = (hertz - low) / (peak - low), (high - hertz) / (high - peak)
    weights: np.ndarray = np.maximum(0, np.minimum(rising, falling)) * 2 / (high - low)
    return weights


def scales_figure(analysis: Analysis, sample_rate: int, title: str) -> Figure:
    """Draw mel over frequency, the amplitude with which each mel band weighs frequencies, and amplitude in dB."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.2, 5.2), layout="constrained")
    figure.suptitle(title, fontsize=10, x=0.01, ha="left")
    grid = figure.add_gridspec(2, 2, width_ratios=(2.2, 1))
    upper = figure.add_subplot(grid[0, 0])
    lower = figure.add_subplot(grid[1, 0], sharex=upper)
    _mel_panel(upper, analysis, sample_rate)
    _bands_panel(lower, analysis, sample_rate)
    _level_panel(figure.add_subplot(grid[:, 1]))
    for axes in (upper, lower):
        axes.set_xlim(0, sample_rate / 2)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    lower.set_xlabel("frequency, Hz", fontsize=9)
    for axes in figure.axes:
        axes.tick_params(labelsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def _mel_panel(axes: Any, analysis: Analysis, sample_rate: int) -> None:
    """Draw the curve, and equal steps of mel with the frequencies that they come from."""
    import numpy as np

    hertz = np.linspace(0, sample_rate / 2, _POINTS)
    mel = hertz_to_mel(hertz, htk=analysis.htk)
    axes.plot(hertz, mel, color=COLOURS[0], linewidth=1.8)
    steps = np.linspace(0, mel[-1], _STEPS + 1)[1:-1]
    at = mel_to_hertz(steps, htk=analysis.htk)
    axes.hlines(steps, 0, at, color="0.75", linewidth=0.8)
    axes.vlines(at, 0, steps, color="0.75", linewidth=0.8)
    axes.plot(at, steps, "o", color=COLOURS[0], markersize=3.5)
    axes.set_ylim(0, mel[-1] * 1.02)
    axes.set_ylabel("mel scale, mel", fontsize=9)
    axes.set_title(f"{FORMULAS[analysis.htk]}; equal steps of mel widen in Hz", fontsize=8, loc="left")
    axes.tick_params(labelbottom=False)


def _bands_panel(axes: Any, analysis: Analysis, sample_rate: int) -> None:
    import numpy as np

    hertz = np.linspace(0, sample_rate / 2, 8 * _POINTS)
    weights = band_amplitudes(mel_edges(analysis, sample_rate), hertz)
    every = -(-len(weights) // _MOST_BANDS)
    shown = weights[::every]
    for number, band in enumerate(shown / weights.max()):
        inside = np.flatnonzero(band > 0)
        if not len(inside):  # Narrower than what is drawn.
            continue
        part = slice(max(inside[0] - 1, 0), inside[-1] + 2)
        axes.plot(hertz[part], band[part], color=COLOURS[number % 2], linewidth=0.9)
    axes.set_ylim(0, 1.05)
    axes.set_ylabel("amplitude of a band", fontsize=9)
    which = "" if every == 1 else f", every {every}th of them drawn" if every > 3 else f", 1 of {every} drawn"
    axes.set_title(
        f"the {len(weights)} mel bands of the features, each of the same area{which}", fontsize=8, loc="left"
    )


def _level_panel(axes: Any) -> None:
    """Draw amplitudes in dB below the loudest, down to what is cut off."""
    import numpy as np

    amplitude = np.linspace(1e-5, 1, _POINTS)
    level = np.maximum(20 * np.log10(amplitude), -TOP_DB)
    axes.plot(amplitude, level, color=COLOURS[1], linewidth=1.8)
    for halved in (1, 0.5, 0.25, 0.125):
        axes.plot([halved], [20 * np.log10(halved)], "o", color=COLOURS[1], markersize=3.5)
    axes.set_xlim(-0.02, 1.03)
    axes.set_ylim(-TOP_DB - 2, 2)
    axes.set_xlabel("amplitude, of the loudest", fontsize=9)
    axes.set_ylabel("level, dB", fontsize=9)
    axes.set_title(f"level = 20 log10 amplitude, cut at −{TOP_DB:.0f} dB", fontsize=8, loc="left")
