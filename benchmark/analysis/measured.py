"""A measure of one row, and what the choice of test tracks adds to it. Pure functions.

What counts are units: groups of tracks (artist, source recording), or tracks where no group is known. For a metric
that is a mean over tracks, the variance that resampling units gives has a closed form, the limit of infinitely many
resamples: nothing is drawn. Other metrics are resampled (``resampling``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from benchmark.analysis.resampling import Weights
from benchmark.plugin.metric import Metric
from benchmark.results.predictions import SetPredictions

# The number of units from which a spread can be seen; fewer have no interval and no p value.
FEWEST_UNITS = 3
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Measured:
    """A measure of one row.

    Attributes:
        cells: names of its cells.
        values: of each cell, shape (cells,).
        deviations: by how much each unit (or resample) moves the row's mean; the sum of squares is the variance that
            comes from the choice of tracks, and sums of products of two rows are covariances.
        names: of the units that ``deviations`` belong to, sorted; None where they belong to resamples.
        added: what the choice of tracks adds to the variance between cells.
        units: how many units a cell has; of the cell that has fewest. Where so few of them have nearly all tracks that
            no spread can be seen, what they count for (see ``freedom``), rounded down.
        freedom: degrees of freedom of ``variance``: units less one, and fewer where some are larger than others.
        tracks: how many tracks the cells have on average.
        grouped: whether some unit has more than one track.
        fixed: whether seeds change nothing: all cells (two or more, or one that is known to stand for all) gave the
            same answers on the same tracks.
    """

    cells: tuple[str, ...]
    values: np.ndarray
    deviations: np.ndarray
    names: np.ndarray | None
    added: float
    units: int
    freedom: float
    tracks: float
    grouped: bool
    fixed: bool

    @property
    def mean(self) -> float:
        """The value of the row: the mean over its cells."""
        return float(self.values.mean())

    @property
    def variance(self) -> float:
        """The variance of the mean that comes from the choice of tracks."""
        return float(self.deviations @ self.deviations)

    @property
    def between(self) -> float:
        """The variance between cells; 0 for one."""
        return float(self.values.var(ddof=1)) if len(self.values) > 1 else 0.0

    @property
    def is_single(self) -> bool:
        """Whether one cell is all there is, so that nobody knows what another seed would give."""
        return len(self.values) == 1 and not self.fixed

    @property
    def too_few(self) -> bool:
        """Whether there are too few units to see a spread."""
        return self.units < FEWEST_UNITS


class Units:
    """Which units the tracks of cells belong to; found once for each array of groups."""

    def __init__(self) -> None:
        # By the id of the groups, which are kept so that no other array gets the same one.
        self._known: dict[int, _Grouping] = {}

    def of(self, groups: np.ndarray) -> _Grouping:
        """Return the units of tracks."""
        if id(groups) not in self._known:
            self._known[id(groups)] = _Grouping.of(groups)
        return self._known[id(groups)]


@dataclass(frozen=True)
class _Grouping:
    """Names of units, sorted; ``order`` has the tracks by unit, and ``starts`` where each unit starts in it.

    ``groups`` are what it was made from, kept so that no other array gets its id. ``shares`` are those of the units in
    all tracks.
    """

    groups: np.ndarray
    names: np.ndarray
    order: np.ndarray
    starts: np.ndarray

    @classmethod
    def of(cls, groups: np.ndarray) -> _Grouping:
        names, places = np.unique(groups, return_inverse=True)
        order = np.argsort(places, kind="stable")
        return cls(groups, names, order, np.searchsorted(places[order], np.arange(len(names))))

    @cached_property
    def shares(self) -> np.ndarray:
        sizes = np.diff(np.append(self.starts, len(self.order)))
        return sizes / max(len(self.order), 1)

    @cached_property
    def stretch(self) -> np.ndarray:
        """What the deviations of units are multiplied with, since each has drawn the mean towards itself.

        The variance is then the jackknife's, which leaves out one unit at a time: for units of one size, n / (n - 1).
        """
        count = len(self.names)
        return np.sqrt((count - 1) / count) / (1 - self.shares) if count > 1 else np.ones(count)

    @cached_property
    def freedom(self) -> float:
        """Degrees of freedom of that variance (Satterthwaite's), as if tracks of a unit all gave the same.

        For units of one size that is n - 1; where one unit has nearly all tracks, it is 1, however many others there
        are. Source: Bell & McCaffrey (2002), Survey Methodology 28:169; Imbens & Kolesár (2016), Rev. Econ. Stat.
        98:701; with the jackknife's weights.
        """
        if len(self.names) < 2:
            return 0.0
        shares = self.shares
        weights, common = (shares / (1 - shares)) ** 2, shares @ shares
        none, first, second = (float(weights @ shares**power) for power in (0, 1, 2))
        trace = float(weights @ (1 - 2 * shares + common))
        own = float(weights**2 @ ((1 + common - 2 * shares) ** 2 - (common - 2 * shares) ** 2))
        return trace**2 / (
            common**2 * none**2 + 2 * none * second + 2 * first**2 - 4 * common * none * first + own
        )

    @cached_property
    def correction(self) -> float:
        """By what the variance over resamples is too small, since each unit has drawn the mean towards itself."""
        squared, cubed = (float((self.shares**power).sum()) for power in (2, 3))
        seen = 1 - 2 * cubed / squared + squared if squared > 0 else 1.0
        return 1 / seen if seen > 0 else 1.0

    @property
    def count(self) -> int:
        """How many units there are, or what they count for where that is too few."""
        least = int(self.freedom + 1 + _ROUNDING)
        return min(least, len(self.names)) if least < FEWEST_UNITS else len(self.names)

    def sums(self, scores: np.ndarray) -> np.ndarray:
        """Return sums over each unit's tracks: from shape (cells, tracks) to (cells, units)."""
        sums: np.ndarray = np.add.reduceat(scores[:, self.order], self.starts, axis=1)
        return sums


def measure(
    metric: Metric,
    cells: Mapping[str, SetPredictions],
    weights: Weights,
    units: Units | None = None,
    *,
    seedless: bool = False,
) -> Measured:
    """Return a metric of a row's cells, and what the choice of tracks adds. Whatever the metric raises is raised.

    ``seedless`` says that nothing of the row depends on a seed, so that one cell stands for all.
    """
    predictions = list(cells.values())
    fixed = is_fixed(predictions) or (seedless and len(predictions) == 1)
    groups, units = [cell.groups for cell in predictions], units or Units()
    scores = [metric.scores(cell.labels, cell.probabilities) for cell in predictions]
    known = [score for score in scores if score is not None]
    if len(known) == len(predictions):
        return of_scores(tuple(cells), known, groups, fixed=fixed, units=units)
    values = np.array([float(metric.compute(cell.labels, cell.probabilities)) for cell in predictions])
    resampled = np.stack(
        [metric.resampled(cell.labels, cell.probabilities, weights.of(cell.groups)) for cell in predictions],
        axis=1,
    )
    return _of_resamples(tuple(cells), values, resampled, groups, fixed=fixed, units=units)


def of_scores(
    cells: tuple[str, ...],
    scores: Sequence[np.ndarray],
    groups: Sequence[np.ndarray],
    *,
    fixed: bool,
    units: Units,
) -> Measured:
    """Return the mean of tracks' scores over cells, with the variance of the bootstrap in closed form.

    A unit moves a cell's mean m by the sum over its tracks of (score - m) / tracks. The sum of squares over units is
    the variance over resamples of that ratio of sums, but for terms of higher order; each is stretched (see
    ``_Grouping.stretch``), so that for units of one track it is exactly that of a mean, var(scores) / n.
    """
    together: dict[int, list[int]] = {}
    for index, grouping in enumerate(groups):
        together.setdefault(id(grouping), []).append(index)
    unit_sets = [units.of(groups[indices[0]]) for indices in together.values()]
    names = (
        unit_sets[0].names
        if len(unit_sets) == 1
        else np.unique(np.concatenate([own.names for own in unit_sets]))
    )
    moved, values = np.zeros((len(scores), len(names))), np.zeros(len(scores))
    for own, indices in zip(unit_sets, together.values(), strict=True):
        stacked = np.stack([np.asarray(scores[index], np.float64) for index in indices])
        values[indices] = means = stacked.mean(axis=1) if stacked.size else np.full(len(indices), np.nan)
        factor = own.stretch / max(stacked.shape[1], 1)
        places = np.arange(len(own.names)) if own.names is names else np.searchsorted(names, own.names)
        moved[np.ix_(np.array(indices), places)] = factor * own.sums(stacked - means[:, None])
    mean = moved.mean(axis=0)
    added = float(((moved - mean) ** 2).sum() / max(len(scores) - 1, 1))
    return Measured(cells, values, mean, names, added, *_counts(groups, units), fixed=fixed)


def _of_resamples(
    cells: tuple[str, ...],
    values: np.ndarray,
    resampled: np.ndarray,
    groups: Sequence[np.ndarray],
    *,
    fixed: bool,
    units: Units,
) -> Measured:
    """Return the same from values of each cell in each resample, shape (resamples, cells); NaN where there is none."""
    counts = _counts(groups, units)
    finite = np.isfinite(resampled).all(axis=1)
    kept = resampled[finite].astype(np.float64)
    deviations = np.zeros(len(resampled))
    added = 0.0
    if len(kept) > 1:
        correction = max(units.of(grouping).correction for grouping in groups)
        means = kept.mean(axis=1)
        deviations[finite] = (means - means.mean()) * np.sqrt(correction / (len(kept) - 1))
        if len(values) > 1:
            added = max(float(kept.var(axis=1, ddof=1).mean() - values.var(ddof=1)), 0.0)
    return Measured(cells, values, deviations, None, added, *counts, fixed=fixed)


def is_fixed(cells: Sequence[SetPredictions]) -> bool:
    """Return whether two cells or more gave the same answers on the same tracks."""
    first = cells[0]
    return len(cells) > 1 and all(
        np.array_equal(cell.tracks, first.tracks) and np.array_equal(cell.probabilities, first.probabilities)
        for cell in cells[1:]
    )


def _counts(groups: Sequence[np.ndarray], units: Units) -> tuple[int, float, float, bool]:
    """Return units and freedom of the cell with fewest, how many tracks cells have, and whether units have several."""
    distinct = [units.of(grouping) for grouping in {id(grouping): grouping for grouping in groups}.values()]
    tracks = sum(map(len, groups)) / len(groups)
    grouped = any(len(own.names) < len(own.order) for own in distinct)
    return min(own.count for own in distinct), min(own.freedom for own in distinct), tracks, grouped
