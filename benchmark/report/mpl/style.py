"""The look of all figures: colours, fonts, titles, and how they are written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from benchmark.report.charts.kinds import Axis, Estimate

DPI = 150
# Okabe and Ito's colours, told apart by colour-blind readers too.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442", "#000000")
MARKERS = "os^Dv"
# With letters of many scripts, the fullest first.
_FURTHER_FONTS = (
    "Noto Sans CJK JP", "Noto Sans CJK SC", "Noto Sans JP", "Noto Sans SC", "Source Han Sans", "WenQuanYi Zen Hei",
    "Droid Sans Fallback", "Hiragino Sans", "PingFang SC", "Yu Gothic", "Microsoft YaHei", "Malgun Gothic",
    "Noto Sans Devanagari", "Noto Sans Arabic", "Noto Sans Thai", "Arial Unicode MS",
)  # fmt: skip


@contextmanager
def literal_text() -> Iterator[None]:
    """Draw texts as they are: names come from suites and data, where a ``$`` is a dollar and not mathematics.

    Letters that the usual font lacks are taken from others that are installed; boxes stand for those that none has.
    """
    import warnings

    import matplotlib
    from matplotlib.font_manager import get_font_names

    installed = set(get_font_names())
    fonts = ["DejaVu Sans", *(name for name in _FURTHER_FONTS if name in installed)]
    # Nothing is above axes that a title would have to give way to; to look for it takes longer than to draw it.
    settings = {"text.parse_math": False, "font.family": fonts, "axes.titley": 1.0}
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        yield


def save(figure: Figure, folder: Path, name: str) -> list[Path]:
    """Write a figure as PNG and PDF and return the files; no time of writing is stored in them."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{name}.png", folder / f"{name}.pdf"]
    _lay_out(figure)
    figure.savefig(files[0], dpi=DPI)
    figure.savefig(files[1], metadata={"CreationDate": None})
    return files


def _lay_out(figure: Figure) -> None:
    """Lay a figure out once for all formats: with a layout engine, each would be drawn twice."""
    engine = figure.get_layout_engine()
    if engine is None:
        return
    dpi = figure.dpi
    figure.set_dpi(DPI)
    engine.execute(figure)
    figure.set_dpi(dpi)
    figure.set_layout_engine(None)


def new_figure(width: float, height: float) -> tuple[Figure, Any]:
    """Return a figure of a size in inches, and its axes; it belongs to no window."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def set_title(figure: Figure, text: str) -> None:
    """Set a title in as many lines as the figure's width asks for: what marks it says must not be cut off."""
    import textwrap

    letters_an_inch = 11
    lines = textwrap.wrap(text, max(24, int(figure.get_figwidth() * letters_an_inch)))
    figure.suptitle("\n".join(lines), fontsize=10, x=0.01, ha="left")


def wrapped(label: str, width: int = 28, most: int = 3) -> str:
    """Return a label in few lines; long ones lose their middle, as rows often differ at the end."""
    import textwrap

    lines = textwrap.wrap(label, width)
    if len(lines) > most:
        half = most * width // 2 - 3
        lines = textwrap.wrap(f"{label[:half].rstrip()} … {label[-half:].lstrip()}", width)
    return "\n".join(lines)


def style_axes(axes: Any, x: Axis | None = None, y: Axis | None = None, size: int = 8) -> None:
    """Set labels, limits, ticks and scales of axes as charts say; limits are in the units of drawing."""
    from matplotlib.ticker import EngFormatter, MaxNLocator, NullFormatter

    for axis, of, name in ((x, axes.xaxis, "x"), (y, axes.yaxis, "y")):
        if axis is None:
            continue
        axes.set(**{f"{name}label": axis.title})
        of.label.set_size(size)
        if axis.log:
            axes.set(**{f"{name}scale": "log"})
            # Powers of ten would be mathematics, which no text in figures is.
            of.set_major_formatter(EngFormatter())
            of.set_minor_formatter(NullFormatter())
        if axis.low is not None and axis.high is not None and axis.low < axis.high:
            axes.set(**{f"{name}lim": (axis.factor * axis.low, axis.factor * axis.high)})
        if axis.ticks:
            of.set_ticks([axis.factor * place for place, _ in axis.ticks], [text for _, text in axis.ticks])
            of.set_ticks([], minor=True)
        elif axis.whole:
            of.set_major_locator(MaxNLocator(integer=True))
    axes.tick_params(labelsize=size - 1)


def panels(count: int, across: int, width: float, height: float, **shared: Any) -> tuple[Figure, list[Any]]:
    """Return a figure with ``count`` axes, at most ``across`` in a line, each of a size in inches."""
    from matplotlib.figure import Figure

    across = min(across, count)
    down = -(-count // across)
    figure = Figure(figsize=(0.6 + width * across, 0.8 + height * down), layout="constrained")
    grid = list(figure.subplots(down, across, squeeze=False, **shared).flat)
    for axes in grid[count:]:
        axes.set_visible(False)
    return figure, grid[:count]


def errors(estimates: Sequence[Estimate], factor: int) -> list[list[float]]:
    """Return how far intervals reach below and above their values, in the units of drawing."""
    pairs = [(estimate.value, *estimate.ends) for estimate in estimates]
    return [
        [factor * (value - low) for value, low, _ in pairs],
        [factor * (high - value) for value, _, high in pairs],
    ]
