"""What a result on an evaluation set may be ranked with, and which of its tracks count: its audit decides."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from benchmark.results.predictions import SetPredictions

CLEAN, LEAKY, UNKNOWN, SHARED, NO_GROUPS = "clean", "leaky", "unknown", "shared groups", "groups unknown"
# What findings are called of tracks that could not be compared, and of datasets without groups.
UNHEARD, UNGROUPED = "not compared", "unknown groups"
Block = Literal["honest", "shared groups", "leaky"]
HONEST: Block = "honest"
# The gravest last.
BLOCKS: tuple[Block, ...] = (HONEST, "shared groups", "leaky")
_GRAVITY = (CLEAN, NO_GROUPS, UNKNOWN, f"{SHARED} on purpose", SHARED, LEAKY)
LEAK_LIMIT = 0.1


@dataclass(frozen=True)
class Standing:
    """Where a result on one evaluation set stands.

    Attributes:
        block: results are ranked within their block, and leaky ones are not ranked.
        verdict: why, in words; it begins with one of the words of this module.
        left_out: ids of the tracks that leak, and are therefore left out of all tables.
        tracks: how many there are with those.
    """

    block: Block
    verdict: str
    left_out: frozenset[str] = frozenset()
    tracks: int = 0


def standing(
    audit: Mapping[str, Any],
    evaluation: str,
    tested: SetPredictions,
    *,
    leak_limit: float = LEAK_LIMIT,
    groups_shared: bool = False,
    leaky: bool = False,
) -> Standing:
    """Return where a cell's result on an evaluation set stands.

    A leak of a few tracks is repaired: they are left out. Where more than ``leak_limit`` of the set would go, or all
    tracks of a class, the result is leaky.

    Args:
        audit: what the cell's record keeps of its audit.
        evaluation: what the set is filed under.
        tested: what was predicted on it.
        leak_limit: share of the set, 0 to 0.5.
        groups_shared: whether the suite says that groups are shared on purpose.
        leaky: whether the record is marked so: all that records from before there were audits know.
    """
    facts = (audit.get("sets") or {}).get(evaluation)
    if facts is None:
        return _of_older(audit, groups_shared=groups_shared, leaky=leaky)
    tracks, leaks = len(tested.tracks), int(facts.get("leaks", 0))
    leaking = frozenset(map(str, facts.get("leaking", ())))
    if leaks and (len(leaking) < leaks or not repairable(leaking, tested, leak_limit)):
        return Standing("leaky", f"{LEAKY}: {leaks} of {tracks} tracks", tracks=tracks)
    shared, ungrouped = int(facts.get("shared", 0)), int(facts.get("ungrouped", 0))
    block, verdict = _by_groups(shared / max(1, tracks), groups_shared=groups_shared)
    if not shared and any(finding.get("kind") == UNHEARD for finding in audit.get("findings", ())):
        verdict = UNKNOWN
    elif not shared and ungrouped:
        verdict = NO_GROUPS if ungrouped >= tracks else f"{NO_GROUPS}: {ungrouped} of {tracks} tracks"
    return Standing(block, verdict, leaking, tracks)


def repairable(leaking: frozenset[str], tested: SetPredictions, leak_limit: float) -> bool:
    """Return whether enough is left without the leaking tracks: no class goes, and not more than the limit."""
    gone = np.isin(tested.tracks, list(leaking))
    # A share of just the limit is allowed: 0.3 of 10 is 3, whatever binary fractions make of it.
    few = gone.sum() <= leak_limit * len(gone) + 1e-9
    return bool(few and set(tested.labels.tolist()) == set(tested.labels[~gone].tolist()))


def alike(
    stored: Mapping[str, Mapping[str, SetPredictions]],
    standings: Mapping[str, Mapping[str, Standing]],
    leak_limit: float,
) -> dict[str, dict[str, Standing]]:
    """Return standings of which those that are tested on the same tracks leave out the same ones.

    Else rows that are trained on different things would no longer be compared on the same tracks. Where too much would
    go that way, each keeps its own. Both mappings are by cell and evaluation set.
    """
    agreed = {cell: dict(own) for cell, own in standings.items()}
    together: defaultdict[tuple[str, bytes], list[str]] = defaultdict(list)
    # Hashing tracks is dear, and hardly any table needs it.
    sets = {name for own in agreed.values() for name, decided in own.items() if decided.left_out}
    for cell, own in agreed.items():
        for name in sets & own.keys():
            if own[name].block != LEAKY:
                together[name, stored[cell][name].tracks.tobytes()].append(cell)
    for (name, _), cells in together.items():
        left_out = frozenset().union(*(agreed[cell][name].left_out for cell in cells))
        if repairable(left_out, stored[cells[0]][name], leak_limit):
            for cell in cells:
                agreed[cell][name] = replace(agreed[cell][name], left_out=left_out)
    return agreed


def repaired(
    stored: Mapping[str, Mapping[str, SetPredictions]], standings: Mapping[str, Mapping[str, Standing]]
) -> dict[str, Mapping[str, SetPredictions]]:
    """Return predictions without the tracks that are left out; what cells have in common stays one array."""
    parts: dict[tuple[int, frozenset[str]], tuple[np.ndarray, SetPredictions]] = {}

    def without(tested: SetPredictions, left_out: frozenset[str]) -> SetPredictions:
        if not left_out:
            return tested
        key = (id(tested.tracks), left_out)
        if key not in parts:
            keep = ~np.isin(tested.tracks, list(left_out))
            parts[key] = (
                keep,
                SetPredictions(
                    tested.tracks[keep], tested.groups[keep], tested.labels[keep], tested.probabilities[:0]
                ),
            )
        keep, common = parts[key]
        return replace(common, probabilities=tested.probabilities[keep])

    return {
        cell: {name: without(tested, standings[cell][name].left_out) for name, tested in own.items()}
        if any(standings[cell][name].left_out for name in own)
        else own
        for cell, own in stored.items()
    }


def gravest(standings: Iterable[Standing]) -> Standing:
    """Return the standing that says what is worst; those of one word are taken as they come.

    Raises:
        ValueError: when there are none.
    """
    return max(standings, key=lambda known: gravity(known.verdict))


def gravity(verdict: str) -> int:
    """Return how grave a verdict is, from 0 for clean.

    >>> gravity("shared groups: 12 % of held-out tracks") > gravity("groups unknown")
    True
    """
    word = verdict.partition(":")[0]
    return _GRAVITY.index(word) if word in _GRAVITY else _GRAVITY.index(UNKNOWN)


def percent(share: float) -> str:
    """Return a share for people; one that is not nothing is not said to be 0.

    >>> percent(0.4), percent(0.001), percent(0.9999)
    ('40 %', 'under 1 %', 'over 99 %')
    """
    if 0 < share < 0.01:
        return "under 1 %"
    return "over 99 %" if 0.99 < share < 1 else f"{100 * share:.0f} %"


def _by_groups(share: float, *, groups_shared: bool) -> tuple[Block, str]:
    if not share:
        return "honest", CLEAN
    text = f"{percent(share)} of held-out tracks"
    return (
        ("honest", f"{SHARED} on purpose: {text}")
        if groups_shared
        else ("shared groups", f"{SHARED}: {text}")
    )


def _of_older(audit: Mapping[str, Any], *, groups_shared: bool, leaky: bool) -> Standing:
    """Return the standing that follows from a record that says nothing of its evaluation sets."""
    verdict = str(audit.get("verdict") or (LEAKY if leaky else UNKNOWN))
    if leaky or verdict.startswith(LEAKY):
        return Standing("leaky", verdict if verdict.startswith(LEAKY) else LEAKY)
    kinds = {finding.get("kind"): finding.get("count", 0) for finding in audit.get("findings", ())}
    if SHARED in kinds:
        word = f"{SHARED} on purpose" if groups_shared else SHARED
        return Standing(
            "honest" if groups_shared else "shared groups", f"{word}: {kinds[SHARED]} held-out tracks"
        )
    return Standing("honest", NO_GROUPS if verdict == CLEAN and UNGROUPED in kinds else verdict)
