"""``bench run SUITE --decide``: look at the table, add seeds where a verdict hangs on them, run them, look again."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click

from benchmark.results.added import AddedSeeds, RowKeys, read_race, with_added, write_race
from benchmark.results.plan import identities

if TYPE_CHECKING:
    import numpy as np

    from benchmark.analysis.racing import Wanted
    from benchmark.analysis.statistics import Statistics
    from benchmark.cli.limits import Limits
    from benchmark.execution.run import RunSummary
    from benchmark.plugin.registry import Registry
    from benchmark.results.frames import Results
    from benchmark.results.plan import Plan
    from benchmark.results.store import ResultsStore
    from benchmark.suite.cell import Cell


@dataclass(frozen=True)
class _Request:
    """One more seed for each of some rows, which are run all or none; ``seeds`` by the rows' numbers."""

    seeds: Mapping[int, int]


@dataclass(frozen=True)
class _Look:
    """What a look found: the finished cells that it saw (``digest``), and what each block of competitors wants.

    ``requests`` are seeds in the order in which they matter. ``counts`` is whether it is a look that spends error rate:
    one at rows of one seed, of which nothing can be said, does not.
    """

    digest: str
    requests: Sequence[_Request]
    wanted: Sequence[Wanted]
    counts: bool
    seconds: Mapping[int, float]


def decide(
    plan: Plan,
    store: ResultsStore,
    registry: Registry,
    limits: Limits,
    run: Callable[[Plan], RunSummary],
    at_once: int,
) -> tuple[Plan, RunSummary | None]:
    """Add seeds until the table is decided, or nothing more can be done; return the plan with them.

    What was added, and how often was looked, is recorded before the seeds are run, so that whoever is stopped goes on
    with the same look.
    """
    from benchmark.analysis.racing import LOOKS, PRICE

    own = replace(plan.suite, cells=tuple(cell for cell in plan.suite.cells if not cell.added))
    summary: RunSummary | None = None
    while True:
        race = read_race(store.folder)
        found = _look(plan, store, registry, limits.most)
        is_new = found.counts and race.looks[-1:] != (found.digest,)
        if is_new and len(race.looks) >= LOOKS:
            click.echo(_ending(found, f"The table was looked at {LOOKS} times, which is all."), err=True)
            return plan, summary
        looks = (*race.looks, found.digest) if is_new else race.looks
        race = replace(race, looks=looks, price=PRICE)
        requests = _affordable(found, plan, limits, at_once)
        reason = ""
        if not requests:
            reason = "No further seed would be done within the budget." if found.requests else ""
        elif found.counts and len(looks) >= LOOKS:
            reason, requests = f"The table was looked at {LOOKS} times, which is all.", []
        race = race.plus(_added(requests, plan, registry))
        write_race(store.folder, race)
        suite, _ = with_added(own, race, registry)
        plan = replace(plan, suite=suite, ids=identities(suite, plan.identifier))
        if not requests:
            click.echo(_ending(found, reason), err=True)
            return plan, summary
        click.echo(_saying(requests, found), err=True)
        summary = run(plan)
        if summary.interrupted:
            return plan, summary


def _look(plan: Plan, store: ResultsStore, registry: Registry, most: int) -> _Look:
    import numpy as np

    from benchmark.analysis.leaderboard import leaderboard
    from benchmark.analysis.racing import PRICE, next_seeds
    from benchmark.analysis.statistics import statistics
    from benchmark.report.compose import seedless_models
    from benchmark.report.leaderboard import sorting
    from benchmark.results.collect import collect
    from benchmark.results.frames import ROW, STATUS

    results = collect(plan, store, registry)
    settings = plan.suite.leaderboard
    lines = leaderboard(results.cells, results.axes, results.measures, settings.sort, settings.baseline)
    found = statistics(results, lines, settings, seedless_models(registry), PRICE)
    sort = sorting(results, plan)
    rows = _rows(plan)
    finished = results.cells[results.cells[STATUS] == "ok"]
    digest = hashlib.sha256(" ".join(sorted(finished["id"])).encode()).hexdigest()[:16]
    wanted: list[Wanted] = []
    requests: list[_Request] = []
    # Nobody asks which is the best of rows that leak, or of those that share groups where others do not.
    may_be_ranked = set(map(int, lines.loc[lines["clean"], ROW]))
    raced = {
        number: family for number, family in found.families.items() if may_be_ranked.issuperset(family.rows)
    }
    for number, family in raced.items():
        known = found.known[number]
        seeds = np.array([len({cell.spec.seed for cell in rows[row]}) for row in family.rows])
        decided, candidates = _verdicts(found, family.rows, sort.name, known.candidates)
        together = _is_drawn_anew(results, family.rows, sort.set)
        step = next_seeds(
            family,
            decided,
            candidates,
            seeds,
            most=most,
            margin=settings.smallest / 100 if sort.percent else None,
            together=together,
        )
        wanted.append(step)
        sign = -1 if sort.greater_is_better else 1
        best = sorted(step.seeds, key=lambda place: sign * float(family.values[place]))
        more = {family.rows[place]: step.seeds[place] - int(seeds[place]) for place in best}
        more |= _of_copies(results, known.block.rows, sort.set, more)
        requests += _in_order(more, rows, plan, together=together)
    means = finished.groupby(ROW)["total_seconds"].mean().fillna(0.0)
    seconds = dict(zip(map(int, means.index), map(float, means), strict=True))
    counts = not any(family.single.any() for family in raced.values())
    return _Look(digest, requests, wanted, counts, seconds)


