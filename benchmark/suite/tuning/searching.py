"""How a study searches: samplers and pruners by Optuna's names, with those of their settings that a suite may give."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from benchmark.settings import Settings

Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(gt=0)]


class Tpe(Settings):
    """Tree-structured Parzen estimator (Bergstra et al. 2011), over all parameters jointly unless told otherwise.

    ``constant_liar`` counts running trials as poor ones, so that trials side by side do not repeat each other.
    """

    n_startup_trials: Count = 10
    n_ei_candidates: Positive = 24
    multivariate: bool = True
    constant_liar: bool = True


class Random(Settings):
    """Independent draws."""


class GridSearch(Settings):
    """All combinations, in the order written; each range needs a step. The study ends with the last of them."""


class NoPruner(Settings):
    """Every trial is trained to its end."""


class Median(Settings):
    """Stops a trial whose best epoch so far is worse than the median of the others at that epoch."""

    n_startup_trials: Count = 5
    n_warmup_steps: Count = 0
    interval_steps: Positive = 1
    n_min_trials: Positive = 1


class Percentile(Settings):
    """Stops a trial whose best epoch so far is below the ``percentile`` of the others at that epoch."""

    percentile: Annotated[float, Field(ge=0, le=100)]
    n_startup_trials: Count = 5
    n_warmup_steps: Count = 0
    interval_steps: Positive = 1
    n_min_trials: Positive = 1


class SuccessiveHalving(Settings):
    """Asynchronous successive halving (Li et al. 2020): the best of each rung of epochs goes on."""

    min_resource: Positive = 1
    reduction_factor: Annotated[int, Field(ge=2)] = 4
    min_early_stopping_rate: Count = 0
    bootstrap_count: Count = 0


class Hyperband(Settings):
    """Successive halving with several budgets at a time (Li et al. 2018)."""

    min_resource: Positive = 1
    reduction_factor: Annotated[int, Field(ge=2)] = 3
    bootstrap_count: Count = 0


# CMA-ES is not among them: it keeps its state pickled in the storage, and no pickle is to be loaded from there.
SAMPLERS: dict[str, type[Settings]] = {"tpe": Tpe, "random": Random, "grid": GridSearch}
PRUNERS: dict[str, type[Settings]] = {
    "none": NoPruner,
    "median": Median,
    "percentile": Percentile,
    "successive-halving": SuccessiveHalving,
    "hyperband": Hyperband,
}
