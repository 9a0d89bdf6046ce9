"""``corrupt``, an entry of ``evaluate``: test sets that are worn on purpose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmark.exceptions import did_you_mean
from benchmark.plugin.registry import ComponentSpec
from benchmark.suite.cell import Corrupted, Evaluation
from benchmark.suite.source import KeyPath

if TYPE_CHECKING:
    from benchmark.plugin.corruption import Corruption
    from benchmark.suite.values import Checker

CORRUPT, SET = "corrupt", "test"
KEYS = ("set", "by", "severity")


@dataclass(frozen=True)
class Corrupt:
    """A checked entry: the name of an evaluation set, what wears it, and at which severities.

    ``wears`` has, of each corruption, the amount of each severity, and the unit.
    """

    set: str
    by: tuple[ComponentSpec, ...]
    severities: tuple[int, ...]
    wears: tuple[tuple[tuple[float, ...], str], ...]
    path: KeyPath

    @property
    def label(self) -> str:
        """How tables call it."""
        return f"{self.set} corrupted by {', '.join(spec.label for spec in self.by)}"


def read_corrupt(checker: Checker, raw: Any, path: KeyPath) -> Corrupt | None:
    """Return a checked entry, or None where something is wrong with it."""
    if not isinstance(raw, dict):
        checker.problem(path, f"'corrupt' is a mapping with {', '.join(KEYS)}, found {raw!r}.")
        return None
    before = len(checker.problems)
    for key in raw.keys() - set(KEYS):
        checker.unknown((*path, key), "'corrupt' has no key", str(key), list(KEYS))
    name = raw.get("set", SET)
    if not isinstance(name, str):
        checker.problem(
            (*path, "set"), f"'set' is the name of one of the evaluation sets, such as test, found {name!r}."
        )
    by = _corruptions(checker, raw.get("by"), (*path, "by"))
    wears = tuple(_wear(checker, spec) for spec in by)
    fewest = min((len(amounts) for amounts, _ in wears), default=0)
    severities = _severities(checker, raw.get("severity"), fewest, (*path, "severity"))
    if len(checker.problems) > before:
        return None
    return Corrupt(name, by, severities, wears, path)


def corrupted_sets(
    checker: Checker, entries: Sequence[Corrupt], evaluate: Mapping[str, Evaluation]
) -> tuple[Corrupted, ...]:
    """Return the sets that entries ask for; ``evaluate`` are the clean ones, by each name that they go by."""
    sets: dict[tuple[str, str, int], Corrupted] = {}
    for entry in entries:
        clean = evaluate.get(entry.set)
        if clean is None:
            near = did_you_mean(entry.set, list(dict.fromkeys(evaluate)))
            checker.problem(
                (*entry.path, "set"),
                f"'{entry.set}' is not evaluated as it is, so nobody could say what is lost: name a set that is in "
                f"'evaluate' too.{near}",
            )
            continue
        if clean.part == "validation":
            checker.problem(
                (*entry.path, "set"),
                "the validation part chooses models, and is never corrupted: corrupt a set for testing.",
            )
            continue
        for spec, (amounts, unit) in zip(entry.by, entry.wears, strict=True):
            for severity in entry.severities:
                made = Corrupted(clean, spec, severity, amounts[severity - 1], unit)
                known = sets.setdefault((clean.label, spec.label, severity), made)
                if known.corruption.key != spec.key:
                    checker.problem(
                        (*entry.path, "by"),
                        f"two corruptions of '{clean.label}' are called '{spec.label}'; give one a 'label'.",
                    )
    return tuple(sets.values())


def _corruptions(checker: Checker, raw: Any, path: KeyPath) -> tuple[ComponentSpec, ...]:
    if not raw:
        names = ", ".join(checker.registry.names("corruption"))
        checker.problem(
            path, f"'by' is a list of at least one corruption, found {raw!r}. Available: {names}."
        )
        return ()
    several = (
        [(raw_corruption, (*path, index)) for index, raw_corruption in enumerate(raw)]
        if isinstance(raw, list)
        else [(raw, path)]
    )
    made = [checker.component("corruption", raw_corruption, place) for raw_corruption, place in several]
    labels: dict[str, str] = {}
    for spec, (_, place) in zip(made, several, strict=True):
        if spec is None:
            continue
        if spec.label in labels:
            how = (
                "is there twice"
                if labels[spec.label] == spec.key
                else "is called as another one; give it a 'label'"
            )
            checker.problem(place, f"corruption '{spec.label}' {how}.")
        labels[spec.label] = spec.key
    return tuple(spec for spec in made if spec is not None)


def _wear(checker: Checker, spec: ComponentSpec) -> tuple[tuple[float, ...], str]:
    made: Corruption = spec.create(checker.registry)
    return tuple(map(float, made.severities)), made.unit


def _severities(checker: Checker, raw: Any, fewest: int, path: KeyPath) -> tuple[int, ...]:
    """Return severities in their order; all that each corruption has where none are named."""
    if raw is None:
        return tuple(range(1, fewest + 1))
    several = raw if isinstance(raw, list) else [raw]
    numbers = [number for number in several if isinstance(number, int) and not isinstance(number, bool)]
    if not several or len(numbers) < len(several) or min(numbers) < 1 or (fewest and max(numbers) > fewest):
        allowed = f"whole numbers from 1 to {fewest}" if fewest else "whole numbers from 1"
        checker.problem(path, f"'severity' is a list of {allowed}, found {raw!r}.")
        return ()
    return tuple(sorted(set(numbers)))
