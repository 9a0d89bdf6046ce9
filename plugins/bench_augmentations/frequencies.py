"""Augmentations of spectrograms by their frequencies: other filters, other recorders, other bands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from benchmark import Augmentation

if TYPE_CHECKING:
    import numpy as np

Count = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(gt=0, le=1)]
Batch = tuple["np.ndarray", "np.ndarray"]


class FilterAugment(Augmentation):
    """Weigh random frequency bands by random gains, as other microphones and rooms do (Nam et al. 2022, ICASSP).

    ``bands`` are how many, at least and at most, between borders drawn evenly; ``decibels`` limit their gains. ``step``
    gives each band one gain; ``linear`` joins gains at the borders by lines. It is for spectrograms in decibels, and
    ``top_db`` says how many of them make up the whole range.
    """

    name = "filter-augment"
    acts_on = "features"
    dimensions = frozenset({3})

    def __init__(
        self,
        *,
        bands: Annotated[list[Count], Field(min_length=2, max_length=2)] = [3, 6],  # noqa: B006
        decibels: Annotated[float, Field(gt=0)] = 6.0,
        shape: Literal["step", "linear"] = "linear",
        top_db: Annotated[float, Field(gt=0)] = 80.0,
        copies: Count = 1,
        fresh: bool = False,
    ) -> None:
        if bands[0] > bands[1]:
            raise ValueError(f"'bands' is {bands}, and its first number must not be above its second")
        self.bands = bands
        self.decibels = decibels
        self.filter_shape = shape
        self.top_db = top_db
        self.count = copies
        self._fresh = fresh

    @property
    def fresh(self) -> bool:
        """Whether items are filtered anew in each epoch."""
        return self._fresh

    def copies(self) -> list[dict[str, Any]]:
        """Return numbered copies; each has a filter of its own."""
        return [{"copy": number} for number in range(self.count)]

    def apply(self, data: np.ndarray, rng: np.random.Generator, **settings: Any) -> np.ndarray:
        """Return a filtered array of shape (height, width, channels)."""
        import numpy as np

        scale = (255 if data.dtype == np.uint8 else 1) / self.top_db
        filtered = data + (self.gains(data.shape[0], rng) * scale)[:, None, None]
        if data.dtype == np.uint8:
            return np.round(filtered).clip(0, 255).astype(np.uint8)
        return filtered.clip(0, 1).astype(data.dtype)

    def gains(self, height: int, rng: np.random.Generator) -> np.ndarray:
        """Return a gain in decibels for each row, shape (height,)."""
        import numpy as np

        count = min(int(rng.integers(self.bands[0], self.bands[1] + 1)), height)
        inner = np.sort(rng.choice(np.arange(1, height), count - 1, replace=False))
        borders = np.array([0, *inner, height])
        if self.filter_shape == "step":
            return np.repeat(rng.uniform(-self.decibels, self.decibels, count), np.diff(borders))
        corners = rng.uniform(-self.decibels, self.decibels, count + 1)
        return np.interp(np.arange(height), borders, corners)


class FreqMixStyle(Augmentation):
    """Give each spectrogram the mean and spread, band by band, of another of the batch (Schmid et al. 2022, DCASE).

    What is mixed is the statistics of each frequency over time: recorders leave their mark there. The weight of an
    item's own is drawn from a Beta(``alpha``, ``alpha``) distribution; labels stay. A batch is changed with
    ``probability``.
    """

    name = "freq-mixstyle"
    acts_on = "batch"
    dimensions = frozenset({3})

    def __init__(
        self, *, alpha: Annotated[float, Field(gt=0, le=10)] = 0.4, probability: Share = 0.8
    ) -> None:
        self.alpha = alpha
        self.probability = probability

    def apply_batch(self, inputs: np.ndarray, targets: np.ndarray, rng: np.random.Generator) -> Batch:
        """Return restyled inputs, and the targets as they are."""
        import numpy as np

        drawn = rng.random() < self.probability
        weight = rng.beta(self.alpha, self.alpha, (len(inputs), 1, 1, 1)).astype(np.float32)
        partner = rng.permutation(len(inputs))
        if not drawn:
            return inputs, targets
        mean = inputs.mean(axis=(2, 3), keepdims=True)
        spread = np.sqrt(inputs.var(axis=(2, 3), keepdims=True) + 1e-6)
        mixed_mean = weight * mean + (1 - weight) * mean[partner]
        mixed_spread = weight * spread + (1 - weight) * spread[partner]
        return ((inputs - mean) / spread * mixed_spread + mixed_mean).astype(np.float32), targets


class SpecMix(Augmentation):
    """Replace bands of frequency and of time by those of another of the batch (Kim et al. 2021, Interspeech).

    Up to ``bands`` of each, every one up to ``width`` of the height or length; labels are mixed by area. A batch is
    changed with ``probability``.
    """

    name = "spec-mix"
    acts_on = "batch"
    dimensions = frozenset({3})

    def __init__(
        self,
        *,
        bands: Annotated[int, Field(gt=0, le=10)] = 3,
        width: Share = 0.3,
        probability: Share = 0.5,
    ) -> None:
        self.bands = bands
        self.width = width
        self.probability = probability

    def apply_batch(self, inputs: np.ndarray, targets: np.ndarray, rng: np.random.Generator) -> Batch:
        """Return mixed inputs; a target's share of the other is the share of the area that came from it."""
        import numpy as np

        drawn = rng.random() < self.probability
        partner = rng.permutation(len(inputs))
        pasted = np.zeros(inputs.shape[:3], bool)
        for item in pasted:
            for axis in (0, 1):
                for start, end in self._bands(item.shape[axis], rng):
                    item[(slice(None),) * axis + (slice(start, end),)] = True
        if not drawn:
            return inputs, targets
        kept = 1 - pasted.mean(axis=(1, 2), dtype=np.float32)[:, None]
        mixed = np.where(pasted[..., None], inputs[partner], inputs)
        return mixed, (kept * targets + (1 - kept) * targets[partner]).astype(np.float32)

    def _bands(self, length: int, rng: np.random.Generator) -> list[tuple[int, int]]:
        bands = []
        for _ in range(int(rng.integers(0, self.bands + 1))):
            width = int(rng.integers(0, max(1, round(self.width * length)) + 1))
            start = int(rng.integers(0, length - width + 1))
            bands.append((start, start + width))
        return bands
