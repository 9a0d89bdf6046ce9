"""A figure is laid out once, and drawn once for each of its formats; it looks as if it were laid out by each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from benchmark.report.mpl.style import DPI, literal_text, new_figure, save

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def drawing() -> Figure:
    figure, axes = new_figure(4, 3)
    axes.plot([1, 2, 3], [3, 1, 2], label="a line with a name")
    axes.set_xticks([1, 2, 3], ["a long name", "another long name", "one more"], rotation=40, ha="right")
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    figure.suptitle("What a title says", x=0.01, ha="left")
    return figure


def test_each_format_is_drawn_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from matplotlib.figure import Figure

    drawn: list[Any] = []
    draw = Figure.draw
    monkeypatch.setattr(
        Figure, "draw", lambda self, renderer: (drawn.append(renderer), draw(self, renderer))[1]
    )
    with literal_text():
        png, pdf = save(drawing(), tmp_path, "picture")
    assert len(drawn) == 2
    assert pdf.read_bytes().startswith(b"%PDF")
    assert png.stat().st_size > 1000


def test_it_looks_as_matplotlib_lays_it_out(tmp_path: Path) -> None:
    with literal_text():
        png, _ = save(drawing(), tmp_path, "picture")
        drawing().savefig(tmp_path / "plain.png", dpi=DPI)
    assert png.read_bytes() == (tmp_path / "plain.png").read_bytes()
