"""A worker process as its driver sees it: started, given tasks, heard, watched, killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from typing import BinaryIO

from benchmark.execution.worker_process import ANSWER, COMMAND

_KILLED_SECONDS = 5
# Beside what a worker sends: that nothing more will come of it.
GONE = b"g"


def _opened(log: Path | None) -> BinaryIO:
    """Open a log; where it cannot be written, nothing is kept."""
    if log is not None:
        with suppress(OSError):
            return log.open("ab")
    return open(os.devnull, "ab")


class WorkerProcess:
    """A process that runs ``worker_process`` and is a child of this one."""

    def __init__(
        self,
        environment: Mapping[str, str],
        log: Path | None,
        hear: Callable[[WorkerProcess, bytes, bytes], None],
    ) -> None:
        """Start it; all that it prints goes to the end of the file ``log``, or nowhere.

        ``hear`` is called with the kind and the content of each of its messages, in a thread of its own.
        """
        self._hear = hear
        self._tasks: SimpleQueue[bytes | None] = SimpleQueue()
        connection, theirs = Pipe()
        orders = {"driver": os.getpid(), "path": sys.path, "connection": theirs.fileno()}
        with _opened(log) as output, theirs:
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-P", "-c", COMMAND],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                env={**os.environ, **environment},
                pass_fds=(theirs.fileno(),),
            )
        assert self._process.stdin is not None
        # It may be dead by now; whoever watches it will see. What plugins read there later is empty.
        with suppress(OSError):
            self._process.stdin.write(json.dumps(orders).encode() + b"\n")
        with suppress(OSError):
            self._process.stdin.close()
        # Nobody but this thread waits for a process that does not read, or stops in the middle of what it says.
        self._talking = threading.Thread(target=self._talk, args=(connection,), daemon=True)
        self._talking.start()

    @property
    def exit_code(self) -> int | None:
        """How it ended, or None while it has not."""
        return self._process.poll()

    def tell(self, hear: Callable[[WorkerProcess, bytes, bytes], None]) -> None:
        """Have somebody else hear it from now on, while it has nothing to do."""
        self._hear = hear

    def give(self, task: bytes) -> None:
        """Have it do a task (see ``tasks.answered``) when it has done those before."""
        self._tasks.put(task)

    def hear_out(self, seconds: float) -> None:
        """Wait until all is heard that a process has said which has ended."""
        self._talking.join(seconds)

    def memory(self) -> int:
        """Return the bytes of memory that it has now; 0 when it has ended."""
        import psutil

        try:
            return int(psutil.Process(self._process.pid).memory_info().rss)
        except psutil.Error:
            return 0

    def ask_to_end(self) -> None:
        """Have it end in its own time."""
        self._tasks.put(None)

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
                started = psutil.Process(self._process.pid).children(recursive=True)
            self._process.kill()
        for child in started:
            with suppress(psutil.Error):
                child.kill()
        self.ask_to_end()
        # It cannot refuse; but it may be in the middle of reading from a disk that does not answer.
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_KILLED_SECONDS)

    def _talk(self, connection: Connection) -> None:
        with connection, suppress(EOFError, OSError):
            self._told(connection)
            while (task := self._tasks.get()) is not None:
                connection.send_bytes(task)
                while self._told(connection) != ANSWER:
                    pass
        self._hear(self, GONE, b"")

    def _told(self, connection: Connection) -> bytes:
        message = connection.recv_bytes()
        self._hear(self, message[:1], message[1:])
        return message[:1]
