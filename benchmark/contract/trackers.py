"""What trackers promise, as far as it can be known without a run."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from benchmark.contract.packages import is_marked
from benchmark.contract.rules import NotTriedError, Rule, Trial, documented
from benchmark.exceptions import did_you_mean
from benchmark.plugin import hookspecs
from benchmark.plugin.tracker import Tracker

_PREFIX = "bench_"


def made(trial: Trial) -> Iterator[str]:
    """Yield what is wrong with how a tracker is made, which is without arguments."""
    kind: Any = trial.component
    if not issubclass(kind, Tracker):
        yield f"it is no subclass of Tracker, but of {', '.join(base.__name__ for base in kind.__bases__)}"
        return
    tracker = kind()
    reason = tracker.unavailable()
    if reason:
        raise NotTriedError(reason)


def hears(trial: Trial) -> Iterator[str]:
    """Yield methods that look like events, and are none, or ask for what an event does not have."""
    events = {name: value for name, value in vars(hookspecs).items() if _is_event(name, value)}
    heard = 0
    for name, method in inspect.getmembers(trial.component, callable):
        if not name.startswith(_PREFIX):
            continue
        if name not in events:
            yield f"there is no event '{name}'." + did_you_mean(name, list(events))
        elif not is_marked(method):
            yield f"{name} is not marked with @hookimpl, so it is told of nothing"
        else:
            heard += 1
            known = list(inspect.signature(events[name]).parameters)
            others = [given for given in list(inspect.signature(method).parameters)[1:] if given not in known]
            if others:
                yield f"{name} asks for {', '.join(others)}; the event has {', '.join(known)}"
    if not heard:
        yield "it hears of nothing: no method of an event is marked with @hookimpl"


def _is_event(name: str, value: Any) -> bool:
    return name.startswith(_PREFIX) and bool(getattr(value, "__code__", None) and value.__code__.co_argcount)


TRACKER = (
    Rule("tracker-words", "it has a name, and a docstring that says what it is", documented),
    Rule("tracker-makes", "it is a Tracker, and is made without arguments", made),
    Rule("tracker-events", "its methods are marked, and are events that there are", hears),
)
