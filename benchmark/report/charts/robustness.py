"""Charts of robustness: each row by corruption and severity, and what changes buy on each corruption."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from benchmark.analysis.robustness import Robustness
from benchmark.report.charts.evidence import effects_forest
from benchmark.report.charts.kinds import Heatmap, Picture, Tile
from benchmark.report.charts.words import MOST_PANELS, best, slug

if TYPE_CHECKING:
    from benchmark.report.charts.results import Labels, Marked, Marks

_MOST_CHANGES = 10


def robustness_pictures(
    results: Sequence[Robustness], labels: Labels, marked: Marked, marks: Marks
) -> Iterator[Picture]:
    """Yield heatmaps of the best rows, for each set that is corrupted, and the effects of changes."""
    for result in results:
        scores = result.scores
        rows = [row for row in labels if row in result.rows]
        shown = rows[:MOST_PANELS]
        title = f"{scores.metric} on {scores.set} by corruption and severity{best(len(shown), len(rows))}"
        if shown:
            charts = tuple(severities_heatmap(result, row, labels, marked) for row in shown)
            name = f"robustness-{slug(scores.set)}"
            yield Picture(name, title, charts, marks, choose=f"Row, on {scores.set}")
        lines: dict[str, list[dict[str, object]]] = {}
        for effect in result.effects:
            ends = {key: effect[key] for key in ("difference", "low", "high")}
            line = {"value": effect["corruption"], **ends}
            lines.setdefault(f"{effect['axis']}: {effect['value']}", []).append(line)
        if lines:
            groups = {change: pd.DataFrame(some) for change, some in list(lines.items())[:_MOST_CHANGES]}
            title = f"What each choice changes in {scores.metric} on {scores.set}, by corruption"
            forest = effects_forest(title, groups, percent=scores.percent)
            yield Picture(f"robustness-effects-{slug(scores.set)}", title, (forest,), marks)


def severities_heatmap(result: Robustness, row: int, labels: Labels, marked: Marked) -> Heatmap:
    """Return a row's values by corruption (lines) and severity (columns, after that of clean tracks)."""
    scores, known = result.scores, result.rows[row]
    tiles = tuple(
        (
            Tile(known.clean),
            *(
                Tile(known.severities[corruption, severity])
                if (corruption, severity) in known.severities
                else None
                for severity in scores.severities
            ),
        )
        for corruption in scores.corruptions
    )
    return Heatmap(
        labels[row],
        "corruption",
        scores.corruptions,
        ("clean", *map(str, scores.severities)),
        tiles,
        "share" if scores.percent else "number",
        marks=tuple(marked.get(row, ())),
        digits=0 if scores.percent else 2,
    )
