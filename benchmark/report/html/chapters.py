"""Chapters as sections of the page: drawings, heatmaps, and tables below them."""

from __future__ import annotations

from dataclasses import replace

from benchmark.report.chapters.kinds import Chapter, Tables
from benchmark.report.charts.kinds import Heatmap, Picture
from benchmark.report.charts.words import slug
from benchmark.report.html.section import Chooser, Option, Passage, Section
from benchmark.report.html.tables import IntervalKeys, heat_table, page_table
from benchmark.report.svg.draw import draw
from benchmark.report.table import Table

# Columns that are drawn with their interval.
_BARS: dict[str, IntervalKeys] = {
    "difference": ("low", "difference", "high"),
    "value": ("low", "value", "high"),
    "mean": ("mean low", "mean", "mean high"),
    "drop": ("drop low", "drop", "drop high"),
    "extra difference": ("extra low", "extra difference", "extra high"),
}


def chapter_section(chapter: Chapter) -> Section:
    """Return a chapter as a section: its pictures, then its tables; those that belong together beside each other."""
    pictures = {picture.name: picture for picture in chapter.pictures}
    of_tables = {name for tables in chapter.tables for name in tables.pictures}
    passages = [picture_passage(picture) for name, picture in pictures.items() if name not in of_tables]
    for tables in chapter.tables:
        if tables.on_page:
            passages.append(_tables_passage(chapter, tables))
            passages += [picture_passage(pictures[name]) for name in tables.pictures]
    return Section(
        chapter.name,
        chapter.title,
        chapter.texts,
        passages=tuple(passages),
        items=chapter.items,
        sortable=chapter.sortable,
    )


def picture_passage(picture: Picture) -> Passage:
    """Return the charts of a picture; several heatmaps are tables of which one is chosen."""
    heatmaps = [chart for chart in picture.charts if isinstance(chart, Heatmap)]
    if picture.choose:
        options = tuple(
            Option(str(number), chart.title, heat_table(f"{picture.name}-{number}", chart))
            for number, chart in enumerate(heatmaps)
        )
        return Passage(picture.title, chooser=Chooser(picture.name, picture.choose, options))
    if heatmaps:
        tables = (heat_table(picture.name, chart) for chart in heatmaps)
        return Passage(tables=tuple(tables))
    drawings = draw(picture)
    # What all drawings have in common is said once.
    keys = {drawing.keys for drawing in drawings}
    shared = keys.pop() if len(drawings) > 1 and len(keys) == 1 else ()
    return Passage(picture.title, drawings=drawings, keys=shared)


def _tables_passage(chapter: Chapter, tables: Tables) -> Passage:
    name = slug(tables.title).lower()
    shown = []
    for number, table in enumerate((table for table in tables.tables if table.lines), 1):
        keys = {column.key for column in table.columns if column.low and column.kind != "text"}
        bars = {key: ends for key, ends in _BARS.items() if key in keys}
        shown.append(page_table(f"{name}-table-{number}", _first(table, tables.most_on_page), bars=bars))
    said = tuple(table.caption for table in tables.tables if not table.lines)
    title = tables.title if tables.title != chapter.title else ""
    return Passage(title, said, tables=tuple(shown), items=tables.items)


def _first(table: Table, most: int | None) -> Table:
    """Return the first lines of a table, with a note where there are more."""
    if most is None or len(table.lines) <= most:
        return table
    note = f"The first {most} of {len(table.lines):,} lines; report.md and the CSV file have all."
    return replace(table, lines=table.lines[:most], notes=(*table.notes, note))
