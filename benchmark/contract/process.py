"""The process in which subjects are tried one after another, seen from outside: how it is made, and how it ends."""

from __future__ import annotations

import importlib.machinery
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cloudpickle

from benchmark.contract.child import ERRORS, OUTPUT, PAYLOAD, has_begun, is_done
from benchmark.contract.rules import is_theirs

if TYPE_CHECKING:
    from benchmark.contract.check import Subject

_CODE = "from benchmark.contract.child import main; main()"
_SHOWN = 300
_PAUSE = 0.05
# What a process may take beyond that to start, on a machine that is busy.
_STARTING = 120.0


@contextmanager
def trial_process(subjects: Sequence[Subject], seconds: float) -> Iterator[Iterator[tuple[Path, str]]]:
    """Start a process that tries subjects; give an iterator over what it writes of each, as soon as it has.

    That is a folder, and what is to be said of the process where it ended, or took more than ``seconds``, before it
    was through with the subject: then it is the last one. Otherwise that is empty.
    """
    with tempfile.TemporaryDirectory(prefix="bench-check-") as name:
        folders = [Path(name, str(number)) for number in range(len(subjects))]
        for subject, folder in zip(subjects, folders, strict=True):
            folder.mkdir()
            (folder / PAYLOAD).write_bytes(_pickled(subject))
        process = _start(folders, seconds)
        try:
            yield _endings(process, folders, seconds)
        finally:
            _kill(process)


def _pickled(subject: Subject) -> bytes:
    """Return a subject for a process of ours, with classes that no new process can import as they are."""
    component = subject.component
    module = sys.modules.get(component.__module__) if component is not None else None
    by_value = module is not None and not _is_importable(module)
    if by_value:
        cloudpickle.register_pickle_by_value(module)
    try:
        return bytes(cloudpickle.dumps(subject))
    finally:
        if by_value:
            cloudpickle.unregister_pickle_by_value(module)


def _is_importable(module: Any) -> bool:
    root = module.__name__.partition(".")[0]
    try:
        spec = importlib.machinery.PathFinder.find_spec(root)
    except (ImportError, ValueError):
        return False
    origin = getattr(module, "__file__", None)
    if spec is None or origin is None:
        return False
    places = [spec.origin, *(spec.submodule_search_locations or [])]
    return any(place and Path(origin).is_relative_to(place) for place in places)


def _start(folders: Sequence[Path], seconds: float) -> subprocess.Popen[bytes]:
    paths = os.pathsep.join(path for path in sys.path if path)
    environment = {**os.environ, "PYTHONPATH": paths, "TF_CPP_MIN_LOG_LEVEL": "3"}
    first = folders[0]
    with (first / OUTPUT).open("ab") as output, (first / ERRORS).open("ab") as errors:
        return subprocess.Popen(  # noqa: S603
            [sys.executable, "-P", "-c", _CODE, str(seconds), *map(str, folders)],
            cwd=first, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=errors,
            start_new_session=True,
        )  # fmt: skip


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _endings(
    process: subprocess.Popen[bytes], folders: Sequence[Path], seconds: float
) -> Iterator[tuple[Path, str]]:
    for folder in folders:
        ending = _ending(process, folder, seconds)
        if ending:
            _kill(process)
        yield folder, ending
        if ending:
            return


def _ending(process: subprocess.Popen[bytes], folder: Path, seconds: float) -> str:
    """Wait until a subject is through; return what is to be said of a process that did not get there."""
    limit, begun = time.monotonic() + _STARTING + seconds, False
    while not is_done(folder):
        if not begun and has_begun(folder):
            limit, begun = time.monotonic() + seconds, True
        if time.monotonic() > limit:
            return f"it did not end within {seconds:g} s{_where(folder)}"
        with suppress(subprocess.TimeoutExpired):
            code = process.wait(_PAUSE)
            return "" if is_done(folder) else _said_of(code, folder)
    return ""


def _said_of(code: int, folder: Path) -> str:
    if code < 0:
        return f"it crashed ({signal.Signals(-code).name}){_where(folder)}"
    return f"it ended the whole program (exit code {code}){_last_words(folder) if code else ''}"


def _where(folder: Path) -> str:
    """Return the line that the process was at, as it told before it died."""
    told = _errors(folder)
    current = told.rpartition("(most recent call first):")[2] or told
    frames = re.findall(r'File "([^"]+)", line (\d+)', current)
    outside = [(file, line) for file, line in frames if is_theirs(file)]
    chosen = outside or frames
    return f" ({chosen[0][0]}:{chosen[0][1]})" if chosen else ""


def _last_words(folder: Path) -> str:
    told = _errors(folder).strip().splitlines()
    return f": {told[-1][:_SHOWN]}" if told else ""


def _errors(folder: Path) -> str:
    file = folder / ERRORS
    return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""
