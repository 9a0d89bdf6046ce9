"""The tasks of cells: all that a worker is told of one, and what its result will say that it was made with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.audit.findings import audit_record
from benchmark.execution.cell import CellTask
from benchmark.results.plan import Plan
from benchmark.results.provenance import provenance
from benchmark.results.standing import LEAKY

if TYPE_CHECKING:
    from benchmark.audit.findings import Audit
    from benchmark.execution.run import RunOptions
    from benchmark.locations import Locations
    from benchmark.plugin.manager import Plugins
    from benchmark.plugin.registry import Registry
    from benchmark.suite.cell import Cell


def cell_tasks(
    plan: Plan,
    plugins: Plugins,
    missing: Sequence[tuple[Cell, str]],
    audits: Sequence[Audit],
    locations: Locations,
    options: RunOptions,
    threads: int,
    unmade: Mapping[str, str],
) -> list[CellTask]:
    """Return the tasks of missing cells, each with what its audit found.

    ``threads`` is how many each training has; ``unmade`` says, by features, why they could not be computed.
    """
    made = made_with(plan.suite.path, plugins.registry, threads)
    benchfile = plugins.registry.benchfile
    limit = plan.suite.leaderboard.leak_limit
    tasks = []
    for (cell, id_), audit in zip(missing, audits, strict=True):
        canonical = plan.identifier.canonical(cell.spec)
        assert canonical is not None
        tasks.append(
            CellTask(
                id=id_,
                suite=plan.suite.name,
                labels=dict(cell.labels),
                canonical=canonical,
                spec=cell.spec,
                tuning=dict(cell.tuning or {}),
                audit=audit_record(audit.findings, audit.sets),
                locations=locations,
                benchfile=benchfile,
                marks=tuple(sorted({*options.marks, *_marks(cell, plugins, audit, limit)})),
                provenance={**made, "added": "by bench run --decide"} if cell.added else made,
                seconds=options.seconds,
                keep_model=options.keep_models,
                checkpoint_every=options.checkpoint_every,
                unmade=unmade.get(cell.spec.features.key, ""),
            )
        )
    return tasks


def made_with(suite: Path, registry: Registry, threads: int) -> dict[str, Any]:
    """Return the provenance of what is trained now, for the ``suite`` of that file, on so many ``threads`` each."""
    made = {**provenance(suite.resolve().parent), "threads": threads}
    if registry.benchfile is not None:
        made["benchfile"] = registry.benchfile.digest
    return made


def _marks(cell: Cell, plugins: Plugins, audit: Audit, leak_limit: float) -> Iterator[str]:
    """Yield what every output must say of this cell's result."""
    datasets = [cell.spec.dataset, *(e.dataset for e in cell.spec.evaluate if e.dataset is not None)]
    if any(plugins.registry.offer("dataset", dataset.name).component.synthetic for dataset in datasets):  # type: ignore[attr-defined]
        yield "synthetic"
    # Tables decide anew, by the limit that the suite has then.
    if any(len(facts.leaking) > leak_limit * facts.tracks for facts in audit.sets.values()):
        yield LEAKY
