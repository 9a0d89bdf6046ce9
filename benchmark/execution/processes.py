"""A worker process as its driver sees it: started, watched, killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from benchmark.execution.worker_process import COMMAND

_KILLED_SECONDS = 5


def _opened(log: Path | None) -> BinaryIO:
    """Open a log; where it cannot be written, nothing is kept."""
    if log is not None:
        with suppress(OSError):
            return log.open("ab")
    return open(os.devnull, "ab")


class WorkerProcess:
    """A process that runs ``worker_process`` and is a child of this one."""

    def __init__(
        self, name: str, orders: Mapping[str, Any], environment: Mapping[str, str], log: Path | None
    ) -> None:
        """Start it; all that it prints goes to the end of the file ``log``, or nowhere."""
        self.name = name
        orders = {**orders, "name": name, "driver": os.getpid(), "path": sys.path}
        with _opened(log) as output:
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-P", "-c", COMMAND],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                env={**os.environ, **environment},
            )
        assert self._process.stdin is not None
        self._input = self._process.stdin
        # It may be dead by now; whoever watches it will see.
        with suppress(OSError):
            self._input.write(json.dumps(orders).encode() + b"\n")
            self._input.flush()

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """How it ended, or None while it has not."""
        return self._process.poll()

    def memory(self) -> int:
        """Return the bytes of memory that it has now; 0 when it has ended."""
        import psutil

        try:
            return int(psutil.Process(self.pid).memory_info().rss)
        except psutil.Error:
            return 0

    def ask_to_end(self) -> None:
        """Have it end in its own time."""
        with suppress(OSError):
            self._input.close()

    def end_within(self, seconds: float) -> None:
        """Wait so long for its end, then kill it."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        self.kill()

    def kill(self) -> None:
        """Kill it, whatever it does, and all processes that it has started."""
        import psutil

        started: list[psutil.Process] = []
        if self._process.poll() is None:
            with suppress(psutil.Error):
                started = psutil.Process(self.pid).children(recursive=True)
            self._process.kill()
        for each in started:
            with suppress(psutil.Error):
                each.kill()
        self.ask_to_end()
        # It cannot refuse; but it may be in the middle of reading from a disk that does not answer.
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_KILLED_SECONDS)
