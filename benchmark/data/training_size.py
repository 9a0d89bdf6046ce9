"""A share of a split's training part: smaller shares are parts of larger ones, and the rest of the split stays."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from benchmark.data.split import Split, units_of
from benchmark.plugin.tracks import Corpus, Track
from benchmark.randomness import derive_generator
from benchmark.suite.cell import CellSpec


def with_training_size(corpus: Corpus, split: Split, spec: CellSpec) -> Split:
    """Return the split with ``spec.training_size`` of its training tracks; a grouped split loses whole groups.

    Which tracks are taken follows from the training part, the seed and the fold alone, so that all rows of a seed
    share them, and a smaller share is a part of each larger one. Each class keeps its proportion, and one track or
    group at least: a note says so where that makes the part larger than was asked for.
    """
    share = spec.training_size if spec.training_size is not None else 1.0
    tracks = [corpus.tracks[index] for index in split.train]
    fold = () if spec.fold is None else (spec.fold,)
    rng = derive_generator("training size", spec.seed, *fold)
    units = nested_order(tracks, units_of(tracks, grouped=spec.split.strategy == "grouped"), rng)
    wanted = share * len(tracks)
    least = _first_with_all(tracks, units)
    sizes = np.cumsum([len(unit) for unit in units])
    # The number of units that comes nearest; of two that are as near the smaller.
    nearest = int(np.abs(sizes - wanted).argmin()) + 1
    kept = sorted(split.train[index] for unit in units[: max(nearest, least)] for index in unit)
    notes = split.notes
    if nearest < least:
        classes = len({track.label for track in tracks})
        notes += (
            f"{100 * share:g} % of {len(tracks)} training tracks would leave a class without any: each of the "
            f"{classes} classes keeps one track or group at least, {len(kept)} tracks in all.",
        )
    return replace(split, train=tuple(kept), notes=notes)


def nested_order(
    tracks: Sequence[Track], units: Sequence[list[int]], rng: np.random.Generator
) -> list[list[int]]:
    """Return units in an order of which each beginning has the classes' proportions as nearly as units allow.

    The first units have one of each class. After them each is of the class that is furthest behind its proportion;
    within a class, and among classes that are as far behind, chance decides. A unit with tracks of several classes
    counts as one of the class that it has most tracks of.
    """
    totals = Counter(track.label for track in tracks)
    names = sorted(totals)
    queues: dict[str, list[list[int]]] = defaultdict(list)
    for position in rng.permutation(len(units)):
        unit = units[position]
        counts = Counter(tracks[index].label for index in unit)
        queues[max(counts, key=lambda name: (counts[name], name))].append(unit)
    share = np.array([totals[name] for name in names]) / len(tracks)
    taken, tie_break = np.zeros(len(names)), rng.permutation(len(names)) / (1e6 * len(names))
    place = {name: number for number, name in enumerate(names)}
    order: list[list[int]] = []
    while len(order) < len(units):
        behind = share * (taken.sum() + 1) - taken + tie_break + len(tracks) * (taken == 0)
        open_ = [bool(queues[name]) for name in names]
        name = names[int(np.where(open_, behind, -np.inf).argmax())]
        unit = queues[name].pop()
        for index in unit:
            taken[place[tracks[index].label]] += 1
        order.append(unit)
    return order


def _first_with_all(tracks: Sequence[Track], units: Sequence[list[int]]) -> int:
    """Return how many units, from the first, have a track of each class."""
    lacking = {track.label for track in tracks}
    for number, unit in enumerate(units, 1):
        lacking -= {tracks[index].label for index in unit}
        if not lacking:
            return number
    return len(units)
