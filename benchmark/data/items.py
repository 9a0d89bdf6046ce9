"""Items: what a model is trained and evaluated on. An item knows its track, its clip, and how it was augmented."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Any

from benchmark.data.clips import Clip, cut
from benchmark.exceptions import PluginError
from benchmark.plugin.augmentation import chain_problem
from benchmark.plugin.declared import checked_copies
from benchmark.plugin.registry import ComponentSpec, Registry
from benchmark.plugin.tracks import Track
from benchmark.settings import ClipSettings
from benchmark.suite.cell import Chain, canonical_json

if TYPE_CHECKING:
    from benchmark.plugin.augmentation import Augmentation


_ORDER = ("waveform", "features")


@dataclass(frozen=True)
class Step:
    """One augmentation with the settings of one copy; ``text`` is its canonical form, equal for equal results."""

    component: ComponentSpec
    settings: tuple[tuple[str, Any], ...]

    @cached_property
    def text(self) -> str:
        """What of it can change a result."""
        name, version, parameters, *distribution = self.component.parts()
        return canonical_json([name, version, parameters, dict(self.settings), *distribution])

    @property
    def arguments(self) -> dict[str, Any]:
        """The settings for one call, which may change them: the next call has its own."""
        return deepcopy(dict(self.settings))

    def __str__(self) -> str:
        settings = ", ".join(f"{name}={value}" for name, value in self.settings)
        return f"{self.component.label}({settings})"


@dataclass(frozen=True)
class Wear:
    """A corruption of whole tracks, and how much of it; ``text`` is its canonical form, equal for equal results."""

    corruption: ComponentSpec
    amount: float

    @cached_property
    def text(self) -> str:
        """What of it can change a result."""
        return canonical_json([*self.corruption.parts(), self.amount])


@dataclass(frozen=True, slots=True)
class Item:
    """A clip of the track at index ``track``, after the waveform steps and then the feature steps of a chain.

    ``wear`` is what the whole track is put through before that; only test items have it.
    """

    track: int
    clip: Clip
    waveform: tuple[Step, ...] = ()
    features: tuple[Step, ...] = ()
    wear: Wear | None = None

    @property
    def is_copy(self) -> bool:
        """Whether it is an augmented copy."""
        return bool(self.waveform or self.features)

    def lineage(self, tracks: Sequence[Track]) -> str:
        """Return the track's id, the clip, and each step, in words."""
        clip = "" if self.clip.seconds is None else f"@{self.clip.start:g}+{self.clip.seconds:g}s"
        return " ".join([tracks[self.track].id + clip, *map(str, (*self.waveform, *self.features))])


@dataclass(frozen=True)
class _CopyChain:
    waveform: tuple[Step, ...]
    features: tuple[Step, ...]


def training_items(
    tracks: Sequence[Track], clips: ClipSettings | None, recipe: Sequence[Chain], registry: Registry
) -> list[Item]:
    """Return originals, then the copies that each chain of the recipe makes of them.

    A chain makes as many copies as the product of what its steps make.

    Raises:
        PluginError: when a chain changes the waveform after the features, or mixes fixed and fresh steps.
    """
    originals = held_out_items(tracks, clips)
    chains = [copy for chain in recipe for copy in _copies(chain, registry)]
    return originals + [
        Item(item.track, item.clip, chain.waveform, chain.features) for chain in chains for item in originals
    ]


def held_out_items(tracks: Sequence[Track], clips: ClipSettings | None) -> list[Item]:
    """Return one item per clip, and no copies."""
    return [Item(index, clip) for index, track in enumerate(tracks) for clip in cut(track, clips)]


def fresh_steps(
    recipe: Sequence[Chain], registry: Registry
) -> tuple[tuple[Step, ...], tuple[Augmentation, ...]]:
    """Return what is drawn anew in each epoch: steps on features, and augmentations of batches."""
    steps: list[Step] = []
    batch: list[Augmentation] = []
    for chain in recipe:
        for spec in chain:
            augmentation: Augmentation = spec.create(registry)
            if not augmentation.fresh:
                continue
            if augmentation.acts_on == "batch":
                batch.append(augmentation)
            else:
                steps.append(Step(spec, ()))
    return tuple(steps), tuple(batch)


def count_copies(items: Sequence[Item]) -> dict[str, int]:
    """Return how many items each technique (``none``, or labels joined by ``+``) made."""
    return dict(
        Counter(
            "+".join(step.component.label for step in (*item.waveform, *item.features)) or "none"
            for item in items
        )
    )


def _copies(chain: Chain, registry: Registry) -> list[_CopyChain]:
    augmentations: list[tuple[ComponentSpec, Augmentation]] = [
        (spec, spec.create(registry)) for spec in chain
    ]
    problem = chain_problem([(spec.label, augmentation) for spec, augmentation in augmentations])
    if problem:
        raise PluginError(f"{problem[0].upper()}{problem[1:]}")
    if all(augmentation.fresh for _, augmentation in augmentations):
        return []
    order = [_ORDER.index(augmentation.acts_on) for _, augmentation in augmentations]
    made = []
    for settings in product(*(checked_copies(augmentation) for _, augmentation in augmentations)):
        steps = [
            Step(spec, tuple(chosen.items()))
            for (spec, _), chosen in zip(augmentations, settings, strict=True)
        ]
        first_feature = order.index(1) if 1 in order else len(order)
        made.append(_CopyChain(tuple(steps[:first_feature]), tuple(steps[first_feature:])))
    return made
