"""What a Dask worker does for a run: it hands each task to a worker process of its own, as a run on one machine does.

So whatever holds for worker processes holds on a cluster too: their threads, their environment, their time limit, and
that nothing but cells draws random numbers in them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from benchmark.execution.events import Event
from benchmark.execution.tasks import called, packed
from benchmark.execution.workers import LocalWorkers

# Which process this is: a worker that was started again may have another installation.
PROCESS = uuid4().hex
STALE = b""
# In a Dask worker's own folder, which is there as long as the worker: what is printed by what it runs.
LOG = "genrebench.log"
_LOOKING_SECONDS = 0.5


@dataclass(frozen=True)
class Orders:
    """How tasks of a run are done.

    ``run`` names it, and what its tasks tell is sent under that name. ``seconds`` is each task's time limit, if there
    is one, and ``variables`` are set in the environment.
    """

    run: str
    threads: int = 1
    seconds: float | None = None
    variables: Mapping[str, str] = field(default_factory=dict)


def do(task: bytes, orders: Orders, process: str) -> bytes:
    """Do a task, which is packed; return this process and the ``Outcome``, packed.

    ``process`` is the one that was found fit for the task; where this is another one, nothing is done and ``STALE`` is
    returned. Empty, it is any.
    """
    if process not in ("", PROCESS):
        return STALE
    from distributed import get_worker

    def tell(event: Event) -> None:
        # What plugins tell may be such that it cannot be sent.
        with suppress(Exception):
            get_worker().log_event(orders.run, packed(event))

    with _crew.lent(orders) as workers, _killed_when_unwanted(workers):
        (outcome,) = workers.run(called, [(task,)], tell)
        return packed((PROCESS, outcome))


def dismiss(run: str) -> None:
    """End the worker processes of a run that has ended."""
    _crew.dismiss(run)


class _Crew:
    """The worker processes of this Dask worker that have nothing to do, kept for the next task of the same orders."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[tuple[Orders, LocalWorkers]] = []

    @contextmanager
    def lent(self, orders: Orders) -> Iterator[LocalWorkers]:
        with self._lock:
            others = [workers for kept, workers in self._idle if kept != orders]
            own = [workers for kept, workers in self._idle if kept == orders]
            workers = own.pop() if own else None
            self._idle = [(orders, idle) for idle in own]
        # They hold memory, and their run may be over.
        _end(others)
        if workers is None:
            from distributed import get_worker

            log = Path(get_worker().local_directory) / LOG
            workers = LocalWorkers(
                1, log=log, threads=orders.threads, seconds=orders.seconds, variables=orders.variables
            )
        try:
            yield workers
        except BaseException:
            workers.kill()
            raise
        with self._lock:
            self._idle.append((orders, workers))

    def dismiss(self, run: str) -> None:
        with self._lock:
            over = [workers for kept, workers in self._idle if kept.run == run]
            self._idle = [(kept, workers) for kept, workers in self._idle if kept.run != run]
        _end(over)


def _end(crew: list[LocalWorkers]) -> None:
    for workers in crew:
        workers.kill()


_crew = _Crew()


@contextmanager
def _killed_when_unwanted(workers: LocalWorkers) -> Iterator[None]:
    """Kill what runs inside as soon as nobody waits for it: its driver has given it up, has ended, or was killed.

    Nor does anybody when the worker closes, as it does when its scheduler has ended; it would wait for half a minute.
    """
    from distributed import get_worker

    worker: Any = get_worker()
    key, over = worker.get_current_task(), threading.Event()

    def watch() -> None:
        while not over.wait(_LOOKING_SECONDS):
            state = worker.state.tasks.get(key)
            unwanted = state is None or state.state in ("cancelled", "released", "forgotten")
            if unwanted or worker.status.name in ("closing", "closed", "failed"):
                workers.kill()

    watching = threading.Thread(target=watch, daemon=True)
    watching.start()
    try:
        yield
    finally:
        over.set()
        watching.join()
