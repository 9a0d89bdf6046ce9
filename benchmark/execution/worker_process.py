"""What runs in a worker process. Its driver starts it with ``COMMAND`` and writes its orders to its standard input.

Tasks come, and events and answers go, through a pair of sockets without a name, which these two processes alone have.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from benchmark.data.corpora import keeping_corpora
from benchmark.execution.events import Event, sink
from benchmark.execution.lifeline import die_with
from benchmark.execution.tasks import answered, packed
from benchmark.garbage import look_seldom
from benchmark.isolation import install

# Nothing is imported from the working directory, and the driver's own import path comes with the orders.
COMMAND = (
    "import json, sys; orders = json.loads(sys.stdin.readline()); sys.path[:] = orders['path']; "
    "from benchmark.execution.worker_process import main; main(orders)"
)
# What a message from a worker is, in its first byte: that it is there, an event of its task, or the task's answer.
READY, EVENT, ANSWER = b"r", b"e", b"a"


def main(orders: dict[str, Any]) -> None:
    """Do tasks until the driver closes its end of the connection, or ends.

    ``orders`` has the driver's process id, its import path, and the file number of the connection.
    """
    die_with(orders["driver"])
    look_seldom()
    # On a terminal Ctrl-C reaches this process too; it is the driver's to act on.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    install()
    # Tasks are made of these; whoever waits for this worker waits for them now and not in its first task.
    import benchmark.execution.cell  # noqa: F401

    os.set_inheritable(orders["connection"], False)
    with Connection(orders["connection"]) as connection, keeping_corpora(), suppress(EOFError, OSError):
        _serve(connection)
    _end()


def _end() -> None:
    """End this process, having done what libraries want done at its end: to take them apart takes longer than that."""
    # As the interpreter does: threads that are not to be lost have written what they had to.
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(0)


def _serve(connection: Connection) -> None:
    telling = threading.Lock()

    def tell(event: Event) -> None:
        # Plugins may train in threads of their own.
        with telling:
            connection.send_bytes(EVENT + packed(event))

    sink.set(tell)
    connection.send_bytes(READY)
    while True:
        answer = answered(connection.recv_bytes())
        with telling:
            connection.send_bytes(ANSWER + answer)
