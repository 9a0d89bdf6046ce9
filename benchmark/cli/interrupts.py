"""Ctrl-C, at whatever moment it comes."""

from __future__ import annotations

import _thread
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmark.exceptions import Interrupted

INTERRUPTED = 130
_AGAIN_SECONDS = 0.1


@contextmanager
def interrupts_arrive() -> Iterator[None]:
    """Raise ``Interrupted``, which no plugin is taken to have raised, and once more where Python could only ignore it.

    It can only ignore it in a callback of an import, for instance.
    """
    before = sys.unraisablehook
    handler = signal.getsignal(signal.SIGINT)
    # Who has Ctrl-C ignored, as shells do for what runs in their background, still has.
    ours = handler is signal.default_int_handler and threading.current_thread() is threading.main_thread()

    def interrupt(number: int, frame: Any) -> None:
        raise Interrupted

    def again(unraisable: Any) -> None:
        if isinstance(unraisable.exc_value, KeyboardInterrupt):
            timer = threading.Timer(_AGAIN_SECONDS, _interrupt)
            timer.daemon = True
            timer.start()
        else:
            before(unraisable)

    sys.unraisablehook = again
    if ours:
        signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        sys.unraisablehook = before
        if ours:
            signal.signal(signal.SIGINT, handler)


@contextmanager
def time_may_be_up() -> Iterator[list[int]]:
    """Raise ``Interrupted`` on SIGUSR1, which says that a job's time is nearly up; until then the list is empty."""
    told: list[int] = []

    def interrupt(number: int, frame: Any) -> None:
        # Once is enough; whoever is ending is not to be interrupted in that.
        if not told:
            told.append(number)
            raise Interrupted

    try:
        previous = signal.signal(signal.SIGUSR1, interrupt)
    except (ValueError, AttributeError):
        # Not the main thread, or not a system that has it.
        yield told
        return
    try:
        yield told
    finally:
        signal.signal(signal.SIGUSR1, previous)


def _interrupt() -> None:
    if hasattr(signal, "pthread_kill"):
        # Unlike the other way, this ends what the main thread waits for.
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    else:
        _thread.interrupt_main()


def was_interrupted(error: BaseException) -> bool:
    """Whether an error came about because Ctrl-C was pressed."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        cause = waiting.pop()
        if isinstance(cause, KeyboardInterrupt):
            return True
        if cause is not None and id(cause) not in seen:
            seen.add(id(cause))
            waiting += [cause.__cause__, cause.__context__]
    return False
