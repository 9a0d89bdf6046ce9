"""What a model is given, as far as it needs to know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np


class Examples(Protocol):
    """The items of one part of a split.

    ``labels`` are class indices, shape (n,). ``tracks`` is the index, per item, of the track it descends from.
    ``dtype`` is ``"uint8"`` or ``"float32"``.
    """

    labels: np.ndarray
    dtype: str
    num_classes: int

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one item, which is that of the features: one to three lengths."""
        ...

    def __len__(self) -> int: ...

    def gather(self, indices: np.ndarray, epoch: int = 0) -> np.ndarray:
        """Return the items at ``indices``, shape (k, *shape), in ``dtype``; fresh augmentations drawn for ``epoch``.

        The array is the caller's own, who may write into it. ``labels`` and ``tracks`` cannot be written into.
        """
        ...
