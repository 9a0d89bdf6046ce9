"""A section of the page: words, tables, charts, and tables to choose from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from benchmark.report.html.chart import Chart
from benchmark.report.html.grid import Grid

# More than these nobody can look at, and a page that holds them all is slow; each title says what it leaves out.
MOST_LINES, MOST_PANELS, MOST_COMPARED, MOST_LISTED = 60, 24, 24, 200
MOST_MATRIX_CELLS = 12_000


@dataclass(frozen=True)
class Panel:
    """One of several tables of which the reader chooses one."""

    name: str
    title: str
    grid: Grid


@dataclass(frozen=True)
class Choice:
    """Tables to choose from."""

    name: str
    label: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Section:
    """One section; what is empty is not drawn.

    ``filters`` are axes and their labels, ``charts`` titles and their panels, ``legend`` classes of lines and what
    they mean, ``source`` is set as it is written.
    """

    name: str
    title: str
    texts: tuple[str, ...] = ()
    grids: tuple[Grid, ...] = ()
    choices: tuple[Choice, ...] = ()
    charts: tuple[tuple[str, tuple[Chart, ...]], ...] = ()
    legend: tuple[tuple[str, str], ...] = ()
    items: tuple[str, ...] = ()
    source: str = ""
    sortable: bool = False
    is_wide: bool = False
    filters: Mapping[str, tuple[str, ...]] | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing below its title."""
        return not (self.grids or self.choices or self.charts or self.items or self.source or self.texts)


def best(shown: int, count: int) -> str:
    """Return what a title says when it does not show all rows."""
    return f" The best {shown} of {count} rows." if shown < count else ""
