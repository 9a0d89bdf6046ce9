"""By how much each row is worse there than here, with intervals. A pure function."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmark.analysis.asked import Asked
from benchmark.analysis.contrast import Contrast


def drops(here: Asked, there: Asked, rows: Sequence[int]) -> dict[int, tuple[float, float, float]]:
    """Return each row's value there less that here, and its 95 % interval (not corrected for the number of rows).

    The two sets have different tracks, whose variances add up. Seeds are shared, and taken for independent: a seed that
    is good here is rather good there, and the interval is too wide for that and not too narrow. NaN for its ends where
    units are too few.
    """
    identity = np.eye(len(rows))
    first, second = here.contrasts(rows, identity), there.contrasts(rows, identity)
    change = Contrast(
        second.values - first.values,
        np.vstack([first.parts, second.parts]),
        np.vstack([first.freedom, second.freedom]),
        np.minimum(first.units, second.units),
        first.single | second.single,
    )
    low, high = change.interval(min(here.bound, there.bound))
    return {row: (float(change.values[at]), float(low[at]), float(high[at])) for at, row in enumerate(rows)}
