"""What runs in a worker process. Its driver starts it with ``COMMAND`` and writes its orders to its standard input."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable
from typing import Any

from benchmark.execution.lifeline import die_with
from benchmark.execution.settings import SETTINGS, silence_dask
from benchmark.isolation import install

# Nothing is imported from the working directory, and the driver's own import path comes with the orders.
COMMAND = (
    "import json, sys; orders = json.loads(sys.stdin.readline()); sys.path[:] = orders['path']; "
    "from benchmark.execution.worker_process import main; main(orders)"
)


def main(orders: dict[str, Any]) -> None:
    """Serve the driver's scheduler until the driver closes this process's standard input, or ends.

    ``orders`` has the driver's process id, its import path, its scheduler's address, the name of this worker, and
    what it needs to be let in (``Security``).
    """
    die_with(orders["driver"])
    # On a terminal Ctrl-C reaches this process too; it is the driver's to act on.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    install()
    asyncio.run(_serve(orders))


async def _serve(orders: dict[str, Any]) -> None:
    import dask
    from distributed import Security, Worker

    # Tasks are made of these; whoever waits for this worker waits for them now and not in its first task.
    import benchmark.execution.cell  # noqa: F401

    class QuietWorker(Worker):
        def start_http_server(self, *arguments: Any, **options: Any) -> None:
            """Start none: it would answer anybody."""

    dask.config.set(SETTINGS)
    silence_dask()
    path = list(sys.path)
    # Dask would keep there what memory has no room for, and is told that there is always room. A folder that is gone
    # is not left behind by a process that is killed; nor is anything to be imported from it.
    with tempfile.TemporaryDirectory(prefix="bench-worker-") as folder:
        worker = QuietWorker(
            orders["scheduler"],
            name=orders["name"],
            nthreads=1,
            memory_limit=0,
            host="127.0.0.1",
            security=Security(**orders["security"]),
            local_directory=folder,
        )
    sys.path[:] = path
    loop = asyncio.get_running_loop()
    async with worker:
        _at_end_of_input(lambda: loop.call_soon_threadsafe(loop.create_task, worker.close()))
        await worker.finished()


def _at_end_of_input(call: Callable[[], Any]) -> None:
    """Call when the driver closes its end of the pipe; what plugins read is empty from now on."""
    pipe = os.dup(0)
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)

    def wait() -> None:
        while os.read(pipe, 1024):
            pass
        call()

    os.set_inheritable(pipe, False)
    threading.Thread(target=wait, name="end of input", daemon=True).start()
    sys.stdin = open(0, closefd=False, encoding="utf-8")  # noqa: SIM115
