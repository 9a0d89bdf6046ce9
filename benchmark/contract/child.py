"""The process in which a component is tried: it is handed a subject, and writes what comes of each rule."""

from __future__ import annotations

import faulthandler
import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cloudpickle

if TYPE_CHECKING:
    from benchmark.contract.check import Subject

PAYLOAD, RESULTS = "payload", "results.jsonl"


def main() -> None:
    """Try what lies in the folder that the command line names, and write there what came of it."""
    folder, seconds = Path(sys.argv[1]), float(sys.argv[2])
    faulthandler.enable()
    # Shortly before this process is ended, it says where it is.
    faulthandler.dump_traceback_later(max(0.9 * seconds, seconds - 2))
    with (folder / RESULTS).open("a", encoding="utf-8") as file:

        def tell(line: Mapping[str, Any]) -> None:
            file.write(json.dumps(line) + "\n")
            file.flush()

        _try(folder, tell)
        tell({"done": True})
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads that a component left running are no matter here.
    os._exit(0)


def _try(folder: Path, tell: Callable[[Mapping[str, Any]], None]) -> None:
    from benchmark.contract.kinds import rules_of
    from benchmark.contract.rules import LOADS, QUIET, Outcome, outcomes, told

    here = os.getcwd()
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
    from benchmark.plugin.manager import Plugins

    if subject.kind == "plugin":
        return ModuleTrial(subject.benchfile or subject.module)
    component = subject.component
    if component is None:
        offers: Any = Plugins(subject.benchfile).registry.offers
        found = offers.get(subject.kind, {}).get(subject.name, [])
        component = next((each.component for each in found if each.source == subject.source), None)
    if component is None:
        raise LookupError(f"nobody offers a {subject.kind} '{subject.name}' in a new process")
    return Trial(component, subject.parameters, subject.locations, shape=subject.shape)
