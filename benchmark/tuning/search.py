"""From a suite's words to Optuna's objects: distributions, samplers, pruners; and back to values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

from benchmark.suite.cell import canonical_json
from benchmark.suite.tuning.space import Dimension
from benchmark.suite.tuning.tune import Choice

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.pruners import BasePruner
    from optuna.samplers import BaseSampler


def distributions(space: Iterable[Dimension]) -> dict[str, BaseDistribution]:
    """Return the space as Optuna has it; of a list, each choice is a plain value or the JSON text of one."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    parameters: dict[str, BaseDistribution] = {}
    for dimension in space:
        if dimension.choices:
            parameters[dimension.name] = CategoricalDistribution(
                [encoded(choice) for choice in dimension.choices]
            )
        elif dimension.whole:
            parameters[dimension.name] = IntDistribution(
                int(dimension.low), int(dimension.high), log=dimension.log, step=int(dimension.step or 1)
            )
        else:
            parameters[dimension.name] = FloatDistribution(
                dimension.low, dimension.high, log=dimension.log, step=dimension.step
            )
    return parameters


def encoded(value: Any) -> Any:
    """Return a choice as Optuna may store it: text, numbers and none as they are; to Optuna, true would be 1."""
    plain = value is None or (isinstance(value, str | int | float) and not isinstance(value, bool))
    return value if plain else canonical_json(value)


def encode(values: Mapping[str, Any], space: Iterable[Dimension]) -> dict[str, Any]:
    """Return a row's values as a trial's parameters."""
    return {
        dimension.name: encoded(values[dimension.name]) if dimension.choices else values[dimension.name]
        for dimension in space
    }


def decode(parameters: Mapping[str, Any], space: Iterable[Dimension]) -> dict[str, Any]:
    """Return a trial's parameters as a row's values."""
    values = {}
    for dimension in space:
        value = parameters[dimension.name]
        same = (choice for choice in dimension.choices if _identical(encoded(choice), value))
        values[dimension.name] = next(same, value)
    return values


def combinations(space: Sequence[Dimension]) -> Iterator[dict[str, Any]]:
    """Yield all combinations of values that can be counted, the last dimension varying fastest."""
    for chosen in product(*(dimension.values() or () for dimension in space)):
        yield {dimension.name: value for dimension, value in zip(space, chosen, strict=True)}


def make_sampler(choice: Choice, seed: int) -> BaseSampler:
    """Return a sampler. A grid's next combination is enqueued, so that there it has nothing to decide."""
    from optuna.samplers import RandomSampler, TPESampler

    return (
        TPESampler(seed=seed, **choice.settings.model_dump()) if choice.name == "tpe" else RandomSampler(seed)
    )


def make_pruner(choice: Choice) -> BasePruner:
    """Return a pruner."""
    from optuna import pruners

    made = {
        "none": pruners.NopPruner,
        "median": pruners.MedianPruner,
        "percentile": pruners.PercentilePruner,
        "successive-halving": pruners.SuccessiveHalvingPruner,
        "hyperband": pruners.HyperbandPruner,
    }
    return made[choice.name](**choice.settings.model_dump())


def _identical(first: Any, second: Any) -> bool:
    return type(first) is type(second) and bool(first == second)
