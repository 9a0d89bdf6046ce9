"""Do components keep the promises of their kinds? They are tried in other processes, which may crash or hang."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmark.contract.child import OUTPUT, RESULTS
from benchmark.contract.process import trial_process
from benchmark.contract.rules import LOADS, QUIET, Outcome
from benchmark.locations import Locations
from benchmark.plugin.benchfile import Benchfile
from benchmark.plugin.component import Kind
from benchmark.plugin.registry import Source

SECONDS = 300.0
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
    """Try all rules of a subject's kind in a new process, for ``seconds`` from its start; return what came of each."""
    (outcomes,) = _tried([subject], seconds)
    return outcomes


def check_all(subjects: Sequence[Subject], seconds: float = SECONDS) -> Iterator[list[Outcome]]:
    """Try subjects one after another, each for at most ``seconds``; yield what came of the rules of each.

    Components share a process, as importing their libraries takes longer than most rules. What is found of one that
    was tried after others may be their doing: it is tried again in a process of its own, and that counts.
    """
    waiting = list(subjects)
    while waiting:
        company = _company(waiting)
        for place, outcomes in enumerate(_tried(company, seconds)):
            subject = waiting.pop(0)
            is_clear = place == 0 or not any(outcome.findings for outcome in outcomes)
            yield outcomes if is_clear else check(subject, seconds)


def _company(waiting: Sequence[Subject]) -> list[Subject]:
    """Return the first subject, and those after it that can be tried in the same process."""
    first = waiting[0]
    company = [first]
    for subject in waiting[1:]:
        # What a module imports shows in a new process alone, and what lies beside a benchfile is for its own code.
        if "plugin" in (first.kind, subject.kind) or subject.benchfile != first.benchfile:
            break
        company.append(subject)
    return company


def _tried(subjects: Sequence[Subject], seconds: float) -> Iterator[list[Outcome]]:
    """Yield the outcomes of subjects that share a process, up to the one that ended it."""
    with trial_process(subjects, seconds) as endings:
        for subject, (folder, ending) in zip(subjects, endings, strict=False):
            yield _complete(subject, folder, ending)


def _complete(subject: Subject, folder: Path, ending: str) -> list[Outcome]:
    """Return an outcome for each rule: what the process told, and why it told no more."""
    told = (folder / RESULTS).read_text(encoding="utf-8") if (folder / RESULTS).exists() else ""
    lines = [json.loads(line) for line in told.splitlines()]
    outcomes = {
        line["rule"]: Outcome(**{**line, "findings": tuple(line["findings"])})
        for line in lines
        if "rule" in line
    }
    begun = [line["begun"] for line in lines if "begun" in line]
    names = names_of(subject.kind)
    last = next((name for name in reversed(begun) if name not in outcomes), names[-1])
    if ending:
        outcomes[last] = Outcome(last, (ending,))
    printed = (folder / OUTPUT).read_text(encoding="utf-8", errors="replace").strip()
    if printed:
        first = printed.splitlines()[0][:_SHOWN]
        outcomes[QUIET] = Outcome(QUIET, (f"it prints to standard output, which programs read: {first!r}",))
    reason = f"'{last}' went no further" if ending else ""
    return [outcomes.get(name) or Outcome(name, not_tried=reason) for name in names]
