"""The contract of a corruption: how test tracks are worn, in steps of a physical measure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from benchmark.plugin.component import Component

if TYPE_CHECKING:
    import numpy as np


class Corruption(Component):
    """A change to whole test tracks that keeps their label: what models are tested on and never trained on.

    ``severities`` are the amounts from the mildest to the gravest, in the physical measure that ``unit`` names:
    decibels, hertz, per cent. The first is severity 1. A constructor may set others.
    """

    kind = "corruption"
    unit: ClassVar[str]
    severities: Sequence[float]

    def amount(self, severity: int) -> float:
        """Return what a severity (from 1) is in ``unit``."""
        return float(self.severities[severity - 1])

    def apply(
        self, samples: np.ndarray, sample_rate: int, rng: np.random.Generator, amount: float
    ) -> np.ndarray:
        """Return what a whole track sounds like when it is worn by ``amount``.

        A pure function of its arguments. All severities of a track get generators in the same state, so that what is
        drawn (a noise, a room) is the same and only its amount differs.

        Args:
            samples: float32 in about -1..1, shape (n,), mono; must not be changed.
            sample_rate: in Hz; ``SAMPLE_RATE`` in all of the harness.
            rng: all randomness comes from it.
            amount: one of ``severities``, in ``unit``.

        Returns:
            Samples, float32, shape (m,). Of a track that became shorter or longer, clips are cut at places in
            proportion.
        """
        raise NotImplementedError
