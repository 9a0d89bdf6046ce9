"""``bench predict CELL FILE…``."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchmark.cli.options import trust_option
from benchmark.exceptions import UsageError

if TYPE_CHECKING:
    from benchmark.plugin.benchfile import Benchfile
    from benchmark.prediction.find import KeptCell
    from benchmark.prediction.predictor import FilePrediction
    from benchmark.report.table import Table


@click.command()
@click.argument("cell")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@click.option("--top", type=click.IntRange(min=1), metavar="K", help="Only the K likeliest; default: all.")
@click.option(
    "--windows", "by_window", is_flag=True, help="Each window of a file too, and not only their mean."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for programs.")
@click.option(
    "--in-format",
    is_flag=True,
    help="Put files through the cell's audio format first, as its own tracks were.",
)
@click.option("--results", type=click.Path(path_type=Path), help="Where the cell is; also $BENCH_RESULTS.")
@click.option(
    "--suite", type=click.Path(path_type=Path), help="The suite's file, for models of its benchfile.py."
)
@click.option(
    "--file",
    "made_with",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="FILE",
    help="A file that the cell was made with, such as an encoder; found out by its content.",
)
@trust_option
def command(
    cell: str,
    files: tuple[Path, ...],
    top: int | None,
    by_window: bool,
    as_json: bool,
    in_format: bool,
    results: Path | None,
    suite: Path | None,
    made_with: tuple[Path, ...],
) -> None:
    """Print what a trained model makes of audio files: genres with their probabilities.

    CELL is a cell's folder, or the beginning of its id or of its label, perhaps after SUITE/ where several suites
    have one of that name. Its model must have been kept (bench run --keep-models).

    Files may be of any format that can be decoded, and of any length: long ones are cut into windows as long as
    what the model was trained on, and the mean over the windows counts. Exits with 1 if a file cannot be used; the
    others are predicted all the same.
    """
    # TensorFlow greets at length otherwise.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from benchmark.locations import default_results
    from benchmark.prediction.find import find_cell
    from benchmark.prediction.predictor import load_predictor

    benchfile = None if suite is None else _benchfile(suite)
    kept = find_cell(cell, results or default_results())
    predictor, warnings = load_predictor(kept, benchfile, in_format=in_format, files=made_with)
    for warning in warnings:
        click.echo(f"Warning: {warning}", err=True)
    predictions = predictor.predict(files)
    draw = _as_json if as_json else _as_text
    sys.exit(0 if draw(kept, predictions, top, by_window) else 1)


def _benchfile(suite: Path) -> Benchfile:
    from benchmark.cli.trust import load_plugins

    if not suite.is_file():
        raise UsageError(f"--suite {suite}: there is no such file.")
    benchfile = load_plugins(suite).registry.benchfile
    if benchfile is None:
        raise UsageError(f"--suite {suite}: there is no benchfile.py beside it, so that it adds nothing.")
    return benchfile


def _as_json(cell: KeptCell, predictions: Iterable[FilePrediction], top: int | None, by_window: bool) -> bool:
    """Print one object; return whether all files could be used."""
    record = cell.record
    entries = [_entry(prediction, record.classes, top, by_window) for prediction in predictions]
    answer = {
        "suite": record.suite,
        "cell": record.id,
        "labels": record.labels,
        "marks": record.marks,
        "classes": record.classes,
        "files": entries,
    }
    click.echo(json.dumps(answer, indent=1, ensure_ascii=False))
    return not any("error" in entry for entry in entries)


def _entry(
    prediction: FilePrediction, classes: list[str], top: int | None, by_window: bool
) -> dict[str, Any]:
    if prediction.problem:
        return {"file": str(prediction.path), "error": prediction.problem}
    entry: dict[str, Any] = {
        "file": str(prediction.path),
        "seconds": round(prediction.seconds, 3),
        "windows": len(prediction.windows),
        "probabilities": dict(_ranked(prediction.probabilities, classes, top)),
    }
    if by_window:
        entry["by_window"] = [
            {
                "start": start,
                "seconds": round(seconds, 3),
                "probabilities": dict(_ranked(answer, classes, top)),
            }
            for (start, seconds), answer in zip(prediction.windows, prediction.by_window, strict=True)  # type: ignore[arg-type]
        ]
    return entry


def _as_text(cell: KeptCell, predictions: Iterable[FilePrediction], top: int | None, by_window: bool) -> bool:
    """Print one table of all files, and then what is wrong with some; return whether all could be used."""
    from benchmark.report.render import to_terminal

    done = list(predictions)
    usable = [prediction for prediction in done if not prediction.problem]
    if usable:
        click.echo(to_terminal(_table(cell, usable, top, by_window)))
    for prediction in done:
        if prediction.problem:
            click.echo(f"Error: {prediction.path}: {prediction.problem}.", err=True)
    return len(usable) == len(done)


def _table(cell: KeptCell, predictions: list[FilePrediction], top: int | None, by_window: bool) -> Table:
    from benchmark.report.table import Column, Table

    columns = (
        Column("file", "file"),
        Column("window", "window"),
        Column("genre", "genre"),
        Column("probability", "%", "percent"),
    )
    lines = [
        line for prediction in predictions for line in _lines(prediction, cell.record.classes, top, by_window)
    ]
    marks = f" [{', '.join(cell.record.marks)}]" if cell.record.marks else ""
    label = " · ".join(cell.record.labels.values())
    return Table(columns, tuple(lines), f"{cell.record.suite}: {label}{marks}")


def _lines(
    prediction: FilePrediction, classes: list[str], top: int | None, by_window: bool
) -> Iterator[dict[str, Any]]:
    """Yield a line per genre of the mean, and then of each window; names stand in the first line only."""
    count = len(prediction.windows)
    (_, length), *_ = prediction.windows
    mean = f"mean of {count} of {length:.1f} s" if count > 1 else f"{length:.1f} s"
    blocks = [(mean, prediction.probabilities)]
    if by_window and count > 1:
        blocks += [
            (f"{start:.1f} to {start + seconds:.1f} s", answer)
            for (start, seconds), answer in zip(prediction.windows, prediction.by_window, strict=True)  # type: ignore[arg-type]
        ]
    for block, (window, answer) in enumerate(blocks):
        for place, (genre, probability) in enumerate(_ranked(answer, classes, top)):
            yield {
                "file": "" if block or place else str(prediction.path),
                "window": "" if place else window,
                "genre": genre,
                "probability": probability,
            }


def _ranked(answer: Any, classes: list[str], top: int | None) -> list[tuple[str, float]]:
    """Return the likeliest classes first, with their probabilities; equal ones in the order of classes."""
    import numpy as np

    order = np.argsort(-answer, kind="stable")[:top]
    return [(classes[index], float(answer[index])) for index in order]
