"""The chapter of ensembles."""

from __future__ import annotations

from benchmark.report.chapters.kinds import Chapter, titled
from benchmark.report.ensembles import TITLE, ensemble_tables
from benchmark.report.material import Material
from benchmark.report.sections import ENSEMBLES


def ensembles_chapter(material: Material) -> Chapter:
    """Return the ensembles that the suite asks for, beside the leaderboard and not in it."""
    tables = ensemble_tables(material.results, material.plan, material.lines, material.labels)
    if tables is None:
        return Chapter(ENSEMBLES, TITLE)
    beside = tuple(table for table in (tables.rows, tables.seeds) if table is not None)
    every = titled(TITLE, tables.rows, tables.members, tables.seeds)
    return Chapter(ENSEMBLES, TITLE, every, sortable=True, beside=beside)
