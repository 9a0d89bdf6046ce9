"""The chapter on tuning: what studies chose, what it is worth on test data, how it came about."""

from __future__ import annotations

from pathlib import Path

from benchmark.exceptions import ResultsError
from benchmark.report.chapters.kinds import Chapter, Tables
from benchmark.report.charts.kinds import Picture
from benchmark.report.charts.study import study_picture
from benchmark.report.material import Material
from benchmark.report.sections import STUDIES
from benchmark.report.studies.gather import known_studies, study_history, study_words
from benchmark.report.studies.tables import summary_table, trials_table, values_table

_MOST_STUDIES = 60


def studies_chapter(material: Material, results: Path) -> Chapter:
    """Return what is known of a plan's studies, whose records are in the folder ``results``."""
    from benchmark.analysis.comparison import by_pair

    plan, measure = material.plan, material.sorted_by
    known = list(known_studies(plan, results))
    if not known:
        return Chapter(STUDIES, "Studies")
    pairs = by_pair(material.statistics.comparisons, measure.name)
    summary = summary_table(known, material.lines, measure, plan, material.registry, pairs)
    tables, pictures = [Tables("Studies", (summary,))], list[Picture]()
    for spec, record in known[:_MOST_STUDIES]:
        title, said = f"Study of {spec.label}", study_words(record)
        try:
            history = study_history(plan, spec, record, results)
        except ResultsError as error:
            tables.append(
                Tables(title, (values_table(spec, record, None),), (*said, str(error)), level=3, filed=False)
            )
            continue
        pictures.append(study_picture(spec.label, history, record, material.marks))
        own = (values_table(spec, record, history), trials_table(spec, record, history))
        tables.append(Tables(title, own, said, level=3, filed=False, pictures=(pictures[-1].name,)))
    return Chapter(STUDIES, "Studies", tuple(tables), tuple(pictures), sortable=True)
