"""What a finished study's storage tells: its trials as a table, how the best value came about, what mattered."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from benchmark.exceptions import ResultsError
from benchmark.suite.tuning.tune import StudySpec
from benchmark.tuning.search import decode
from benchmark.tuning.storage import is_journal, open_storage, shown_place
from benchmark.tuning.study import AGAIN, SAME_AS, SECONDS

if TYPE_CHECKING:
    import optuna

STATES = {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed"}


@dataclass(frozen=True)
class History:
    """A study as analysis takes it.

    ``trials`` has one line per trial that counts, in order: ``number``, ``state`` (``complete``, ``pruned``,
    ``failed``), ``value`` (NaN unless complete), ``seconds``, ``same_as`` (the earlier trial whose value it has, or
    NaN), ``epochs`` (reported), and one column per parameter. ``importance`` has the share of each parameter in
    what decides whether a value is good; it is empty where too few trials are complete.
    """

    trials: pd.DataFrame
    importance: pd.Series
    greater_is_better: bool

    def best(self, count: int) -> pd.DataFrame:
        """Return the best complete trials, the best first, the earlier of equals before the later."""
        complete = self.trials[(self.trials["state"] == "complete") & self.trials["same_as"].isna()]
        by = complete.assign(order=complete["value"] * (-1 if self.greater_is_better else 1))
        return by.sort_values(["order", "number"], kind="stable").drop(columns="order").head(count)

    def best_so_far(self) -> pd.Series:
        """Return, by number, the best value up to each trial."""
        values = self.trials.set_index("number")["value"].ffill()
        return values.cummax() if self.greater_is_better else values.cummin()


def load_history(spec: StudySpec, id_: str, place: str) -> History:
    """Read a study from its storage.

    Raises:
        ResultsError: when the storage, or the study in it, is not there.
    """
    import optuna

    if is_journal(place) and not Path(place).is_file():
        raise ResultsError(f"{shown_place(place)} is not there, so that trials cannot be listed.")
    storage = open_storage(place)
    names = [name for name in optuna.get_all_study_names(storage) if name.endswith(id_)]
    if not names:
        raise ResultsError(f"{shown_place(place)} has no study {id_}, so that trials cannot be listed.")
    study = optuna.load_study(study_name=names[0], storage=storage)
    repeated = {trial.user_attrs[AGAIN] for trial in study.trials if AGAIN in trial.user_attrs}
    names = [dimension.name for dimension in spec.space]
    lines = [
        _line(trial, spec)
        for trial in study.get_trials(deepcopy=False)
        if trial.number not in repeated and trial.state.name in STATES and trial.params.keys() == set(names)
    ]
    columns = ["number", "state", "value", "seconds", "same_as", "epochs", *names]
    trials = pd.DataFrame(lines, columns=columns).astype({"value": float, "same_as": float, "seconds": float})
    return History(trials, _importance(study, trials), study.direction.name == "MAXIMIZE")


def _line(trial: optuna.trial.FrozenTrial, spec: StudySpec) -> dict[str, Any]:
    complete = trial.state.name == "COMPLETE"
    return {
        "number": trial.number,
        "state": STATES[trial.state.name],
        "value": trial.value if complete else None,
        "seconds": trial.user_attrs.get(SECONDS),
        "same_as": trial.user_attrs.get(SAME_AS),
        "epochs": len(trial.intermediate_values),
        **decode(trial.params, spec.space),
    }


def _importance(study: optuna.Study, trials: pd.DataFrame) -> pd.Series:
    """Return importances by PED-ANOVA (Watanabe et al. 2023, arXiv:2304.10255), Optuna's default."""
    import optuna

    values = trials.loc[trials["state"] == "complete", "value"]
    if values.nunique() < 2:
        return pd.Series(dtype=float)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            importances = optuna.importance.get_param_importances(study)
        except (ValueError, RuntimeError):
            return pd.Series(dtype=float)
    return pd.Series(importances, dtype=float).sort_values(ascending=False, kind="stable")
