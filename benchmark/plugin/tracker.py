"""The contract of a tracker: somebody who is told what happens in a run, and shows or keeps it elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar


@dataclass(frozen=True)
class PlannedCell:
    """A cell as a tracker hears of it before it ends.

    ``labels`` are what the suite calls its values, by axis, and ``spec`` is its canonical specification, as in its
    record; do not change them. ``status`` is how it ended in an earlier run, or ``missing``; ``to_run`` whether it is
    run now.
    """

    id: str
    labels: Mapping[str, str]
    spec: Mapping[str, Any] = field(repr=False)
    status: str = "missing"
    to_run: bool = True


class Tracker:
    """Told of what happens in a run that asks for it (``bench run --track NAME``).

    A subclass implements any of the hooks of events (``bench_cell_finished`` …) as methods marked ``@hookimpl``, and is
    made without arguments, once for a run. What it needs to know (an address, a folder) it takes from the environment,
    as its service's own tools do: it is no part of a suite, and of no cell's identity.
    """

    name: ClassVar[str]

    def unavailable(self) -> str:
        """Return why it cannot work on this machine (a package is missing), or nothing."""
        return ""
