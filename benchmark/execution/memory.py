"""How much memory there is, and by how much a worker may grow before it is replaced."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

from benchmark.exceptions import UsageError

GROWTH_VARIABLE = "BENCH_WORKER_GROWTH"
# Of a worker's share of the memory that there is.
_GROWTH = 0.25
_MEGABYTE = 1_000_000
_GROUPS = Path("/sys/fs/cgroup")


def growth_limit(jobs: int) -> int:
    """Return by how many bytes each of so many workers may grow: ``$BENCH_WORKER_GROWTH`` MB, or by what there is.

    Raises:
        UsageError: when the variable is no number above 0.
    """
    given = os.environ.get(GROWTH_VARIABLE, "")
    if not given:
        return int(_GROWTH * memory_here() / jobs)
    with suppress(ValueError):
        if float(given) > 0:
            return int(float(given) * _MEGABYTE)
    raise UsageError(f"{GROWTH_VARIABLE}={given!r} is no number of MB above 0.")


@cache
def memory_here() -> int:
    """Return the bytes of memory that processes here may have: the machine's, or what a container or job is given."""
    import psutil

    own = Path("/proc/self/cgroup")
    groups = own.read_text(encoding="utf-8") if own.is_file() else ""
    return min([int(psutil.virtual_memory().total), *_limits(groups, _GROUPS)])


def _limits(groups: str, root: Path) -> Iterator[int]:
    """Yield the limits of control groups, as ``/proc/self/cgroup`` lists them, and of those that they are in."""
    for line in groups.splitlines():
        _, _, rest = line.partition(":")
        kinds, _, path = rest.partition(":")
        if kinds and "memory" not in kinds.split(","):
            continue
        top = root / "memory" if kinds else root
        name = "memory.limit_in_bytes" if kinds else "memory.max"
        folder = top / path.lstrip("/")
        # A container sees its own group as the root, whatever it is called outside.
        for group in (folder, *folder.parents):
            if group == root.parent:
                break
            # Without a limit there is a word, or a number beyond any memory.
            with suppress(OSError, ValueError):
                yield int((group / name).read_text(encoding="utf-8"))
