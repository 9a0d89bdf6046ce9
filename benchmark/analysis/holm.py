"""Correction of p values for their number. A pure function."""

from __future__ import annotations

import numpy as np


def holm(p: np.ndarray) -> np.ndarray:
    """Return p values corrected for their number (Holm 1979). NaN stays NaN, and is no test that counts."""
    made = np.flatnonzero(~np.isnan(p))
    order = made[np.argsort(p[made], kind="stable")]
    result = np.full(len(p), np.nan)
    result[order] = np.maximum.accumulate(p[order] * np.arange(len(order), 0, -1)).clip(max=1)
    return result
