"""What finished cells score on corrupted sets, track by track: what robustness is computed from."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmark.exceptions import ResultsError
from benchmark.plugin.metric import Metric
from benchmark.results.corrupted import CorruptedRecord, CorruptedStore, Filed, clean_digest
from benchmark.results.corrupted_reader import CellReader, CellScores, Wear
from benchmark.results.frames import CELL_NAME, ROW, STATUS, Results, lines_of
from benchmark.suite.cell import Corrupted
from benchmark.suite.identity import corrupted_key

if TYPE_CHECKING:
    from benchmark.results.plan import Plan
    from benchmark.results.store import ResultsStore


@dataclass(frozen=True)
class SetScores:
    """One evaluation set that is corrupted.

    Attributes:
        set: what the suite calls it.
        metric: label of the metric whose scores these are, ``percent`` whether it is shown times 100, ``proportion``
            whether it is a share of tracks, ``greater_is_better`` which direction is better.
        amounts: what each severity is, by corruption and severity: number and unit, in the suite's order.
        rows: by row and cell; cells that lack a corruption, or a severity of it, lack that corruption.
        components: what each corruption is, whatever its version: the same for what is the same.
    """

    set: str
    metric: str
    percent: bool
    proportion: bool
    greater_is_better: bool
    amounts: Mapping[tuple[str, int], tuple[float, str]]
    rows: Mapping[int, Mapping[str, CellScores]]
    components: Mapping[str, str] = field(default_factory=dict)

    @property
    def corruptions(self) -> tuple[str, ...]:
        """The corruptions, in the suite's order."""
        return tuple(dict.fromkeys(name for name, _ in self.amounts))

    @property
    def severities(self) -> tuple[int, ...]:
        """All severities, the mildest first."""
        return tuple(sorted({severity for _, severity in self.amounts}))


@dataclass(frozen=True)
class CorruptedScores:
    """All sets that are corrupted, and what must be said of them."""

    sets: tuple[SetScores, ...] = ()
    notes: tuple[str, ...] = ()


NOTHING = CorruptedScores()


def collect_corrupted(plan: Plan, store: ResultsStore, results: Results, sort: str) -> CorruptedScores:
    """Return what finished cells score on corrupted sets, on the tracks of which clean results are shown.

    The metric is that of the measure ``sort``, or else the first one that is a mean of tracks' scores.
    """
    several = {id(cell.spec.corrupted): cell.spec.corrupted for cell in plan.suite.cells}
    asked = {
        _wear(corrupted): _Said(corrupted.amount, corrupted.unit, _component(corrupted.corruption.identity()))
        for wanted in several.values()
        for corrupted in wanted
        if corrupted.evaluation.label in results.sets
    }
    if not asked:
        return NOTHING
    wanted = {id_: cell.spec.corrupted for cell, id_ in plan.cells}
    others: set[str] = set()

    def names(id_: str) -> Callable[[Mapping[str, Filed]], dict[Wear, str]]:
        def of(filed: Mapping[str, Filed]) -> dict[Wear, str]:
            own = _names(wanted.get(id_, ()), results.filed.get(id_, {}), filed, others)
            # What was done is known to the record alone: here may be another version of what wears, or none.
            asked.update({wear: _said(filed, key) for wear, key in own.items()})
            return own

        return of

    scores = _scores(
        store,
        results,
        sort,
        asked,
        lambda id_: [_wear(corrupted) for corrupted in wanted.get(id_, ())],
        names,
    )
    if not others:
        return scores
    said = (
        f"Results on corrupted sets were made by other versions of {', '.join(sorted(others))} than those that are "
        "installed here."
    )
    return replace(scores, notes=(said, *scores.notes))


def filed_corrupted(store: ResultsStore, results: Results, sort: str = "") -> CorruptedScores:
    """Return the same of all corrupted sets that are filed, where the suite is not at hand."""
    corrupted, asked = CorruptedStore(store), {}
    for id_ in results.cells.loc[results.cells[STATUS] == "ok", "id"]:
        try:
            filed = corrupted.of(id_, clean_digest(results.records[id_], results.folders[id_]))
        except (KeyError, ResultsError):
            continue
        for wear, key in _told(results.filed.get(id_, {}), filed).items():
            asked[wear] = _said(filed, key)
    if not asked:
        return NOTHING
    every = sorted(asked, key=lambda wear: wear.severity)
    return _scores(
        store,
        results,
        sort,
        {wear: asked[wear] for wear in every},
        lambda id_: every,
        lambda id_: lambda filed: _told(results.filed.get(id_, {}), filed),
    )


class _Said(NamedTuple):
    """What a wear is."""

    amount: float
    unit: str
    component: str


