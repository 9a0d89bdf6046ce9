"""Dask on this machine alone: a scheduler in this process, which lets in who has a key that exists in memory only."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmark.execution.settings import SETTINGS, silence_dask

_SECURITY = ("tls_ca_file", "tls_worker_cert", "tls_worker_key")
CLOSING_SECONDS = 10


class Cluster:
    """A scheduler, and a client of it. It listens on loopback only, encrypts, and knows its peers by a certificate.

    ``arrived`` and ``gone`` are called, in a thread of Dask's, with the names of workers that come and go.
    """

    def __init__(
        self, log: Path | None, arrived: Callable[[str], None], gone: Callable[[str], None], timeout: float
    ) -> None:
        """Start it.

        Raises:
            Exception: of Dask's, if it cannot be started; nothing is left of it.
        """
        import dask
        from distributed import Security
        from distributed.utils import LoopRunner

        dask.config.set(SETTINGS)
        silence_dask(log)
        self._security = Security.temporary()
        self._loops = LoopRunner()
        self._loops.start()
        self.client: Any = None
        self._scheduler: Any = None
        try:
            self._scheduler = self._loops.run_sync(self._start_scheduler, arrived, gone)
            self.client = self._connect(timeout)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def address(self) -> str:
        """Where workers find the scheduler."""
        address: str = self._scheduler.address
        return address

    @property
    def credentials(self) -> dict[str, Any]:
        """What a worker needs to be let in: secrets, as arguments of Dask's ``Security``."""
        return {"require_encryption": True, **{name: getattr(self._security, name) for name in _SECURITY}}

    def close(self) -> None:
        """Stop all of it; what does not stop in time is left to the end of this process."""
        from distributed.utils import TimeoutError as DaskTimeoutError

        with suppress(DaskTimeoutError, TimeoutError, OSError):
            if self.client is not None:
                self.client.close(timeout=CLOSING_SECONDS)
        with suppress(DaskTimeoutError, TimeoutError, OSError):
            if self._scheduler is not None:
                self._loops.run_sync(self._scheduler.close)
        self._loops.stop()

    async def _start_scheduler(self, arrived: Callable[[str], None], gone: Callable[[str], None]) -> Any:
        from distributed import Scheduler
        from distributed.diagnostics.plugin import SchedulerPlugin

        class QuietScheduler(Scheduler):
            def start_http_server(self, *arguments: Any, **options: Any) -> None:
                """Start none: it would answer anybody."""

        class Watch(SchedulerPlugin):
            def __init__(self) -> None:
                self._names: dict[str, str] = {}

            def add_worker(self, scheduler: Any, worker: str) -> None:
                self._names[worker] = scheduler.workers[worker].name
                arrived(self._names[worker])

            def remove_worker(self, scheduler: Any, worker: str, **details: Any) -> None:
                gone(self._names.pop(worker, worker))

        path = list(sys.path)
        with tempfile.TemporaryDirectory(prefix="bench-scheduler-") as folder:
            scheduler = QuietScheduler(
                host="127.0.0.1",
                port=0,
                protocol="tls",
                security=self._security,
                dashboard=False,
                local_directory=folder,
                plugins=[Watch()],
            )
        # Dask would import from its folder, which is gone, and whose name anybody may take.
        sys.path[:] = path
        return await scheduler

    def _connect(self, timeout: float) -> Any:
        from distributed import Client

        return Client(
            self.address,
            security=self._security,
            loop=self._loops.loop,
            set_as_default=False,
            timeout=timeout,
        )
