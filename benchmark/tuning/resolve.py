"""From what studies have found to cells: a plan whose tuned rows have their values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.results.matching import UNKNOWN, without_revisions
from benchmark.results.plan import Plan, identities
from benchmark.suite.cell import Cell, identity
from benchmark.suite.identity import Identifier
from benchmark.suite.tuning.space import changed_parts
from benchmark.suite.tuning.tune import AXIS, TUNED, StudySpec, Tune, studies, untuned_row
from benchmark.tuning.record import StudyRecord, read_record, read_records

if TYPE_CHECKING:
    from benchmark.plugin.registry import Registry


@dataclass(frozen=True)
class PlannedStudy:
    """A study of a suite: its specification, and what is recorded of it.

    ``id`` and ``canonical`` are None where the row's dataset is absent and nothing is recorded.
    """

    spec: StudySpec
    id: str | None
    canonical: Mapping[str, Any] | None
    record: StudyRecord | None

    def is_done(self, tune: Tune) -> bool:
        """Whether nothing of it is left to run."""
        return self.record is not None and is_done(self.record, self.spec, tune)


def is_done(record: StudyRecord, spec: StudySpec, tune: Tune) -> bool:
    """Whether a study has all trials, or all the time, that the suite gives it."""
    timeout = tune.settings.timeout
    return record.count >= trial_limit(spec, tune) or (timeout is not None and record.seconds >= timeout)


def trial_limit(spec: StudySpec, tune: Tune) -> int:
    """Return how many trials a study has at most."""
    if tune.sampler.name != "grid":
        return tune.settings.trials
    combinations = 1
    for dimension in spec.space:
        combinations *= len(dimension.values() or ())
    return min(tune.settings.trials, combinations)


def planned_studies(plan: Plan, results: Path, registry: Registry) -> list[PlannedStudy]:
    """Return the studies of a plan's rows; ``results`` is the suite's folder. Rows may share one."""
    tune = plan.suite.tune
    if tune is None:
        return []
    planned = []
    recorded: dict[str, StudyRecord] | None = None
    for spec in studies(tune, plan.suite.cells):
        canonical = canonical_study(spec, tune, plan.identifier, registry)
        if canonical is None:
            if recorded is None:
                recorded = {_unrevised(record.spec): record for record in read_records(results)}
            anywhere = canonical_study(spec, tune, Identifier(lambda _: UNKNOWN), registry)
            record = recorded.get(_unrevised(anywhere or {}))
            known = PlannedStudy(spec, None, None, None)
            planned.append(known if record is None else PlannedStudy(spec, record.id, record.spec, record))
        else:
            id_ = identity(canonical)
            planned.append(PlannedStudy(spec, id_, canonical, read_record(results, id_)))
    return planned


def unfinished_studies(
    plan: Plan, results: Path, registry: Registry, *, retry_failed: bool = False
) -> list[PlannedStudy]:
    """Return the studies to be run, each once: those with trials left, or with failed ones that are asked for."""
    tune = plan.suite.tune
    assert tune is not None
    by_id: dict[str, PlannedStudy] = {}
    for study in planned_studies(plan, results, registry):
        failed = study.record is not None and study.record.trials.get("failed", 0) > 0
        if study.id is not None and (not study.is_done(tune) or (retry_failed and failed)):
            by_id.setdefault(study.id, study)
    return list(by_id.values())


def canonical_study(
    spec: StudySpec, tune: Tune, identifier: Identifier, registry: Registry
) -> dict[str, Any] | None:
    """Return what makes two studies the same, as plain JSON, or None where the row's dataset is absent.

    The numbers of trials and seconds take no part: with more of them, a study goes on.
    """
    base = identifier.canonical(spec.base)
    if base is None:
        return None
    return {
        "base": base,
        "metric": tune.metric.identity(),
        "space": {dimension.name: dimension.plain() for dimension in spec.space},
        "sampler": tune.sampler.plain(),
        "pruner": tune.pruner.plain(),
    }


def resolved(plan: Plan, results: Path, registry: Registry) -> Plan:
    """Return the plan with the best values in the tuned cells of studies that are done; the others stay pending."""
    tune = plan.suite.tune
    if tune is None:
        return plan
    by_row = {untuned_row(study.spec.labels): study for study in planned_studies(plan, results, registry)}
    parts: dict[tuple[Any, ...], dict[str, Any]] = {}
    cells = []
    for cell in plan.suite.cells:
        row = untuned_row(cell.labels)
        if cell.labels.get(AXIS) != TUNED:
            cells.append(cell)
        elif row not in by_row:
            # Nothing of the row is left to be varied, which happens in rehearsals only.
            cells.append(replace(cell, pending=""))
        else:
            # All cells of a row share what is put in, as they share what was there before.
            cells.append(_resolved(cell, by_row[row], tune, registry, parts.setdefault(row, {})))
    suite = replace(plan.suite, cells=tuple(cells))
    return replace(plan, suite=suite, ids=identities(suite, plan.identifier))


def _resolved(
    cell: Cell, study: PlannedStudy, tune: Tune, registry: Registry, shared: dict[str, Any]
) -> Cell:
    record = study.record
    if record is None:
        return cell
    if not study.is_done(tune):
        limit = trial_limit(study.spec, tune)
        return replace(cell, pending=f"its study has {record.count} of {limit} trials")
    if record.status != "ok":
        why = f": {record.errors[0]}" if record.errors else ""
        return replace(
            cell, pending=f"its study found nothing, none of {record.count} trials was finished{why}"
        )
    if not shared:
        shared.update(changed_parts(cell.spec, record.values, registry))
    return replace(cell, spec=replace(cell.spec, **shared), pending="", tuning=record.summary())


def _unrevised(canonical: Mapping[str, Any]) -> str:
    base = canonical.get("base")
    rest = {key: value for key, value in canonical.items() if key != "base"}
    return identity({**rest, "base": without_revisions(base) if isinstance(base, dict) else None})
