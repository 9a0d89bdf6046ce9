"""Processes that run ``bench`` without importing anything: forked from one that has imported it all.

Each is as a new one in all but that: it has its own memory, working directory, environment and signals.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from threading import RLock, Thread
from typing import Any

from warm_server import LONGEST

# Beside all of ours.
_IMPORTED = (
    "librosa", "soundfile", "soxr", "pandas", "pyarrow.parquet", "matplotlib.pyplot", "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_pdf", "seaborn", "scipy.stats", "scipy.signal", "sklearn.svm", "sklearn.neighbors",
    "sklearn.dummy", "sklearn.linear_model", "sklearn.preprocessing", "skops.io", "optuna", "jinja2", "psutil",
    "tabulate", "filelock", "pyarrow.pandas_compat", "pandas.core.reshape.reshape", "pydantic.dataclasses",
    "importlib_metadata._adapters", "email.policy",
)  # fmt: skip
_SERVE = """
import sys
sys.path.insert(0, {folder!r})
from warm_server import ending_at_once, serve
del sys.path[0]
serve({end}, {names!r})
from benchmark.cli.main import main
ending_at_once(main)
"""
# What Python and libraries read when they are started or imported.
_READ_AT_START = (
    "PYTHON",
    "KERAS",
    "TF_",
    "XLA_",
    "JAX_",
    "CUDA_",
    "OMP_",
    "OPENBLAS_",
    "LANG",
    "LC_",
    "HOME",
    "TMPDIR",
)
# Before any test has changed it.
_ENVIRONMENT = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
_READY_SECONDS = 300
_PAUSE = 0.1


def can_be_warm(environment: dict[str, str]) -> bool:
    """Whether a process that was started with today's environment can go on with this one."""
    if not sys.platform.startswith("linux"):
        return False
    changed = {name for name, _ in {*environment.items()} ^ {*_ENVIRONMENT.items()}}
    return not any(name.startswith(_READ_AT_START) for name in changed - {"PYTHONPATH"})


def run_warm(request: dict[str, Any], files: list[int], libraries: tuple[str, ...]) -> int:
    """Run ``bench`` as ``warm_server.serve`` describes it, and return how it ended."""
    server = _server(libraries)
    process = server.fork(json.dumps(request).encode(), files)
    while (code := server.ending(process, None)) is None:
        pass
    return code


class WarmProcess:
    """A process that runs ``bench``, with what tests use of ``subprocess.Popen``."""

    def __init__(
        self,
        arguments: tuple[str, ...],
        folder: Path,
        environment: dict[str, str],
        libraries: tuple[str, ...],
    ) -> None:
        out, out_end = os.pipe()
        err, err_end = os.pipe()
        try:
            self._server = _server(libraries)
            request = {"arguments": arguments, "environment": environment, "folder": str(folder)}
            self.pid = self._server.fork(json.dumps(request).encode(), [out_end, err_end])
        finally:
            os.close(out_end)
            os.close(err_end)
        self.stdout, self.stderr = os.fdopen(out), os.fdopen(err)
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            self.returncode = self._server.ending(self.pid, 0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        limit = None if timeout is None else time.monotonic() + timeout
        while self.poll() is None:
            left = None if limit is None else limit - time.monotonic()
            if left is not None and left <= 0:
                raise subprocess.TimeoutExpired("bench", timeout or 0)
            self.returncode = self._server.ending(self.pid, left)
        assert self.returncode is not None
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        told = ["", ""]

        def read(number: int) -> None:
            with (self.stdout, self.stderr)[number] as file:
                told[number] = file.read()

        readers = [Thread(target=read, args=[number], daemon=True) for number in range(2)]
        for reader in readers:
            reader.start()
        limit = None if timeout is None else time.monotonic() + timeout
        for reader in readers:
            reader.join(None if limit is None else max(limit - time.monotonic(), 0))
            if reader.is_alive():
                raise subprocess.TimeoutExpired("bench", timeout or 0)
        self.wait(None if limit is None else max(limit - time.monotonic(), 1))
        return told[0], told[1]

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


class _Server:
    """The process that forks, and what it told."""

    def __init__(self, libraries: tuple[str, ...]) -> None:
        self._lock = RLock()
        self._codes: dict[int, int] = {}
        self._begun: list[int] = []
        self._connection, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for end in (self._connection, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * LONGEST)
        code = _SERVE.format(
            folder=str(Path(__file__).parent), end=theirs.fileno(), names=[*_IMPORTED, *libraries]
        )
        self._process = subprocess.Popen(
            [sys.executable, "-c", code], env=_ENVIRONMENT, pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        theirs.close()
        self._connection.settimeout(_READY_SECONDS)
        if self._connection.recv(100) != b"ready":
            raise RuntimeError(self._process.communicate()[1].decode())
        atexit.register(self.close)

    def close(self) -> None:
        self._connection.close()
        self._process.wait()

    def fork(self, request: bytes, files: list[int]) -> int:
        with self._lock:
            socket.send_fds(self._connection, [request], files)
            while not self._begun:
                self._hear()
            return self._begun.pop()

    def ending(self, process: int, timeout: float | None) -> int | None:
        """Return how a process ended, if that is known after a pause of at most ``timeout`` seconds."""
        with self._lock:
            pause = _PAUSE if timeout is None else min(timeout, _PAUSE)
            if process not in self._codes and select.select([self._connection], [], [], pause)[0]:
                self._hear()
            return self._codes.get(process)

    def _hear(self) -> None:
        message = self._connection.recv(100)
        if not message:
            raise RuntimeError("the process that forks has ended")
        process, code = json.loads(message)
        if code is None:
            self._begun.append(process)
        else:
            self._codes[process] = code


@cache
def _server(libraries: tuple[str, ...]) -> _Server:
    return _Server(libraries)
