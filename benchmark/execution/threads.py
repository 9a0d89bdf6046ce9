"""How many threads a task gets: its share of the cores, the same for every task of a run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")


def cores() -> int:
    """Return how many CPU cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def share(jobs: int) -> int:
    """Return the threads of each of so many tasks at a time.

    Sums that are made in another order differ in their last bits; so this follows from what a run was asked for, and
    never from how many tasks are left.
    """
    return max(1, cores() // jobs)


def environment(threads: int) -> dict[str, str]:
    """Return the variables that have libraries use so many threads, if they are set before these are loaded."""
    return {**dict.fromkeys(_VARIABLES, str(threads)), "TF_NUM_INTEROP_THREADS": "1"}


@contextmanager
def limited(threads: int) -> Iterator[None]:
    """Have libraries use so many threads in this process, whether they are loaded already or not."""
    from threadpoolctl import threadpool_limits

    before = {name: os.environ.get(name) for name in environment(threads)}
    os.environ.update(environment(threads))
    try:
        with threadpool_limits(threads):
            yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
