"""The process in which components are tried: it is handed subjects, and writes what comes of each of their rules."""

from __future__ import annotations

import faulthandler
import gc
import json
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cloudpickle

if TYPE_CHECKING:
    from benchmark.contract.check import Subject
    from benchmark.plugin.benchfile import Benchfile
    from benchmark.plugin.registry import Registry

# Of each subject's folder.
PAYLOAD, RESULTS, OUTPUT, ERRORS = "payload", "results.jsonl", "output", "errors"
_DONE = {"done": True}


def has_begun(folder: Path) -> bool:
    """Whether a subject is being tried: until then this process is being started."""
    file = folder / RESULTS
    return file.exists() and file.stat().st_size > 0


def is_done(folder: Path) -> bool:
    """Whether all that came of a subject is in its folder."""
    file = folder / RESULTS
    return file.exists() and file.read_text(encoding="utf-8").endswith(_line(_DONE))


def main() -> None:
    """Try what lies in the folders that the command line names, and write there what came of it."""
    # Most of what is made here, such as graphs, is needed to the end: looking for what is not takes long.
    gc.set_threshold(100_000, 50, 100)
    seconds, folders = float(sys.argv[1]), [Path(name) for name in sys.argv[2:]]
    for folder in folders:
        _enter(folder)
        faulthandler.enable()
        with (folder / RESULTS).open("a", encoding="utf-8") as file:

            def tell(line: Mapping[str, Any]) -> None:
                file.write(_line(line))
                file.flush()

            _try(folder, seconds, tell)
            _flush()
            tell(_DONE)
    # Threads that a component left running are no matter here.
    os._exit(0)


def _line(line: Mapping[str, Any]) -> str:
    return json.dumps(line) + "\n"


def _enter(folder: Path) -> None:
    """Make a folder the working directory, and have all that is printed written there."""
    os.chdir(folder)
    for stream, name in ((1, OUTPUT), (2, ERRORS)):
        file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(file, stream)
        os.close(file)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        # A component may have put anything in their place.
        with suppress(Exception):
            stream.flush()


def _try(folder: Path, seconds: float, tell: Callable[[Mapping[str, Any]], None]) -> None:
    from benchmark.contract.kinds import rules_of
    from benchmark.contract.rules import LOADS, QUIET, Outcome, outcomes, told

    here = os.getcwd()
    # Shortly before this process is ended, it says where it is.
    faulthandler.dump_traceback_later(max(0.9 * seconds, seconds - 2))
    tell({"begun": LOADS})
    try:
        # The parent's own pickle, whose folder nobody else can write into.
        subject: Subject = cloudpickle.loads((folder / PAYLOAD).read_bytes())
        trial = _trial(subject)
    except (Exception, SystemExit) as error:
        tell(asdict(Outcome(LOADS, (told(error),))))
        return
    tell(asdict(Outcome(LOADS)))
    for outcome in outcomes(rules_of(subject.kind), trial):
        tell({"begun": outcome} if isinstance(outcome, str) else asdict(outcome))
    moved = f"it changed the working directory to {os.getcwd()}, for all others too"
    tell(asdict(Outcome(QUIET, (moved,) if os.getcwd() != here else ())))


def _trial(subject: Subject) -> Any:
    from benchmark.contract.packages import ModuleTrial
    from benchmark.contract.rules import Trial

    if subject.kind == "plugin":
        return ModuleTrial(subject.benchfile or subject.module)
    component = subject.component
    if component is None:
        offers: Any = _registry(subject.benchfile).offers
        named = offers.get(subject.kind, {}).get(subject.name, [])
        component = next((offer.component for offer in named if offer.source == subject.source), None)
    if component is None:
        raise LookupError(f"nobody offers a {subject.kind} '{subject.name}' in a new process")
    return Trial(component, subject.parameters, subject.locations, shape=subject.shape)


@cache
def _registry(benchfile: Benchfile | None) -> Registry:
    from benchmark.plugin.manager import Plugins

    return Plugins(benchfile).registry
