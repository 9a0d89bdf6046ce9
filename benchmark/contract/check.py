"""Do components keep the promises of their kinds? Each is tried in a process of its own, which may crash or hang."""

from __future__ import annotations

import importlib.machinery
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cloudpickle

from benchmark.contract.child import PAYLOAD, RESULTS
from benchmark.contract.rules import LOADS, QUIET, Outcome, is_theirs
from benchmark.locations import Locations
from benchmark.plugin.benchfile import Benchfile
from benchmark.plugin.component import Kind
from benchmark.plugin.registry import Source

SECONDS = 300.0
_OUTPUT, _ERRORS = "output", "errors"
_SHOWN = 300


@dataclass(frozen=True)
class Subject:
    """What is tried: a component of a kind, a ``tracker``, or a module that offers some (kind ``plugin``).

    A component is a class, or what the plugins offer by its name and ``source``. ``shape`` is that of the items that a
    model is tried on, three lengths for images, two for sequences, one for vectors; of our choice if there is none.
    """

    kind: Kind | str
    component: type[Any] | None = None
    name: str = ""
    source: Source | None = None
    benchfile: Benchfile | None = None
    module: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    locations: Locations = field(default_factory=Locations)
    shape: tuple[int, ...] = ()


def names_of(kind: str) -> list[str]:
    """Return the names of the rules of a kind, in the order in which they are tried."""
    from benchmark.contract.kinds import rules_of

    return [LOADS, *(rule.name for rule in rules_of(kind)), QUIET]


def check(subject: Subject, seconds: float = SECONDS) -> list[Outcome]:
    """Try all rules of a subject's kind in a new process, for at most ``seconds``; return what came of each."""
    with tempfile.TemporaryDirectory(prefix="bench-check-") as name:
        folder = Path(name)
        (folder / PAYLOAD).write_bytes(_pickled(subject))
        ended = _run(folder, seconds)
        lines = (
            (folder / RESULTS).read_text(encoding="utf-8").splitlines() if (folder / RESULTS).exists() else []
        )
        return _complete(subject, [json.loads(line) for line in lines], ended, folder)


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


def _run(folder: Path, seconds: float) -> str:
    """Run the process to its end; return what is to be said of that, or nothing."""
    code = "from benchmark.contract.child import main; main()"
    paths = os.pathsep.join(path for path in sys.path if path)
    environment = {**os.environ, "PYTHONPATH": paths, "TF_CPP_MIN_LOG_LEVEL": "3"}
    with (folder / _OUTPUT).open("wb") as output, (folder / _ERRORS).open("wb") as errors:
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-P", "-c", code, str(folder), str(seconds)],
            cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=errors,
            start_new_session=True,
        )  # fmt: skip
        try:
            code_ = process.wait(seconds)
        except subprocess.TimeoutExpired:
            return f"it did not end within {seconds:g} s{_where(folder)}"
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if code_ < 0:
        return f"it crashed ({signal.Signals(-code_).name}){_where(folder)}"
    return f"it ended the whole program (exit code {code_}){_last_words(folder) if code_ else ''}"


def _where(folder: Path) -> str:
    """Return the line that the process was at, as it told before it died."""
    told = (folder / _ERRORS).read_text(encoding="utf-8", errors="replace")
    current = told.rpartition("(most recent call first):")[2] or told
    frames = re.findall(r'File "([^"]+)", line (\d+)', current)
    outside = [each for each in frames if is_theirs(each[0])]
    chosen = outside or frames
    return f" ({chosen[0][0]}:{chosen[0][1]})" if chosen else ""


def _last_words(folder: Path) -> str:
    told = (folder / _ERRORS).read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return f": {told[-1][:_SHOWN]}" if told else ""


def _complete(subject: Subject, lines: list[Any], ended: str, folder: Path) -> list[Outcome]:
    """Return an outcome for each rule: what the process told, and why it told no more."""
    found = {
        line["rule"]: Outcome(**{**line, "findings": tuple(line["findings"])})
        for line in lines
        if "rule" in line
    }
    begun = [line["begun"] for line in lines if "begun" in line]
    whole = any("done" in line for line in lines)
    names = names_of(subject.kind)
    last = next((name for name in reversed(begun) if name not in found), names[-1])
    if not whole:
        found[last] = Outcome(last, (ended,))
    printed = (folder / _OUTPUT).read_text(encoding="utf-8", errors="replace").strip()
    if printed:
        first = printed.splitlines()[0][:_SHOWN]
        found[QUIET] = Outcome(QUIET, (f"it prints to standard output, which programs read: {first!r}",))
    reason = f"'{last}' went no further" if not whole else ""
    return [found.get(name) or Outcome(name, not_tried=reason) for name in names]
