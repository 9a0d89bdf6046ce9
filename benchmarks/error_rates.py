"""How often the statistics are wrong, and how often they find what is there: by simulation, on fabricated worlds.

Run: python benchmarks/error_rates.py [--tables N] [--only TEXT] [--grid reference|wide|groups|learners|equal]
In null worlds all rows are equally good; in graded ones they differ by 5 points from each to the next; on the edge
half of them are better by just the difference that is too small to care about.
Each line of the output is a world; the table of docs/statistics.md is made of these.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from scipy.stats import norm

from benchmark.analysis.contrast import Family, family
from benchmark.analysis.holm import holm
from benchmark.analysis.intervals import interval
from benchmark.analysis.measured import Measured, Units, of_scores
from benchmark.analysis.ranks import rank_sets

ALPHA, SMALLEST, FAR = 0.05, 0.02, 0.30
# Standard deviations of a world: what tracks have in common for all rows, what is a row's own, and what is chance of
# a single answer.
DIFFICULTY, OWN, CHANCE = 1.0, 0.6, 0.6
_FIXED = DIFFICULTY**2 + OWN**2 + CHANCE**2


@cache
def _names(block: int, tracks: int, groups: tuple[int, ...]) -> np.ndarray:
    """Return the names of the groups of a block's tracks; they are the same in all tables."""
    names = np.array([f"{block}/{group:04d}" for group in _places(tracks, groups)])
    names.setflags(write=False)
    return names


@cache
def _places(tracks: int, groups: tuple[int, ...]) -> np.ndarray:
    """Return which group each track is of."""
    places = np.repeat(np.arange(len(groups)), groups) if groups else np.arange(tracks)
    assert len(places) == tracks
    places.setflags(write=False)
    return places


