"""A recording that is being decoded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Sound:
    """An open recording: its rate in Hz, channels, and samples in blocks, float32 of shape (n, channels)."""

    sample_rate: int
    channels: int
    blocks: Iterator[np.ndarray]
