"""How files are looked at, one by one: in threads of this process, or as whoever runs it says."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Look:
    """What came of looking at the file at ``index``: a ``value``, or why there is none, in words.

    ``lost`` is such as "hung for 10 s" or "killed its process"; it is empty where there is a value.
    """

    index: int
    value: Any = None
    lost: str = ""


class Looker(Protocol):
    """Calls a function for many files.

    ``again`` says whether files are to be tried of which is known that they hung or killed a process.
    """

    again: bool

    def look(
        self, function: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]
    ) -> Generator[Look, None, None]:
        """Call ``function(*some)`` for all of ``arguments``; yield what comes of them, in any order."""
        ...


class Threads:
    """Looks in threads of this process. Who looks so hangs and dies with a file, and never tries one again."""

    again = False

    def look(
        self, function: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]
    ) -> Generator[Look, None, None]:
        """See ``Looker.look``; what the function raises is raised here."""
        # NumPy, soxr and libsndfile release the GIL.
        pool = ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1))
        try:
            values = pool.map(lambda some: function(*some), arguments)
            for index, value in enumerate(values):
                yield Look(index, value)
        finally:
            pool.shutdown(cancel_futures=True)


THREADS = Threads()
# Datasets are asked for their tracks by a method that knows nothing of this.
_looker: ContextVar[Looker] = ContextVar("looker", default=THREADS)


def current_looker() -> Looker:
    """Return what looks at files here: threads, or what ``looking_by`` was given."""
    return _looker.get()


@contextmanager
def looking_by(looker: Looker) -> Iterator[None]:
    """Have files that are looked at inside be looked at by ``looker``."""
    token = _looker.set(looker)
    try:
        yield
    finally:
        _looker.reset(token)
