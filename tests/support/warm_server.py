"""A process that has imported what takes long, and forks one that runs ``bench`` whenever it is asked to."""

from __future__ import annotations

import atexit
import gc
import json
import os
import select
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.metadata import entry_points
from pkgutil import walk_packages
from typing import Any

from warm_workers import LONGEST, fork_workers, forking

HERE, READY = b"here", b"ready"
# With these no worker process is started.
_WITHOUT_WORKERS = {"inline", "--inline", "plan", "report", "status", "compare", "plugins", "--help"}
# What Python ends with when the last of its output cannot be written.
_NOT_FLUSHED = 120
_BACKENDS = ("tensorflow", "keras", "torch", "jax")


def serve(descriptor: int, libraries: list[str]) -> Callable[[], None]:
    """Import libraries, then fork as asked over a socket; return in each forked process, what it is to run.

    A request says what is asked for, and comes with files:

    - ``program``: the code that is run with ``arguments``, in a ``folder`` and an ``environment``, with constants of
      modules set to other ``limits``; its output and its errors. It is answered by the process, and later by how that
      ended, both as a pair of which the second is null at first.
    - ``libraries``: another server that has imported these as well; its end of a socket.
    - ``driver``: a process that forks workers for this one; its end of a socket. See ``warm_workers``.
    """
    # What tests write need not outlive a power cut; tests/support/power.py records what is really synced.
    os.fsync = lambda descriptor: None  # type: ignore[assignment]
    # What is imported stays, and is frozen before it serves.
    gc.disable()
    _import_ours()
    for name in libraries:
        import_module(name)
    _warm_up()
    return _served(socket.socket(fileno=descriptor))


def _served(connection: socket.socket) -> Callable[[], None]:
    ended, wake = os.pipe()
    for end in (ended, wake):
        os.set_blocking(end, False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    gc.freeze()
    gc.enable()
    connection.send(READY)
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
        request = json.loads(message)
        child = os.fork()
        if not child:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for other in (connection.detach(), ended, wake):
                os.close(other)
            return _asked_for(request, files)
        for file in files:
            os.close(file)
        if "program" in request:
            _tell(connection, child, None)


def _asked_for(request: dict[str, Any], files: list[int]) -> Callable[[], None]:
    if "program" not in request:
        # Whoever asks becomes its parent, as it has become this one's.
        middle = os.getpid()
        if os.fork():
            os._exit(0)
        while os.getppid() == middle:
            time.sleep(0.001)
        connection = socket.socket(fileno=files[0])
        connection.send(HERE)
        if "driver" in request:
            return forking(connection, request["driver"])
        for name in request["libraries"]:
            import_module(name)
        return _served(connection)
    _become(request, files)
    if not _WITHOUT_WORKERS & {*request["arguments"]}:
        fork_workers(ending_at_once)
    return lambda: exec(request["program"], {"__name__": "__main__"})


def ending_at_once(main: Callable[[], None]) -> None:
    """Run ``main`` and end as the interpreter does after it, but for what it takes apart, module by module.

    That would write to nearly all memory that this process shares with the one that it was forked from.
    """
    code = 0
    try:
        main()
    except SystemExit as ended:
        if isinstance(ended.code, str):
            print(ended.code, file=sys.stderr)
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    threading._shutdown()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            code = code or _NOT_FLUSHED
    os._exit(code)


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
    """Have what is compiled or looked up when it is first needed be there: Numba's functions, templates, narwhals' plugins."""
    import librosa
    import numpy as np
    import sklearn.dummy

    from benchmark.report.html import page
    from benchmark.report.inspection import page as inspection

    heard = np.zeros(4096, np.float32)
    librosa.power_to_db(librosa.feature.melspectrogram(y=heard, n_fft=512))
    librosa.feature.mfcc(y=heard, n_fft=512)
    for module in (page, inspection):
        environment = module._template()[0].environment
        for name in environment.list_templates(extensions=["j2"]):
            environment.get_template(name)
    sklearn.dummy.DummyClassifier().fit(np.zeros((2, 1)), [0, 1])


def _tell_ends(connection: socket.socket) -> None:
    """Tell how programs ended; processes in the middle are not known to anybody."""
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
    tempfile.tempdir = None
    sys.argv = ["-c", *request["arguments"]]
    paths = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    sys.path[1:1] = paths
    # Python imports it when it starts.
    if any(os.path.exists(os.path.join(path, "sitecustomize.py")) for path in paths):
        sys.modules.pop("sitecustomize", None)
        import_module("sitecustomize")
    if "dask" in sys.modules:
        sys.modules["dask"].config.refresh()
    for name, seconds in request.get("limits", {}).items():
        module, _, constant = name.rpartition(".")
        if not hasattr(import_module(module), constant):
            raise AttributeError(name)
        setattr(import_module(module), constant, seconds)
    # It would go on alike in each of these processes.
    sys.modules["numpy"].random.seed()
