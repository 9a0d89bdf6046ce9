"""Time limits count the time in which a process could run, and not the time in which it was stopped or suspended."""

from __future__ import annotations

import threading
import time
from functools import cache

TICK_SECONDS = 1.0
# What is counted of a longer pause: a busy machine may let a thread wait for a while.
LONGEST_SECONDS = 5.0


class AwakeClock:
    """Counts seconds of ``time.monotonic``; of a longer time between two looks, ``longest`` seconds."""

    def __init__(self, longest: float = LONGEST_SECONDS) -> None:
        self._longest = longest
        self._lock = threading.Lock()
        self._counted = 0.0
        self._last = time.monotonic()

    def seconds(self) -> float:
        """Return the seconds that this clock has counted."""
        with self._lock:
            now = time.monotonic()
            self._counted += min(now - self._last, self._longest)
            self._last = now
            return self._counted


def awake_seconds() -> float:
    """Return the seconds for which this process was awake, since it first asked."""
    return _ticking().seconds()


@cache
def _ticking() -> AwakeClock:
    clock = AwakeClock(LONGEST_SECONDS)

    def tick() -> None:
        while True:
            time.sleep(TICK_SECONDS)
            clock.seconds()

    threading.Thread(target=tick, name="awake clock", daemon=True).start()
    return clock
