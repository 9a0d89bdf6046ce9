"""Seeds where they are needed, by simulation: how often a race is wrong, and how many cells it saves.

Run: python benchmarks/racing.py [--tables N] [--only TEXT] [--grid null|graded|field|learners] [--most N]
Tables of the worlds of ``error_rates.py`` are raced as ``bench run --decide`` does. The same tables are given as many
seeds for each row, and tested once, by somebody who knows how many will do; and by somebody who does not, and looks as
often, at the same price, until nothing more can be decided.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from error_rates import ALPHA, SPREADS, Learners, World

from benchmark.analysis.contrast import Family, family
from benchmark.analysis.holm import holm
from benchmark.analysis.measured import Units, of_scores
from benchmark.analysis.racing import LOOKS, PRICE, grown, next_seeds
from benchmark.cli.limits import MOST_SEEDS

MARGIN, FAR = 0.02, 0.30


@dataclass(frozen=True)
class Verdicts:
    """Which rows of a table are better than which, and which are equal; bool, shape (rows, rows)."""

    better: np.ndarray
    equal: np.ndarray

    @property
    def decided(self) -> np.ndarray:
        """Which pairs are decided."""
        return self.better | self.better.T | self.equal

    @property
    def candidates(self) -> np.ndarray:
        """Which rows may be the best, shape (rows,)."""
        return ~self.better.any(axis=0)


def verdicts(found: Family, price: float = 1.0) -> Verdicts:
    """Return what is known of a table, whose p values are multiplied by ``price``."""
    count = len(found.rows)
    first, second = np.triu_indices(count, 1)
    contrast = found.differences(first, second)
    real = holm(contrast.p()) * price < ALPHA
    same = (holm(contrast.p_equal(MARGIN)) * price < ALPHA) & ~real
    better, equal = np.zeros((count, count), bool), np.zeros((count, count), bool)
    better[first, second] = real & (contrast.values > 0)
    better[second, first] = real & (contrast.values < 0)
    equal[first, second] = equal[second, first] = same
    return Verdicts(better, equal)


class Table:
    """All answers that the rows of one table would ever give; the first seeds of each row are looked at."""

    def __init__(self, hits: np.ndarray, groups: Sequence[np.ndarray]) -> None:
        self._hits, self._groups, self._units = hits, list(groups), Units()
        self._known: dict[tuple[int, int], object] = {}

    def family(self, seeds: np.ndarray) -> Family:
        """Return the rows with so many seeds, shape (rows,)."""
        return family({row: self._measured(row, int(count)) for row, count in enumerate(seeds)})

    def _measured(self, row: int, count: int):  # type: ignore[no-untyped-def]
        if (row, count) not in self._known:
            cells = tuple(map(str, range(count)))
            self._known[row, count] = of_scores(
                cells, list(self._hits[row, :count]), self._groups[:count], fixed=False, units=self._units
            )
        return self._known[row, count]


@dataclass(frozen=True)
class Raced:
    """What is known of a table once the race for the best row has ended, and at the end, with so many seeds then."""

    first: Verdicts
    first_seeds: np.ndarray
    last: Verdicts
    seeds: np.ndarray
    looks: int


def race(table: Table, rows: int, start: int, most: int, *, together: bool, even: bool = False) -> Raced:
    """Race a table as the command does; or, if ``even``, with the same looks but as many seeds for each row."""
    seeds = np.full(rows, start)
    first: tuple[Verdicts, np.ndarray] | None = None
    for look in range(1, LOOKS + 1):
        found = table.family(seeds)
        known = verdicts(found, PRICE)
        wanted = next_seeds(
            found, known.decided, known.candidates, seeds, most=most, margin=MARGIN, together=together
        )
        over = not wanted.seeds or look == LOOKS
        if first is None and (over or not wanted.best):
            first = known, seeds.copy()
        if over:
            break
        if even:
            seeds[:] = grown(int(seeds[0]), most)
        for row, count in {} if even else wanted.seeds.items():
            seeds[row] = count
    assert first is not None
    return Raced(*first, known, seeds, look)


def watched(table: Table, rows: int, start: int, most: int) -> Verdicts:
    """Return all that is ever said of a table that is looked at with ever more seeds of all rows, and never stopped."""
    better, equal = np.zeros((rows, rows), bool), np.zeros((rows, rows), bool)
    count = start
    for _ in range(LOOKS):
        known = verdicts(table.family(np.full(rows, count)), PRICE)
        better, equal, count = better | known.better, equal | known.equal, grown(count, most)
    return Verdicts(better, equal)


def share_decided(known: Verdicts, truth: np.ndarray) -> float:
    """Return the share of pairs that are rightly decided."""
    first, second = np.triu_indices(len(truth), 1)
    true = truth[first] - truth[second]
    right = np.where(true > 0, known.better[first, second], known.better[second, first])
    return float(np.where(np.abs(true) < MARGIN, known.equal[first, second], right).mean())


def is_wrong(known: Verdicts, truth: np.ndarray) -> bool:
    """Return whether some row is called better that is not, or a pair equal that is not."""
    above = truth[:, None] - truth[None, :]
    return bool((known.better & (above <= 1e-9)).any() or (known.equal & (np.abs(above) >= MARGIN)).any())


def best_apart(known: Verdicts, truth: np.ndarray) -> float:
    """Return the share of rows that are known to be worse than the best."""
    return float(known.better[truth.argmax()].sum() / (len(truth) - 1))


def best_known(known: Verdicts, truth: np.ndarray) -> float:
    """Return whether the best row, and no other, may be the best."""
    return float(known.candidates.sum() == 1 and known.candidates[truth.argmax()])


@dataclass(frozen=True)
class Found:
    """What was found in the tables of one world.

    Attributes:
        wrong: share of tables with a wrong verdict, when the race for the best row is over or at the end.
        looks: mean number of looks.
        best_cells: mean number of cells when the race for the best row is over.
        cells: and at the end.
        ever: null worlds: share of tables with a wrong verdict at any look, if no look stops anything.
        powers: graded worlds: of the race, for each of ``MEASURES``.
        seeds: how many of all rows, tested once, have these powers.
        ratios: cells of the race over cells of that.
        beyond: where no number of seeds that was tried has the power of the race.
        even_powers: of as many seeds for each row, with the same looks.
        even_ratios: cells of the race over cells of that.
    """

    wrong: float
    looks: float
    best_cells: float
    cells: float
    ever: float
    powers: tuple[float, ...] = ()
    seeds: tuple[float, ...] = ()
    ratios: tuple[float, ...] = ()
    beyond: tuple[bool, ...] = ()
    even_powers: tuple[float, ...] = ()
    even_ratios: tuple[float, ...] = ()


def simulate(world: World | Learners, tables: int, start: int, most: int, seed: int) -> Found:
    """Race so many tables of a world."""
    truth = np.nan_to_num(np.array(world.accuracies), nan=0.5)
    together = isinstance(world, Learners) or world.own_tracks
    rng = np.random.default_rng(seed)
    graded = bool(np.ptp(truth) > 0)
    ended, alone, ever, looked = [], [], [], []
    for _ in range(tables):
        table = Table(*replace(world, seeds=most).answers(rng))
        ended.append(race(table, len(truth), start, most, together=together))
        if graded:
            every = [verdicts(table.family(np.full(len(truth), count))) for count in range(2, most + 1)]
            alone.append([[measure(known, truth) for measure in MEASURES] for known in every])
            looked.append(race(table, len(truth), start, most, together=together, even=True))
        else:
            ever.append(is_wrong(watched(table, len(truth), start, most), truth))
    found = Found(
        float(np.mean([is_wrong(each.last, truth) or is_wrong(each.first, truth) for each in ended])),
        float(np.mean([each.looks for each in ended])),
        float(np.mean([each.first_seeds.sum() for each in ended])),
        float(np.mean([each.seeds.sum() for each in ended])),
        float(np.mean(ever)) if ever else float("nan"),
    )
    if not graded:
        return found
    powers, seeds, ratios, beyond, even_powers, even_ratios = [], [], [], [], [], []
    for number, measure in enumerate(MEASURES):
        at_end = measure is share_decided
        for found_powers, tables_of in ((powers, ended), (even_powers, looked)):
            seen = [measure(each.last if at_end else each.first, truth) for each in tables_of]
            found_powers.append(float(np.mean(seen)))
        even = np.mean([(each.seeds if at_end else each.first_seeds).sum() for each in looked])
        even_ratios.append(float((found.cells if at_end else found.best_cells) / even))
        own = np.mean(alone, axis=0)[:, number]
        seeds.append(_seeds_for(powers[-1], own))
        ratios.append((found.cells if at_end else found.best_cells) / (seeds[-1] * len(truth)))
        beyond.append(bool(powers[-1] > own.max()))
    return replace(
        found,
        powers=tuple(powers),
        seeds=tuple(seeds),
        ratios=tuple(ratios),
        beyond=tuple(beyond),
        even_powers=tuple(even_powers),
        even_ratios=tuple(even_ratios),
    )


def line(found: Found) -> str:
    """Return what was found as text."""
    text = f"{found.wrong:6.3f} {found.looks:6.1f} {found.best_cells:6.1f} {found.cells:6.1f}"
    if not found.powers:
        return f"{text} {found.ever:6.3f}"
    parts = zip(
        found.powers,
        found.seeds,
        found.beyond,
        found.ratios,
        found.even_powers,
        found.even_ratios,
        strict=True,
    )
    return text + "".join(
        f"   {power:.2f} {seeds:5.1f} {'<' if beyond else ' '}{ratio:.2f} {even_power:.2f} {even:.2f}"
        for power, seeds, beyond, ratio, even_power, even in parts
    )


def _seeds_for(power: float, alone: np.ndarray) -> float:
    """Return how many seeds for all rows have a power; the most that were tried where none has."""
    rising = np.maximum.accumulate(alone)
    if power > rising[-1]:
        return float(len(alone) + 1)
    at = int(np.argmax(rising >= power))
    if at == 0:
        return 2.0
    return float(1 + at + (power - rising[at - 1]) / (rising[at] - rising[at - 1]))


MEASURES = (best_known, best_apart, share_decided)


_ACCURACIES = {
    "null": (0.7,) * 12,
    "graded": tuple(0.4 + 0.05 * np.random.default_rng(7).permutation(12)),
    # Two rows are 8 and 10 points behind the best, all others 20 and more.
    "field": (0.82, 0.9, 0.8, *(0.4 + 0.04 * np.arange(8)), 0.7),
}


def worlds(grid: str) -> Iterator[World | Learners]:
    """Yield the worlds of a grid."""
    if grid == "learners":
        for items in (150, 450):
            yield Learners(6, items, 2, name=f"learners, {items} items")
        return
    accuracies = _ACCURACIES[grid]
    for tracks in (55, 290):
        for name, spread in SPREADS.items():
            yield World(accuracies, (spread * 12)[:12], tracks, 2, name=f"{grid}, sd {name}")
        if grid == "null":
            yield World(accuracies, (3,) * 12, tracks, 2, own_tracks=True, name="null, sd 3, own tracks")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=int, default=100)
    parser.add_argument("--grid", choices=[*_ACCURACIES, "learners"], default="null")
    parser.add_argument("--start", type=int, default=2, help="seeds of the suite")
    parser.add_argument("--most", type=int, default=MOST_SEEDS)
    parser.add_argument("--only", default="", help="worlds whose names contain this")
    given = parser.parse_args()
    print(
        "wrong: tables with a wrong verdict; looks: of a race; cells: when it is over for the best row, and at the end"
    )
    print("null worlds: tables with a wrong verdict at any look, if no look stops anything")
    print(
        "graded worlds: of the best row known, rows known to be worse than it, and all pairs decided, each:"
    )
    print(
        "  power of the race, seeds of equal allocation for the same, cells of the race over those of that;\n"
        "  power of equal allocation with the same looks, and cells of the race over those of that"
    )
    print("world".ljust(26), "tracks  wrong  looks  best  cells")
    for number, world in enumerate(worlds(given.grid)):
        if given.only in world.name:
            found = simulate(world, given.tables, given.start, given.most, number)
            print(world.name.ljust(26), f"{getattr(world, 'tracks', 0):6}", line(found), flush=True)


if __name__ == "__main__":
    main()
