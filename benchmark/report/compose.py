"""Put a report together: analyse, then draw, then write."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from benchmark.analysis.confusion import confusion
from benchmark.analysis.cost import against_cost, known_costs
from benchmark.analysis.leaderboard import baseline_rows, leaderboard, row_label, varying
from benchmark.analysis.per_class import class_accuracy
from benchmark.analysis.questions import Questions
from benchmark.analysis.ranked import with_statistics
from benchmark.analysis.reference import beside_reference
from benchmark.analysis.statistics import Statistics, statistics
from benchmark.report import figures
from benchmark.report.audit import audit_table
from benchmark.report.columns import chosen
from benchmark.report.cost import cost_figure
from benchmark.report.evidence import effects_by_set, evidence_tables
from benchmark.report.evidence_figures import critical_difference_figure, effects_figure, reliability_figure
from benchmark.report.genres import genre_figures
from benchmark.report.html.material import Material, SetAnalysis
from benchmark.report.html.page import to_html
from benchmark.report.leaderboard import MARKS, leaderboard_table, sorting
from benchmark.report.page import make_page
from benchmark.report.questions.figures import question_figures
from benchmark.report.questions.gather import gather, words
from benchmark.report.questions.tables import Words, question_tables
from benchmark.report.reference import reference_tables
from benchmark.report.render import to_csv, to_latex, to_markdown
from benchmark.report.table import Column, Table
from benchmark.report.tuning import report_studies
from benchmark.report.verdicts import block_names
from benchmark.results.frames import ROW, Measure, Results
from benchmark.results.mixing import MIXED
from benchmark.text import visible

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from benchmark.plugin.registry import Registry
    from benchmark.results.plan import Plan

# More than these nobody can look at; the tables have all rows.
_MOST_LINES, _MOST_PANELS, _MOST_RELIABILITIES = 60, 24, 6
# Sections that the HTML page draws from the statistics itself.
_DRAWN_ON_PAGE = ("Effects", "Effects by row", "Effects per class", "Calibration")


def compose(
    results: Results,
    plan: Plan,
    registry: Registry,
    folder: Path,
    formats: Sequence[str],
    columns: Sequence[str] = (),
) -> tuple[list[Path], Table]:
    """Write all files of a report; return them, and the leaderboard.

    ``columns`` are those of the leaderboard (all, if none are named), but for the HTML page, which has room for all.

    Raises:
        UsageError: when the leaderboard has no such column; nothing is written then.
    """
    settings = plan.suite.leaderboard
    lines = leaderboard(results.cells, results.axes, results.measures, settings.sort, settings.baseline)
    found = statistics(results, lines, settings, seedless_models(registry), plan.suite.price)
    lines = with_statistics(lines, found)
    axes = varying(results.cells, results.axes)
    whole = leaderboard_table(results, lines, axes, plan, found)
    board = chosen(whole, columns)
    labels = {int(line[ROW]): row_label(line, axes) for line in lines.to_dict("records")}
    marks = ", ".join(dict.fromkeys(mark for each in lines["marks"] for mark in each))
    references = baseline_rows(lines, results.axes, settings.baseline) if settings.baseline else {}
    analyses = _analyses(results, labels, references) if {"md", "html", "figures"} & set(formats) else {}
    asked = gather(results, plan, lines, axes, found)
    pictures = []
    if "figures" in formats:
        pictures = _pictures(results, plan, lines, labels, references, analyses, found, marks, folder)
        pictures += _question_pictures(asked, words(results, plan, labels), marks, folder)
    studied = report_studies(
        plan, registry, lines, sorting(results, plan), folder, formats, marks, found.comparisons
    )
    tables = _tables(results, plan, lines, axes, labels, found, asked)
    drawn = {"md": to_markdown(board), "csv": to_csv(board), "tex": to_latex(board, plan.suite.name)}
    files = [_write(folder / f"leaderboard.{kind}", drawn[kind]) for kind in formats if kind in drawn]
    files += _write_tables(tables, folder, formats)
    if "md" in formats:
        images = [file.relative_to(folder).as_posix() for file in pictures if file.suffix == ".png"]
        files.append(
            _write(
                folder / "report.md",
                make_page(results, plan, board, tables, _named(analyses, labels), images, studied.markdown),
            )
        )
    if "html" in formats:
        others = {title: several for title, several in tables.items() if title not in _DRAWN_ON_PAGE}
        material = Material(
            results,
            plan,
            registry,
            whole,
            lines,
            labels,
            analyses,
            found,
            others | {title: [table] for title, table in studied.tables.items()},
            asked,
        )
        files.append(_write(folder / "report.html", to_html(material)))
    return [*files, *pictures, *studied.files], board


def seedless_models(registry: Registry) -> frozenset[str]:
    """Return the names of models that declare that their seed changes nothing."""
    return frozenset(
        name
        for name, offers in registry.offers.get("model", {}).items()
        if all(getattr(offer.component, "seedless", False) for offer in offers)
    )


def _analyses(results: Results, rows: Iterable[int], references: Mapping[int, int]) -> dict[str, SetAnalysis]:
    """Return, by evaluation set, accuracies per class of each row that was evaluated, and the best rows' confusions.

    Predictions of one row at a time are in memory: those of a large suite would not fit.
    """
    found = {}
    for evaluation in results.sets:
        shares: dict[int, pd.Series] = {}
        matrices: dict[int, pd.DataFrame] = {}
        for row in rows:
            cells, classes = results.by_cell(row, evaluation).values(), results.classes(row)
            if cells:
                shares[row] = class_accuracy(cells, classes)
                if len(matrices) < _MOST_PANELS:
                    matrices[row] = confusion(cells, classes)
        if shares:
            table = pd.DataFrame(shares).T
            found[evaluation] = SetAnalysis(table, _differences(table, references), matrices)
    return found


def _named(analyses: Mapping[str, SetAnalysis], labels: Mapping[int, str]) -> dict[str, pd.DataFrame]:
    """Return accuracies per class, by evaluation set, with the names of rows."""
    return {name: found.shares.rename(index=labels) for name, found in analyses.items()}


@figures.literal_text()
def _pictures(
    results: Results,
    plan: Plan,
    lines: pd.DataFrame,
    labels: Mapping[int, str],
    references: Mapping[int, int],
    analyses: Mapping[str, SetAnalysis],
    found: Statistics,
    marks: str,
    folder: Path,
) -> list[Path]:
    """Draw all figures, and return their files."""
    target, said = folder / "figures", f" [{marks}]" if marks else ""
    files: list[Path] = []
    for evaluation, analysis in analyses.items():
        name = re.sub(r"\W+", "-", evaluation)
        for kind, figure in _set_figures(analysis, labels, evaluation + said):
            files += figures.save(figure, target, f"{kind}-{name}")
        title = f"Top-1 and top-2 accuracy per class on {evaluation}{said}"
        files += genre_figures(results, plan.suite.leaderboard, lines, labels, evaluation, title, target)
    histories = {labels[row]: results.histories(row) for row in list(labels)[:_MOST_PANELS]}
    curves = figures.learning_curves(histories, f"Learning curves{_best(len(histories), len(labels))}{said}")
    if curves is not None:
        files += figures.save(curves, target, "learning-curves")
    files += _cost_figures(results, plan, lines, labels, folder, marks)
    for name, figure in _evidence_figures(found, sorting(results, plan), labels, marks):
        files += figures.save(figure, target, name)
    return files


@figures.literal_text()
def _question_pictures(asked: Questions, called: Words, marks: str, folder: Path) -> list[Path]:
    """Draw the answers to further questions."""
    files: list[Path] = []
    for name, figure in question_figures(asked, called, marks):
        files += figures.save(figure, folder / "figures", name)
    return files


def _set_figures(
    analysis: SetAnalysis, labels: Mapping[int, str], evaluation: str
) -> Iterator[tuple[str, Figure]]:
    """Draw what belongs to one evaluation set; rows are in the order of the leaderboard."""
    shares, change = analysis.shares, analysis.differences
    shown = shares.head(_MOST_LINES)
    title = f"Recognised per class on {evaluation}{_best(len(shown), len(shares))}"
    yield "per-class", figures.heatmap(shown.rename(index=labels), title)
    if len(change):
        shown = change.head(_MOST_LINES).rename(index=labels)
        title = f"Difference to the baseline on {evaluation}{_best(len(shown), len(change))}"
        yield "difference", figures.heatmap(shown, title, difference=True)
    named = {labels[row]: matrix for row, matrix in analysis.confusions.items()}
    yield "confusion", figures.confusion_grid(named, f"{evaluation}{_best(len(named), len(shares))}")


def _tables(
    results: Results,
    plan: Plan,
    lines: pd.DataFrame,
    axes: Sequence[str],
    labels: Mapping[int, str],
    found: Statistics,
    asked: Questions,
) -> dict[str, list[Table]]:
    """Return the tables beside the leaderboard, by the titles of their sections."""
    reference = plan.suite.reference
    tables: dict[str, list[Table]] = {}
    if reference is not None:
        marks = list(dict.fromkeys(mark for each in lines["marks"] for mark in each))
        beside = beside_reference(lines, found.intervals, results.axes, reference)
        reported = reference_tables(beside, lines, axes, results.measures, reference.source, marks)
        tables["Reported and measured"] = reported
    names = block_names(found, lines, results.axes)
    tables |= evidence_tables(found, results.measures, sorting(results, plan), labels, names)
    tables |= question_tables(asked, words(results, plan, labels))
    audited = audit_table(results.records.values())
    tables |= {"Leakage audit": [audited]} if audited else {}
    if not any(MIXED in marks for marks in lines["marks"]):
        return tables
    return {title: [_said_to_be_mixed(each) for each in several] for title, several in tables.items()}


def _said_to_be_mixed(table: Table) -> Table:
    """Return a table that says so in its caption, and in a column for programs."""
    columns = (*table.columns, Column(MIXED, MIXED, drawn=False))
    lines = tuple({**line, MIXED: "yes"} for line in table.lines)
    return replace(table, columns=columns, lines=lines, caption=f"{table.caption} {MARKS[MIXED]}.".strip())


def _write_tables(tables: Mapping[str, Sequence[Table]], folder: Path, formats: Sequence[str]) -> list[Path]:
    """Write each table for LaTeX and for programs; report.md and report.html have them too."""
    files = []
    for title, several in tables.items():
        for number, table in enumerate(several, 1):
            if not table.lines:  # A sentence is all it has.
                continue
            name = re.sub(r"\W+", "-", title).lower() + (f"-{number}" if len(several) > 1 else "")
            drawn = {"csv": to_csv(table), "tex": to_latex(table, name)}
            files += [_write(folder / f"{name}.{kind}", drawn[kind]) for kind in formats if kind in drawn]
    return files


def _evidence_figures(
    found: Statistics, sort: Measure, labels: Mapping[int, str], marks: str
) -> Iterator[tuple[str, Figure]]:
    """Draw effects of axes, reliability of the best rows, and average ranks where there are some."""
    said = f" [{marks}]" if marks else ""
    effects = effects_by_set(found)
    if effects:
        title = f"What each choice changes in {sort.metric}{said}"
        yield "effects", effects_figure(effects, title, percent=sort.percent)
    own = (
        found.calibration[found.calibration["set"] == sort.set]
        if len(found.calibration)
        else found.calibration
    )
    bins = {labels[int(str(row))]: part for row, part in own.groupby("row")} if len(own) else {}
    shown = {
        name: bins[name] for name in [each for each in labels.values() if each in bins][:_MOST_RELIABILITIES]
    }
    if shown:
        best = _best(len(shown), len(bins))
        yield "reliability", reliability_figure(shown, f"Reliability on {sort.set}{best}{said}")
    if not isinstance(found.critical_difference, str):
        title = f"Average ranks by {sort.metric}{said}"
        yield "average-ranks", critical_difference_figure(found.critical_difference, title)


def _cost_figures(
    results: Results, plan: Plan, lines: pd.DataFrame, labels: Mapping[int, str], folder: Path, marks: str
) -> list[Path]:
    """Write the figure of accuracy against cost, if rows differ in any."""
    measure = sorting(results, plan)
    tables = {cost: against_cost(lines, measure, cost) for cost in known_costs(lines)}
    shown = {cost: table for cost, table in tables.items() if len(table) > 1}
    if not shown:
        return []
    title = f"{measure.name} against cost" + (f" [{marks}]" if marks else "")
    return figures.save(cost_figure(shown, labels, measure, title), folder / "figures", "cost")


def _differences(shares: pd.DataFrame, references: Mapping[int, int]) -> pd.DataFrame:
    """Return each row's accuracies less its baseline's; rows that have both."""
    pairs = {row: references[row] for row in shares.index if references.get(row) in shares.index}
    return pd.DataFrame({row: shares.loc[row] - shares.loc[base] for row, base in pairs.items()}).T


def _best(shown: int, count: int) -> str:
    """Return what a title says when not all rows are in the figure."""
    return f" (best {shown} of {count} rows)" if shown < count else ""


def _write(file: Path, text: str) -> Path:
    # What is a command to a terminal is none to whoever looks at the file with one.
    file.write_text(visible(text), encoding="utf-8")
    return file
