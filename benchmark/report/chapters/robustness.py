"""The chapter on robustness: what rows lose on worn tracks, and what buys it back."""

from __future__ import annotations

from benchmark.report.chapters.kinds import Chapter, titled
from benchmark.report.charts.robustness import robustness_pictures
from benchmark.report.material import Material
from benchmark.report.robustness import robustness_tables
from benchmark.report.sections import ROBUSTNESS

_TITLE = "Robustness"


def robustness_chapter(material: Material) -> Chapter:
    """Return what rows score by corruption and severity, and which change buys which robustness."""
    tables = titled(_TITLE, *robustness_tables(material.robustness, material.labels))
    pictures = tuple(
        robustness_pictures(material.robustness, material.labels, material.marked, material.marks)
    )
    said = tuple(sentence for own in tables for table in own.tables for sentence in table.lead)
    return Chapter(ROBUSTNESS, _TITLE, tables, pictures, said, sortable=True)
