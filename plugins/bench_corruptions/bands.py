"""What lets only some frequencies pass: dull loudspeakers and telephones. Butterworth filters of order 8."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from benchmark import Corruption

if TYPE_CHECKING:
    import numpy as np

_ORDER = 8
# 300 to 3,400 Hz of telephones (ITU-T G.712) lie around the root of this.
_LOW_TIMES_HIGH = 300 * 3_400


class LowPass(Corruption):
    """Nothing above a cut-off, where the power is half (-3 dB) and falls by 48 dB an octave."""

    name = "low-pass"
    unit = "Hz"
    severities = (8_000, 4_000, 2_000, 1_000, 500)

    def apply(
        self, samples: np.ndarray, sample_rate: int, rng: np.random.Generator, amount: float
    ) -> np.ndarray:
        """Return the track below ``amount`` hertz."""
        return _filtered(samples, sample_rate, "lowpass", amount)


class BandlimitPhone(Corruption):
    """A telephone's band, better and worse: up to so many hertz, and from 1,020,000 divided by that.

    Severity 3 is the telephone's own, 300 to 3,400 Hz (ITU-T G.712). At both ends the power is half (-3 dB).
    """

    name = "bandlimit-phone"
    unit = "Hz"
    severities = (7_000, 5_000, 3_400, 2_700, 2_000)

    def apply(
        self, samples: np.ndarray, sample_rate: int, rng: np.random.Generator, amount: float
    ) -> np.ndarray:
        """Return the track between 1,020,000 / ``amount`` and ``amount`` hertz."""
        low = _filtered(samples, sample_rate, "highpass", _LOW_TIMES_HIGH / amount)
        return _filtered(low, sample_rate, "lowpass", amount)


def _filtered(
    samples: np.ndarray, sample_rate: int, kind: Literal["lowpass", "highpass"], cutoff: float
) -> np.ndarray:
    import numpy as np
    from scipy.signal import butter, sosfilt

    sections: Any = butter(_ORDER, cutoff, kind, fs=sample_rate, output="sos")
    return np.asarray(sosfilt(sections, samples.astype(np.float64)), np.float32)
