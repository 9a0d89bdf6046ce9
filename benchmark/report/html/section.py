"""A section of the page: words, tables, drawings, and tables to choose from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from benchmark.report.html.tables import PageTable
from benchmark.report.svg.shapes import Svg

MOST_LISTED = 200


@dataclass(frozen=True)
class Option:
    """One of several tables of which the reader chooses one."""

    name: str
    title: str
    table: PageTable


@dataclass(frozen=True)
class Chooser:
    """Tables to choose from."""

    name: str
    label: str
    options: tuple[Option, ...]


@dataclass(frozen=True)
class Passage:
    """A part of a section under a title of its own; what is empty is not drawn.

    ``keys`` are classes of lines, and what they mean in all its drawings.
    """

    title: str = ""
    texts: tuple[str, ...] = ()
    drawings: tuple[Svg, ...] = ()
    tables: tuple[PageTable, ...] = ()
    chooser: Chooser | None = None
    items: tuple[str, ...] = ()
    keys: tuple[tuple[str, str], ...] = ()

    @property
    def size(self) -> str:
        """How much room each of its drawings needs."""
        widest = max((drawing.width for drawing in self.drawings), default=0)
        return "whole" if widest > 400 else "wide" if widest > 300 else ""


@dataclass(frozen=True)
class Section:
    """One section; what is empty is not drawn.

    ``filters`` are axes and their labels, ``source`` is set as it is written. Its own tables stand before its passages.
    """

    name: str
    title: str
    texts: tuple[str, ...] = ()
    tables: tuple[PageTable, ...] = ()
    passages: tuple[Passage, ...] = ()
    items: tuple[str, ...] = ()
    source: str = ""
    sortable: bool = False
    filters: Mapping[str, tuple[str, ...]] | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing below its title."""
        return not (self.tables or self.passages or self.items or self.source or self.texts)
