from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from benchmark.report.shown import shown_rows
from benchmark.results.frames import ROW
from benchmark.settings import LeaderboardSettings

AXES = ("model", "augmentation")


def lines() -> pd.DataFrame:
    rows = [
        (3, "large", "masks", 2),
        (1, "large", "none", 2),
        (2, "small", "masks", 0),
        (0, "small", "none", 1),
    ]
    return pd.DataFrame(rows, columns=[ROW, *AXES, "ok"])


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, [3]),
        ({"baseline": {"augmentation": "none"}}, [3, 1]),
        ({"shown": [{"model": "small"}, {"model": "large", "augmentation": "none"}]}, [0, 1]),
        ({"shown": [{"augmentation": "none"}, {"model": "large", "augmentation": "none"}]}, [1]),
        ({"shown": [{"model": "small", "augmentation": "masks"}]}, []),
        ({"shown": [{"model": "large", "seed": "1"}]}, [3]),
    ],
)
def test_the_rows_asked_for_are_shown_or_the_best_and_its_baseline(
    settings: Any, expected: list[int]
) -> None:
    assert shown_rows(lines(), AXES, LeaderboardSettings.model_validate(settings)) == expected