@dataclass(frozen=True)
class World:
    """Rows of known accuracy, tested on tracks of some difficulty.

    Attributes:
        accuracies: of rows, over all tracks and seeds.
        spread: standard deviation between a row's seeds, in points, by row.
        tracks: how many there are in a test set.
        seeds: how many each row has.
        groups: how many tracks belong together, group by group; none where each is by itself. Tracks of a group share
            half of the variance of their difficulty, and of what is a row's own in them.
        own_tracks: whether each seed is tested on tracks of its own, as folds are.
    """

    accuracies: tuple[float, ...]
    spread: tuple[float, ...]
    tracks: int
    seeds: int
    groups: tuple[int, ...] = ()
    own_tracks: bool = False
    name: str = ""

    def draw(self, rng: np.random.Generator) -> list[Measured]:
        """Return one table: a measured row for each accuracy."""
        hits, placed = self.answers(rng)
        units, cells = Units(), tuple(map(str, range(self.seeds)))
        return [of_scores(cells, list(row), placed, fixed=False, units=units) for row in hits]

    def answers(self, rng: np.random.Generator) -> tuple[np.ndarray, list[np.ndarray]]:
        """Return which answers are right, shape (rows, seeds, tracks), and the groups of each seed's tracks."""
        rows, tracks = len(self.accuracies), self.tracks
        accuracies, points = np.array(self.accuracies), np.array(self.spread) / 100
        # How far an ability moves for a point of accuracy, at the row's accuracy.
        luck = points * np.sqrt(_FIXED) / norm.pdf(norm.ppf(accuracies))
        skill = norm.ppf(accuracies) * np.sqrt(_FIXED + luck**2)
        blocks = self.seeds if self.own_tracks else 1
        difficulty = DIFFICULTY * self._shared(rng, (blocks,))
        own = OWN * self._shared(rng, (rows, blocks))
        ability = skill[:, None, None] + luck[:, None, None] * rng.normal(size=(rows, self.seeds, 1))
        chance = CHANCE * rng.normal(size=(rows, self.seeds, tracks))
        hits = (ability + difficulty + own + chance > 0).astype(np.float64)
        groups = [_names(block, tracks, self.groups) for block in range(blocks)]
        return hits, groups if self.own_tracks else groups * self.seeds

    def _shared(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        """Return standard normal numbers for tracks, of which those of a group have half in common."""
        if not self.groups:
            return rng.normal(size=(*shape, self.tracks))
        shared, alone = rng.normal(size=(*shape, len(self.groups))), rng.normal(size=(*shape, self.tracks))
        joined: np.ndarray = np.sqrt(0.5) * (shared[..., _places(self.tracks, self.groups)] + alone)
        return joined


@dataclass(frozen=True)
class Learners:
    """Rows that really learn: nearest class means on views of their own of one data set, split anew for each seed.

    All views are drawn alike, so that no learner is better than another, but for what their views happen to hold.
    """

    rows: int
    items: int
    seeds: int
    classes: int = 4
    name: str = ""

    @property
    def accuracies(self) -> tuple[float, ...]:
        """Unknown, and the same for all."""
        return (np.nan,) * self.rows

    def draw(self, rng: np.random.Generator) -> list[Measured]:
        """Return one table."""
        hits, groups = self.answers(rng)
        units, cells = Units(), tuple(map(str, range(self.seeds)))
        return [of_scores(cells, list(row), groups, fixed=False, units=units) for row in hits]

    def answers(self, rng: np.random.Generator) -> tuple[np.ndarray, list[np.ndarray]]:
        """Return which answers are right, shape (rows, seeds, tracks), and the groups of each seed's tracks."""
        size = 6
        labels = np.arange(self.items) % self.classes
        centres = np.eye(self.classes, size)
        content = 1.3 * centres[labels] + rng.normal(size=(self.items, size))
        views = [content + 0.8 * rng.normal(size=content.shape) for _ in range(self.rows)]
        names = np.array([f"{number:04d}" for number in range(self.items)])
        splits = [np.sort(rng.permutation(self.items)[: self.items // 3]) for _ in range(self.seeds)]
        groups = [names[held] for held in splits]
        found = []
        for view in views:
            scores = []
            for held in splits:
                # Every learner sees a random half of what is left: that is what its seed does.
                rest = rng.permutation(np.setdiff1d(np.arange(self.items), held))
                seen = rest[: len(rest) // 2]
                means = np.stack(
                    [view[seen[labels[seen] == each]].mean(axis=0) for each in range(self.classes)]
                )
                far = ((view[held][:, None] - means) ** 2).sum(axis=2)
                scores.append((far.argmin(axis=1) == labels[held]).astype(np.float64))
            found.append(scores)
        return np.array(found), groups


@dataclass(frozen=True)
class Rates:
    """What was found in the tables of one world, as shares of them, of pairs or of rows; NaN where nothing is known.

    Attributes:
        false_better: tables in which some pair is called different that is not, or the wrong way round.
        false_equal: tables in which some pair is called equal that differs by ``SMALLEST`` or more.
        differences: differences whose interval covers the truth.
        rows: rows whose interval covers the truth.
        ranks: tables in which all rank sets hold the true ranks.
        power: pairs that are ``FAR`` apart and found to be.
        half_width: of a difference's interval, mean.
        equal: pairs that are equal, and found to be.
    """

    false_better: float
    false_equal: float
    differences: float
    rows: float
    ranks: float
    power: float
    half_width: float
    equal: float


def rates(world: World | Learners, tables: int, seed: int = 0) -> Rates:
    """Return the rates over so many tables."""
    rng = np.random.default_rng(seed)
    found = np.array([_of_table(world, world.draw(rng)) for _ in range(tables)])
    return Rates(
        *(float(np.mean(each[np.isfinite(each)])) if np.isfinite(each).any() else np.nan for each in found.T)
    )


def _of_table(world: World | Learners, rows: list[Measured]) -> list[float]:
    found = family(dict(enumerate(rows)))
    first, second = np.triu_indices(len(rows), 1)
    contrast = found.differences(first, second)
    truth = np.array(world.accuracies)
    known = bool(np.isfinite(truth).all())
    true = truth[first] - truth[second] if known else np.zeros(len(first))
    p, equal = holm(contrast.p()), holm(contrast.p_equal(SMALLEST))
    real, same = p < ALPHA, equal < ALPHA
    low, high = contrast.interval(1.0)
    wrong = real & ~(np.sign(contrast.values) == np.sign(np.round(true, 9)))
    covered = (low <= true + 1e-12) & (true - 1e-12 <= high)
    far = np.isclose(np.abs(true), FAR)
    return [
        float(wrong.any()),
        float((same & (np.abs(true) >= SMALLEST - 1e-9)).any()) if known and true.any() else np.nan,
        float(covered.mean()) if np.isfinite(low).all() else np.nan,
        _rows_covered(found, rows, truth) if known else np.nan,
        float(_ranks_hold(real, contrast.values, truth)) if known else np.nan,
        float((real & (np.sign(contrast.values) == np.sign(true)))[far].mean()) if far.any() else np.nan,
        float((high - low).mean() / 2),
        float(same[np.abs(true) < SMALLEST - 1e-9].mean()) if known and (true == 0).any() else np.nan,
    ]


def _rows_covered(found: Family, rows: list[Measured], truth: np.ndarray) -> float:
    covered = []
    for row, seeds, freedom, true in zip(rows, found.seeds, found.freedom, truth, strict=True):
        limits = interval(row, seeds, freedom, proportion=True, bounds=(0, 1))
        if np.isfinite(limits.low):
            covered.append(limits.low <= true <= limits.high)
    return float(np.mean(covered)) if covered else np.nan


def _ranks_hold(real: np.ndarray, difference: np.ndarray, truth: np.ndarray) -> bool:
    count = len(truth)
    better = np.zeros((count, count), bool)
    first, second = np.triu_indices(count, 1)
    better[first, second] = real & (difference > 0)
    better[second, first] = real & (difference < 0)
    low, high = rank_sets(better)
    rounded = np.round(truth, 9)
    above = (rounded[None, :] > rounded[:, None]).sum(axis=1)
    below = (rounded[None, :] < rounded[:, None]).sum(axis=1)
    return bool(((low <= 1 + above) & (high >= count - below)).all())


SPREADS: dict[str, tuple[float, ...]] = {
    "0": (0,),
    "1": (1,),
    "3": (3,),
    "8": (8,),
    "0 and 3": (0, 3),
    "3 and 8": (3, 8),
    "0, 3 and 8": (0, 3, 8),
    "1, one row 8": (8, *(1,) * 11),
}
_GRADED = ("0", "3", "8", "0 and 3", "0, 3 and 8", "1, one row 8")


def null_worlds(rows: int = 12) -> Iterator[World]:
    """Yield the 48 worlds of the reference grid in which all rows are equal."""
    for tracks in (55, 290):
        for seeds in (2, 3, 5):
            for name, spread in SPREADS.items():
                yield _world((0.7,) * rows, spread, tracks, seeds, f"null, sd {name}")


def graded_worlds() -> Iterator[World]:
    """Yield the 36 worlds of the reference grid with 12 rows from 40 to 95 %, in steps of 5 points."""
    accuracies = tuple(0.4 + 0.05 * np.random.default_rng(7).permutation(12))
    for tracks in (55, 290):
        for seeds in (2, 3, 5):
            for name in _GRADED:
                yield _world(accuracies, SPREADS[name], tracks, seeds, f"graded, sd {name}")


def wide_worlds() -> Iterator[World]:
    """Yield worlds beyond the grid: more tracks and seeds, folds, groups, few and many rows."""
    for rows in (2, 4, 30):
        for seeds in (2, 3):
            for name in ("0", "3", "0, 3 and 8"):
                yield _world((0.7,) * rows, SPREADS[name], 290, seeds, f"null, {rows} rows, sd {name}")
    for name in ("0", "3", "0, 3 and 8"):
        base = _world((0.7,) * 12, SPREADS[name], 290, 3, "")
        yield replace(base, tracks=1000, name=f"null, 1,000 tracks, sd {name}")
        yield replace(base, seeds=10, name=f"null, 10 seeds, sd {name}")
        yield replace(base, tracks=60, seeds=5, own_tracks=True, name=f"null, 5 folds, sd {name}")


# Artists as GTZAN has them: a few of many songs, and many of one.
_LIKE_GTZAN = (28, 24, 20, 18, 14, 12, 10, 9, 8, 7, 6, 6, 5, 5, 4, 4, *(3,) * 4, *(2,) * 10, *(1,) * 78)
GROUPED: dict[str, tuple[int, ...]] = {
    "58 of 5": (5,) * 58,
    "11 of 5": (5,) * 11,
    "1 to 28": _LIKE_GTZAN,
    "1 to 10": tuple(range(1, 11)),
    "one of 10, 45 of 1": (10, *(1,) * 45),
    "5 of 20, 190 of 1": (*(20,) * 5, *(1,) * 190),
    "one of 145, 145 of 1": (145, *(1,) * 145),
    "38, 1 and 1": (38, 1, 1),
}


def grouped_worlds() -> Iterator[World]:
    """Yield worlds whose tracks belong together: in groups of one size, and of very unequal ones."""
    for groups, sizes in GROUPED.items():
        for name, seeds in (("0", 3), ("3", 3), ("0, 3 and 8", 2)):
            base = _world((0.7,) * 12, SPREADS[name], sum(sizes), seeds, f"null, {groups}, sd {name}")
            yield replace(base, groups=sizes)


def equal_worlds() -> Iterator[World]:
    """Yield worlds that have tracks enough to find that rows are equal: six that are, or three of them better."""
    for tracks in (1000, 4000, 16000):
        for seeds in (3, 5):
            for name in ("0", "1", "3"):
                yield _world((0.7,) * 6, SPREADS[name], tracks, seeds, f"null, 6 rows, sd {name}")
                edge = (0.7, 0.7 + SMALLEST) * 3
                yield _world(edge, SPREADS[name], tracks, seeds, f"edge, 6 rows, sd {name}")


def learner_worlds() -> Iterator[Learners]:
    """Yield worlds of real learners on splits that are drawn anew for each seed."""
    for items in (150, 450):
        for seeds in (2, 3, 5):
            yield Learners(6, items, seeds, name=f"null, learners, {items} items")


GRIDS: dict[str, tuple[Callable[[], Iterator[World | Learners]], ...]] = {
    "reference": (null_worlds, graded_worlds),
    "wide": (wide_worlds,),
    "groups": (grouped_worlds,),
    "learners": (learner_worlds,),
    "equal": (equal_worlds,),
}


def _world(
    accuracies: tuple[float, ...], spread: tuple[float, ...], tracks: int, seeds: int, name: str
) -> World:
    repeated = (spread * len(accuracies))[: len(accuracies)]
    return World(tuple(map(float, accuracies)), repeated, tracks, seeds, name=name)


def summary(found: dict[str, list[tuple[World | Learners, Rates]]]) -> str:
    """Return what must hold, in words."""
    every = [each for worlds in found.values() for each in worlds]
    null = [rate for world, rate in every if world.name.startswith("null")]
    lines = []
    if null:
        better = np.array([rate.false_better for rate in null])
        lines.append(
            f"{len(null)} null worlds: family-wise error at most 5.5 % in {(better <= 0.055).sum()}, "
            f"worst {better.max():.1%}"
        )
    for what in ("differences", "rows", "ranks"):
        covered = np.array([getattr(rate, what) for _, rate in every])
        covered = covered[np.isfinite(covered)]
        if len(covered):
            inside = ((covered >= 0.94) & (covered <= 0.97)).sum()
            lines.append(
                f"{what} covered: 94 to 97 % in {inside} of {len(covered)} worlds; "
                f"{covered.min():.1%} to {covered.max():.1%}"
            )
    graded = [(world, rate) for world, rate in every if world.name.startswith("graded")]
    for seeds in (2, 3, 5):
        own = [rate for world, rate in graded if world.seeds == seeds]
        if own:
            power, half = (np.mean([getattr(rate, what) for rate in own]) for what in ("power", "half_width"))
            lines.append(f"{seeds} seeds: power at 30 points {power:.2f}, half width {100 * half:.1f} points")
    if graded:
        wrong = np.array([rate.false_equal for _, rate in graded])
        lines.append(
            f"equal within 2 points claimed of pairs 5 points apart or more: in at most {wrong.max():.1%} of tables"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=int, default=250)
    parser.add_argument("--grid", choices=list(GRIDS), default="reference")
    parser.add_argument("--only", default="", help="worlds whose names contain this")
    given = parser.parse_args()
    found: dict[str, list[tuple[World | Learners, Rates]]] = {}
    names = list(Rates.__dataclass_fields__)
    print("world".ljust(34), "tracks", "seeds", *names)
    for worlds in GRIDS[given.grid]:
        for number, world in enumerate(worlds()):
            if given.only not in world.name:
                continue
            rate = rates(world, given.tables, number)
            found.setdefault(worlds.__name__, []).append((world, rate))
            values = [f"{getattr(rate, name):{len(name)}.3f}" for name in names]
            tracks = getattr(world, "tracks", 0) or getattr(world, "items", 0)
            print(world.name.ljust(34), f"{tracks:6}", f"{world.seeds:5}", *values, flush=True)
    print(summary(found))


if __name__ == "__main__":
    main()
