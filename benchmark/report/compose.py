"""Put a report together: analyse, then draw, then write."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from benchmark.analysis.confusion import confusion
from benchmark.analysis.leaderboard import baseline_rows, leaderboard, row_label, varying
from benchmark.analysis.per_class import class_accuracy
from benchmark.analysis.predictions import RowPredictions
from benchmark.report import figures
from benchmark.report.leaderboard import leaderboard_table
from benchmark.report.page import make_page
from benchmark.report.render import to_csv, to_latex, to_markdown
from benchmark.report.table import Table
from benchmark.results.frames import ROW, Results

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from benchmark.execution.plan import Plan

Answers = Mapping[int, RowPredictions]


def compose(results: Results, plan: Plan, folder: Path, formats: Sequence[str]) -> tuple[list[Path], Table]:
    """Write all files of a report; return them, and the leaderboard."""
    settings = plan.suite.leaderboard
    lines = leaderboard(results.cells, results.axes, results.measures, settings.sort, settings.baseline)
    axes = varying(results.cells, results.axes)
    board = leaderboard_table(results, lines, axes, plan)
    labels = {int(line[ROW]): row_label(line, axes) for line in lines.to_dict("records")}
    marks = ", ".join(dict.fromkeys(mark for each in lines["marks"] for mark in each))
    references = baseline_rows(lines, results.axes, settings.baseline) if settings.baseline else {}
    accuracy: dict[str, pd.DataFrame] = {}
    pictures: list[Path] = []
    for evaluation in results.sets:
        answers = _answers(results, labels, evaluation) if {"md", "figures"} & set(formats) else {}
        if answers:
            shares = pd.DataFrame({row: class_accuracy(each) for row, each in answers.items()}).T
            accuracy[evaluation] = shares.rename(index=labels)
        if answers and "figures" in formats:
            shown = f"{evaluation} [{marks}]" if marks else evaluation
            name = re.sub(r"\W+", "-", evaluation)
            for kind, figure in _set_figures(answers, shares, labels, references, shown):
                pictures += figures.save(figure, folder / "figures", f"{kind}-{name}")
    if "figures" in formats:
        histories = {labels[row]: results.histories(row) for row in labels}
        curves = figures.learning_curves(histories, "Learning curves" + (f" [{marks}]" if marks else ""))
        if curves is not None:
            pictures += figures.save(curves, folder / "figures", "learning-curves")
    drawn = {"md": to_markdown(board), "csv": to_csv(board), "tex": to_latex(board, plan.suite.name)}
    files = [_write(folder / f"leaderboard.{kind}", drawn[kind]) for kind in formats if kind in drawn]
    if "md" in formats:
        images = [file.relative_to(folder).as_posix() for file in pictures if file.suffix == ".png"]
        files.append(_write(folder / "report.md", make_page(results, plan, board, accuracy, images)))
    return [*files, *pictures], board


def _answers(results: Results, rows: Mapping[int, str], evaluation: str) -> Answers:
    """Return the predictions of each row that has some, in the order of the leaderboard."""
    found = {row: results.predictions(row, evaluation) for row in rows}
    return {row: predictions for row, predictions in found.items() if predictions is not None}


def _set_figures(
    answers: Answers,
    shares: pd.DataFrame,
    labels: Mapping[int, str],
    references: Mapping[int, int],
    evaluation: str,
) -> Iterator[tuple[str, Figure]]:
    """Draw what belongs to one evaluation set; rows are in the order of the leaderboard."""
    yield "per-class", figures.heatmap(shares.rename(index=labels), f"Recognised per class on {evaluation}")
    pairs = {row: references[row] for row in answers if references.get(row) in answers}
    if pairs:
        change = pd.DataFrame(
            {labels[row]: shares.loc[row] - shares.loc[base] for row, base in pairs.items()}
        ).T
        title = f"Difference to the baseline on {evaluation}"
        yield "difference", figures.heatmap(change, title, difference=True)
    matrices = {labels[row]: confusion(predictions) for row, predictions in answers.items()}
    yield "confusion", figures.confusion_grid(matrices, evaluation)


def _write(file: Path, text: str) -> Path:
    file.write_text(text, encoding="utf-8")
    return file
