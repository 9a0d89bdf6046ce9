"""Covers of training batches: a rectangle, or a grid of squares, anew for each item; on any backend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from benchmark import Augmentation

if TYPE_CHECKING:
    import numpy as np

Share = Annotated[float, Field(ge=0, le=1)]
Batch = tuple["np.ndarray", "np.ndarray"]


class Cover(Augmentation):
    """Base: covers what ``mask`` says with the quietest value; labels stay."""

    acts_on = "batch"
    dimensions = frozenset({3})
    sides: tuple[float, float]

    def apply_batch(self, inputs: np.ndarray, targets: np.ndarray, rng: np.random.Generator) -> Batch:
        """Return covered inputs, and the targets as they are."""
        import numpy as np

        covered = np.stack([self.mask(inputs.shape[1], inputs.shape[2], rng) for _ in inputs])
        return np.where(covered[..., None], np.float32(0), inputs), targets

    def mask(self, height: int, width: int, rng: np.random.Generator) -> np.ndarray:
        """Return where one item is covered: booleans of shape (height, width)."""
        raise NotImplementedError


class GridMask(Cover):
    """Cover a grid of squares, turned at random (Chen et al. 2020, arXiv:2001.04086); labels stay.

    A square's side, as a share of the grid's spacing, is drawn between ``smallest`` and ``largest`` for each item;
    the grid is turned by up to ``rotation`` of a full turn, either way. Its spacing is drawn between half the height
    and 0.3 of the width, and where it begins anywhere within that. Squares are filled with the quietest value.
    """

    name = "grid-mask"

    def __init__(self, *, smallest: Share = 0.0, largest: Share = 0.5, rotation: Share = 0.15) -> None:
        _check_order(smallest, largest)
        self.sides = (smallest, largest)
        self.rotation = rotation

    def mask(self, height: int, width: int, rng: np.random.Generator) -> np.ndarray:
        """Return where squares are; over all draws each place is covered by the mean of the squared share."""
        import numpy as np

        spacing = rng.uniform(min(0.5 * height, 0.3 * width), max(0.5 * height, 0.3 * width))
        side = spacing * rng.uniform(*self.sides)
        begin_x, begin_y = rng.uniform(0, spacing, 2)
        turn = 2 * np.pi * rng.uniform(-self.rotation, self.rotation)
        y = np.arange(height)[:, None] - (height - 1) / 2
        x = np.arange(width)[None, :] - (width - 1) / 2
        along = x * np.cos(turn) + y * np.sin(turn) + begin_x
        across = y * np.cos(turn) - x * np.sin(turn) + begin_y
        covered: np.ndarray = (along % spacing < side) & (across % spacing < side)
        return covered


class RandomCutout(Cover):
    """Cover a rectangle of each spectrogram with the quietest value (DeVries & Taylor 2017, arXiv:1708.04552).

    Its height and its width are each drawn between ``smallest`` and ``largest``, as shares of the spectrogram's own,
    rounded up; its middle lies at any pixel, so that it may reach beyond the edge.
    """

    name = "random-cutout"

    def __init__(self, *, smallest: Share = 0.1, largest: Share = 0.4) -> None:
        _check_order(smallest, largest)
        self.sides = (smallest, largest)

    def mask(self, height: int, width: int, rng: np.random.Generator) -> np.ndarray:
        """Return where the rectangle is."""
        covered: np.ndarray = self._span(height, rng)[:, None] & self._span(width, rng)[None, :]
        return covered

    def _span(self, length: int, rng: np.random.Generator) -> np.ndarray:
        import numpy as np

        side = int(np.ceil(rng.uniform(*self.sides) * length))
        begin = int(rng.integers(length)) - side // 2
        places = np.arange(length)
        inside: np.ndarray = (places >= begin) & (places < begin + side)
        return inside


def _check_order(smallest: float, largest: float) -> None:
    if smallest > largest:
        raise ValueError(f"'smallest' ({smallest:g}) is above 'largest' ({largest:g})")
