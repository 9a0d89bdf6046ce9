from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from benchmark.report.genres import draw_genres, shown_rows
from benchmark.results.frames import ROW
from benchmark.settings import LeaderboardSettings

CLASSES = ["blues", "jazz", "rock"]
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


def accuracy(*shares: float) -> pd.DataFrame:
    table = pd.DataFrame({"share": shares}, CLASSES)
    return table.assign(low=table["share"] - 0.1, high=table["share"] + 0.1)


def test_bars_are_as_high_as_the_shares_and_top_1_stands_before_top_2() -> None:
    tables = {
        "one": (accuracy(0.5, 0.2, 0.7), accuracy(0.6, 0.5, 0.8)),
        "two": (accuracy(0.1, 0.2, 0.3),) * 2,
    }
    figure = draw_genres(tables, "Accuracy per class")
    axes = figure.axes[0]
    bars = [container for container in axes.containers if hasattr(container, "patches")]
    heights = [[round(bar.get_height()) for bar in container] for container in bars]
    assert heights == [[60, 50, 80], [50, 20, 70], [10, 20, 30], [10, 20, 30]]
    assert [label.get_text() for label in axes.get_xticklabels()] == CLASSES
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["one", "two", "top 1", "top 2", "95 % interval"]
