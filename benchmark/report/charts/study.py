"""The chart of a study: its trials, the best so far, and what decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmark.report.charts.kinds import Axis, Picture, Trials
from benchmark.report.charts.words import slug

if TYPE_CHECKING:
    from benchmark.report.charts.results import Marks
    from benchmark.tuning.history import History
    from benchmark.tuning.record import StudyRecord

_LONGEST_NAME = 60


def study_picture(label: str, history: History, record: StudyRecord, marks: Marks) -> Picture:
    """Return the trials' values with the best so far, and what decided."""
    trials = history.trials

    def numbers(state: str) -> tuple[float, ...]:
        return tuple(map(float, trials.loc[trials["state"] == state, "number"]))

    complete = trials[trials["state"] == "complete"]
    title = f"Study of {label}: {record.metric} on {record.chosen_on}"
    chart = Trials(
        title,
        Axis(record.metric),
        tuple(zip(map(float, complete["number"]), map(float, complete["value"]), strict=True)),
        tuple((float(at), float(value)) for at, value in history.best_so_far().dropna().items()),  # type: ignore[arg-type]
        record.own_value,
        numbers("pruned"),
        numbers("failed"),
        tuple((str(name), float(share)) for name, share in history.importance.items()),
    )
    return Picture(f"{slug(f'study-{label}')[:_LONGEST_NAME]}-{record.id}", title, (chart,), marks)
