"""The contract of an augmentation: where it acts, which fixed copies it makes, and what it does to one item."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from benchmark.plugin.component import Component

if TYPE_CHECKING:
    import numpy as np

Stage = Literal["waveform", "features", "batch"]


class Augmentation(Component):
    """A change to training items that keeps their label (or, for batches, mixes labels).

    ``acts_on`` says where: on the ``waveform``, on the ``features`` array of one item, or on a training
    ``batch``. Fixed copies are made once and added to the training set; a *fresh* augmentation adds no items,
    and is drawn anew for every training item in every epoch. Waveform augmentations always make fixed copies
    (they are too dear to draw afresh, and copies are cached); batch augmentations are always fresh.
    """

    kind = "augmentation"
    acts_on: ClassVar[Stage]
    # How many dimensions features may have that it acts on: 3 are images, 2 sequences, 1 vectors. Others are refused.
    dimensions: ClassVar[frozenset[int]] = frozenset({1, 2, 3})

    @property
    def fresh(self) -> bool:
        """Whether it is drawn anew in each epoch, rather than making fixed copies."""
        return self.acts_on == "batch"

    def copies(self) -> list[dict[str, Any]]:
        """Return the settings of each fixed copy of one item: plain JSON values, handed back to ``apply``.

        ``[{"rate": 1.25}, {"rate": 0.85}]`` makes two copies. Not called when ``fresh``.
        """
        return [{}]

    def apply(self, data: np.ndarray, rng: np.random.Generator, **settings: Any) -> np.ndarray:
        """Return the augmented waveform (float32, shape (n,), at ``SAMPLE_RATE``) or features (same shape and dtype).

        A pure function of its arguments: all randomness comes from ``rng``. ``data`` must not be changed.
        """
        raise NotImplementedError

    def apply_batch(
        self, inputs: np.ndarray, targets: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return an augmented training batch; only for ``acts_on = "batch"``.

        Args:
            inputs: float32 in 0..1, shape (n, *shape of the features), (n, height, width, channels) of images.
            targets: float32 one-hot or soft labels, shape (n, classes).
            rng: all randomness comes from it.
        """
        raise NotImplementedError


def chain_problem(chain: Sequence[tuple[str, Augmentation]]) -> str:
    """Return what is wrong with a chain of named augmentations, or nothing."""
    names = " -> ".join(name for name, _ in chain)
    for name, augmentation in chain:
        if augmentation.fresh and augmentation.acts_on == "waveform":
            return f"augmentation '{name}' changes the waveform, and so can only make fixed copies."
        if augmentation.acts_on == "batch" and not augmentation.fresh:
            return (
                f"augmentation '{name}' changes batches, which are drawn afresh: its 'fresh' cannot be False."
            )
    fresh = [augmentation.fresh for _, augmentation in chain]
    if any(fresh) and not all(fresh):
        return f"the chain {names} mixes fixed copies and augmentations drawn afresh; give them apart."
    places = [augmentation.acts_on for _, augmentation in chain]
    if "features" in places and "waveform" in places[places.index("features") :]:
        return f"the chain {names} changes the waveform after the features were made from it."
    return ""
