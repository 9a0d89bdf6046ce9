"""What an audit finds, as data, and the verdict that follows from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

Severity = Literal["leak", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("leak", "warning", "note")
CLEAN, UNKNOWN = "clean", "unknown"
MOST_EXAMPLES = 5


@dataclass(frozen=True)
class Finding:
    """One kind of thing that an audit found.

    ``leak``: what is tested has been trained on; the result is not ranked among clean ones. ``warning``: a reader
    should know, because numbers may be too good. ``note``: what could not be checked, and why.

    ``count`` is how many items, tracks or pairs there are, and ``examples`` names up to five of them in pairs.
    """

    severity: Severity
    kind: str
    count: int
    message: str
    examples: tuple[tuple[str, str], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {**asdict(self), "examples": [list(pair) for pair in self.examples]}


def verdict(findings: Iterable[Finding]) -> str:
    """Return ``clean``, or ``leaky: `` and the kinds of leaks."""
    leaks = dict.fromkeys(finding.kind for finding in findings if finding.severity == "leak")
    return f"leaky: {', '.join(leaks)}" if leaks else CLEAN


def audit_record(findings: Iterable[Finding]) -> dict[str, Any]:
    """Return what a cell's record keeps of its audit: the verdict, and the findings in short."""
    found = list(findings)
    return {"verdict": verdict(found), "findings": [finding.to_json() for finding in found]}
