"""A recording that is being decoded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@dataclass
class Sound:
    """An open recording: its rate in Hz, channels, and samples in blocks, float32 of shape (n, channels).

    ``peak`` is the largest absolute sample of the blocks that were taken so far.
    """

    sample_rate: int
    channels: int
    blocks: Iterator[np.ndarray]
    peak: float = 0.0
