"""Three spectrograms of one clip with axes in seconds and hertz (the paper's Figs. 1 to 3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

TOP_DB = 80.0
_SIZE = (6.4, 3.2)
_HERTZ = (128, 256, 512, 1024, 2048, 4096, 8192)


@dataclass(frozen=True)
class Analysis:
    """How a spectrogram is made; the same words as librosa's."""

    n_fft: int = 2048
    hop_length: int = 512
    n_mels: int = 128
    fmin: float = 0.0
    fmax: float | None = None
    htk: bool = False

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> Analysis:
        """Return the analysis of features that have parameters of these names; defaults for those they lack."""
        return cls(**{name: value for name, value in parameters.items() if name in cls.__dataclass_fields__})


def spectrograms(
    samples: np.ndarray, sample_rate: int, analysis: Analysis, title: str
) -> Iterator[tuple[str, Figure]]:
    """Yield names and figures: STFT in dB over linear frequency, mel power on a logarithmic scale, mel in dB.

    Args:
        samples: float32, shape (n,), mono.
        sample_rate: in Hz.
        analysis: window, hop and mel bands.
        title: what is shown, such as the track's name.
    """
    import librosa
    import numpy as np
    from matplotlib.colors import LogNorm

    seconds = len(samples) / sample_rate
    power = np.abs(librosa.stft(samples, n_fft=analysis.n_fft, hop_length=analysis.hop_length)) ** 2
    bank = {"n_mels": analysis.n_mels, "fmin": analysis.fmin, "fmax": analysis.fmax, "htk": analysis.htk}
    mel = librosa.feature.melspectrogram(S=power, sr=sample_rate, n_fft=analysis.n_fft, **bank)
    loudest = max(float(mel.max()), 1e-20)
    limits = LogNorm(loudest * 10 ** (-TOP_DB / 10), loudest)
    decibels = {"vmin": -TOP_DB, "vmax": 0.0}
    figure, axes = _panel(
        _decibels(power), seconds, f"Short-time Fourier transform of {title}", "dB", **decibels
    )
    _linear_hertz(axes, sample_rate, len(power))
    yield "spectrogram-stft", figure
    figure, axes = _panel(
        mel, seconds, f"Mel spectrogram of {title}", "power (logarithmic scale)", norm=limits
    )
    _mel_hertz(axes, analysis, sample_rate)
    yield "spectrogram-mel", figure
    figure, axes = _panel(_decibels(mel), seconds, f"Mel spectrogram in dB of {title}", "dB", **decibels)
    _mel_hertz(axes, analysis, sample_rate)
    yield "spectrogram-mel-db", figure


def _decibels(power: np.ndarray) -> np.ndarray:
    import librosa
    import numpy as np

    decibels: np.ndarray = librosa.power_to_db(power, ref=np.max, top_db=TOP_DB)
    return decibels


def _panel(values: np.ndarray, seconds: float, title: str, unit: str, **style: Any) -> tuple[Figure, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=_SIZE, layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(
        values, origin="lower", aspect="auto", interpolation="nearest", cmap="magma",
        extent=(0, seconds, 0, len(values)), **style,
    )  # fmt: skip
    bar = figure.colorbar(image, ax=axes, pad=0.02)
    bar.set_label("level below the loudest point, dB" if unit == "dB" else unit, size=8)
    bar.ax.tick_params(labelsize=8)
    axes.set_title(title, fontsize=10, loc="left")
    axes.set_xlabel("time, s", fontsize=9)
    axes.tick_params(labelsize=8)
    return figure, axes


def _linear_hertz(axes: Any, sample_rate: int, bins: int) -> None:
    ticks = range(0, sample_rate // 2 + 1, 2000)
    axes.set_yticks(
        [hertz * 2 * (bins - 1) / sample_rate + 0.5 for hertz in ticks], [f"{hertz:,}" for hertz in ticks]
    )
    axes.set_ylabel("frequency, Hz (linear)", fontsize=9)


def _mel_hertz(axes: Any, analysis: Analysis, sample_rate: int) -> None:
    """Label mel bands with the frequencies of their centres."""
    import librosa
    import numpy as np

    highest = analysis.fmax or sample_rate / 2
    centres = librosa.mel_frequencies(
        n_mels=analysis.n_mels + 2, fmin=analysis.fmin, fmax=highest, htk=analysis.htk
    )[1:-1]
    shown = [hertz for hertz in _HERTZ if centres[0] <= hertz <= centres[-1]]
    axes.set_yticks(
        np.interp(shown, centres, np.arange(len(centres)) + 0.5), [f"{hertz:,}" for hertz in shown]
    )
    axes.set_ylabel("frequency, Hz (mel scale)", fontsize=9)
