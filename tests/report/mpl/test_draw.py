"""Figures of charts: what Matplotlib draws is what the charts hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from benchmark.report.charts.kinds import (
    Axis,
    Bars,
    Estimate,
    Forest,
    Heatmap,
    Line,
    Lines,
    Picture,
    Ranks,
    Reliability,
    Tile,
)
from benchmark.report.mpl.draw import draw
from benchmark.report.mpl.style import COLOURS

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def texts(figure: Figure) -> list[str]:
    """Return all that can be read in a figure."""
    return [text.get_text() for text in figure.findobj(lambda each: hasattr(each, "get_text"))]


@pytest.fixture
def ranks() -> Figure:
    named = (("VGG16", 1.2), ("CNN", 1.8), ("CRNN", 3.4), ("majority", 3.6))
    chart = Ranks("Average ranks", named, 1.5, ((1.2, 1.8), (3.4, 3.6)))
    return draw(Picture("ranks", chart.title, (chart,)))


def test_methods_that_do_not_differ_are_under_one_bar(ranks: Figure) -> None:
    from matplotlib.colors import to_hex

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


def forest(*, points: bool) -> Figure:
    masks, noise = Estimate(0.05, 0.01, 0.09), Estimate(-0.02, -0.05, 0.01)
    groups = (("gtzan:test", (("masks", masks), ("noise", noise))), ("spotify", (("masks", masks),)))
    chart = Forest("Effects", Axis("difference", points=points), ("masks", "noise"), groups)
    return draw(Picture("effects", "Effects", (chart,), ("synthetic",)))


def test_effects_are_drawn_in_points_with_their_intervals() -> None:
    figure = forest(points=True)
    assert {"masks", "noise", "gtzan:test", "spotify", "Effects [synthetic]"} <= set(texts(figure))
    (lines, *_) = [container.lines for container in figure.axes[0].containers]
    assert list(lines[0].get_xdata()) == pytest.approx([5, -2])
    assert lines[2][0].get_segments()[0][:, 0] == pytest.approx([1, 9])


def test_effects_on_what_is_no_share_are_drawn_as_they_are() -> None:
    figure = forest(points=False)
    assert list(figure.axes[0].containers[0].lines[0].get_xdata()) == pytest.approx([0.05, -0.02])
    assert not any("points" in text for text in texts(figure))


def test_lines_have_their_intervals_in_per_cent() -> None:
    line = Line("cnn", (0.0, 10.0), (Estimate(0.5, 0.4, 0.6), Estimate(0.7)))
    x, y = Axis("width", low=-1.0, high=11.0), Axis("top1", percent=True, low=0.0, high=1.0)
    figure = draw(Picture("dose", "Dose", (Lines("Dose", x, y, (line,)),)))
    drawn = figure.axes[0].containers[0].lines
    assert list(drawn[0].get_ydata()) == pytest.approx([50, 70])
    assert drawn[2][0].get_segments()[0][:, 1] == pytest.approx([40, 60])
    assert figure.axes[0].get_ylim() == pytest.approx((0, 100))


def test_a_heatmap_writes_its_numbers_and_colours_only_what_is_clear() -> None:
    tiles = ((Tile(0.3, note="p 0.010"), Tile(-0.1, "unclear", "p 0.40")), (None, Tile(-0.0004, "equal")))
    chart = Heatmap("Pairs", "row", ("a", "b"), ("x", "y"), tiles, "points", 0.3)
    figure = draw(Picture("pairs", "Pairs", (chart,)))
    assert {"+30\np 0.010", "−10\np 0.40", "–", "+0"} <= set(texts(figure))
    values = np.ma.filled(figure.axes[0].images[0].get_array(), np.nan)
    assert values[0, 0] == 30
    assert np.isnan([values[0, 1], values[1, 0], values[1, 1]]).all()
    assert figure.axes[0].images[0].get_clim() == (-30, 30)


def test_reliability_says_each_rows_error() -> None:
    charts = tuple(Reliability(f"{name} — ECE 5.0 %", ((0.5, 0.4, 10),)) for name in ("CNN", "CRNN"))
    assert {"CNN — ECE 5.0 %", "CRNN — ECE 5.0 %"} <= set(texts(draw(Picture("r", "Reliability", charts))))


def test_bars_are_as_high_as_the_shares_and_top_1_stands_before_top_2() -> None:
    def estimates(*shares: float) -> tuple[Estimate, ...]:
        return tuple(Estimate(share, share - 0.1, share + 0.1) for share in shares)

    groups = (
        ("one", (estimates(0.5, 0.2, 0.7), estimates(0.6, 0.5, 0.8))),
        ("two", (estimates(0.1, 0.2, 0.3),) * 2),
    )
    classes = ("blues", "jazz", "rock")
    y = Axis("share", percent=True, low=0.0, high=1.0)
    figure = draw(Picture("bars", "Classes", (Bars("Classes", y, classes, ("top 1", "top 2"), groups),)))
    axes = figure.axes[0]
    bars = [container for container in axes.containers if hasattr(container, "patches")]
    heights = [[round(bar.get_height()) for bar in container] for container in bars]
    assert heights == [[60, 50, 80], [50, 20, 70], [10, 20, 30], [10, 20, 30]]
    assert [label.get_text() for label in axes.get_xticklabels()] == list(classes)
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["one", "two", "top 1", "top 2", "95 % interval"]
