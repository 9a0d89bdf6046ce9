"""Processes that run ``bench`` without importing anything: forked from one that has imported it all.

Each is as a new one in all but that: it has its own memory, working directory, environment and signals.
"""

from __future__ import annotations

import atexit
import ctypes
import json
import os
import platform
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from threading import RLock, Thread
from types import MappingProxyType
from typing import Any

from warm_server import HERE, READY
from warm_workers import FORKING_MACHINES, OF_BACKENDS, changed_at_start, fork_by, pair

from benchmark.backend import ON_DEMAND

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
ending_at_once(serve({end}, {names!r}))
"""
# Before any test has changed it.
_ENVIRONMENT = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
_READY_SECONDS = 300
_PR_SET_CHILD_SUBREAPER = 36
BENCH = "from benchmark.cli.main import main; main()"
# Where they print errors.
_errors: list[int] = []
_PAUSE = 0.1


def can_be_warm(environment: dict[str, str], *, with_backend: bool = True) -> bool:
    """Whether a process that was started with today's environment, and may have a backend, can go on with this one."""
    if not sys.platform.startswith("linux"):
        return False
    # Whatever runs a suite in the process of the tests leaves these there, and in each of its own it does the same.
    changed = changed_at_start({**ON_DEMAND, **environment}, {**ON_DEMAND, **_ENVIRONMENT})
    return changed <= {"PYTHONPATH", "TMPDIR"} | (set() if with_backend else OF_BACKENDS)


@contextmanager
def warm_workers() -> Iterator[None]:
    """Have worker processes that are started inside, in this process, be forked, where that can be."""
    if sys.platform.startswith("linux") and platform.machine() in FORKING_MACHINES:
        from benchmark.execution import processes

        before = fork_by(_forker(), {**ON_DEMAND, **_ENVIRONMENT})
        try:
            yield
        finally:
            processes.subprocess = before  # type: ignore[attr-defined]
    else:
        yield


def start_program(
    program: str,
    arguments: tuple[str, ...],
    folder: Path,
    environment: Mapping[str, str],
    libraries: tuple[str, ...] = (),
    of_new: Mapping[str, str] = MappingProxyType({}),
) -> subprocess.Popen[str] | WarmProcess:
    """Start a process that runs Python code: forked with ``libraries`` imported, or a new one with variables ``of_new``."""
    whole = {**environment, "BENCH_ENERGY": "off", "TF_CPP_MIN_LOG_LEVEL": "3"}
    if can_be_warm(whole):
        return WarmProcess(arguments, folder, whole, libraries, program)
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments], cwd=folder, env={**whole, **of_new}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def run_warm(request: dict[str, Any], files: list[int], libraries: tuple[str, ...]) -> int:
    """Run ``bench`` as ``warm_server.serve`` describes it, and return how it ended."""
    server = _server(libraries)
    process = server.fork(json.dumps({**request, "program": BENCH}).encode(), files)
    while (code := server.ending(process, None)) is None:
        pass
    return code


class WarmProcess:
    """A process that runs ``bench``, or the code of another ``program``, with what tests use of ``subprocess.Popen``."""

    def __init__(
        self,
        arguments: tuple[str, ...],
        folder: Path,
        environment: dict[str, str],
        libraries: tuple[str, ...] = (),
        program: str = BENCH,
        log: Path | None = None,
        limits: Mapping[str, object] = MappingProxyType({}),
    ) -> None:
        """Start it with ``libraries`` imported. What it prints can be read, or goes to the end of a ``log``.

        ``limits`` are other values for constants of modules, by their full names, that tests would wait for.
        """
        self.stdout, self.stderr = None, None
        if log is not None:
            ends = [os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)] * 2
        else:
            (out, out_end), (err, err_end) = os.pipe(), os.pipe()
            self.stdout, self.stderr = os.fdopen(out), os.fdopen(err)
            ends = [out_end, err_end]
        try:
            self._server = _server(libraries)
            request = {
                "program": program, "arguments": arguments, "environment": environment, "folder": str(folder),
                "limits": dict(limits),
            }  # fmt: skip
            self.pid = self._server.fork(json.dumps(request).encode(), ends)
        finally:
            for end in {*ends}:
                os.close(end)
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
        files = (self.stdout, self.stderr)

        def read(number: int) -> None:
            if (file := files[number]) is not None:
                with file:
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
    """A process that forks, and what it told."""

    def __init__(self, libraries: tuple[str, ...]) -> None:
        self._lock = RLock()
        self._codes: dict[int, int] = {}
        self._begun: list[int] = []
        self._connection, theirs = pair()
        self._connection.settimeout(_READY_SECONDS)
        if libraries:
            _server(()).adopted({"libraries": libraries}, theirs, self._connection)
        else:
            _start(theirs)
        theirs.close()
        if self._connection.recv(100) != READY:
            raise RuntimeError(f"there is no process that forks: {_said()}")
        atexit.register(self._connection.close)

    def adopted(self, request: dict[str, Any], theirs: socket.socket, ours: socket.socket) -> None:
        """Have another process forked, which becomes a child of this one and serves at ``theirs``."""
        ours.settimeout(_READY_SECONDS)
        with _adopting():
            socket.send_fds(self._connection, [json.dumps(request).encode()], [theirs.fileno()])
            if ours.recv(100) != HERE:
                raise RuntimeError(f"nothing was forked: {_said()}")

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


def _start(theirs: socket.socket) -> None:
    code = _SERVE.format(folder=str(Path(__file__).parent), end=theirs.fileno(), names=_IMPORTED)
    # A process begins with pipes, as it goes on: a file could be sought in.
    process = subprocess.Popen(
        [sys.executable, "-c", code], env=_ENVIRONMENT, pass_fds=[theirs.fileno()],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    _errors.append(process.stderr.fileno())
    # Functions that are registered later are called earlier: its connection is closed by then.
    atexit.register(process.wait)


def _said() -> str:
    """Return what processes that fork have printed."""
    os.set_blocking(_errors[0], False)
    with suppress(BlockingIOError):
        return os.read(_errors[0], 1 << 16).decode(errors="replace")
    return "nothing is known"


@contextmanager
def _adopting() -> Iterator[None]:
    """Have processes below this one that lose their parents inside become children of this one."""
    control = ctypes.CDLL(None).prctl
    control(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        control(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


@cache
def _forker() -> socket.socket:
    """Return a connection to a process that forks workers for this one."""
    ours, theirs = pair()
    _server(()).adopted({"driver": os.getpid()}, theirs, ours)
    theirs.close()
    ours.settimeout(None)
    return ours


@cache
def _server(libraries: tuple[str, ...]) -> _Server:
    return _Server(libraries)
