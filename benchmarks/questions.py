"""How often the answers to further questions are wrong, and how often they find what is there: by simulation.

Run: python benchmarks/questions.py [--tables N] [--only TEXT] [--processes N]
In null worlds no dose, size or combination changes anything; planted worlds have a known effect. The table of
docs/questions.md is made of these lines.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
from error_rates import World

from benchmark.analysis import dose
from benchmark.analysis.asked import Asked
from benchmark.analysis.cochran import ALPHA
from benchmark.analysis.curves import Curve, curves
from benchmark.analysis.data_worth import CROSS, crossings, worth
from benchmark.analysis.dose import responses
from benchmark.analysis.effects import changes
from benchmark.analysis.interaction import interactions
from benchmark.analysis.measured import Units, of_scores
from benchmark.analysis.protocols import Block
from benchmark.analysis.robustness import robustness
from benchmark.results.corrupted_scores import CellScores, SetScores

SIZES = (0.05, 0.1, 0.25, 0.5, 1.0)
DOSES = {str(number): float(number) for number in (0, 10, 20, 40, 80)}
# Tracks, seeds, spread of seeds in points, tracks in a group, whether each seed has tracks of its own.
PLACES = ((40, 3, 3.0, 1, False), (100, 3, 0.0, 1, False), (100, 5, 3.0, 1, False), (290, 3, 2.0, 5, False),
          (60, 5, 3.0, 1, True))  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A question asked of one kind of table.

    ``accuracies`` are those of rows, in the order of ``labels``; ``ask`` returns what was found in a table. ``worn``
    says that each row is there on clean tracks and on ``CORRUPTIONS`` of them, one after another.
    """

    name: str
    accuracies: Sequence[float]
    labels: Sequence[dict[str, str]]
    ask: Callable[[Asked, dict[int, dict[str, str]]], Sequence[str]]
    classes: int = 0
    worn: bool = False


def drawn(world: World, rng: np.random.Generator, classes: int) -> Asked:
    """Return a table's rows, all competitors, and what each has of each class; every so manieth group is a class."""
    hits, placed = world.answers(rng)
    units, cells = Units(), tuple(map(str, range(world.seeds)))
    measured = {
        row: of_scores(cells, list(each), placed, fixed=False, units=units) for row, each in enumerate(hits)
    }
    by_class = {}
    for number in range(classes):
        own = np.arange(world.tracks) // world.group % classes == number
        groups = [each[own] for each in placed]
        by_class[str(number)] = {
            row: of_scores(cells, list(each[:, own]), groups, fixed=False, units=units)
            for row, each in enumerate(hits)
        }
    block = (Block(tuple(measured)),)
    return Asked("test", "test/top1", measured, block, smallest=0.02, by_class=by_class)


