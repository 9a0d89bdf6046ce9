"""SpecAugment's masks (Park et al. 2019, arXiv:1904.08779) on spectrograms, as fixed copies or drawn afresh."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from benchmark import Augmentation

if TYPE_CHECKING:
    import numpy as np

Count = Annotated[int, Field(gt=0)]
Fill = Literal["zero", "mean"]
# SpecAugment's F is in channels of a mel spectrogram; an image of another height gets masks of the same share of it.
REFERENCE = 128


class Mask(Augmentation):
    """Cover bands of a spectrogram or a sequence, each up to ``width`` in 128ths of its height (or length).

    The width is drawn evenly; 0 covers nothing.
    ``fill: zero`` covers with the quietest value (-80 dB, say), ``mean`` with the clip's mean. ``copies`` fixed
    copies are made of each item, unless ``fresh``: then the item itself is masked anew in each epoch.
    """

    acts_on = "features"
    dimensions = frozenset({2, 3})
    # By how many dimensions the features have: images are (height, width, channels), sequences (steps, values).
    axes: ClassVar[Mapping[int, int]]

    def __init__(
        self,
        *,
        width: Annotated[int, Field(ge=0, le=REFERENCE)] = 30,
        masks: Count = 1,
        fill: Fill = "zero",
        copies: Count = 1,
        fresh: bool = False,
    ) -> None:
        self.width = width
        self.masks = masks
        self.fill = fill
        self.count = copies
        self._fresh = fresh

    @property
    def fresh(self) -> bool:
        """Whether items are masked anew in each epoch."""
        return self._fresh

    def copies(self) -> list[dict[str, Any]]:
        """Return numbered copies; each is masked at random places of its own."""
        return [{"copy": number} for number in range(self.count)]

    def apply(self, data: np.ndarray, rng: np.random.Generator, **settings: Any) -> np.ndarray:
        """Return a masked copy of an image or a sequence."""
        masked = data.copy()
        axis = self.axes[data.ndim]
        length = data.shape[axis]
        # A width that is asked for is seen in small pictures too; 0 is a copy without a mask, the dose that is none.
        widest = max(min(self.width, 1), round(self.width * length / REFERENCE))
        value = 0 if self.fill == "zero" else data.mean()
        for _ in range(self.masks):
            width = int(rng.integers(0, widest + 1))
            start = int(rng.integers(0, length - width + 1))
            window = (slice(None),) * axis + (slice(start, start + width),)
            masked[window] = value
        return masked


class FrequencyMask(Mask):
    """Cover up to ``width`` neighbouring frequency bands (of 128), ``masks`` times."""

    name = "frequency-mask"
    axes = {3: 0, 2: 1}


class TimeMask(Mask):
    """Cover up to ``width`` neighbouring columns of time (of 128), ``masks`` times."""

    name = "time-mask"
    axes = {3: 1, 2: 0}
