"""The report on studies: what was found on validation data, what it is worth on test data, how it came about."""

from __future__ import annotations

import os
import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.exceptions import ResultsError
from benchmark.report import figures
from benchmark.report.render import escape_markdown, to_markdown
from benchmark.report.table import Column, Kind, Table, plain
from benchmark.suite.cell import REPEATED
from benchmark.suite.tuning.tune import AXIS, DEFAULT, TUNED, StudySpec, studies, untuned_row
from benchmark.tuning.record import StudyRecord, read_record, record_file, value_text, values_text

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from benchmark.plugin.registry import Registry
    from benchmark.results.frames import Measure
    from benchmark.results.plan import Plan
    from benchmark.suite.cell import Cell
    from benchmark.tuning.history import History

_BEST = 10
_MOST_STUDIES = 60
_LONGEST_NAME = 60


@dataclass
class StudiesReport:
    """What a report says of studies: Markdown for its page, tables by title, and the files of figures."""

    markdown: list[str] = field(default_factory=list)
    tables: dict[str, Table] = field(default_factory=dict)
    files: list[Path] = field(default_factory=list)


def studies_stamp(plan: Plan, results: Path) -> list[Any]:
    """Return what changes when the report on studies does; empty for a suite without any."""
    stamps: list[Any] = [cell.pending for cell in plan.suite.cells if cell.pending]
    for id_ in sorted({str(cell.tuning["study"]) for cell in plan.suite.cells if cell.tuning}):
        try:
            stamps.append([id_, os.stat(record_file(results, id_)).st_mtime_ns])
        except OSError:
            stamps.append([id_, 0])
    return stamps


def report_studies(
    plan: Plan,
    registry: Registry,
    lines: pd.DataFrame,
    measure: Measure,
    folder: Path,
    formats: Sequence[str],
    marks: str,
    comparisons: pd.DataFrame,
) -> StudiesReport:
    """Return the report on a plan's studies, and write their figures into ``folder`` if ``formats`` has them.

    ``lines`` is the leaderboard, ``measure`` what it is sorted by; ``marks`` is what figures must say;
    ``comparisons`` are those of the statistics.
    """
    from benchmark.analysis.comparison import by_pair

    found = StudiesReport()
    known = list(_known(plan, folder.parent))
    if not known:
        return found
    summary = _summary(known, lines, measure, plan, registry, by_pair(comparisons, measure.name))
    found.tables["Studies"] = summary
    found.markdown.append(to_markdown(summary))
    for spec, record in known[:_MOST_STUDIES]:
        found.markdown += [f"### Study of {escape_markdown(spec.label)}\n", _words(record)]
        try:
            history = _history(plan, spec, record, folder.parent)
        except ResultsError as error:
            found.markdown += [to_markdown(_values(spec, record, None)), f"{escape_markdown(str(error))}\n"]
            continue
        tables = {
            f"Tuned values of {spec.label}": _values(spec, record, history),
            f"Best trials of {spec.label}": _best(spec, record, history),
        }
        found.tables |= tables
        found.markdown += map(to_markdown, tables.values())
        if "figures" in formats:
            title = f"Study of {spec.label}: {record.metric} on {record.chosen_on}"
            name = re.sub(r"\W+", "-", f"study-{spec.label}").strip("-")[:_LONGEST_NAME]
            with figures.literal_text():
                figure = study_figure(history, record, title + (f" [{marks}]" if marks else ""))
                files = figures.save(figure, folder / "figures", f"{name}-{record.id}")
            found.files += files
            found.markdown.append(f"![{name}]({files[0].relative_to(folder).as_posix()})\n")
    return found


