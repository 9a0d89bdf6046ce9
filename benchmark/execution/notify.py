"""Tell plugins what happens in a run, beside the run: a slow one delays nothing, one that fails harms nothing."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from benchmark.exceptions import BenchError

if TYPE_CHECKING:
    from pathlib import Path

    from benchmark.plugin.manager import Plugins
    from benchmark.plugin.registry import BrokenPlugin

# Before a run reports, and at its end, trackers may take so long for what they have not been told yet.
PATIENCE_SECONDS = 60.0


class Tell(Protocol):
    """Takes note of an event for plugins, and returns at once."""

    def __call__(self, event: str, **details: Any) -> None:
        """Take note that ``event``, a hook's name, happened."""
        ...


def nobody(event: str, **details: Any) -> None:
    """Take no note."""


class Notifier:
    """Calls the hooks of events in a thread of its own, one after another, in the order in which they are told.

    The thread is there before the first cell runs, so that what trackers draw at random is none of a cell's.
    """

    def __init__(self, plugins: Plugins, say: Callable[[BrokenPlugin], None]) -> None:
        """Begin; ``say`` is told what plugins raise."""
        self._plugins = plugins
        self._say = say
        self.code = 1
        self._events: queue.SimpleQueue[Callable[[], Any]] = queue.SimpleQueue()
        self._event = ""
        self._late = False
        self._thread = threading.Thread(target=self._work, name="trackers", daemon=True)
        self._thread.start()

    def tell(self, event: str, **details: Any) -> None:
        """See ``Tell``."""
        self._events.put(lambda: self._notify(event, details))

    def wait(self) -> str:
        """Wait until all is told; return the event that a plugin is busy with for longer than there is patience."""
        done = threading.Event()
        self._events.put(done.set)
        # Who was waited for once is not waited for again.
        if not self._late:
            self._late = not done.wait(PATIENCE_SECONDS)
            return self._event if self._late else ""
        return ""

    def _notify(self, event: str, details: dict[str, Any]) -> None:
        self._event = event
        for broken in self._plugins.notify(event, **details):
            self._say(broken)

    def _work(self) -> None:
        while True:
            self._events.get()()


@contextmanager
def telling(
    plugins: Plugins,
    suite: str,
    results: Path,
    say: Callable[[BrokenPlugin], None],
    warn: Callable[[str], None],
) -> Iterator[Notifier]:
    """Yield a notifier for a run, at whose end, however it comes, ``bench_suite_finished`` is told.

    Its exit code is the notifier's ``code``, or that of an error that ends the run.
    """
    notifier = Notifier(plugins, say)
    try:
        yield notifier
    except BenchError as error:
        notifier.code = error.exit_code
        raise
    finally:
        notifier.tell("bench_suite_finished", suite=suite, results=results, exit_code=notifier.code)
        busy = notifier.wait()
        if busy:
            warn(
                f"a plugin has been busy with {busy} for {PATIENCE_SECONDS:g} s, and is not waited for any longer."
            )
