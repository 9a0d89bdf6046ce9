"""No worker outlives its driver, in whatever state it is: also while native code holds Python's lock."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys

_PR_SET_PDEATHSIG = 1
# Ends as soon as one of the two has ended; $1 is the driver, $2 the worker.
_WATCH = (
    'while kill -0 "$1" 2>/dev/null && kill -0 "$2" 2>/dev/null; do sleep 1; done; kill -9 "$2" 2>/dev/null'
)


def die_with(driver: int) -> None:
    """Have this process killed when its parent, the process ``driver``, is gone; at once if it is gone by now."""
    if not _die_by_kernel():
        watch(driver, os.getpid())
    if os.getppid() != driver:
        os.kill(os.getpid(), signal.SIGKILL)


def watch(driver: int, worker: int) -> subprocess.Popen[bytes]:
    """Start a process that kills ``worker`` when ``driver`` is gone, for systems whose kernel does not."""
    command = ["/bin/sh", "-c", _WATCH, "watch", str(driver), str(worker)]
    nothing = subprocess.DEVNULL
    return subprocess.Popen(command, stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True)  # noqa: S603


def _die_by_kernel() -> bool:
    """Ask Linux for it; return whether it will. It looks at the parent's thread that started this process."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        return ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) == 0
    except (OSError, AttributeError):
        return False
