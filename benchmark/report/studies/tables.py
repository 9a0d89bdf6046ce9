"""Studies as tables: what each reached where it was chosen and where it was not, its values, its best trials."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from benchmark.report.table import Column, Kind, Table, plain
from benchmark.results.frames import lines_of
from benchmark.suite.cell import REPEATED
from benchmark.suite.tuning.tune import AXIS, DEFAULT, TUNED, StudySpec
from benchmark.tuning.record import StudyRecord, value_text, values_text

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.plugin.registry import Registry
    from benchmark.results.frames import Measure
    from benchmark.results.plan import Plan
    from benchmark.tuning.history import History

_BEST = 10


def summary_table(
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


def values_table(spec: StudySpec, record: StudyRecord, history: History | None) -> Table:
    """Return the values of a study, beside those of the row as it is; without a ``history``, not what decides."""
    columns = [Column("parameter", "parameter"), Column("own", "as it is"), Column("tuned", "tuned")]
    columns += [Column("space", "out of")]
    importance = {} if history is None else history.importance.to_dict()
    if importance:
        columns.append(Column("importance", "importance %", "percent"))
    lines = [
        {
            "parameter": dimension.name,
            "own": value_text(record.own.get(dimension.name)),
            "tuned": value_text(record.values.get(dimension.name)),
            "space": _space_text(dimension),
            "importance": importance.get(dimension.name),
        }
        for dimension in sorted(spec.space, key=lambda known: -importance.get(known.name, 0.0))
    ]
    return Table(
        tuple(columns), tuple(lines), "Tuned values, and by how much each parameter decides (PED-ANOVA)."
    )


def _space_text(dimension: Any) -> str:
    if dimension.choices:
        return " | ".join(map(value_text, dimension.choices))
    step = f", step {dimension.step:g}" if dimension.step else ", logarithmic" if dimension.log else ""
    return f"{dimension.low:g} to {dimension.high:g}{step}"


def trials_table(spec: StudySpec, record: StudyRecord, history: History) -> Table:
    """Return the best trials of a study."""
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
        for trial in lines_of(history.best(_BEST))
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
