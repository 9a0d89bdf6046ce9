"""Worker processes of a process that was forked: forked as well, from one that has imported what they need.

That one is a child of the driver, which has done nothing yet, and each worker is the driver's own child, as the kernel
sees it: it can be waited for and killed, and it dies with the driver.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import platform
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from threading import Lock
from types import SimpleNamespace
from typing import Any

LONGEST = 1 << 18
# From <linux/sched.h>, and the numbers of the system call.
_CLONE_PARENT = 0x00008000
FORKING_MACHINES = {"x86_64": 56, "aarch64": 220}
# What Python and libraries read when they are started or imported.
_READ_AT_START = (
    "PYTHON", "KERAS", "TF_", "XLA_", "JAX_", "CUDA_", "OMP_", "OPENBLAS_", "LANG", "LC_", "HOME", "TMPDIR",
)  # fmt: skip
# What workers are given beside the environment of their driver; libraries are told of these after they were loaded.
_OF_WORKERS = {
    "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS",
    "TF_CPP_MIN_LOG_LEVEL", "TF_FORCE_GPU_ALLOW_GROWTH", "XLA_PYTHON_CLIENT_PREALLOCATE", "PYTHONHASHSEED", "TMPDIR",
}  # fmt: skip
# What backends read that are not imported yet.
OF_BACKENDS = {"KERAS_BACKEND", "JAX_DISABLE_MOST_OPTIMIZATIONS"}


def changed_at_start(environment: Mapping[str, str], before: Mapping[str, str]) -> set[str]:
    """Return the variables in which two environments differ that are read when a process begins."""
    changed = {name for name, _ in {*environment.items()} ^ {*before.items()}}
    return {name for name in changed if name.startswith(_READ_AT_START)}


def fork_workers(ending_at_once: Callable[[Callable[[], None]], None]) -> None:
    """Have the worker processes that this one will start be forked from what it is now; return in this one only."""
    if platform.machine() not in FORKING_MACHINES:
        return
    ours, theirs = pair()
    driver = os.getpid()
    if not os.fork():
        ours.close()
        ending_at_once(forking(theirs, driver))
    theirs.close()
    fork_by(ours, dict(os.environ), with_backend="keras" in sys.modules)


def pair() -> tuple[socket.socket, socket.socket]:
    """Return two ends of a connection for whole messages with files."""
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in ends:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * LONGEST)
    return ends


def fork_by(forker: socket.socket, environment: dict[str, str], *, with_backend: bool = False) -> Any:
    """Have the worker processes that this one will start be forked over a connection to ``forking``.

    That one has imported libraries with an ``environment``, a backend among them or none; where another environment
    would have them be otherwise, a worker is started as a new process. Return what stood for ``subprocess`` before.
    """
    from benchmark.execution import processes

    before = processes.subprocess
    _ForkedWorker.forker, _ForkedWorker.before = forker, environment
    _ForkedWorker.own = _OF_WORKERS if with_backend else _OF_WORKERS | OF_BACKENDS
    processes.subprocess = SimpleNamespace(**{**vars(subprocess), "Popen": _ForkedWorker})  # type: ignore[attr-defined]
    return before


def forking(connection: socket.socket, driver: int) -> Callable[[], None]:
    """Fork workers for the process ``driver``, this one's parent, as asked; return in each of them, what it is to run."""
    from benchmark.execution.lifeline import die_with

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with(driver)
    return _forked(connection)


class _ForkedWorker(subprocess.Popen[bytes]):
    """What a driver has of a worker: all but how it begins is as of any other process."""

    forker: socket.socket
    before: dict[str, str]
    own: set[str]
    # Threads of one process may start workers, and each answer is for one of them.
    lock = Lock()

    def _execute_child(
        self, args: Any, executable: Any, preexec_fn: Any, close_fds: Any, pass_fds: Any, *rest: Any
    ) -> None:
        _, environment, _, _, _, read, written, out, out_end, err, err_end, *_ = rest
        if changed_at_start(environment, self.before) - self.own or written == -1 or len(pass_fds) != 1:
            super()._execute_child(args, executable, preexec_fn, close_fds, pass_fds, *rest)  # type: ignore[misc]
            return
        request = {
            "code": args[-1], "environment": environment, "folder": os.getcwd(), "connection": pass_fds[0],
        }  # fmt: skip
        with self.lock:
            socket.send_fds(
                self.forker, [json.dumps(request).encode()], [read, out_end, err_end, pass_fds[0]]
            )
            self.pid = int(self.forker.recv(100))
        self._child_created = True
        self._close_pipe_fds(read, written, out, out_end, err, err_end)  # type: ignore[attr-defined]


def _forked(connection: socket.socket) -> Callable[[], None]:
    """Fork workers as asked; return in each of them, what it is to run."""
    while True:
        message, files, _, _ = socket.recv_fds(connection, LONGEST, 4)
        if not message:
            os._exit(0)
        process = _fork_for_parent()
        if not process:
            connection.close()
            return _become(json.loads(message), files)
        for file in files:
            os.close(file)
        connection.send(str(process).encode())


def _fork_for_parent() -> int:
    """Fork as ``os.fork`` does; the new process is this one's parent's child. There are no other threads here."""
    python, system = ctypes.pythonapi, ctypes.PyDLL(None)
    python.PyOS_BeforeFork()
    process = system.syscall(FORKING_MACHINES[platform.machine()], _CLONE_PARENT | signal.SIGCHLD, 0, 0, 0, 0)
    if process:
        python.PyOS_AfterFork_Parent()
    else:
        python.PyOS_AfterFork_Child()
    if process < 0:
        raise OSError("no worker could be forked")
    return int(process)


def _become(request: dict[str, Any], files: list[int]) -> Callable[[], None]:
    places = (0, 1, 2, request["connection"])
    # None of them may be where another one goes.
    apart = [fcntl.fcntl(file, fcntl.F_DUPFD, max(places) + 1) for file in files]
    for file in files:
        os.close(file)
    for file, place in zip(apart, places, strict=True):
        os.dup2(file, place)
        os.close(file)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    tempfile.tempdir = None
    sys.argv = ["-c"]
    sys.modules["numpy"].random.seed()
    from threadpoolctl import threadpool_limits

    threadpool_limits(int(os.environ["OMP_NUM_THREADS"]))
    return lambda: exec(request["code"], {"__name__": "__main__"})
