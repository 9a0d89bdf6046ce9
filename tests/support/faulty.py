"""Tasks that misbehave, and looks at what a run has started."""

from __future__ import annotations

import ctypes
import os
import sys
import time
from collections.abc import Callable

import cloudpickle
import psutil

# Workers cannot import the tests.
cloudpickle.register_pickle_by_value(sys.modules[__name__])


def do(step: Callable[[], object]) -> object:
    return step()


def process() -> int:
    return os.getpid()


def die() -> None:
    os._exit(7)


def die_soon() -> None:
    time.sleep(0.2)
    os._exit(7)


def leave() -> None:
    raise SystemExit(0)


def start_a_child_and_hang() -> None:
    import subprocess

    subprocess.Popen(["sleep", "2345"])
    hold_pythons_lock()


def grow(number: int) -> int:
    vars(os).setdefault("kept by a test", []).append(os.urandom(5_000_000))
    return os.getpid()


def sockets_of_a_child() -> list[str]:
    """Return the sockets that a program has which is started here; it is a program of the system."""
    import subprocess

    listed = subprocess.run(
        ["ls", "-l", "/proc/self/fd"], capture_output=True, text=True, check=True, close_fds=False
    )
    return [line for line in listed.stdout.splitlines() if "socket:" in line]


def sleep_in_native_code() -> None:
    ctypes.CDLL(None).sleep(1000)


def hold_pythons_lock() -> None:
    ctypes.PyDLL(None).sleep(1000)


def loop_in_python() -> None:
    while True:
        pass


def wait_for(condition: Callable[[], bool], seconds: float = 300) -> None:
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, "it did not happen in time"
        time.sleep(0.05)


def tree(pid: int) -> list[psutil.Process]:
    """Return a process and all that it has started, directly or not."""
    root = psutil.Process(pid)
    return [root, *root.children(recursive=True)]


def is_gone(one: psutil.Process) -> bool:
    try:
        return not one.is_running() or one.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