def study_figure(history: History, record: StudyRecord, title: str) -> Figure:
    """Draw the trials' values with the best so far, and beside them what decided."""
    from matplotlib.figure import Figure

    important = len(history.importance) > 0
    figure = Figure(figsize=(9.5 if important else 5.5, 3.2), layout="constrained")
    grid = figure.subplots(1, 2 if important else 1, squeeze=False)
    axes = grid[0, 0]
    complete = history.trials[history.trials["state"] == "complete"]
    axes.scatter(
        complete["number"], complete["value"], s=14, color=figures.COLOURS[0], label="trial", zorder=3
    )
    so_far = history.best_so_far().dropna()
    axes.step(so_far.index, so_far, where="post", color=figures.COLOURS[1], label="best so far")
    if record.own_value is not None:
        axes.axhline(record.own_value, color="0.4", linestyle="--", linewidth=1, label="the row as it is")
    for state, marker, colour in (("pruned", "|", "0.4"), ("failed", "x", figures.COLOURS[3])):
        numbers = history.trials.loc[history.trials["state"] == state, "number"]
        if len(numbers):
            axes.scatter(
                numbers,
                [0.03] * len(numbers),
                marker=marker,
                s=22,
                color=colour,
                label=state,
                transform=axes.get_xaxis_transform(),
            )
    axes.set_xlabel("trial", fontsize=8)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_ylabel(record.metric, fontsize=8)
    axes.tick_params(labelsize=7)
    axes.grid(visible=True, alpha=0.25)
    axes.legend(fontsize=7)
    if important:
        _draw_importance(grid[0, 1], history.importance)
    figure.suptitle(title, fontsize=9, x=0.01, ha="left", wrap=True)
    return figure


def _draw_importance(axes: Any, importance: pd.Series) -> None:
    shown = importance[::-1]
    axes.barh(range(len(shown)), shown * 100, color=figures.COLOURS[2])
    axes.set_yticks(range(len(shown)), [str(name) for name in shown.index], fontsize=7)
    axes.set_xlabel("importance, %", fontsize=8)
    axes.tick_params(axis="x", labelsize=7)
    axes.set_xlim(0, 100)


def _known(plan: Plan, results: Path) -> Iterator[tuple[StudySpec, StudyRecord]]:
    """Yield the studies whose values are in the plan."""
    if plan.suite.tune is None:
        return
    tuned: dict[tuple[tuple[str, str], ...], Cell] = {
        untuned_row(cell.labels): cell for cell in plan.suite.cells if cell.tuning
    }
    for spec in studies(plan.suite.tune, plan.suite.cells):
        cell = tuned.get(untuned_row(spec.labels))
        record = read_record(results, str(cell.tuning["study"])) if cell is not None and cell.tuning else None
        if record is not None:
            yield spec, record


def _history(plan: Plan, spec: StudySpec, record: StudyRecord, results: Path) -> History:
    from benchmark.tuning.history import load_history
    from benchmark.tuning.storage import storage_place

    tune = plan.suite.tune
    assert tune is not None
    place = storage_place(tune.settings.storage, results, by_hand=tune.storage_by_hand)
    return load_history(spec, record.id, place)


def _words(record: StudyRecord) -> str:
    """Return how a study was made, as a list."""
    counts = ", ".join(f"{count} {state}" for state, count in record.trials.items())
    searched = "; ".join(
        f"{kind} {name}" + (f" ({values_text(settings)})" if settings else "")
        for kind, choice in (("sampler", record.sampler), ("pruner", record.pruner))
        for name, settings in choice.items()
    )
    said = [
        f"Values were chosen by {record.metric} on {record.chosen_on}; no test data were read.",
        f"Trials: {counts}; {record.seconds:.0f} s in all.",
        f"Optuna {record.optuna}, {searched}; kept in {record.storage}.",
        *(f"Failed with {error}" for error in record.errors),
    ]
    return "".join(f"- {escape_markdown(line)}\n" for line in said)


def _summary(
    known: Sequence[tuple[StudySpec, StudyRecord]],
    lines: pd.DataFrame,
    measure: Measure,
    plan: Plan,
    registry: Registry,
    pairs: Mapping[tuple[int, int], Mapping[Hashable, Any]],
) -> Table:
    """Return one line per study: what it reached where it was chosen, and what both rows reach where it was not."""
    from benchmark.results.frames import ROW

    assert plan.suite.tune is not None
    kind: Kind = "percent" if measure.percent else "number"
    difference: Kind = "points" if measure.percent else "number"
    validation: Kind = "percent" if plan.suite.tune.metric.create(registry).percent else "number"
    held = f"on {measure.name}"
    columns = (
        Column("row", "row"),
        Column("own", "as it is", validation, group="on validation"),
        Column("best", "tuned", validation, group="on validation"),
        Column("default", "as it is", kind, group=held),
        Column("tuned", "tuned", kind, group=held),
        Column("gain", "gain", difference, group=held, low="low", high="high"),
        Column("verdict", "tuned is", group=held),
        Column("p_holm", "p (Holm)", "probability", group=held, spare=1),
        Column("trials", "trials"),
        Column("values", "tuned values"),
    )
    made = []
    for spec, record in known:
        before, after = (_row(lines, spec, label) for label in (DEFAULT, TUNED))
        own, best = (_mean(row, measure) for row in (before, after))
        compared = {} if before is None or after is None else pairs.get((after[ROW], before[ROW]), {})
        made.append(
            {
                "row": spec.label,
                "own": record.own_value,
                "best": record.value,
                "default": own,
                "tuned": best,
                "gain": None if own is None or best is None else best - own,
                **{key: plain(compared.get(key)) for key in ("low", "high", "p_holm")},
                "verdict": _verdict(compared, measure),
                "trials": ", ".join(f"{count} {state}" for state, count in record.trials.items() if count),
                "values": values_text(record.values),
            }
        )
    metric = plan.suite.tune.metric.label
    caption = (
        f"What studies chose by {metric} on validation data ({known[0][1].chosen_on}), where a gain is sure by "
        f"construction, and what it is worth on {measure.name} [95 % interval]: p is corrected over all pairs of rows."
    )
    return Table(columns, tuple(made), caption, _shared_tracks(plan))


