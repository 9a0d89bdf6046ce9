"""A process that has imported what takes long, and forks one that runs ``bench`` whenever it is asked to."""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import sys
from contextlib import suppress
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.metadata import entry_points
from pkgutil import walk_packages

LONGEST = 1 << 18
_BACKENDS = ("tensorflow", "keras", "torch", "jax")


def serve(descriptor: int, libraries: list[str]) -> None:
    """Import libraries, then fork as asked over a socket; return in each forked process, which is as asked.

    A request is arguments, environment and working directory, with the files that become output and errors; answers
    are pairs of a process and how it ended, which is null when it has begun.
    """
    _import_ours()
    for name in libraries:
        import_module(name)
    _warm_up()
    connection = socket.socket(fileno=descriptor)
    ended, wake = os.pipe()
    for end in (ended, wake):
        os.set_blocking(end, False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    gc.collect()
    gc.freeze()
    connection.send(b"ready")
    while True:
        ready, _, _ = select.select([connection, ended], [], [])
        if ended in ready:
            os.read(ended, 4096)
            _tell_ends(connection)
        if connection not in ready:
            continue
        message, files, _, _ = socket.recv_fds(connection, LONGEST, 2)
        if not message:
            os._exit(0)
        child = os.fork()
        if not child:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for other in (connection.detach(), ended, wake):
                os.close(other)
            _become(json.loads(message), files)
            return
        for file in files:
            os.close(file)
        _tell(connection, child, None)


class _NoBackend(MetaPathFinder):
    """Refuses to import them."""

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        if fullname in _BACKENDS:
            raise ModuleNotFoundError(fullname)


def _import_ours() -> None:
    """Import all modules of the package and of its plugins, but those that bring a backend with them."""
    sys.meta_path.insert(0, _NoBackend())
    for package in ("benchmark", *(entry.module for entry in entry_points(group="bench"))):
        for module in walk_packages(import_module(package).__path__, f"{package}."):
            if not module.name.endswith(".__main__"):
                with suppress(ImportError):
                    import_module(module.name)
    del sys.meta_path[0]


def _warm_up() -> None:
    """Have the functions compiled that Numba compiles when they are first called."""
    import librosa
    import numpy as np

    heard = np.zeros(4096, np.float32)
    librosa.power_to_db(librosa.feature.melspectrogram(y=heard, n_fft=512))
    librosa.feature.mfcc(y=heard, n_fft=512)


def _tell_ends(connection: socket.socket) -> None:
    while True:
        try:
            process, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not process:
            return
        _tell(connection, process, os.waitstatus_to_exitcode(status))


def _tell(connection: socket.socket, process: int, code: int | None) -> None:
    connection.send(json.dumps([process, code]).encode())


def _become(request: dict, files: list[int]) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    for file, place in zip((nothing, *files), range(3), strict=True):
        os.dup2(file, place)
        os.close(file)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    sys.argv = ["-c", *request["arguments"]]
    sys.path[1:1] = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    # It would go on alike in each of these processes.
    sys.modules["numpy"].random.seed()
