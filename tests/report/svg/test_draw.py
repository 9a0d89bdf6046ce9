"""Drawings of charts: places, words for screen readers, legends."""

from __future__ import annotations

import pytest

from benchmark.report.charts.kinds import (
    Axis,
    Bars,
    Chart,
    Estimate,
    Forest,
    Line,
    Lines,
    Picture,
    Point,
    Ranks,
    Reliability,
    Scatter,
    Trials,
)
from benchmark.report.svg.draw import draw
from benchmark.report.svg.shapes import (
    Letters,
    Mark,
    Polyline,
    Scale,
    Svg,
    decades,
    polyline,
    round_places,
    ticks,
)

ESTIMATES = (Estimate(0.5, 0.4, 0.6), Estimate(0.7, 0.6, 0.8))
SHARES = Axis("top1", percent=True, low=0.0, high=1.0)
CHARTS: tuple[Chart, ...] = (
    Lines("Dose", Axis("width", low=0.0, high=10.0), SHARES, (Line("cnn", (0.0, 10.0), ESTIMATES),)),
    Forest("Effects", Axis("difference", points=True), ("a", "b"), (("test", (("a", Estimate(0.05, 0.01, 0.09)),)),)),
    Scatter("Shift", SHARES, SHARES, (Point("cnn", *ESTIMATES), Point("crnn", *ESTIMATES[::-1])), True, True),
    Reliability("cnn", ((0.5, 0.4, 10), (0.9, 0.8, 40))),
    Ranks("Ranks", (("cnn", 1.2), ("crnn", 1.8)), 1.0, ((1.2, 1.8),)),
    Bars("Classes", SHARES, ("jazz", "rock"), ("top 1", "top 2"), (("cnn", (ESTIMATES, ESTIMATES)),)),
    Trials("Study", Axis("top1"), ((0.0, 0.5), (1.0, 0.6)), ((0.0, 0.5), (1.0, 0.6)), 0.4, (2.0,), (3.0,), (("rate", 0.8),)),
)  # fmt: skip


def drawn(chart: Chart) -> Svg:
    (svg,) = draw(Picture("name", "Title", (chart,)))
    return svg


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: type(chart).__name__)
def test_every_kind_of_chart_is_drawn_inside_its_frame_and_said_in_words(chart: Chart) -> None:
    svg = drawn(chart)
    assert svg.said.startswith((chart.title, "Reliability of cnn"))
    for shape in svg.shapes:
        if isinstance(shape, Polyline):
            places = [tuple(map(float, pair.split(","))) for pair in shape.points.split()]
        else:
            places = [(shape.x, shape.y)]
        assert all(0 <= x <= svg.width and 0 <= y <= svg.height for x, y in places), shape


def test_intervals_are_as_long_as_they_are_in_the_data() -> None:
    svg = drawn(CHARTS[0])
    y = Scale(0, 1, 330 - 34, 10)
    whiskers = [
        shape.points for shape in svg.shapes if isinstance(shape, Polyline) and "whisker" in shape.style
    ]
    assert [[float(pair.split(",")[1]) for pair in each.split()] for each in whiskers] == [
        [y(0.4), y(0.6)], [y(0.6), y(0.8)],
    ]  # fmt: skip
    assert "cnn: 0: 50.0 % [40.0 %, 60.0 %]" in svg.said
    assert svg.keys == (("c0", "cnn"),)


def test_points_with_more_answers_are_larger() -> None:
    svg = drawn(CHARTS[3])
    assert [shape.size for shape in svg.shapes if isinstance(shape, Mark)] == [1.0, 1.5]
    assert "40 answers with mean confidence 90 %: 80 % right" in svg.said


def test_a_front_is_joined_by_steps_and_named_where_names_do_not_cover_each_other() -> None:
    x, y = Axis("parameters", log=True, low=1.0, high=1000.0), SHARES
    points = (
        Point("small", Estimate(1.0), Estimate(0.2), True, "small"),
        Point("twin", Estimate(10.0), Estimate(0.21), True, "twin"),
        Point("large", Estimate(1000.0), Estimate(0.9), True, "large"),
        Point("beaten", Estimate(1000.0), Estimate(0.1)),
    )
    svg = drawn(Scatter("Cost", x, y, points))
    names = [
        shape.text for shape in svg.shapes if isinstance(shape, Letters) and shape.style.startswith("name")
    ]
    assert names == ["small", "large"]
    (front,) = [shape for shape in svg.shapes if isinstance(shape, Polyline) and shape.style == "frontier"]
    assert len(front.points.split()) == 5
    assert svg.said == "Cost. On the front: small, twin, large."


def test_axes_have_round_ticks_that_do_not_cover_each_other() -> None:
    assert round_places(0, 1) == [0, 0.2, 0.4, 0.6, 0.8, 1]
    assert round_places(1, 12) == [2.5, 5, 7.5, 10]
    assert round_places(3, 3) == [3]
    assert decades(1, 100) == [1, 2, 5, 10, 20, 50, 100]
    own = Axis("tracks", log=True, low=1.0, high=100.0, ticks=((1.0, "1"), (1.1, "1.1"), (100.0, "100")))
    assert [text for _, text in ticks(own, Scale(1, 100, 0, 200, log=True))] == ["1", "100"]
    whole = Axis("epoch", low=1.0, high=3.0, whole=True)
    assert [text for _, text in ticks(whole, Scale(1, 3, 0, 200))] == ["1", "2", "3"]


def test_long_lines_are_thinned_but_keep_their_end() -> None:
    text = polyline([(x, 0.5) for x in range(1000)], Scale(0, 999, 0, 999), Scale(0, 1, 100, 0))
    places = text.split(" ")
    assert len(places) < 130
    assert places[0] == "0.0,50.0"
    assert places[-1] == "999.0,50.0"
