"""What a value of an axis changes against its baseline, over all rows that differ in nothing else. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from benchmark.analysis.contrast import Contrast, Family
from benchmark.analysis.holm import holm
from benchmark.analysis.measured import FEWEST_UNITS
from benchmark.analysis.pooling import pooled
from benchmark.results.frames import lines_of

COLUMNS = [
    "axis", "value", "baseline", "set", "measure", "class", "difference", "low", "high", "pairs", "unmoved", "least",
    "least_row", "most", "most_row", "protocol", "p", "p_holm", "raw", "own",
]  # fmt: skip
ROW_COLUMNS = [*COLUMNS[:9], "p", "row", "other"]


@dataclass(frozen=True)
class Change:
    """A value of an axis, its baseline, and the pairs of rows (with it, with the baseline) that show its effect."""

    axis: str
    value: str
    baseline: str
    pairs: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Effects:
    """A line per change: the mean difference over its pairs of rows; and a line per pair of it."""

    overall: list[dict[str, Any]] = field(default_factory=list)
    by_row: list[dict[str, Any]] = field(default_factory=list)


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
    labels = {int(line["row"]): {axis: str(line[axis]) for axis in axes} for line in lines_of(rows)}
    return [change for axis in axes for change in _of_axis(axis, labels, baseline, set(leaky))]


def _of_axis(
    axis: str, labels: Mapping[int, Mapping[str, str]], baseline: Mapping[str, str], leaky: set[int]
) -> Iterator[Change]:
    by_labels = {tuple(sorted(own.items())): row for row, own in labels.items()}
    values = list(dict.fromkeys(own[axis] for own in labels.values()))
    first = baseline.get(axis, values[0] if values else "")
    for value in values:
        if value == first:
            continue
        pairs = []
        for row, own in labels.items():
            other = by_labels.get(tuple(sorted({**own, axis: first}.items())))
            if own[axis] == value and other is not None:
                pairs.append((row, other))
        if pairs:
            clean = [pair for pair in pairs if not leaky.issuperset(pair)]
            yield Change(axis, value, first, tuple(clean or pairs))


def effects(
    changes: Sequence[Change],
    family: Family,
    evaluation: str,
    measure: str,
    *,
    bound: float = np.inf,
    unmoved: Set[tuple[int, int]] = frozenset(),
    block_of: Mapping[int, int] | None = None,
    price: float = 1.0,
) -> Effects:
    """Return what each change does to a measure.

    Models and other axes are taken as they are, not as a sample: an effect is one on these models. ``p_holm`` is
    corrected over the changes.

    Args:
        changes: that are asked for.
        family: rows that were evaluated; pairs of others are left out.
        evaluation: the evaluation set.
        measure: its name.
        bound: the largest difference that there can be.
        unmoved: pairs of rows with the same answers: nothing can be changed there, and they are left out.
        block_of: the block of competitors that each row is in. A change between blocks is one of the protocol.
        price: by what corrected p values are multiplied, where the same is looked at more than once.
    """
    place = {row: index for index, row in enumerate(family.rows)}
    facts = {"set": evaluation, "measure": measure, "class": ""}
    overall, by_row = [], []
    for change in changes:
        known = [pair for pair in change.pairs if pair[0] in place and pair[1] in place]
        moved = [pair for pair in known if pair not in unmoved]
        if not moved:
            continue
        names: dict[str, Any] = {
            "axis": change.axis,
            "value": change.value,
            "baseline": change.baseline,
            **facts,
        }
        blocks = block_of or {}
        protocol = any(blocks.get(row) != blocks.get(other) for row, other in moved)
        lines = _lines(family, moved, place, bound)
        by_row += [
            {**names, **line, "row": row, "other": other}
            for line, (row, other) in zip(lines, moved, strict=True)
        ]
        least, most = (extreme(lines, key=lambda line: line["difference"]) for extreme in (min, max))
        overall.append(
            {
                **names,
                **_facts(family.contrast(_weights(moved, place)), bound)[0],
                "pairs": len(moved),
                "unmoved": len(known) - len(moved),
                "least": least["difference"],
                "least_row": moved[lines.index(least)][0],
                "most": most["difference"],
                "most_row": moved[lines.index(most)][0],
                "protocol": protocol,
            }
        )
    corrected = np.minimum(price * holm(np.array([line["p"] for line in overall], float)), 1.0)
    return Effects(
        [line | {"p_holm": float(p)} for line, p in zip(overall, corrected, strict=True)],
        by_row if any(line["pairs"] > 1 for line in overall) else [],
    )


def class_effects(
    changes: Sequence[Change],
    families: Mapping[str, Family],
    evaluation: str,
    measure: str,
    unmoved: Set[tuple[int, int]] = frozenset(),
) -> list[dict[str, Any]]:
    """Return what each change does to each class, drawn towards what it does to all (partial pooling).

    ``families`` have the shares of each class's tracks that are recognised, by class. ``raw`` is the difference
    itself, and ``own`` how much of what is shown is the class's own, 0 to 1; the rest is the mean over classes.
    Classes with too few units are left out.
    """
    lines = []
    for change in changes:
        estimates = {
            name: estimate
            for name, family in families.items()
            if (estimate := _class_estimate(change, family, unmoved)) is not None
        }
        if not estimates:
            continue
        values, variances, freedom = (np.array(column) for column in zip(*estimates.values(), strict=True))
        drawn = pooled(values, variances, freedom)
        for number, name in enumerate(estimates):
            lines.append(
                {
                    "axis": change.axis,
                    "value": change.value,
                    "baseline": change.baseline,
                    "set": evaluation,
                    "measure": measure,
                    "class": name,
                    "difference": float(drawn.values[number]),
                    "low": float(max(drawn.low[number], -1.0)),
                    "high": float(min(drawn.high[number], 1.0)),
                    "raw": float(values[number]),
                    "own": float(drawn.weights[number]),
                }
            )
    return lines


def _class_estimate(
    change: Change, family: Family, unmoved: Set[tuple[int, int]]
) -> tuple[float, float, float] | None:
    """Return a class's difference, its variance, and the degrees of freedom of that."""
    place = {row: index for index, row in enumerate(family.rows)}
    pairs = [pair for pair in change.pairs if set(pair) <= set(place) and pair not in unmoved]
    if not pairs:
        return None
    contrast = family.contrast(_weights(pairs, place))
    units = int(contrast.units[0])
    if units < FEWEST_UNITS:
        return None
    parts, freedom = contrast.parts[:, 0], contrast.freedom[:, 0]
    # Units that agree do not say that all others would: one of them might differ.
    total = max(float(parts.sum()), (1 / (units + 1)) ** 2)
    below = float((parts**2 / freedom).sum())
    return (
        float(contrast.values[0]),
        total,
        float(parts.sum()) ** 2 / below if below > 0 else float(freedom[0]),
    )


def _weights(pairs: Sequence[tuple[int, int]], place: Mapping[int, int]) -> np.ndarray:
    """Return the weights of rows in the mean difference over pairs."""
    weights = np.zeros(len(place))
    for row, other in pairs:
        weights[place[row]] += 1 / len(pairs)
        weights[place[other]] -= 1 / len(pairs)
    return weights


def _lines(
    family: Family, pairs: Sequence[tuple[int, int]], place: Mapping[int, int], bound: float
) -> list[dict[str, Any]]:
    """Return what is known of the difference of each pair by itself."""
    first, second = (np.array([place[pair[side]] for pair in pairs]) for side in (0, 1))
    return _facts(family.differences(first, second), bound)


def _facts(contrast: Contrast, bound: float) -> list[dict[str, Any]]:
    low, high = contrast.interval(bound)
    columns = {"difference": contrast.values, "low": low, "high": high, "p": contrast.p()}
    return [
        dict(zip(columns, line, strict=True))
        for line in zip(*(values.tolist() for values in columns.values()), strict=True)
    ]
