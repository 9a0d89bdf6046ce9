"""What chapters are made of."""

from __future__ import annotations

from dataclasses import dataclass

from benchmark.report.charts.kinds import Picture
from benchmark.report.table import Table


@dataclass(frozen=True)
class Tables:
    """Tables under one title.

    Attributes:
        title: of the tables; files have their names from it.
        tables: one or more; one without lines is a sentence (its caption).
        items: sentences in a list.
        level: of the title in Markdown.
        on_page: whether the HTML page shows them; a chart shows the same numbers where it does not.
        filed: whether they are written for LaTeX and for programs too.
        most_on_page: how many lines of each the page shows; it says how many there are.
        pictures: names of pictures that belong to them, and stand with them.
    """

    title: str
    tables: tuple[Table, ...] = ()
    items: tuple[str, ...] = ()
    level: int = 2
    on_page: bool = True
    filed: bool = True
    most_on_page: int | None = None
    pictures: tuple[str, ...] = ()


@dataclass(frozen=True)
class Chapter:
    """One part of a report, in all formats.

    Attributes:
        name: by which it is asked for.
        title: of it as a whole.
        tables: by their titles.
        pictures: charts.
        texts: what the page says above.
        items: what the page says below, as a list.
        sortable: whether its tables can be sorted on the page.
        beside: those of its tables that a terminal shows below the leaderboard.
    """

    name: str
    title: str
    tables: tuple[Tables, ...] = ()
    pictures: tuple[Picture, ...] = ()
    texts: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    sortable: bool = False
    beside: tuple[Table, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        return not (self.tables or self.pictures)


def titled(title: str, *tables: Table | None) -> tuple[Tables, ...]:
    """Return tables under a title; nothing without any."""
    known = tuple(table for table in tables if table is not None)
    return (Tables(title, known),) if known else ()