def found_robust(world: World, rng: np.random.Generator, labels: dict[int, dict[str, str]]) -> list[str]:
    """Return what is found of changes on worn tracks, and beyond clean ones.

    A row, and each corruption of it, is a row of the world, on the same tracks; seeds draw for each by itself, which is
    more than a model does that is one and the same on all of them.
    """
    hits, placed = world.answers(rng)
    names = tuple(f"c{number}" for number in range(CORRUPTIONS))
    units, cells = Units(), tuple(map(str, range(world.seeds)))
    rows: dict[int, dict[str, CellScores]] = {}
    for row in range(len(hits) // (CORRUPTIONS + 1)):
        own = hits[row * (CORRUPTIONS + 1) : (row + 1) * (CORRUPTIONS + 1)]
        rows[row] = {
            name: CellScores(
                placed[seed],
                own[0, seed],
                {corruption: own[number, seed] for number, corruption in enumerate(names, 1)},
                {},
            )
            for seed, name in enumerate(cells)
        }
    measured = {
        row: of_scores(cells, [each.clean for each in own.values()], placed, fixed=False, units=units)
        for row, own in rows.items()
    }
    asked = Asked("test", "test/top1", measured, (Block(tuple(measured)),), smallest=0.02)
    scores = SetScores(
        "test", "top1", True, True, True, dict.fromkeys([(name, 1) for name in names], (1.0, "dB")), rows
    )
    lines = pd.DataFrame([{"row": row, **each} for row, each in labels.items()])
    changed = changes(lines, list(labels[0]), {"augmentation": "none"}, list(labels))
    effects = robustness(scores, asked, changed, ["augmentation"]).effects
    said = ["worn"] * any(line["p_holm"] < ALPHA for line in effects)
    said += ["beyond clean"] * any(line["extra p_holm"] < ALPHA for line in effects)
    said += ["interval misses 0"] * any(
        not line[f"{kind}low"] <= 0 <= line[f"{kind}high"] for line in effects for kind in ("", "extra ")
    )
    return said + ["found"] * bool({"worn", "beyond clean"} & set(said))


def rows_of(**axes: Sequence[str]) -> list[dict[str, str]]:
    """Return the labels of all combinations."""
    return [dict(zip(axes, values, strict=True)) for values in product(*axes.values())]


def shapes(asked: Asked, labels: dict[int, dict[str, str]]) -> list[str]:
    """Return the shape of each curve, and whether the interval of the optimum misses the dose 20."""
    found = responses(asked, labels, "dose", DOSES)
    missed = [each for each in found if not each.best_low <= 20 <= each.best_high]
    return [each.shape for each in found] + ["optimum missed"] * bool(missed)


def significant(asked: Asked, labels: dict[int, dict[str, str]]) -> list[str]:
    """Return interactions that are found, those of the first model with another by name."""
    found = interactions(asked, labels, {"augmentation": "none"})
    return ["found"] * any(float(str(line["p_holm"])) < ALPHA for line in found.between)


def significant_in_classes(asked: Asked, labels: dict[int, dict[str, str]]) -> list[str]:
    """Return whether an interaction is found in some class."""
    found = interactions(asked, labels, {"augmentation": "none"})
    return ["found"] * any(float(str(line["p_holm"])) < ALPHA for line in found.by_class)


def crossed(asked: Asked, labels: dict[int, dict[str, str]]) -> list[str]:
    """Return whether some pair of curves is said to cross."""
    sizes = {str(size): size for size in SIZES}
    return ["found"] * any(
        each.verdict == CROSS for each in crossings(asked, curves(asked, labels, "size", sizes))
    )


def worth_misses(asked: Asked, labels: dict[int, dict[str, str]]) -> list[str]:
    """Return whether the interval of what row 7 (augmented, 25 %) is worth misses the truth, and how wide it is."""
    plain, other = (Curve("size", (), tuple(range(start, start + 5)), SIZES, ()) for start in (0, 5))
    found = worth(asked, "augmentation", other, plain, 7, SIZES[2])
    said = [] if found.low <= 0.5 <= found.high else ["missed"]
    return said + ["closed"] * bool(found.low > 0 and np.isfinite(found.high))


CORRUPTIONS = 5
_WORN = [0.7, 0.5, 0.5, 0.4, 0.4, 0.6]
CASES = (
    Case("dose, null", [0.6] * 10, rows_of(model=("a", "b"), dose=tuple(DOSES)), shapes),
    Case("dose, rises 5 points a step", [0.5, 0.55, 0.6, 0.65, 0.7], rows_of(dose=tuple(DOSES)), shapes),
    Case("dose, 15 points best at 20", [0.5, 0.6, 0.65, 0.6, 0.5], rows_of(dose=tuple(DOSES)), shapes),
    Case("dose, 30 points best at 20", [0.4, 0.55, 0.7, 0.55, 0.4], rows_of(dose=tuple(DOSES)), shapes),
    Case("interaction, null", [0.6] * 9, rows_of(model=("a", "b", "c"), augmentation=("none", "x", "y")), significant),
    Case("interaction, null with main effects", [0.45, 0.55, 0.5, 0.55, 0.65, 0.6, 0.5, 0.6, 0.55],
         rows_of(model=("a", "b", "c"), augmentation=("none", "x", "y")), significant),
    Case("interaction, 20 points", [0.5, 0.7, 0.5, 0.5], rows_of(model=("a", "b"), augmentation=("none", "x")),
         significant),
    Case("interaction per class, null", [0.6] * 6, rows_of(model=("a", "b", "c"), augmentation=("none", "x")),
         significant_in_classes, classes=4),
    Case("crossing, null", [0.4, 0.5, 0.6, 0.65, 0.7] * 2,
         rows_of(model=("a", "b"), size=tuple(map(str, SIZES))), crossed),
    Case("crossing, 20 points at both ends", [0.3, 0.45, 0.55, 0.65, 0.8, 0.5, 0.55, 0.55, 0.6, 0.6],
         rows_of(model=("a", "b"), size=tuple(map(str, SIZES))), crossed),
    Case("data worth, truth 50 %", [0.4, 0.5, 0.6, 0.65, 0.7, 0.45, 0.55, 0.65, 0.7, 0.75],
         rows_of(augmentation=("none", "x"), size=tuple(map(str, SIZES))), worth_misses),
    Case("robustness, null", _WORN * 4, rows_of(model=("a", "b"), augmentation=("none", "x")), significant, worn=True),
    Case("robustness, null with 5 points on all tracks", _WORN + [each + 0.05 for each in _WORN],
         rows_of(augmentation=("none", "x")), significant, worn=True),
    Case("robustness, 20 points on one of five", [*_WORN, 0.7, 0.7, 0.5, 0.4, 0.4, 0.6],
         rows_of(augmentation=("none", "x")), significant, worn=True),
)  # fmt: skip


def run(case: Case, place: tuple[int, int, float, int, bool], tables: Sequence[int]) -> Counter[str]:
    """Return in how many of these tables, whose numbers seed their draws, each thing was found at least once."""
    tracks, seeds, spread, group, own = place
    world = World(
        tuple(case.accuracies), (spread,) * len(case.accuracies), tracks, seeds, group, own_tracks=own
    )
    labels = dict(enumerate(case.labels))
    counted: Counter[str] = Counter()
    for table in tables:
        rng = np.random.default_rng([table, tracks, seeds])
        said = (
            found_robust(world, rng, labels)
            if case.worn
            else case.ask(drawn(world, rng, case.classes), labels)
        )
        counted.update(set(said))
    return counted


def part(number: int, place: tuple[int, int, float, int, bool], tables: Sequence[int]) -> Counter[str]:
    """Return what ``run`` does of a case by its number: cases hold functions, which need not travel."""
    return run(CASES[number], place, tables)


def main() -> None:
    """Print a line for each case and world."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--tables", type=int, default=2000)
    parser.add_argument("--only", default="")
    parser.add_argument("--processes", type=int, default=1)
    given = parser.parse_args()
    quiet = {dose.UNDECIDED, dose.FLAT}
    asked = [
        (number, place) for number, case in enumerate(CASES) if given.only in case.name for place in PLACES
    ]
    with ProcessPoolExecutor(given.processes) as pool:
        parts = [
            [
                pool.submit(part, number, place, range(first, given.tables, given.processes))
                for first in range(given.processes)
            ]
            for number, place in asked
        ]
        for (number, place), running in zip(asked, parts, strict=True):
            case = CASES[number]
            tracks, seeds, spread, group, own = place
            counted: Counter[str] = Counter()
            for ended in running:
                counted.update(ended.result())
            shares = {name: 100 * count / given.tables for name, count in sorted(counted.items())}
            if case.name == "dose, null":
                shares["found"] = sum(
                    share for name, share in shares.items() if name not in {*quiet, "optimum missed"}
                )
            said = ", ".join(f"{name} {share:.1f} %" for name, share in shares.items()) or "nothing"
            where = f"{tracks} tracks{f' in groups of {group}' if group > 1 else ''}, {seeds} seeds, {spread:g} points"
            print(f"{case.name} | {where}{', own tracks' if own else ''} | {said}", flush=True)


if __name__ == "__main__":
    main()