def _verdicts(
    found: Statistics, rows: Sequence[int], measure: str, candidates: Iterable[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Return which pairs of rows are decided, and which rows may be the best."""
    import numpy as np

    from benchmark.analysis.comparison import UNDECIDED, by_pair

    pairs = by_pair(found.comparisons, measure)
    decided = np.array(
        [[one == two or pairs[one, two]["verdict"] != UNDECIDED for two in rows] for one in rows]
    )
    may = set(candidates)
    return decided, np.array([row in may for row in rows])


def _is_drawn_anew(results: Results, rows: Sequence[int], evaluation: str) -> bool:
    """Return whether seeds (or folds) of a row are tested on tracks of their own."""
    from benchmark.analysis.evaluated import contents_of
    from benchmark.analysis.protocols import Contents

    contents = Contents()
    return any(
        len(set(contents_of(results, row, results.by_cell(row, evaluation), evaluation, contents).values()))
        > 1
        for row in rows
    )


def _of_copies(
    results: Results, rows: Sequence[int], evaluation: str, more: Mapping[int, int]
) -> dict[int, int]:
    """Return the seeds of rows that gave the same answers as those that get some: with fewer they would be others."""
    from benchmark.analysis.identical import alike

    cells = {row: results.by_cell(row, evaluation) for row in rows}
    same = alike({row: each for row, each in cells.items() if each})
    return {row: more[first] for row, first in same.items() if first in more and row not in more}


def _in_order(
    more: Mapping[int, int], rows: Mapping[int, Sequence[Cell]], plan: Plan, *, together: bool
) -> list[_Request]:
    """Return requests for so many more seeds of rows: a first one for each, then a second one."""
    after = max(cell.spec.seed for cell in plan.suite.cells if not cell.added) + 1
    wanted: dict[int, list[int]] = {}
    for row, count in more.items():
        taken = {cell.spec.seed for cell in rows[row]}
        free = (seed for seed in range(after, after + count + len(taken)) if seed not in taken)
        wanted[row] = [seed for seed, _ in zip(free, range(count), strict=False)]
    found = []
    for turn in range(max((len(seeds) for seeds in wanted.values()), default=0)):
        each = {row: seeds[turn] for row, seeds in wanted.items() if turn < len(seeds)}
        found += [_Request(each)] if together else [_Request({row: seed}) for row, seed in each.items()]
    return found


def _affordable(found: _Look, plan: Plan, limits: Limits, at_once: int) -> list[_Request]:
    """Return the requests that are done in time, by the mean durations of their rows' cells, from the first on."""
    if limits.end is None:
        return list(found.requests)
    rows = _rows(plan)
    free = [time.monotonic()] * at_once
    kept = []
    for request in found.requests:
        then = sorted(free)
        for row in request.seeds:
            for _ in range(_cells_per_seed(rows[row])):
                then[0] += found.seconds.get(row, 0.0)
                then.sort()
        if then[-1] > limits.end:
            break
        free = then
        kept.append(request)
    return kept


def _added(requests: Sequence[_Request], plan: Plan, registry: Registry) -> dict[str, AddedSeeds]:
    """Return what is asked for, by the rows' keys."""
    rows, keys = _rows(plan), RowKeys()
    found: dict[str, AddedSeeds] = {}
    for request in requests:
        for row, seed in request.seeds.items():
            cell = rows[row][0]
            key = keys.of(cell)
            before = found[key].seeds if key in found else ()
            found[key] = AddedSeeds((*before, seed), cell.row)
    return found


def _rows(plan: Plan) -> dict[int, list[Cell]]:
    """Return the cells of each row, by its number as results have it."""
    numbers: dict[tuple[tuple[str, str], ...], int] = {}
    rows: dict[int, list[Cell]] = {}
    for cell in plan.suite.cells:
        rows.setdefault(numbers.setdefault(cell.row, len(numbers)), []).append(cell)
    return rows


def _cells_per_seed(cells: Sequence[Cell]) -> int:
    return sum(cell.spec.seed == cells[0].spec.seed for cell in cells)


def _saying(requests: Sequence[_Request], found: _Look) -> str:
    rows = {row for request in requests for row in request.seeds}
    count = sum(len(request.seeds) for request in requests)
    why = "which row is best" if any(each.best for each in found.wanted) else "what is undecided"
    if not found.counts:
        why = "how much seeds change"
    seeds, of_rows = f"{count} seed{'s' * (count > 1)}", f"{len(rows)} row{'s' * (len(rows) > 1)}"
    return f"Adding {seeds} to {of_rows}, to know {why}."


def _ending(found: _Look, reason: str) -> str:
    undecided, hopeless, exhausted = (
        sum(getattr(each, name) for each in found.wanted) for name in ("undecided", "hopeless", "exhausted")
    )
    if not found.wanted:
        return "There are no two rows to decide between."
    if not undecided and found.counts:
        return "The table is decided."
    said = [f"{undecided} pair{'s are' if undecided > 1 else ' is'} undecided."] if found.counts else []
    said += [reason] if reason else []
    if hopeless:
        said.append(f"For {hopeless} of them more seeds would hardly help: more test tracks would.")
    if exhausted:
        said.append(f"For {exhausted} of them only more seeds than a row may have (--max-seeds) would help.")
    return " ".join(said)
