from __future__ import annotations

import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from benchmark.analysis.critical_difference import CriticalDifference
from benchmark.report.evidence_figures import critical_difference_figure, effects_figure, reliability_figure
from benchmark.report.figures import COLOURS


def texts(figure: Figure) -> list[str]:
    """Return all that can be read in a figure."""
    return [text.get_text() for text in figure.findobj(lambda each: hasattr(each, "get_text"))]


@pytest.fixture
def ranks() -> Figure:
    ranks = pd.Series({"VGG16": 1.2, "CNN": 1.8, "CRNN": 3.4, "majority": 3.6})
    found = CriticalDifference(ranks, 1.5, 0.01, tuple("abcde"))
    return critical_difference_figure(found, "Average ranks")


def test_methods_that_do_not_differ_are_under_one_bar(ranks: Figure) -> None:
    bars = [
        tuple(line.get_xdata())
        for line in ranks.axes[0].lines
        if to_hex(line.get_color()) == to_hex(COLOURS[0])
    ]
    assert bars == [pytest.approx((1.17, 1.83)), pytest.approx((3.37, 3.63))]


def test_every_method_is_named_with_its_rank_inside_the_figure(ranks: Figure) -> None:
    ranks.draw_without_rendering()
    (width, height) = ranks.canvas.get_width_height()
    for name in ("VGG16 (1.20)", "CNN (1.80)", "CRNN (3.40)", "majority (3.60)", "critical difference 1.50"):
        (text,) = [each for each in ranks.axes[0].texts if each.get_text() == name]
        box = text.get_window_extent()
        assert box.x0 >= 0
        assert box.x1 <= width
        assert box.y1 <= height


def test_effects_are_drawn_in_points_with_their_intervals() -> None:
    table = pd.DataFrame(
        {
            "axis": "augmentation", "value": ["masks", "noise"], "difference": [0.05, -0.02], "low": [0.01, -0.05],
            "high": [0.09, 0.01],
        }
    )  # fmt: skip
    figure = effects_figure({"gtzan:test": table, "spotify": table[:1]}, "Effects")
    assert {"augmentation: masks", "augmentation: noise", "gtzan:test", "spotify"} <= set(texts(figure))
    (lines, *_) = [container.lines for container in figure.axes[0].containers]
    assert list(lines[0].get_xdata()) == pytest.approx([5, -2])
    assert lines[2][0].get_segments()[0][:, 0] == pytest.approx([1, 9])


def test_effects_on_what_is_no_share_are_drawn_as_they_are() -> None:
    table = pd.DataFrame(
        {"axis": "model", "value": ["crnn"], "difference": [-0.3], "low": [-0.5], "high": [-0.1]}
    )
    figure = effects_figure({"test": table}, "Effects", percent=False)
    assert list(figure.axes[0].containers[0].lines[0].get_xdata()) == pytest.approx([-0.3])
    assert not any("points" in text for text in texts(figure))


def test_reliability_says_each_rows_error() -> None:
    bins = pd.DataFrame({"confidence": [0.55, 0.85], "accuracy": [0.5, 0.9], "count": [10, 30], "ece": 0.05})
    assert any("CNN" in text and "5.0" in text for text in texts(reliability_figure({"CNN": bins}, "Title")))
