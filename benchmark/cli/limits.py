"""What ``bench run --decide`` is given, and what it does not go together with."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmark.exceptions import UsageError

if TYPE_CHECKING:
    from benchmark.suite.load import Suite

# A rehearsal shows that it works, in about a minute.
MOST_SEEDS, MOST_IN_REHEARSAL = 20, 3


@dataclass(frozen=True)
class Limits:
    """How many seeds a row may have in all, and when (``time.monotonic``) the last must be done, if ever."""

    most: int
    end: float | None


def read_limits(max_seeds: int | None, budget: float | None, flags: Mapping[str, bool]) -> Limits | None:
    """Return the limits, or None without ``--decide``.

    Raises:
        UsageError: when options do not go together.
    """
    if not flags["decide"]:
        for name, value in (("--max-seeds", max_seeds), ("--budget", budget)):
            if value is not None:
                raise UsageError(f"{name} limits what --decide adds: give --decide too.")
        return None
    if flags["force"]:
        raise UsageError(
            "--decide and --force do not go together: verdicts of earlier looks were of results that --force replaces. "
            "Run with --force first, then with --decide."
        )
    most = max_seeds or MOST_SEEDS
    end = None if budget is None else time.monotonic() + 3600 * budget
    return Limits(min(most, MOST_IN_REHEARSAL) if flags["rehearse"] else most, end)


def check_decidable(suite: Suite) -> None:
    """Raise if no seeds can be added to a suite.

    Raises:
        UsageError: with the reason.
    """
    if suite.tune is not None:
        raise UsageError(
            f"--decide adds no seeds to {suite.path}, which has 'tune': its studies chose on the seeds that it has. "
            "Write the values that were found into a suite without 'tune', and decide that."
        )
    if "seed" not in suite.axes:
        raise UsageError(
            f"--decide adds seeds, and seed is no axis of {suite.path}: move it into the matrix, 'seed: [0, 1]', say."
        )
