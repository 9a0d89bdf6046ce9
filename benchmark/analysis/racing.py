"""Which rows need more seeds: a race, in which rows get seeds only while a verdict hangs on them. Pure functions.

A *look* is one analysis of what there is, after which seeds may be added. Whoever looks often finds something by
chance. So a table that is raced is looked at ``LOOKS`` times at most, each time at the same level (as Pocock 1977,
Biometrika 64:191, does for one comparison): one at which all looks together seldom enough call equal rows different. It
was found by simulation (benchmarks/racing.py). Verdicts of a table that was raced are those of its last look.
Pairs that seeds will not decide get none: by the predictive chance that they would (Spiegelhalter, Freedman & Blackburn
1986, Controlled Clinical Trials 7:8), which can only make fewer claims, not more.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy import special

from benchmark.analysis.cochran import ALPHA, critical
from benchmark.analysis.contrast import Family

LOOKS = 8
# By this every p value of a table that is raced is multiplied.
PRICE = 2.0
LEVEL = ALPHA / PRICE
# Each look has so many times the seeds of the one before: looks are few, and the last one has little too much.
GROWTH = 1.4
# A pair that more seeds decide less often than this does not get them.
HOPE = 0.5
# A row gets seeds with its partner if they help at least so much as those of the partner.
_HELPS = 0.5


@dataclass(frozen=True)
class Wanted:
    """What a look at a block of competitors says.

    Attributes:
        seeds: how many seeds rows are to have next, by their place; empty where seeds have nothing more to decide.
        undecided: how many pairs are undecided.
        hopeless: how many of them more seeds would hardly decide: what they need is test tracks.
        exhausted: how many of them might be decided, but by more seeds than a row may have.
        best: whether what is wanted is to know which row is best; later it is all pairs.
    """

    seeds: Mapping[int, int] = field(default_factory=dict)
    undecided: int = 0
    hopeless: int = 0
    exhausted: int = 0
    best: bool = False


def next_seeds(
    family: Family,
    decided: np.ndarray,
    candidates: np.ndarray,
    seeds: np.ndarray,
    *,
    most: int,
    margin: float | None = None,
    together: bool = False,
) -> Wanted:
    """Return which rows need how many seeds.

    Pairs of rows that may be the best come first, then all others. Of a pair, that row gets seeds whose seeds make its
    mean the less sure, or both. A row of one seed gets a second one before anything else.

    Args:
        found: the rows, distinct ones.
        decided: which pairs are, bool, shape (rows, rows), symmetric.
        candidates: which rows may be the best, bool, shape (rows,).
        seeds: how many each row has, shape (rows,).
        most: how many a row may have.
        margin: a difference too small to care about, in the metric's units; None where nobody said.
        together: whether each seed has test tracks of its own. Then rows that are compared get the same seeds.
    """
    usable = family.units >= 3
    single = family.single & usable & (seeds < most)
    if single.any():
        return Wanted({int(place): 2 for place in np.flatnonzero(single)}, best=True)
    first, second = np.triu_indices(len(family.rows), 1)
    wanted = usable & ~family.single
    is_open = ~decided[first, second] & wanted[first] & wanted[second]
    first, second = first[is_open], second[is_open]
    if not len(first):
        return Wanted()
    level = LEVEL / len(first)
    hopeful = chance(family, first, second, seeds, most=most, level=level, margin=margin) >= HOPE
    # Where a row has all its seeds, what is left to the others may not do, though more seeds of its own might.
    ever = chance(family, first, second, seeds, most=100 * most, level=level, margin=margin) >= HOPE
    gain = np.where(family.fixed | (seeds >= most), 0.0, family.seeds + family.added / family.cells) / (
        seeds + 1
    )
    useful = hopeful & (np.maximum(gain[first], gain[second]) > 0)
    hopeless, exhausted = int((~hopeful & ~ever).sum()), int(((~hopeful & ever) | (hopeful & ~useful)).sum())
    top = useful & candidates[first] & candidates[second]
    chosen = top if top.any() else useful
    first, second = first[chosen], second[chosen]
    targets = _together if together else _apart
    return Wanted(
        targets(first, second, gain, seeds, most), int(is_open.sum()), hopeless, exhausted, bool(top.any())
    )


def chance(
    family: Family,
    first: np.ndarray,
    second: np.ndarray,
    seeds: np.ndarray,
    *,
    most: int | np.ndarray,
    level: float,
    margin: float | None = None,
) -> np.ndarray:
    """Return the chance that pairs of rows are decided once both have ``most`` seeds, given what was found by now.

    The difference that is found then is normal about the one that is found now, with the variance of what new seeds
    add; the choice of test tracks stays what it is.

    Args:
        found: the rows.
        first: places of one row of each pair, shape (pairs,).
        second: of the other.
        seeds: how many each row has, shape (rows,).
        most: how many both will have; a row that no seed changes, or that has more, stays as it is.
        level: at which a pair is tested.
        margin: a difference too small to care about.
    """
    contrast = family.differences(first, second)
    distance = np.abs(contrast.values)
    left = np.where(family.fixed, 1.0, np.minimum(seeds / np.maximum(most, 1), 1.0))
    added = family.added / family.cells
    new = family.cells * (1 / np.maximum(left, 1e-9) - 1)
    tracks = np.maximum(contrast.parts[0] - added[first] - added[second], 0.0)
    tracks = tracks + (added * left)[first] + (added * left)[second]
    parts = np.stack([tracks, (family.seeds * left)[first], (family.seeds * left)[second]])
    freedom = np.stack([contrast.freedom[0], (family.freedom + new)[first], (family.freedom + new)[second]])
    error = np.sqrt(parts.sum(axis=0))
    moving = (family.seeds + added) * (1 - left)
    moved = np.maximum(np.sqrt(moving[first] + moving[second]), 1e-12)
    beyond = critical(level, parts, freedom) * error
    decided = special.ndtr((distance - beyond) / moved) + special.ndtr((-distance - beyond) / moved)
    if margin is not None:
        room = margin - critical(2 * level, parts, freedom) * error
        within = special.ndtr((room - distance) / moved) - special.ndtr((-room - distance) / moved)
        decided = decided + np.where(room > 0, within, 0.0)
    result: np.ndarray = np.minimum(decided, 1.0)
    return result


def grown(seeds: int, most: int) -> int:
    """Return how many seeds come after so many."""
    return min(most, max(seeds + 1, math.ceil(GROWTH * seeds)))


def _apart(
    first: np.ndarray, second: np.ndarray, gain: np.ndarray, seeds: np.ndarray, most: int
) -> dict[int, int]:
    """Return how many seeds the rows of some pairs are to have."""
    helped = np.maximum(gain[first], gain[second])
    chosen = {
        int(row)
        for rows in (first, second)
        for row, top in zip(rows, helped, strict=True)
        if 0 < gain[row] >= _HELPS * top
    }
    return {row: grown(int(seeds[row]), most) for row in sorted(chosen)}


def _together(
    first: np.ndarray, second: np.ndarray, gain: np.ndarray, seeds: np.ndarray, most: int
) -> dict[int, int]:
    """Return the same where all rows of these pairs are to have the same seeds."""
    rows = sorted({int(row) for row in (*first, *second)})
    if not rows:
        return {}
    ahead = max(int(seeds[row]) for row in rows)
    # Rows that were left behind catch up first: only then are all tested on the same tracks.
    is_even = all(seeds[row] == ahead for row in rows if gain[row] > 0)
    target = grown(ahead, most) if is_even else ahead
    return {row: target for row in rows if gain[row] > 0 and seeds[row] < target}
