"""What an audit finds, as data, and the verdict that follows from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

Severity = Literal["leak", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("leak", "warning", "note")
CLEAN, LEAKY, UNKNOWN = "clean", "leaky", "unknown"
UNHEARD = "not compared"
MOST_EXAMPLES = 5


@dataclass(frozen=True)
class Finding:
    """One kind of thing that an audit found.

    ``leak``: what is tested has been trained on; the result is not ranked among clean ones. ``warning``: a reader
    should know, because numbers may be too good. ``note``: what could not be checked, and why.

    ``count`` is how many items, tracks or pairs there are, and ``examples`` names up to five of them in pairs.
    ``held_out`` names the held-out tracks that are concerned, all of them.
    """

    severity: Severity
    kind: str
    count: int
    message: str
    examples: tuple[tuple[str, str], ...] = ()
    held_out: frozenset[str] = frozenset()

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values, without the names of all tracks."""
        plain = {**asdict(self), "examples": [list(pair) for pair in self.examples]}
        del plain["held_out"]
        return plain


def verdict(findings: Iterable[Finding]) -> str:
    """Return ``leaky: `` with the number of held-out tracks that leaks concern, else ``clean`` or ``unknown``.

    It is unknown where some tracks could not be compared, and nothing else leaks.

    >>> verdict([Finding("leak", "same audio", 2, "", held_out=frozenset({"test: a", "test: b"}))])
    'leaky: 2 tracks'
    """
    found = list(findings)
    leaks = [finding for finding in found if finding.severity == "leak"]
    if leaks:
        count = len(frozenset().union(*(finding.held_out for finding in leaks)))
        return f"{LEAKY}: {count} track{'' if count == 1 else 's'}"
    return UNKNOWN if any(finding.kind == UNHEARD for finding in found) else CLEAN


def audit_record(findings: Iterable[Finding]) -> dict[str, Any]:
    """Return what a cell's record keeps of its audit: the verdict, and the findings in short."""
    found = list(findings)
    return {"verdict": verdict(found), "findings": [finding.to_json() for finding in found]}
