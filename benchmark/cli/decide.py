"""``bench run SUITE --decide``: look at the table, add seeds where a verdict hangs on them, run them, look again."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click

from benchmark.execution.run import RunOptions, missing_cells
from benchmark.results.added import AddedSeeds, Race, RowKeys, read_race, with_added, write_race
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
    from benchmark.suite.load import Suite

# What a driver claims that looks at the table: no cell is called so.
_LOOKING = "look-at-the-table"


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
    with the same look. Drivers side by side look one at a time, and only when all that was asked for is done: what one
    of them has recorded is the others' look too.
    """
    own = replace(plan.suite, cells=tuple(cell for cell in plan.suite.cells if not cell.added))
    summary: RunSummary | None = None
    while True:
        with store.claims() as claims, claims.held(_LOOKING):
            race = read_race(store.folder)
            plan = _with_race(plan, own, race, registry)
            said, is_over = "", False
            if not missing_cells(plan, store, RunOptions()):
                said, is_over, race = _looked(plan, store, registry, limits, race, at_once)
                write_race(store.folder, race)
                plan = _with_race(plan, own, race, registry)
        if said:
            click.echo(said, err=True)
        if is_over:
            return plan, summary
        summary = run(plan)
        if summary.interrupted or summary.elsewhere:
            return plan, summary


def _with_race(plan: Plan, own: Suite, race: Race, registry: Registry) -> Plan:
    suite, _ = with_added(own, race, registry)
    return replace(plan, suite=suite, ids=identities(suite, plan.identifier))


def _looked(
    plan: Plan, store: ResultsStore, registry: Registry, limits: Limits, race: Race, at_once: int
) -> tuple[str, bool, Race]:
    """Look at the table; return what is to be said, whether that was the last look, and what is to be recorded."""
    from benchmark.analysis.racing import LOOKS, PRICE

    look = _look(plan, store, registry, limits.most)
    is_new = look.counts and race.looks[-1:] != (look.digest,)
    exhausted = f"The table was looked at {LOOKS} times, which is all."
    if is_new and len(race.looks) >= LOOKS:
        return _ending(look, exhausted), True, race
    looks = (*race.looks, look.digest) if is_new else race.looks
    race = replace(race, looks=looks, price=PRICE)
    requests = _affordable(look, plan, limits, at_once)
    reason = ""
    if not requests:
        reason = "No further seed would be done within the budget." if look.requests else ""
    elif look.counts and len(looks) >= LOOKS:
        reason, requests = exhausted, []
    if not requests:
        return _ending(look, reason), True, race
    return _saying(requests, look), False, race.plus(_added(requests, plan, registry))


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
    stats = statistics(results, lines, settings, seedless_models(registry), PRICE)
    sort = sorting(results, plan)
    rows = _rows(plan)
    finished = results.cells[results.cells[STATUS] == "ok"]
    digest = hashlib.sha256(" ".join(sorted(finished["id"])).encode()).hexdigest()[:16]
    wanted: list[Wanted] = []
    requests: list[_Request] = []
    # Nobody asks which is the best of rows that leak, or of those that share groups where others do not.
    may_be_ranked = set(map(int, lines.loc[lines["clean"], ROW]))
    raced = {
        number: family for number, family in stats.families.items() if may_be_ranked.issuperset(family.rows)
    }
    for number, family in raced.items():
        known = stats.known[number]
        seeds = np.array([len({cell.spec.seed for cell in rows[row]}) for row in family.rows])
        decided, candidates = _verdicts(stats, family.rows, sort.name, known.candidates)
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
    stats: Statistics, rows: Sequence[int], measure: str, candidates: Iterable[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Return which pairs of rows are decided, and which rows may be the best."""
    import numpy as np

    from benchmark.analysis.comparison import UNDECIDED, by_pair

    pairs = by_pair(stats.comparisons, measure)
    decided = np.array(
        [
            [first == second or pairs[first, second]["verdict"] != UNDECIDED for second in rows]
            for first in rows
        ]
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
    same = alike({row: own for row, own in cells.items() if own})
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
    requests = []
    for turn in range(max((len(seeds) for seeds in wanted.values()), default=0)):
        chosen = {row: seeds[turn] for row, seeds in wanted.items() if turn < len(seeds)}
        requests += (
            [_Request(chosen)] if together else [_Request({row: seed}) for row, seed in chosen.items()]
        )
    return requests


def _affordable(look: _Look, plan: Plan, limits: Limits, at_once: int) -> list[_Request]:
    """Return the requests that are done in time, by the mean durations of their rows' cells, from the first on."""
    if limits.end is None:
        return list(look.requests)
    rows = _rows(plan)
    free = [time.monotonic()] * at_once
    kept = []
    for request in look.requests:
        then = sorted(free)
        for row in request.seeds:
            for _ in range(_cells_per_seed(rows[row])):
                then[0] += look.seconds.get(row, 0.0)
                then.sort()
        if then[-1] > limits.end:
            break
        free = then
        kept.append(request)
    return kept


def _added(requests: Sequence[_Request], plan: Plan, registry: Registry) -> dict[str, AddedSeeds]:
    """Return what is asked for, by the rows' keys."""
    rows, keys = _rows(plan), RowKeys()
    added: dict[str, AddedSeeds] = {}
    for request in requests:
        for row, seed in request.seeds.items():
            cell = rows[row][0]
            key = keys.of(cell)
            before = added[key].seeds if key in added else ()
            added[key] = AddedSeeds((*before, seed), cell.row)
    return added


def _rows(plan: Plan) -> dict[int, list[Cell]]:
    """Return the cells of each row, by its number as results have it."""
    numbers: dict[tuple[tuple[str, str], ...], int] = {}
    rows: dict[int, list[Cell]] = {}
    for cell in plan.suite.cells:
        rows.setdefault(numbers.setdefault(cell.row, len(numbers)), []).append(cell)
    return rows


def _cells_per_seed(cells: Sequence[Cell]) -> int:
    return sum(cell.spec.seed == cells[0].spec.seed for cell in cells)


def _saying(requests: Sequence[_Request], look: _Look) -> str:
    rows = {row for request in requests for row in request.seeds}
    count = sum(len(request.seeds) for request in requests)
    why = "which row is best" if any(block.best for block in look.wanted) else "what is undecided"
    if not look.counts:
        why = "how much seeds change"
    seeds, of_rows = f"{count} seed{'s' * (count > 1)}", f"{len(rows)} row{'s' * (len(rows) > 1)}"
    return f"Adding {seeds} to {of_rows}, to know {why}."


def _ending(look: _Look, reason: str) -> str:
    undecided, hopeless, exhausted = (
        sum(getattr(block, name) for block in look.wanted) for name in ("undecided", "hopeless", "exhausted")
    )
    if not look.wanted:
        return "There are no two rows to decide between."
    if not undecided and look.counts:
        return "The table is decided."
    said = [f"{undecided} pair{'s are' if undecided > 1 else ' is'} undecided."] if look.counts else []
    said += [reason] if reason else []
    if hopeless:
        said.append(f"For {hopeless} of them more seeds would hardly help: more test tracks would.")
    if exhausted:
        said.append(f"For {exhausted} of them only more seeds than a row may have (--max-seeds) would help.")
    return " ".join(said)
