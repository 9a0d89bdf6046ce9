"""Answers to further questions as tidy data frames: robustness, and ensembles. Pure functions of what analysis says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.analysis.ensembles.ensemble import Ensembles
    from benchmark.analysis.robustness import Robustness, Value

ROBUSTNESS = (
    "row", "set", "metric", "clean", "corrupted", "corrupted_low", "corrupted_high", "drop", "drop_low", "drop_high",
)  # fmt: skip
CORRUPTED = (
    "row", "set", "metric", "corruption", "severity", "amount", "unit", "clean", "value", "mean", "low", "high",
)  # fmt: skip
CHANGES = (
    "set", "metric", "axis", "value", "baseline", "corruption", "pairs", "clean", "difference", "low", "high", "p",
    "p_holm", "extra_difference", "extra_low", "extra_high", "extra_p", "extra_p_holm",
)  # fmt: skip
ENSEMBLES = (
    "ensemble", "of", "made_of", "cells", "measure", "mean", "sd", "low", "high", "against", "difference",
    "difference_low", "difference_high",
)  # fmt: skip
MEMBERS = ("ensemble", "cell", "row", "times", "weight", "validation")
Labels = Mapping[int, str]


def robustness_frame(results: Sequence[Robustness], labels: Labels) -> pd.DataFrame:
    """Return a line per row and set that is corrupted."""
    lines = [
        {"row": labels[row], **_facts(result), "clean": known.clean}
        | _ends("corrupted", known.mean)
        | _ends("drop", known.drop)
        for result in results
        for row, known in result.rows.items()
    ]
    return _frame(lines, ROBUSTNESS)


def corrupted_frame(results: Sequence[Robustness], labels: Labels) -> pd.DataFrame:
    """Return a line per row, set, corruption and severity."""
    lines = []
    for result in results:
        for row, known in result.rows.items():
            for (corruption, severity), value in known.severities.items():
                amount, unit = result.scores.amounts[corruption, severity]
                mean = known.corruptions.get(corruption)
                ends = {} if mean is None else {"mean": mean.mean, "low": mean.low, "high": mean.high}
                where = {"corruption": corruption, "severity": severity, "amount": amount, "unit": unit}
                facts = {"row": labels[row], **_facts(result), **where}
                lines.append({**facts, "clean": known.clean, "value": value, **ends})
    return _frame(lines, CORRUPTED)


def changes_frame(results: Sequence[Robustness]) -> pd.DataFrame:
    """Return a line per change and corruption: which change buys which robustness."""
    lines = [
        {**_facts(result), **{name.replace(" ", "_"): value for name, value in effect.items()}}
        for result in results
        for effect in result.effects
    ]
    return _frame(lines, CHANGES)


def ensembles_frame(made: Ensembles, labels: Labels) -> pd.DataFrame:
    """Return a line per ensemble and measure."""
    named = [
        *((name, "rows", ensemble) for name, ensemble in _named(made)),
        *((f"seeds of {labels[ensemble.reference]}", "seeds", ensemble) for ensemble in made.of_seeds),
    ]
    lines = [
        {
            "ensemble": name,
            "of": of,
            "made_of": "; ".join(
                f"{100 * share:.0f} % {labels[row]}" for row, share in ensemble.weights().items()
            ),
            "cells": len(ensemble.members),
            "measure": value.measure,
            "mean": value.mean,
            "sd": value.sd,
            "low": value.low,
            "high": value.high,
            "against": labels[ensemble.reference],
            "difference": value.difference,
            "difference_low": value.difference_low,
            "difference_high": value.difference_high,
        }
        for name, of, ensemble in named
        for value in ensemble.values
    ]
    return _frame(lines, ENSEMBLES)


def members_frame(made: Ensembles, labels: Labels) -> pd.DataFrame:
    """Return a line per ensemble of rows, cell and member."""
    lines = [
        {
            "ensemble": name,
            "cell": cell,
            "row": labels[row],
            "times": count,
            "weight": count / sum(counts.values()),
            "validation": ensemble.validation[cell],
        }
        for name, ensemble in _named(made)
        for cell, counts in ensemble.members.items()
        for row, count in counts.items()
    ]
    return _frame(lines, MEMBERS)


def _named(made: Ensembles) -> list[tuple[str, Any]]:
    """Return the ensembles of rows by what reports call them."""
    several = len(made.of_rows) > 1
    return [
        (f"ensemble {number}" if several else "ensemble", ensemble)
        for number, ensemble in enumerate(made.of_rows, 1)
    ]


def _facts(result: Robustness) -> dict[str, Any]:
    return {"set": result.scores.set, "metric": result.scores.metric}


def _ends(name: str, value: Value | None) -> dict[str, Any]:
    known = (float("nan"),) * 3 if value is None else (value.mean, value.low, value.high)
    return dict(zip((name, f"{name}_low", f"{name}_high"), known, strict=True))


def _frame(lines: Sequence[Mapping[str, object]], columns: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(lines, columns=list(columns))
