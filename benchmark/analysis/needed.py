"""What would decide an undecided pair: how many more seeds, or test tracks. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from benchmark.analysis.cochran import critical
from benchmark.analysis.comparison import BETTER, EQUAL
from benchmark.analysis.contrast import Family, null_variance

POWER = 0.8
MOST_SEEDS, MOST_TIMES = 100, 100.0


@dataclass(frozen=True)
class Needed:
    """What would decide a pair in four of five cases, if the difference is the one that was found.

    Attributes:
        outcome: what it would turn out to be: ``better``, or ``equal``.
        seeds: how many more of each row; None where even ``MOST_SEEDS`` would not do.
        times: how many times the test tracks there are; None where even ``MOST_TIMES`` would not do.
    """

    outcome: str
    seeds: float | None
    times: float | None


def needed(
    family: Family,
    first: int,
    second: int,
    *,
    level: float,
    margin: float | None = None,
    power: float = POWER,
) -> Needed | None:
    """Return what would decide a pair of rows, given by their places; None where nobody can say.

    Args:
        family: the rows.
        first: the place of a row.
        second: the place of the other.
        level: at which the pair is tested, corrected for the number of pairs.
        margin: a difference too small to care about.
        power: how often it should be decided.
    """
    places = [first, second]
    if family.single[places].any() or family.units[places].min() < 3:
        return None
    seeds = np.arange(1, MOST_SEEDS + 1)
    times = np.geomspace(1.05, MOST_TIMES, 160)
    options = []
    for outcome in (BETTER, EQUAL):
        if outcome == EQUAL and margin is None:
            continue
        more = np.concatenate([seeds, np.zeros(len(times), int)])
        scale = np.concatenate([np.ones(len(seeds)), times])
        enough = _power(family, first, second, outcome, level, margin or 0.0, more, scale) >= power
        by_seeds, by_tracks = enough[: len(seeds)], enough[len(seeds) :]
        options.append(Needed(outcome, _first(seeds, by_seeds), _first(times, by_tracks)))
    return min(options, key=_effort)


def _power(
    family: Family,
    first: int,
    second: int,
    outcome: str,
    level: float,
    margin: float,
    more: np.ndarray,
    times: np.ndarray,
) -> np.ndarray:
    """Return the chance of an outcome with so many more seeds, and so many times the tracks; shape (m,)."""
    contrast = family.differences(np.array([first]), np.array([second]))
    distance = abs(float(contrast.values[0]))
    common, parts, freedom = float(contrast.parts[0, 0]), [], []
    for place in (first, second):
        cells = int(family.cells[place])
        then = np.full(len(more), cells) if family.fixed[place] else cells + more
        common -= float(family.added[place]) / cells
        parts.append((float(family.seeds[place]) * cells / then, float(family.added[place]) / then))
        freedom.append(family.freedom[place] + then - cells)
    tracks = (max(common, 0.0) + sum(added for _, added in parts)) / times
    units = float(contrast.units[0])
    shares = np.stack([tracks, *(seeds for seeds, _ in parts)])
    freedoms = np.stack([units * times - 1, *freedom])
    if outcome == EQUAL:
        shares[0] = np.maximum(shares[0], null_variance(margin, 1.0, units * times))
    error = np.sqrt(shares.sum(axis=0))
    if not (error > 0).all():
        return np.ones(len(more))
    wanted = critical(level if outcome == BETTER else 2 * level, shares, freedoms)
    if outcome == BETTER:
        better: np.ndarray = special.ndtr(distance / error - wanted)
        return better
    room = margin / error - wanted
    chance: np.ndarray = special.ndtr(room - distance / error) - special.ndtr(-room - distance / error)
    return np.maximum(chance, 0.0)


def _first(candidates: np.ndarray, enough: np.ndarray) -> float | None:
    return float(candidates[np.argmax(enough)]) if enough.any() else None


def _effort(option: Needed) -> tuple[float, float]:
    none = float("inf")
    return (none if option.seeds is None else option.seeds, none if option.times is None else option.times)
