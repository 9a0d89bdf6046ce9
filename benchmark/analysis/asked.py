"""What further questions (doses, sizes, interactions) are asked of: the measured rows of one evaluation set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from benchmark.analysis.cochran import ALPHA, critical
from benchmark.analysis.contrast import Contrast, Family, family
from benchmark.analysis.holm import holm
from benchmark.analysis.intervals import Bounds, wilson
from benchmark.analysis.measured import Measured
from benchmark.analysis.protocols import Block

Labels = Mapping[int, Mapping[str, str]]


@dataclass(frozen=True)
class Asked:
    """The complete rows of one evaluation set, measured by the metric that the leaderboard is sorted by.

    Attributes:
        set: what the suite calls the evaluation set.
        measure: ``set/metric``.
        rows: by number.
        blocks: who is compared with whom.
        same: for a row whose answers are those of another, that one.
        proportion: whether the metric is a share of tracks.
        greater_is_better: which direction is better.
        bounds: between which all values lie.
        smallest: a difference too small to care about; None where nobody said.
        price: by what corrected p values are multiplied.
        by_class: the share of each class's tracks that is recognised, by class and row; rows that a change concerns.
    """

    set: str
    measure: str
    rows: Mapping[int, Measured]
    blocks: tuple[Block, ...]
    same: Mapping[int, int] = field(default_factory=dict)
    proportion: bool = True
    greater_is_better: bool = True
    bounds: Bounds | None = (0.0, 1.0)
    smallest: float | None = None
    price: float = 1.0
    by_class: Mapping[str, Mapping[int, Measured]] = field(default_factory=dict)

    @cached_property
    def family(self) -> Family:
        """The rows as a family: what seeds change is pooled over the distinct ones of a block."""
        return family(self.rows, self.same, [block.rows for block in self.blocks])

    @cached_property
    def place(self) -> Mapping[int, int]:
        """The place of each row in ``family``."""
        return {row: number for number, row in enumerate(self.family.rows)}

    @cached_property
    def block_of(self) -> Mapping[int, int]:
        """The block of each row."""
        return {row: number for number, block in enumerate(self.blocks) for row in block.rows}

    @property
    def bound(self) -> float:
        """The largest difference that there can be."""
        return self.bounds[1] - self.bounds[0] if self.bounds else np.inf

    def comparable(self, rows: Sequence[int]) -> bool:
        """Whether all rows are there and tested alike."""
        blocks = {self.block_of.get(row) for row in rows}
        return len(blocks) == 1 and None not in blocks and all(row in self.rows for row in rows)

    def contrasts(self, rows: Sequence[int], weights: np.ndarray) -> Contrast:
        """Return weighted sums of ``rows``; ``weights`` have shape (m, rows)."""
        return contrasts(of_rows(self.family, [self.place[row] for row in rows]), weights)

    def alike(self, row: int, other: int) -> bool:
        """Whether two rows gave the same answers."""
        return self.same.get(row, row) == self.same.get(other, other)

    def corrected(self, p: np.ndarray) -> np.ndarray:
        """Return p values corrected for their number (Holm), and for how often the table was looked at."""
        return np.minimum(self.price * holm(p), 1.0)


def of_rows(whole: Family, places: Sequence[int]) -> Family:
    """Return some rows of a family, by their places; their seeds' variances stay those of the whole."""
    at = np.asarray(places, int)
    return replace(
        whole,
        rows=tuple(whole.rows[place] for place in places),
        values=whole.values[at],
        tracks=whole.tracks[np.ix_(at, at)],
        **{
            name: getattr(whole, name)[at]
            for name in ("seeds", "freedom", "added", "units", "cells", "single", "fixed")
        },
    )


def contrasts(whole: Family, weights: np.ndarray) -> Contrast:
    """Return ``whole.contrast`` of each line of ``weights``, shape (m, rows), in one go."""
    used = weights != 0
    values = weights @ whole.values
    # Sums of what is equal leave a trace; of no difference it would make a sure one.
    values[np.abs(values) < 1e-12] = 0.0
    units = np.where(used, whole.units, np.iinfo(np.int64).max).min(axis=1)
    tracks = np.maximum(((weights @ whole.tracks) * weights).sum(axis=1), 0.0)
    # Sums of products leave a trace where rows are alike.
    tracks[tracks < 1e-12 * (weights**2 @ np.diag(whole.tracks))] = 0.0
    tracks = np.maximum(tracks, (values / (units + 1)) ** 2)
    parts = np.vstack([tracks, (weights**2 * whole.seeds).T])
    freedom = np.vstack(
        [np.maximum(units - 1, 1), np.broadcast_to(whole.freedom[:, None], (len(whole.rows), len(weights)))]
    )
    single = (used & whole.single).any(axis=1)
    return Contrast(values, parts, freedom.astype(np.float64), units, single)


def mean_intervals(asked: Asked, rows: Sequence[int], level: float = ALPHA) -> tuple[np.ndarray, np.ndarray]:
    """Return intervals of the rows' means that hold together with probability 1 - ``level`` (Bonferroni).

    A share of tracks has Wilson's interval at the size of sample that would have the variance found (see
    ``intervals.interval``); other measures have the mean ± t times the standard error. NaN where units are
    too few.
    """
    contrast = asked.contrasts(rows, np.eye(len(rows)))
    quantiles = critical(level / len(rows), contrast.parts, contrast.freedom)
    low, high = contrast.within(quantiles, np.inf, level / len(rows))
    if asked.proportion:
        total = contrast.parts.sum(axis=0)
        for at, (share, variance, quantile) in enumerate(zip(contrast.values, total, quantiles, strict=True)):
            spread = share * (1 - share)
            size = spread / variance if variance > 0 and spread > 0 else float(contrast.units[at])
            if np.isfinite(low[at]):
                low[at], high[at] = wilson(float(share), size, float(quantile))
    if asked.bounds is not None:
        low, high = np.maximum(low, asked.bounds[0]), np.minimum(high, asked.bounds[1])
    return low, high
