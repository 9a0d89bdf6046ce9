"""The chapter of ensembles."""

from __future__ import annotations

from benchmark.report.chapters.kinds import Chapter, titled
from benchmark.report.ensembles import TITLE, ensemble_tables
from benchmark.report.material import Material
from benchmark.report.sections import ENSEMBLES


def ensembles_chapter(material: Material) -> Chapter:
    """Return the ensembles that the suite asks for, beside the leaderboard and not in it."""
    tables = ensemble_tables(material.results, material.plan, material.lines, material.labels)
    return Chapter(ENSEMBLES, TITLE, titled(TITLE, *tables), sortable=True)
