"""What an audit finds, as data, and the verdict that follows from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from benchmark.results.standing import CLEAN, LEAKY, NO_GROUPS, SHARED, UNGROUPED, UNHEARD, UNKNOWN, percent

Severity = Literal["leak", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("leak", "warning", "note")
MOST_EXAMPLES = 5
# Beyond this share of a set no limit is, so nobody needs the names of all.
_NAMED = 0.5


@dataclass(frozen=True)
class Finding:
    """One kind of thing that an audit found.

    ``leak``: what is tested has been trained on. ``warning``: a reader should know, because numbers may be too good.
    ``note``: what could not be checked, and why.

    ``count`` is how many items, tracks or pairs there are, and ``examples`` names up to five of them in pairs.
    ``held_out`` has the held-out tracks that are concerned, all of them, as (name of the part, id). ``mend`` is what to
    write below ``cell`` in the suite, so that it is found no more; empty where nothing of that kind helps.
    """

    severity: Severity
    kind: str
    count: int
    message: str
    examples: tuple[tuple[str, str], ...] = ()
    held_out: frozenset[tuple[str, str]] = frozenset()
    mend: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values, without the names of all tracks."""
        plain: dict[str, Any] = {
            "severity": self.severity,
            "kind": self.kind,
            "count": self.count,
            "message": self.message,
            "examples": [list(pair) for pair in self.examples],
        }
        return plain | ({"mend": self.mend} if self.mend else {})


@dataclass(frozen=True)
class SetAudit:
    """What an audit found of one evaluation set.

    Attributes:
        tracks: how many it has.
        leaking: ids of those that leaks concern, sorted.
        shared: how many have a group that is trained on.
        ungrouped: of how many nobody knows whether their group is trained on.
    """

    tracks: int
    leaking: tuple[str, ...] = ()
    shared: int = 0
    ungrouped: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values; ``leaking`` is left out where it would name more than half of the set."""
        named = {"leaking": list(self.leaking)} if len(self.leaking) <= _NAMED * self.tracks else {}
        counts = {"leaks": len(self.leaking), "shared": self.shared, "ungrouped": self.ungrouped}
        return {"tracks": self.tracks, **counts, **named}


@dataclass(frozen=True)
class Audit:
    """The findings on one cell, the gravest first, and what they mean for each evaluation set, by its key."""

    findings: tuple[Finding, ...] = ()
    sets: Mapping[str, SetAudit] = field(default_factory=dict)

    @property
    def leaky(self) -> bool:
        """Whether anything that is held out is trained on."""
        return any(finding.severity == "leak" for finding in self.findings)


def verdict(findings: Iterable[Finding], sets: Mapping[str, SetAudit] | None = None) -> str:
    """Return an audit in a few words, the worst of it first.

    ``leaky: `` with the number of held-out tracks that leaks concern; ``shared groups: `` with the share of the
    evaluation set that shares most; ``unknown`` where some tracks could not be compared; ``groups unknown`` where
    nobody can say whether groups are shared; else ``clean``. Without ``sets`` all held-out parts count.

    >>> verdict([Finding("leak", "same audio", 2, "", held_out=frozenset({("test", "a"), ("test", "b")}))])
    'leaky: 2 tracks'
    >>> verdict([], {"digits:test": SetAudit(300, shared=150)})
    'shared groups: 50 % of held-out tracks'
    """
    listed = list(findings)
    counts = {finding.kind: finding.count for finding in listed}
    leaks = [finding for finding in listed if finding.severity == "leak"]
    if leaks:
        count = len(frozenset().union(*(finding.held_out for finding in leaks)))
        return f"{LEAKY}: {count} track{'' if count == 1 else 's'}"
    shared = max(
        (facts.shared / facts.tracks for facts in (sets or {}).values() if facts.tracks), default=0.0
    )
    if shared:
        return f"{SHARED}: {percent(shared)} of held-out tracks"
    if not sets and SHARED in counts:
        return f"{SHARED}: {counts[SHARED]} held-out tracks"
    if UNHEARD in counts:
        return UNKNOWN
    ungrouped = any(facts.ungrouped for facts in sets.values()) if sets else UNGROUPED in counts
    return NO_GROUPS if ungrouped else CLEAN


def audit_record(findings: Iterable[Finding], sets: Mapping[str, SetAudit] | None = None) -> dict[str, Any]:
    """Return what a cell's record keeps of its audit: the verdict, the findings in short, and each evaluation set."""
    listed = list(findings)
    return {
        "verdict": verdict(listed, sets),
        "findings": [finding.to_json() for finding in listed],
        "sets": {name: facts.to_json() for name, facts in (sets or {}).items()},
    }


def leaking(findings: Iterable[Finding], part: str) -> tuple[str, ...]:
    """Return the ids of a part's tracks that leaks concern, sorted."""
    return tuple(
        sorted(
            {
                track
                for finding in findings
                if finding.severity == "leak"
                for name, track in finding.held_out
                if name == part
            }
        )
    )
