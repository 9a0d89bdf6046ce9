"""Differences between rows on the same test tracks: which are more than chance, and which too small to care about.

Pure functions. The method, its sources and its error rates by simulation are in docs/statistics.md.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from benchmark.analysis.cochran import ALPHA
from benchmark.analysis.contrast import Contrast, family
from benchmark.analysis.holm import holm
from benchmark.analysis.measured import FEWEST_UNITS, Measured
from benchmark.results.frames import lines_of

BETTER, WORSE, EQUAL, UNDECIDED = "better", "worse", "equal", "undecided"
SAME = "same answers"
COLUMNS = [
    "measure", "row", "other", "difference", "low", "high", "p", "p_holm", "p_equal", "p_equal_holm", "verdict",
    "reason", "units", "seeds",
]  # fmt: skip


def compare(
    rows: Mapping[int, Measured],
    measure: str,
    *,
    greater_is_better: bool = True,
    bound: float = np.inf,
    smallest: float | None = None,
    alike: Mapping[int, int] | None = None,
    price: float = 1.0,
) -> pd.DataFrame:
    """Return one line per pair of rows.

    Columns: ``measure, row, other, difference, low, high`` (95 % interval), ``p`` against no difference, ``p_equal``
    against one of ``smallest`` or more, both corrected over all pairs (``p_holm``, ``p_equal_holm``), the ``verdict``
    on ``row`` (better, worse, equal, undecided), the ``reason`` where no test can be made, and ``units`` and ``seeds``
    (cells) of the row that has fewer.

    Args:
        rows: by number.
        measure: what it is of.
        greater_is_better: which direction is better.
        bound: the largest difference that there can be.
        smallest: a difference too small to care about; None where nobody said.
        alike: for a row whose predictions are those of another, that one. It counts once.
        price: by what corrected p values are multiplied, where the same is looked at more than once.
    """
    distinct = {row: measured for row, measured in rows.items() if (alike or {}).get(row, row) == row}
    if len(rows) < 2 or not distinct:
        return pd.DataFrame(columns=COLUMNS)
    every = family(distinct)
    first, second = np.triu_indices(len(every.rows), 1)
    table = judge(
        every.differences(first, second),
        measure,
        greater_is_better=greater_is_better,
        bound=bound,
        smallest=smallest,
        price=price,
    )
    numbers = np.array(every.rows)
    table = table.assign(
        row=numbers[first], other=numbers[second], seeds=np.minimum(every.cells[first], every.cells[second])
    )[COLUMNS]
    copies = {row: alike[row] for row in rows if row not in distinct} if alike else {}
    return _with_copies(table, copies, rows, measure) if copies else table


def judge(
    contrast: Contrast,
    measure: str,
    *,
    greater_is_better: bool,
    bound: float = np.inf,
    smallest: float | None = None,
    same: np.ndarray | None = None,
    price: float = 1.0,
) -> pd.DataFrame:
    """Return the columns of ``compare`` that need no rows; ``same`` marks pairs that gave the same answers."""
    low, high = contrast.interval(bound)
    p, equal = contrast.p(), contrast.p_equal(smallest, bound if np.isfinite(bound) else 1.0)
    reason = reasons(contrast)
    if same is not None:
        # They are no test, and count as none.
        low, high = np.where(same, 0.0, low), np.where(same, 0.0, high)
        p, equal = np.where(same, np.nan, p), np.where(same, np.nan, equal)
        reason = np.where(same, SAME, reason)
    corrected, corrected_equal = (np.minimum(price * holm(values), 1.0) for values in (p, equal))
    if same is not None:
        p, corrected = np.where(same, 1.0, p), np.where(same, 1.0, corrected)
    up = (contrast.values > 0) == greater_is_better
    real = corrected < ALPHA
    is_equal = (corrected_equal < ALPHA) | (reason == SAME)
    verdict = np.select([real & up, real & ~up, is_equal], [BETTER, WORSE, EQUAL], UNDECIDED)
    return pd.DataFrame(
        {
            "measure": measure,
            "difference": contrast.values,
            "low": low,
            "high": high,
            "p": p,
            "p_holm": corrected,
            "p_equal": equal,
            "p_equal_holm": corrected_equal,
            "verdict": verdict,
            "reason": reason,
            "units": contrast.units,
        }
    )


def reasons(contrast: Contrast) -> np.ndarray:
    """Return why no test can be made, or nothing, shape (m,)."""
    units = [f"only {count} unit{'s' if count > 1 else ''}" for count in range(FEWEST_UNITS)]
    few = np.array(units, object)[np.minimum(contrast.units, FEWEST_UNITS - 1)]
    single = np.where(contrast.single, "one seed", "").astype(object)
    return np.where(contrast.units < FEWEST_UNITS, few, single)


def by_pair(
    comparisons: pd.DataFrame, measure: str, of: Collection[int] | None = None
) -> dict[tuple[int, int], dict[Hashable, Any]]:
    """Return the lines of ``compare`` on a measure by (row, other), each pair both ways round.

    ``of``: only pairs in which one of these rows is.
    """
    pairs: dict[tuple[int, int], dict[Hashable, Any]] = {}
    if comparisons.empty:
        return pairs
    if of is not None:
        comparisons = comparisons[comparisons["row"].isin(of) | comparisons["other"].isin(of)]
    turned_verdict = {BETTER: WORSE, WORSE: BETTER}
    for line in lines_of(comparisons[comparisons["measure"] == measure]):
        row, other = int(line["row"]), int(line["other"])
        turned = {"row": other, "other": row, "difference": -line["difference"]}
        turned |= {"low": -line["high"], "high": -line["low"]}
        turned |= {"verdict": turned_verdict.get(line["verdict"], line["verdict"])}
        pairs[row, other], pairs[other, row] = line, line | turned
    return pairs


def _with_copies(
    table: pd.DataFrame, copies: Mapping[int, int], rows: Mapping[int, Measured], measure: str
) -> pd.DataFrame:
    """Return the comparisons of all rows: copies have those of the row whose predictions they share."""
    known = by_pair(table, measure)
    order = list(rows)
    same: dict[Hashable, Any] = dict.fromkeys(("difference", "low", "high", "p_equal", "p_equal_holm"), 0.0)
    same |= {"measure": measure, "p": 1.0, "p_holm": 1.0, "verdict": EQUAL, "reason": SAME}
    lines = []
    for number, row in enumerate(order):
        for other in order[number + 1 :]:
            original, other_original = copies.get(row, row), copies.get(other, other)
            facts = same | {"units": rows[row].units, "seeds": len(rows[row].cells)}
            lines.append(
                (facts if original == other_original else known[original, other_original])
                | {"row": row, "other": other}
            )
    return pd.DataFrame(lines, columns=COLUMNS)
