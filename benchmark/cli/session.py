"""What the jobs of one ``bench run`` (audit, studies, cells) have in common, and how each of them is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmark.execution.notify import Tell, nobody

if TYPE_CHECKING:
    from benchmark.data.looking import Looker
    from benchmark.execution.executor import Executors
    from benchmark.execution.run import RunOptions, RunSummary
    from benchmark.locations import Locations
    from benchmark.plugin.manager import Plugins
    from benchmark.results.plan import Plan


@dataclass(frozen=True)
class Session:
    """One run of a suite.

    ``executors`` gives what runs features and cells, made when they are first asked for; ``looker`` looks at audio
    files; ``tell`` hears of each cell and epoch.
    """

    plugins: Plugins
    locations: Locations
    options: RunOptions
    executors: Callable[[], Executors]
    looker: Looker
    tell: Tell = nobody

    def refuse_leaks(self, plan: Plan) -> None:
        """Raise if any cell leaks, also one that is finished: before studies, which train too.

        Raises:
            LeakError: with what leaks.
        """
        from benchmark.execution.audit import audit_plan, refuse_leaks
        from benchmark.execution.progress import make_display

        with make_display() as display:
            cells = [cell for cell, _ in plan.cells]
            audits = audit_plan(plan, cells, self.plugins.registry, self.locations, display, self.looker)
            refuse_leaks(plan, audits)

    def study(self, plan: Plan) -> tuple[Plan, RunSummary | None]:
        """Run the studies; return the plan with what they found, and a summary if that was interrupted."""
        from benchmark.execution.progress import make_display
        from benchmark.execution.run import RunSummary
        from benchmark.results.store import ResultsStore
        from benchmark.tuning.resolve import resolved, unfinished_studies

        store = ResultsStore(self.locations.results, plan.suite.name)
        registry = self.plugins.registry
        if not unfinished_studies(plan, store.folder, registry, retry_failed=self.options.retry_failed):
            return plan, None
        from benchmark.tuning.run import run_studies

        with make_display() as display:
            interrupted = run_studies(
                plan, self.plugins, self.locations, self.options, self.executors(), display
            )
        plan = resolved(plan, store.folder, registry)
        return plan, RunSummary(interrupted=True) if interrupted else None

    def run(self, plan: Plan) -> RunSummary:
        """Run the cells that have no result."""
        from benchmark.execution.progress import make_display
        from benchmark.execution.run import run_suite

        with make_display() as display:
            return run_suite(
                plan,
                self.plugins,
                self.locations,
                self.options,
                self.executors(),
                display,
                self.tell,
                self.looker,
            )
