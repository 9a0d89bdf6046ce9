"""What a value of an axis changes against its baseline, over all rows that differ in nothing else. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from benchmark.analysis.comparison import Joint, holm, t_test

COLUMNS = [
    "axis", "value", "baseline", "set", "measure", "class", "difference", "low", "high", "pairs", "p", "p_holm",
]  # fmt: skip

# A bootstrap of fewer units than this says nothing: all may agree by chance.
FEWEST_UNITS = 5


@dataclass(frozen=True)
class Change:
    """A value of an axis, its baseline, and the pairs of rows (with it, with the baseline) that show its effect."""

    axis: str
    value: str
    baseline: str
    pairs: tuple[tuple[int, int], ...]


def changes(
    lines: pd.DataFrame,
    axes: Sequence[str],
    baseline: Mapping[str, str],
    usable: Sequence[int],
    leaky: Sequence[int] = (),
) -> list[Change]:
    """Return the changes that the ``usable`` rows of a leaderboard show.

    Pairs of two ``leaky`` rows count only for a change that no other pair shows. A pair of a clean and a leaky row
    shows what the leak does.
    An axis that ``baseline`` does not name is compared with its first value, in the suite's order.
    """
    rows = lines[lines["row"].isin(usable)].sort_values("row")
    labels = {int(line["row"]): {axis: str(line[axis]) for axis in axes} for line in rows.to_dict("records")}
    return [change for axis in axes for change in _of_axis(axis, labels, baseline, set(leaky))]


def _of_axis(
    axis: str, labels: Mapping[int, Mapping[str, str]], baseline: Mapping[str, str], leaky: set[int]
) -> Iterator[Change]:
    by_labels = {tuple(sorted(each.items())): row for row, each in labels.items()}
    values = list(dict.fromkeys(each[axis] for each in labels.values()))
    first = baseline.get(axis, values[0] if values else "")
    for value in values:
        if value == first:
            continue
        pairs = []
        for row, each in labels.items():
            other = by_labels.get(tuple(sorted({**each, axis: first}.items())))
            if each[axis] == value and other is not None:
                pairs.append((row, other))
        if pairs:
            clean = [pair for pair in pairs if not leaky.issuperset(pair)]
            yield Change(axis, value, first, tuple(clean or pairs))


def effects(
    found: Sequence[Change],
    joints: Mapping[str, Joint],
    evaluation: str,
    measure: str,
    *,
    bounded: bool = False,
) -> list[dict[str, Any]]:
    """Return one line per change and entry of ``joints``: the mean difference over its pairs of rows.

    ``joints`` has the rows' means and covariances by class, ``""`` for the measure itself. Models and other axes are
    taken as they are, not as a sample: an effect is one on these models. ``p_holm`` is corrected over the changes.
    Fewer than ``FEWEST_UNITS`` say nothing: the interval has no end, and p is 1. ``bounded``: the measure lies
    between 0 and 1, so that intervals end at -1 and 1.
    """
    lines = []
    for name, joint in joints.items():
        place = {row: index for index, row in enumerate(joint.rows)}
        family = [_line(change, joint, place) for change in found]
        known = [_bounded(line) if bounded else line for line in family if line]
        corrected = holm(np.array([line["p"] for line in known]))
        facts = {"set": evaluation, "measure": measure, "class": name}
        lines += [line | facts | {"p_holm": float(p)} for line, p in zip(known, corrected, strict=True)]
    return lines


def _line(change: Change, joint: Joint, place: Mapping[int, int]) -> dict[str, Any]:
    pairs = [(place[row], place[other]) for row, other in change.pairs if row in place and other in place]
    if not pairs:
        return {}
    weights = np.zeros(len(joint.rows))
    for row, other in pairs:
        weights[row] += 1 / len(pairs)
        weights[other] -= 1 / len(pairs)
    difference, variance = joint.contrast(weights)
    p, half = t_test(np.array(difference), np.array(variance.total), np.array(variance.freedom))
    if joint.units[weights != 0].min(initial=FEWEST_UNITS) < FEWEST_UNITS:
        p, half = np.array(1.0), np.array(np.inf)
    return {
        "axis": change.axis,
        "value": change.value,
        "baseline": change.baseline,
        "difference": difference,
        "low": difference - float(half),
        "high": difference + float(half),
        "pairs": len(pairs),
        "p": float(p),
    }


def _bounded(line: dict[str, Any]) -> dict[str, Any]:
    return line | {"low": max(line["low"], -1.0), "high": min(line["high"], 1.0)}
