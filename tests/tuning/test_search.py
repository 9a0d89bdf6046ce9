from __future__ import annotations

import optuna
import pytest

from benchmark.randomness import derive_seed
from benchmark.suite.tuning.searching import PRUNERS, SAMPLERS
from benchmark.suite.tuning.space import Dimension
from benchmark.suite.tuning.tune import Choice
from benchmark.tuning.search import combinations, decode, distributions, encode, make_pruner, make_sampler

SPACE = (
    Dimension("rates", choices=([1.25, 0.85], [1.1], None, True, 1, "a")),
    Dimension("width", low=5, high=50, step=5, whole=True),
    Dimension("rate", low=1e-4, high=1e-2, log=True),
)


@pytest.mark.parametrize("rates", SPACE[0].choices)
def test_values_survive_the_way_through_optunas_storage(rates) -> None:
    values = {"rates": rates, "width": 20, "rate": 0.001}
    study = optuna.create_study()
    study.enqueue_trial(encode(values, SPACE))
    trial = study.ask(distributions(SPACE))
    found = decode(study.trials[trial.number].params, SPACE)
    assert found == values
    assert type(found["rates"]) is type(rates)


def test_what_is_drawn_is_in_the_space() -> None:
    study = optuna.create_study()
    for _ in range(30):
        values = decode(study.ask(distributions(SPACE)).params, SPACE)
        assert all(dimension.holds(values[dimension.name]) for dimension in SPACE)
        assert isinstance(values["width"], int)


@pytest.mark.parametrize("name", ["tpe", "random"])
def test_samplers_draw_the_same_from_the_same_seed(name: str) -> None:
    def drawn() -> list[dict]:
        study = optuna.create_study()
        found = []
        for number in range(14):
            study.sampler = make_sampler(Choice(name, SAMPLERS[name]()), derive_seed("x", number))
            trial = study.ask(distributions(SPACE))
            study.tell(trial, trial.params["rate"])
            found.append(trial.params)
        return found

    first = drawn()
    assert first == drawn()
    assert len({params["rate"] for params in first}) == 14


def test_pruners_get_their_settings() -> None:
    pruner = make_pruner(Choice("median", PRUNERS["median"](n_startup_trials=3, n_warmup_steps=2)))
    assert isinstance(pruner, optuna.pruners.MedianPruner)
    assert (pruner._n_startup_trials, pruner._n_warmup_steps) == (3, 2)
    required = {"percentile": {"percentile": 25.0}}
    for name, kind in PRUNERS.items():
        assert isinstance(
            make_pruner(Choice(name, kind(**required.get(name, {})))), optuna.pruners.BasePruner
        )


def test_combinations_are_all_of_them_once() -> None:
    space = [Dimension("a", choices=(1, 2)), Dimension("b", low=0, high=2, whole=True)]
    assert list(combinations(space)) == [{"a": a, "b": b} for a in (1, 2) for b in (0, 1, 2)]
