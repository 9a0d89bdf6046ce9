"""The contract of a dataset: where its tracks are, what they are called, and what they may be used for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from benchmark.plugin.component import Component

if TYPE_CHECKING:
    from benchmark.locations import Locations
    from benchmark.plugin.tracks import Corpus

Role = Literal["train", "test"]


class Dataset(Component):
    """A source of labelled recordings.

    ``role`` is ``"train"`` for data that may be trained and tested on, ``"test"`` for data that may only be
    evaluated on. ``synthetic`` marks data that nobody recorded; every output says so. ``expected`` is how many
    tracks a whole copy has per class, where that is known; ``aliases`` are other spellings of its classes, by class,
    under which other datasets may have them (case aside). A synthetic dataset that ``stands_in_for`` data of a
    role is what rehearsals use in their place, with the parameters ``stand_in``.
    """

    kind = "dataset"
    role: ClassVar[Role] = "train"
    synthetic: ClassVar[bool] = False
    stands_in_for: ClassVar[Role | None] = None
    stand_in: ClassVar[Mapping[str, Any]] = {}
    licence: ClassVar[str] = ""
    citation: ClassVar[str] = ""
    expected: ClassVar[Mapping[str, int]] = {}
    aliases: ClassVar[Mapping[str, Sequence[str]]] = {}

    def load(self, locations: Locations) -> Corpus:
        """Return the usable tracks, and those left out with the reason, in an order that never varies.

        Raises:
            DatasetError: when the data are not there; says where it looked and what to do.
        """
        raise NotImplementedError
