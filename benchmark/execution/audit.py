"""Audit the cells of a plan, and say what was found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from benchmark.audit.cells import audit_cells
from benchmark.audit.cells import sounding_alike as cells_sounding_alike
from benchmark.audit.findings import Audit, Finding
from benchmark.exceptions import LeakError

if TYPE_CHECKING:
    from benchmark.data.looking import Looker
    from benchmark.execution.progress import Display
    from benchmark.locations import Locations
    from benchmark.plugin.registry import Registry
    from benchmark.plugin.tracks import Track
    from benchmark.results.plan import Plan
    from benchmark.suite.cell import Cell


def audit_plan(
    plan: Plan,
    cells: Sequence[Cell],
    registry: Registry,
    locations: Locations,
    display: Display,
    looker: Looker,
) -> list[Audit]:
    """Return the audit of each of a plan's ``cells``, in their order; ``looker`` listens to the tracks.

    Raises:
        CacheError: when the cache cannot be written.
        SplitError: when a dataset cannot be split as asked.
    """

    def progress(done: int, total: int) -> None:
        if done == 0:
            display.note(f"audit: making fingerprints of {total} tracks")

    return audit_cells(cells, plan.suite.cells, registry, plan.corpus_of, locations.cache, progress, looker)


def sounding_alike(
    plan: Plan, cells: Sequence[Cell], locations: Locations, looker: Looker
) -> dict[str, list[list[Track]]]:
    """Return, by the label of each dataset that is trained on, sets of its tracks that sound alike.

    Raises:
        CacheError: when the cache cannot be written.
    """
    return cells_sounding_alike(cells, plan.corpus_of, locations.cache, looker)


def audit_before_run(
    plan: Plan,
    cells: Sequence[Cell],
    registry: Registry,
    locations: Locations,
    display: Display,
    looker: Looker,
    *,
    strict: bool,
) -> list[Audit]:
    """Return the audit of each cell that is about to be run; note leaks and warnings.

    Raises:
        LeakError: with ``strict``, when there is a leak.
    """
    audits = audit_plan(plan, cells, registry, locations, display, looker)
    if strict:
        refuse_leaks(plan, audits)
    counted = count_cells(audits)
    for kind, findings in by_kind(counted).items():
        finding, affected = findings[0]
        if finding.severity != "note":
            word = "Leak" if finding.severity == "leak" else "Warning"
            more = f" (and {len(findings) - 1} splits more)" if len(findings) > 1 else ""
            mend = f" To mend it: {finding.mend}" if finding.mend else ""
            display.note(f"{word}: {kind}, in {affected} cells{more}: {finding.message}{mend}")
    return audits


def refuse_leaks(plan: Plan, audits: Iterable[Audit]) -> None:
    """Do nothing if no cell leaks.

    Raises:
        LeakError: with all leaks.
    """
    leaks = [f"{f.kind}: {f.message}" for f, _ in count_cells(audits) if f.severity == "leak"]
    if leaks:
        raise LeakError(
            "\n".join(leaks)
            + f"\nA split leaks, and --strict allows none: nothing was run. 'bench audit {plan.suite.path}' tells more."
        )


def count_cells(audits: Iterable[Audit]) -> list[tuple[Finding, int]]:
    """Return distinct findings, the gravest first, each with the number of cells that it concerns."""
    counts: dict[Finding, int] = {}
    for audit in audits:
        for finding in audit.findings:
            counts[finding] = counts.get(finding, 0) + 1
    order = ("leak", "warning", "note")
    return sorted(counts.items(), key=lambda counted: order.index(counted[0].severity))


def by_kind(counted: Iterable[tuple[Finding, int]]) -> dict[str, list[tuple[Finding, int]]]:
    """Return findings by their kind."""
    kinds: dict[str, list[tuple[Finding, int]]] = {}
    for finding, count in counted:
        kinds.setdefault(finding.kind, []).append((finding, count))
    return kinds
