"""Runs tasks on the workers of a Dask cluster, which may come and go."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from benchmark.clock import awake_seconds
from benchmark.exceptions import WorkerDiedError
from benchmark.execution.cluster import Cluster, Gone, Hand
from benchmark.execution.events import Event
from benchmark.execution.executor import Executor, Outcome
from benchmark.execution.tasks import unpacked
from benchmark.execution.travel import Home, Journey, journeys

_LOOKING_SECONDS = 0.5
_TRIES = 2


@dataclass(eq=False)
class _Trip:
    """A task, what is carried for it, how often it was tried, and the worker that was lost with it."""

    index: int
    journey: Journey
    tries: int = 0
    lost: Hand | None = None


@dataclass(eq=False)
class _Running:
    trip: _Trip
    hand: Hand
    since: float
    carried: Future[Any]


class DaskWorkers:
    """Tasks are given to workers as these are free: ``per_hand`` says how many each takes at a time.

    A task whose worker is lost, or the process that did it there, is tried once more, on another worker if there is
    one. What cannot be done where the data are not (see ``travel``) is done ``here``.
    """

    def __init__(
        self,
        cluster: Cluster,
        home: Home,
        here: Callable[[], AbstractContextManager[Executor]],
        *,
        per_hand: Callable[[Hand], int] = lambda hand: 1,
        threads: int = 1,
        gpus: int = 0,
        seconds: float | None = None,
    ) -> None:
        """Use a cluster. Each task has ``threads`` and so many ``gpus`` to itself, and may take ``seconds``."""
        self._cluster = cluster
        self._journeys = journeys(home)
        self._make_here = here
        self._here: Executor | None = None
        self._per_hand, self._gpus = per_hand, gpus
        self._orders = cluster.orders(threads, seconds)
        self._news: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._running: list[_Running] = []
        self._stack = ExitStack()
        self._over = threading.Event()
        self._said = False
        self.jobs = sum(map(per_hand, self._fit()))

    def __enter__(self) -> Self:
        self._stack.enter_context(self._listening())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Tasks are given up, and the workers end them.
        self._over.set()
        self._stack.__exit__(kind, error, trace)

    def run(
        self,
        function: Callable[..., Any],
        arguments: Iterable[tuple[Any, ...]],
        listener: Callable[[Event], None],
    ) -> Iterator[Outcome]:
        """See ``Executor.run``.

        Raises:
            ClusterError: when the scheduler does not answer any more.
        """
        if function not in self._journeys:
            yield from self._done_here().run(function, arguments, listener)
            return
        waiting = enumerate(arguments)
        again: deque[_Trip] = deque()
        is_open = True
        while is_open or again or self._running:
            self._cluster.look()
            for hand in self._free() if is_open or again else ():
                trip = self._taken_again(again, hand)
                if trip is None and is_open:
                    task = next(waiting, None)
                    is_open = task is not None
                    trip = task and _Trip(task[0], self._journeys[function](*task[1]))
                if trip is not None:
                    self._send(trip, hand)
            self._hear(listener)
            for running in [running for running in self._running if running.carried.done()]:
                self._running.remove(running)
                outcome = self._outcome(running)
                if outcome is None:
                    again.append(running.trip)
                else:
                    yield outcome

    def _fit(self) -> list[Hand]:
        return [hand for hand in self._cluster.hands.values() if hand.gpus >= self._gpus]

    def _free(self) -> Iterator[Hand]:
        """Yield workers that can take one more task, in turn, those that do least first."""
        fit = self._fit()
        if not fit and self._cluster.hands and not self._said:
            self._said = True
            self._cluster.say(
                f"Waiting for workers with GPUs ('dask worker … --resources GPU={self._gpus}'): none has so many."
            )
        for place in range(max(map(self._per_hand, fit), default=0)):
            for hand in fit:
                busy = sum(running.hand is hand for running in self._running)
                if busy <= place < self._per_hand(hand):
                    yield hand

    def _taken_again(self, again: deque[_Trip], hand: Hand) -> _Trip | None:
        """Take a task that was tried before, on another worker unless this is the only one."""
        for trip in again:
            if trip.lost is not hand or len(self._fit()) == 1:
                again.remove(trip)
                return trip
        return None

    def _send(self, trip: _Trip, hand: Hand) -> None:
        trip.tries += 1

        def call(function: Callable[..., Any], *arguments: Any) -> Any:
            outcome = self._cluster.call(
                hand, self._orders, function, arguments, gpus=self._gpus, over=self._over
            )
            if outcome.error is not None:
                raise outcome.error
            return outcome.value

        carried = self._cluster.at_once(trip.journey.carry, call)
        carried.add_done_callback(lambda _: self._news.put(None))
        self._running.append(_Running(trip, hand, awake_seconds(), carried))

    def _outcome(self, running: _Running) -> Outcome | None:
        """Return how a task ended, or None if it is to be tried again."""
        trip, seconds = running.trip, awake_seconds() - running.since
        try:
            return Outcome(trip.index, trip.journey.arrive(running.carried.result()), seconds=seconds)
        except (Gone, WorkerDiedError) as error:
            if trip.tries < _TRIES:
                trip.lost = running.hand
                self._cluster.say(
                    f"Warning: worker {running.hand} was lost with a task, which is tried again."
                )
                return None
            if isinstance(error, Gone):
                why = f" ({error})" if str(error) else ""
                error = WorkerDiedError(
                    f"The worker that ran it was lost, as one before it: {running.hand}{why}. Its machine's memory, "
                    "the time that it was given there, or the network may be the reason; its own log says more."
                )
            return Outcome(trip.index, error=error, seconds=seconds)
        except Exception as error:
            return Outcome(trip.index, error=error, seconds=seconds)

    def _hear(self, listener: Callable[[Event], None]) -> None:
        """Wait until something has happened, or may have; pass on what tasks tell."""
        with suppress(queue.Empty):
            told = self._news.get(timeout=_LOOKING_SECONDS)
            while True:
                if told is not None:
                    self._pass_on(told, listener)
                told = self._news.get_nowait()

    def _pass_on(self, told: bytes, listener: Callable[[Event], None]) -> None:
        # What a plugin tells may be such that it cannot be read here.
        try:
            event = unpacked(told)
        except Exception:
            return
        listener(event)

    @contextmanager
    def _listening(self) -> Iterator[None]:
        """Hear what tasks tell."""
        topic = self._cluster.run
        self._cluster.client.subscribe_topic(topic, lambda told: self._news.put(told[1]))
        try:
            yield
        finally:
            with suppress(Exception):
                self._cluster.client.unsubscribe_topic(topic)

    def _done_here(self) -> Executor:
        if self._here is None:
            self._here = self._stack.enter_context(self._make_here())
        return self._here
