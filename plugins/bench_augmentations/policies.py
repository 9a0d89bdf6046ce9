"""Which augmentation, and how strong? Drawn at random, without anything to tune."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from benchmark import Augmentation, Parts

if TYPE_CHECKING:
    import numpy as np

Chain = list[Augmentation]


class TrivialAugment(Augmentation):
    """One augmentation of a list, drawn evenly for each item, at a strength drawn evenly (Müller & Hutter 2021).

    That is all of TrivialAugment's rule: nothing else is drawn, and nothing is tuned (arXiv:2103.10158). Strengths are
    the settings of an augmentation's own copies: of ``{noise: {snr: [30, 20]}}`` one of two. A list in the list is a
    chain, applied one after another. All act at one place, which is where this one acts: on waveforms, of which
    ``copies`` are made; on features, in ``copies`` or, where all are ``fresh``, anew in each epoch; or on batches.
    """

    name = "trivial-augment"

    def __init__(
        self,
        *,
        of: Annotated[list[Any], Field(min_length=2), Parts("augmentation")],
        copies: Annotated[int, Field(gt=0)] = 1,
    ) -> None:
        self.chains: list[Chain] = [choice if isinstance(choice, list) else [choice] for choice in of]
        if not all(self.chains):
            raise ValueError("a chain of augmentations needs at least one")
        members = [step for chain in self.chains for step in chain]
        places = sorted({step.acts_on for step in members})
        if len(places) > 1:
            raise ValueError(
                f"all that is drawn from acts at one place, and these act on {' and '.join(places)}"
            )
        if len({step.fresh for step in members}) > 1:
            raise ValueError("fixed copies and what is drawn afresh cannot be drawn from together")
        self.acts_on = places[0]  # type: ignore[misc]
        self.dimensions = frozenset.intersection(*(step.dimensions for step in members))  # type: ignore[misc]
        self._fresh = members[0].fresh
        self.count = copies

    @property
    def fresh(self) -> bool:
        """Whether what it draws from is."""
        return self._fresh

    def copies(self) -> list[dict[str, Any]]:
        """Return numbered copies; each draws for itself."""
        return [{"copy": number} for number in range(self.count)]

    def apply(self, data: np.ndarray, rng: np.random.Generator, **settings: Any) -> np.ndarray:
        """Return what the augmentation that was drawn makes of an item, at the strength that was drawn."""
        for step in self._drawn(rng):
            strengths: list[dict[str, Any]] = [{}] if step.fresh else step.copies()
            data = step.apply(data, rng, **strengths[rng.integers(len(strengths))])
        return data

    def apply_batch(
        self, inputs: np.ndarray, targets: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return what the augmentation that was drawn makes of a batch."""
        for step in self._drawn(rng):
            inputs, targets = step.apply_batch(inputs, targets, rng)
        return inputs, targets

    def unavailable(self) -> str:
        """Return why one of those that may be drawn cannot work here."""
        reasons = ((step.name, step.unavailable()) for chain in self.chains for step in chain)
        return "; ".join(f"{name}: {reason}" for name, reason in reasons if reason)

    def _drawn(self, rng: np.random.Generator) -> Chain:
        return self.chains[rng.integers(len(self.chains))]
