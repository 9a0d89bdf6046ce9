"""The section on robustness: a heatmap for each row, and the tables."""

from __future__ import annotations

from benchmark.report.html.grid import Bars, share_grid, table_grid
from benchmark.report.html.material import Material
from benchmark.report.html.results import slug
from benchmark.report.html.section import MOST_PANELS, Choice, Panel, Section, best
from benchmark.report.robustness import TITLE, shares

_BARS: dict[str, Bars] = {
    "mean": ("mean low", "mean", "mean high"),
    "drop": ("drop low", "drop", "drop high"),
    "difference": ("low", "difference", "high"),
    "extra difference": ("extra low", "extra difference", "extra high"),
}


def robustness_section(material: Material) -> Section:
    """Return what rows lose on worn tracks; empty where no set is corrupted."""
    name = slug(TITLE).lower()
    tables = material.tables.get(TITLE, ())
    grids = []
    for number, table in enumerate(tables, 1):
        keys = {column.key for column in table.columns if column.low}
        bars = {key: ends for key, ends in _BARS.items() if key in keys}
        grids.append(table_grid(f"{name}-table-{number}", table, bars=bars))
    choices, texts = [], [sentence for table in tables for sentence in table.lead]
    for result in material.robustness:
        scores = result.scores
        rows = [row for row in material.labels if row in result.rows] if scores.percent else []
        panels = []
        for row in rows[:MOST_PANELS]:
            said = f" [{', '.join(material.marks(row))}]" if material.marks(row) else ""
            what = f"{scores.metric} on {scores.set} in per cent, by corruption and severity"
            caption = f"{material.labels[row]}{said}: {what}."
            grid = share_grid(
                f"{name}-{slug(scores.set)}-{row}", shares(result, row), caption, "corruption", {}
            )
            panels.append(Panel(str(row), material.labels[row], grid))
        if panels:
            choices.append(Choice(f"{name}-{slug(scores.set)}", f"Row, on {scores.set}", tuple(panels)))
            texts += filter(None, [best(len(panels), len(rows)).strip()])
    return Section(
        f"{name}-section",
        TITLE,
        texts=tuple(texts),
        grids=tuple(grids),
        choices=tuple(choices),
        sortable=bool(grids),
    )
