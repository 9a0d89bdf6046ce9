"""A rule: one promise of a kind of component, by a name that does not change, and how it is tried."""

from __future__ import annotations

import inspect
import sysconfig
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmark.exceptions import BenchError
from benchmark.locations import Locations
from benchmark.plugin.component import Component

Check = Callable[[Any], Iterator[str]]
# What is found of every subject, whatever its kind: that it can be loaded, and does nothing behind anybody's back.
LOADS, QUIET = "loads", "quiet"


class NotTriedError(Exception):
    """Raised by a check that cannot be made here, with the reason."""


@dataclass(frozen=True)
class Rule:
    """One promise.

    Attributes:
        name: for good; ``<kind>-<what>``.
        promise: what a component does that keeps it, in words.
        check: yields what a trial shows to be otherwise; nothing if all is well.
    """

    name: str
    promise: str
    check: Check


@dataclass(frozen=True)
class Outcome:
    """What came of one rule: findings, or the reason why it was not tried."""

    rule: str
    findings: tuple[str, ...] = ()
    not_tried: str = ""


@dataclass
class Trial:
    """A component that is tried, and what several rules need of it, made once.

    ``shape`` is that of the items that a model is tried on, where it does not take all.
    """

    component: type[Component]
    given: Mapping[str, Any] = field(default_factory=dict)
    locations: Locations = field(default_factory=Locations)
    blocked: str = ""
    shape: tuple[int, ...] = ()
    _kept: dict[str, Any] = field(default_factory=dict)

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """Return what ``make`` makes; what it raises is told by the rule that asked first.

        Raises:
            NotTriedError: when it failed before.
        """
        if name not in self._kept:
            self._kept[name] = NotTriedError(f"it needs what another rule found to fail ({name})")
            try:
                self._kept[name] = make()
            except NotTriedError as reason:
                self._kept[name] = reason
        if isinstance(self._kept[name], NotTriedError):
            raise self._kept[name]
        return self._kept[name]

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters that it is tried with: those given, else its defaults, in small (``rehearsal``)."""
        parameters: dict[str, Any] = self.once("parameters", self._checked)
        return parameters

    def _checked(self) -> dict[str, Any]:
        from benchmark.plugin.parameters import check_parameters

        checked, problems = check_parameters(self.component, self.given)
        if problems:
            raise ValueError(" ".join(problem.message for problem in problems))
        # A place on this machine, or a component's own idea of small: neither is asked twice.
        return {**self.component.rehearsal(checked), **self.given}

    def make(self) -> Any:
        """Return a new instance.

        Raises:
            NotTriedError: when it is known that none can work here.
        """
        if self.blocked:
            raise NotTriedError(self.blocked)
        return self.component(**self.parameters)


def outcomes(rules: tuple[Rule, ...], trial: Any) -> Iterator[Outcome | str]:
    """Try rules one by one; yield the name of each before it is tried, and its outcome after."""
    for rule in rules:
        yield rule.name
        findings: list[str] = []
        not_tried = ""
        try:
            findings.extend(rule.check(trial))
        except NotTriedError as error:
            not_tried = "" if findings else str(error)
        except (Exception, SystemExit) as error:
            # Code of a plugin may raise anything; what it raised is the finding.
            findings.append(told(error))
        yield Outcome(rule.name, tuple(findings), not_tried)


def told(error: BaseException) -> str:
    """Return an error in words, with the line of the plugin that raised it."""
    if isinstance(error, BenchError):
        return str(error)
    place = _place(error)
    if isinstance(error, SystemExit):
        return f"it ends the whole program (SystemExit: {error.code}){place}"
    if isinstance(error, ValueError) and "read-only" in str(error):
        return f"it writes into what it is given, which others are given too{place}"
    return f"{type(error).__name__}: {error}{place}"


def _place(error: BaseException) -> str:
    """Return the last place that is neither the harness's nor a library's."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if is_theirs(frame.filename)]
    return f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else ""


def is_theirs(file: str) -> bool:
    """Whether a file is neither the harness's, nor Python's, nor that of an installed library."""
    ours = (str(Path(__file__).resolve().parents[1]), sysconfig.get_path("stdlib"), "<")
    return not file.startswith(ours) and "site-packages" not in file


def documented(trial: Trial) -> Iterator[str]:
    """Yield what is wrong with name and words of a component."""
    component = trial.component
    # Inherited words are those of the contract.
    if not vars(component).get("__doc__"):
        yield "it has no docstring: 'bench plugins' has nothing to say of it"
    name = getattr(component, "name", None)
    if not isinstance(name, str) or not name.strip() or name != name.strip() or "/" in name:
        yield f"its name is {name!r} instead of a short text, as tiny-net"


def keyword_only(trial: Trial) -> Iterator[str]:
    """Yield parameters that stand before a ``*`` that was forgotten, which no suite can set."""
    component = trial.component
    function = component.parameters_from()
    if function is object.__init__:
        return
    own = _positional(function)
    expected = _expected(component, function)
    for name in own[len(expected) :]:
        start = ", ".join([*own[: len(expected)], "*", *own[len(expected) :]])
        yield (
            f"suites cannot set '{name}' of {function.__name__}, which is no keyword-only parameter: write "
            f"def {function.__name__}({start}, …)"
        )


def _expected(component: type[Component], function: Any) -> list[str]:
    """Return the parameters that the contract itself hands over in their places."""
    for base in component.__mro__:
        contract = vars(base).get(function.__name__)
        if base.__module__.partition(".")[0] == "benchmark" and inspect.isfunction(contract):
            return _positional(contract)
    return ["self"]


def _positional(function: Any) -> list[str]:
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [
        name for name, parameter in inspect.signature(function).parameters.items() if parameter.kind in kinds
    ]


def makes(trial: Trial) -> Iterator[str]:
    """Yield nothing; raise what making one raises, or that it cannot work here."""
    from benchmark.plugin.parameters import parameters_of

    required = [
        name
        for name, parameter in parameters_of(trial.component).items()
        if parameter.required and name not in trial.given
    ]
    if required:
        trial.blocked = f"it has no default for {', '.join(required)}: try it in a test, or in a suite"
        raise NotTriedError(trial.blocked)
    try:
        missing = trial.make().unavailable()
    except BaseException:
        trial.blocked = "it cannot be made"
        raise
    trial.blocked = missing
    if missing:
        raise NotTriedError(missing)
    yield from ()


COMMON = (
    Rule("words", "it has a name, and a docstring that says what it is", documented),
    Rule("keyword-only", "all its parameters are keyword-only", keyword_only),
    Rule("makes", "its parameters have types, its defaults pass their own checks, and it can be made", makes),
)
