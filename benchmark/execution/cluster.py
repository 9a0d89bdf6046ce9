"""A Dask cluster that is there already, and which of its workers can be used.

Results hang on the installation that makes them. So each worker is asked what it has before it is given anything, and
one that differs is refused by name.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

from benchmark.backend import VARIABLE, asked_backend
from benchmark.clock import awake_seconds
from benchmark.exceptions import ClusterError, error_text
from benchmark.execution import remote
from benchmark.execution.likeness import Need, differences, traits, traits_away
from benchmark.execution.tasks import packed, unpacked

if TYPE_CHECKING:
    from benchmark.execution.executor import Outcome
    from benchmark.plugin.registry import Registry

GPU = "GPU"
# What backends read when they start, and what of ours changes what is computed or said.
_PASSED_ON = (
    "XLA_FLAGS", "CUBLAS_WORKSPACE_CONFIG", "TF_ENABLE_ONEDNN_OPTS", "TF_DETERMINISTIC_OPS", "BENCH_ENERGY",
    "BENCH_LONGEST_SECONDS",
)  # fmt: skip
_SILENT_SECONDS = 20
_PAUSE = 0.25
_MOST_AT_ONCE = 1000


class Gone(Exception):  # noqa: N818
    """Raised when a worker is not there any more, or nobody waits for it; never leaves this package."""


@dataclass(eq=False)
class Hand:
    """A worker of the cluster: its address, what people call it, its threads and GPUs, and which process it is."""

    address: str
    name: str
    threads: int
    gpus: float
    process: str = ""
    gone: bool = False

    def __str__(self) -> str:
        return f"{self.name} ({self.address})" if self.name != self.address else self.address


class Cluster:
    """A connection to a cluster; ``hands`` are the workers that can be used now, by their addresses."""

    def __init__(
        self, client: Any, registry: Registry, needs: Sequence[Need], say: Callable[[str], None]
    ) -> None:
        """Use a Dask client; workers must have what components ``needs`` names, as they are here.

        ``say`` is told what people must know.
        """
        self.client = client
        self.run = f"genrebench-{uuid4().hex}"
        self.hands: dict[str, Hand] = {}
        self.say = say
        self._needs, self._benchfile = needs, registry.benchfile
        self._here = traits(registry, needs)
        self._refused: dict[str, str] = {}
        self._asked: dict[str, tuple[Hand, Future[str]]] = {}
        self._threads = ThreadPoolExecutor(_MOST_AT_ONCE)
        self._over = threading.Event()
        self._waits = False
        self._next_look = 0.0

    @property
    def address(self) -> str:
        """Where the scheduler is."""
        return str(self.client.scheduler.address)

    @property
    def threads(self) -> int:
        """The threads of the worker that has the fewest, now: more or fewer would change the last bits of results."""
        return min(hand.threads for hand in self.hands.values())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._threads.shutdown(cancel_futures=True)
        # All of it is for the workers' sake, which may be gone, or the scheduler.
        with suppress(Exception):
            self.client.run(remote.dismiss, self.run, workers=list(self.hands), on_error="ignore")
        with suppress(Exception):
            self.client.close(timeout=5)

    def assemble(self) -> None:
        """Wait until there is a worker that can be used, and all that are there have been looked at.

        Raises:
            ClusterError: when the scheduler is gone, or all workers are refused.
        """
        self.look()
        while self._asked or not self.hands:
            if self._refused and not self._asked:
                raise ClusterError(
                    f"No worker of the cluster {self.address} can be used: each differs from this program in what "
                    "results hang on. Install the same on all machines."
                )
            self._over.wait(_PAUSE)
            self.look()

    def look(self) -> None:
        """Take note of workers that have come or gone, unless that was done just now.

        Raises:
            ClusterError: when the scheduler does not answer any more.
        """
        if awake_seconds() < self._next_look:
            return
        there = self._there()
        for hand in [*self.hands.values(), *(asked for asked, _ in self._asked.values())]:
            if hand.gone or hand.address not in there:
                hand.gone = True
                self.hands.pop(hand.address, None)
        self._refused = {address: why for address, why in self._refused.items() if address in there}
        for address, told in there.items():
            if address not in self.hands | self._asked | self._refused:
                gpus = float((told.get("resources") or {}).get(GPU, 0))
                hand = Hand(address, str(told["name"]), int(told["nthreads"]), gpus)
                self._asked[address] = hand, self._threads.submit(self._examined, hand)
        for address, (hand, asked) in [*self._asked.items()]:
            if asked.done():
                del self._asked[address]
                self._admit(hand, asked.result())
        if not there and not self._waits:
            self.say(f"Waiting for workers of the cluster {self.address}.")
        self._waits = not there
        self._next_look = awake_seconds() + _PAUSE / 2

    def _there(self) -> dict[str, Any]:
        """Return what the scheduler says of its workers, by their addresses."""
        until = awake_seconds() + _SILENT_SECONDS
        while True:
            try:
                # What the client itself remembers of them is renewed behind its back, without the workers.
                told: dict[str, Any] = self.client.sync(self.client.scheduler.identity, n_workers=-1)
                return dict(told["workers"])
            except Exception as error:
                is_closed = self.client.status == "closed"
                if awake_seconds() > until or is_closed:
                    why = "the connection to it is lost" if is_closed else error_text(error)
                    raise ClusterError(
                        f"The scheduler of the cluster does not answer any more ({why}). What is "
                        "finished is kept; the same command goes on with a scheduler that does."
                    ) from error
            self._over.wait(_PAUSE)

    def at_once(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Call a function in a thread of this connection's."""
        return self._threads.submit(function, *arguments)

    def orders(self, threads: int = 1, seconds: float | None = None) -> remote.Orders:
        """Return the orders for tasks of this run."""
        passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        return remote.Orders(self.run, threads, seconds, {**passed, VARIABLE: asked_backend()})

    def call(
        self,
        hand: Hand,
        orders: remote.Orders,
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        *,
        gpus: int = 0,
        over: threading.Event | None = None,
    ) -> Outcome:
        """Have a worker do a task; return how that ended.

        Raises:
            Gone: when the worker has gone, or it is ``over``: nobody waits for the task, or for any, any more.
        """
        future, done = None, threading.Event()
        try:
            future = self.client.submit(
                remote.do,
                packed((function, arguments)),
                orders,
                hand.process,
                workers=[hand.address],
                resources={GPU: gpus} if gpus else None,
                pure=False,
            )
            future.add_done_callback(lambda _: done.set())
            while not done.wait(_PAUSE):
                if hand.gone or self._over.is_set() or (over is not None and over.is_set()):
                    raise Gone
            answer = future.result()
        except Gone:
            raise
        # Whatever Dask says of it: the task itself raises nothing.
        except Exception as error:
            raise Gone(error_text(error)) from error
        finally:
            if future is not None:
                with suppress(Exception):
                    future.cancel()
        if answer == remote.STALE:
            hand.gone = True
            raise Gone
        hand.process, outcome = unpacked(answer)
        told: Outcome = outcome
        return told

    def _examined(self, hand: Hand) -> str:
        """Return why a worker cannot be used, or nothing; in a thread of its own."""
        try:
            outcome = self.call(hand, self.orders(), traits_away, (self._benchfile, self._needs))
        except Gone as error:
            return f"it cannot run genrebench: {error}" if str(error) else ""
        if outcome.error is not None:
            return f"it cannot run genrebench: {error_text(outcome.error)}"
        return "; ".join(differences(self._here, outcome.value))

    def _admit(self, hand: Hand, why: str) -> None:
        if hand.gone:
            return
        if why:
            self._refused[hand.address] = why
            self.say(f"Warning: worker {hand} is refused: {why}.")
        elif hand.process:
            self.hands[hand.address] = hand