def _shared_tracks(plan: Plan) -> tuple[str, ...]:
    """Return a note where other cells are tested on tracks that values were chosen on."""
    several = [axis for axis in REPEATED if len(plan.suite.axes.get(axis, ())) > 1]
    drawn = any(cell.spec.split.strategy != "predefined" for cell in plan.suite.cells if cell.tuning)
    if not several or not drawn:
        return ()
    return (
        f"Values were chosen in the split of one {several[0]}. The test parts of other {several[0]}s hold some of the "
        "tracks that they were chosen on, which favours tuned rows a little; a predefined split does not.",
    )


def _values(spec: StudySpec, record: StudyRecord, history: History | None) -> Table:
    columns = [Column("parameter", "parameter"), Column("own", "as it is"), Column("tuned", "tuned")]
    columns += [Column("space", "out of")]
    importance = {} if history is None else history.importance.to_dict()
    if importance:
        columns.append(Column("importance", "importance %", "percent"))
    lines = [
        {
            "parameter": each.name,
            "own": value_text(record.own.get(each.name)),
            "tuned": value_text(record.values.get(each.name)),
            "space": _space_text(each),
            "importance": importance.get(each.name),
        }
        for each in sorted(spec.space, key=lambda each: -importance.get(each.name, 0.0))
    ]
    return Table(
        tuple(columns), tuple(lines), "Tuned values, and by how much each parameter decides (PED-ANOVA)."
    )


def _space_text(dimension: Any) -> str:
    if dimension.choices:
        return " | ".join(map(value_text, dimension.choices))
    step = f", step {dimension.step:g}" if dimension.step else ", logarithmic" if dimension.log else ""
    return f"{dimension.low:g} to {dimension.high:g}{step}"


def _best(spec: StudySpec, record: StudyRecord, history: History) -> Table:
    names = [dimension.name for dimension in spec.space]
    columns = (
        Column("number", "trial", "integer"),
        Column("value", record.metric, "number"),
        Column("seconds", "s", "seconds"),
        *(Column(f"value of {name}", name) for name in names),
    )
    lines = [
        {key: plain(trial[key]) for key in ("number", "value", "seconds")}
        | {f"value of {name}": value_text(trial[name]) for name in names}
        for trial in history.best(_BEST).to_dict("records")
    ]
    return Table(columns, tuple(lines), f"The best trials, by {record.metric} on {record.chosen_on}.")


def _row(lines: pd.DataFrame, spec: StudySpec, tuning: str) -> Mapping[str, Any] | None:
    """Return the leaderboard's line of a study's row, as it is or tuned."""
    chosen = lines
    for axis, label in {**spec.labels, AXIS: tuning}.items():
        chosen = chosen[chosen[axis] == label]
    return None if chosen.empty else {str(key): value for key, value in chosen.iloc[0].items()}


def _mean(line: Mapping[str, Any] | None, measure: Measure) -> float | None:
    from benchmark.analysis.leaderboard import MEAN

    return None if line is None else plain(line[f"{measure.name} {MEAN}"])


def _verdict(compared: Mapping[Hashable, Any], measure: Measure) -> str | None:
    """Return whether the tuned row is better, in words; None where the two were not compared."""
    from benchmark.analysis.cochran import ALPHA

    if not compared:
        return None
    if not compared["p_holm"] < ALPHA:
        return "not told apart"
    return "better" if (compared["difference"] > 0) == measure.greater_is_better else "worse"