def _scores(
    store: ResultsStore,
    results: Results,
    sort: str,
    asked: Mapping[Wear, _Said],
    wanted: Callable[[str], Sequence[Wear]],
    names: Callable[[str], Callable[[Mapping[str, Filed]], Mapping[Wear, str]]],
) -> CorruptedScores:
    """Return the scores of all finished cells: ``wanted`` of each, by id, and filed under ``names``."""
    chosen = _metric(results, sort)
    if chosen is None:
        said = "No metric of the suite is a mean over tracks, of which robustness is computed: add top1, say."
        return CorruptedScores(notes=(said,))
    label, metric = chosen
    reader = CellReader(CorruptedStore(store), results, metric)
    rows: dict[str, dict[int, dict[str, CellScores]]] = {
        name: {} for name in results.sets if any(wear.set == name for wear in asked)
    }
    finished = results.cells[results.cells[STATUS] == "ok"]
    for cell in lines_of(finished):
        id_ = str(cell["id"])
        for name, scores in reader.read(id_, wanted(id_), names(id_)).items():
            rows[name].setdefault(int(cell[ROW]), {})[str(cell[CELL_NAME])] = scores
    kind = type(metric)
    sets = tuple(
        SetScores(
            name,
            label,
            kind.percent,
            kind.proportion,
            kind.greater_is_better,
            {wear[1:]: said[:2] for wear, said in asked.items() if wear.set == name},
            own,
            {wear.corruption: said.component for wear, said in asked.items() if wear.set == name},
        )
        for name, own in rows.items()
    )
    return CorruptedScores(sets, tuple(reader.notes()))


def _wear(corrupted: Corrupted) -> Wear:
    return Wear(corrupted.evaluation.label, corrupted.corruption.label, corrupted.severity)


def _said(filed: Mapping[str, Filed], key: str) -> _Said:
    """Return what a record says of a wear."""
    said = filed[key].record.sets[key]
    return _Said(float(said["amount"]), str(said["unit"]), _component(said["corruption"]))


def _component(corruption: Mapping[str, Any]) -> str:
    """Return what a corruption is, as identities have it, whatever its version."""
    return json.dumps([corruption.get("name"), corruption.get("parameters")], sort_keys=True)


def _metric(results: Results, sort: str) -> tuple[str, Metric] | None:
    """Return the metric that rows are sorted by, if it is a mean of scores, or the first one that is."""
    first = sort.rpartition("/")[2]
    labels = sorted(results.metrics, key=lambda label: label != first)
    means = (label for label in labels if type(results.metrics[label]).scores is not Metric.scores)
    label = next(means, None)
    return None if label is None else (label, results.metrics[label])


def _told(called: Mapping[str, str], filed: Mapping[str, Filed]) -> dict[Wear, str]:
    """Return what wears are filed under by what records say; ``called`` are the clean sets, by what they are called."""
    # Records of format 1 filed the test part of "tones" under "tones:test", and what is worn of it under "test".
    labels = {name.rpartition(":")[2]: label for label, name in called.items()}
    labels |= {name: label for label, name in called.items()}
    told = {key: of_set.record.sets[key] for key, of_set in filed.items()}
    return {
        Wear(labels[said["set"]], str(said["label"]), int(said["severity"])): key
        for key, said in told.items()
        if said.get("set") in labels
    }


def _names(
    wanted: Sequence[Corrupted], called: Mapping[str, str], filed: Mapping[str, Filed], others: set[str]
) -> dict[Wear, str]:
    """Return what wears are filed under; by other versions of the corruption only if by none of this.

    The labels of these are added to ``others``.
    """
    names: dict[Wear, str] = {}
    for corrupted in wanted:
        evaluation = corrupted.evaluation
        # Records of format 1 filed a part of the cell's own dataset under what it was called.
        clean = (evaluation.part if evaluation.dataset is None else "") or called.get(evaluation.label, "")
        key = corrupted_key(corrupted, clean)
        if key not in filed:
            alike = [
                other for other, of_set in filed.items() if _is_alike(of_set.record, other, corrupted, clean)
            ]
            if len(alike) != 1:
                continue
            others.add(f"'{corrupted.corruption.label}'")
            (key,) = alike
        names[_wear(corrupted)] = key
    return names


def _is_alike(record: CorruptedRecord, key: str, wanted: Corrupted, clean: str) -> bool:
    """Return whether a corrupted set is the one that is wanted, but for the version of what wears it."""
    told: dict[str, Any] = record.sets[key]
    return (
        told.get("set") == clean
        and told.get("label") == wanted.corruption.label
        and told.get("severity") == wanted.severity
        and (told.get("corruption") or {}).get("name") == wanted.corruption.name
    )
