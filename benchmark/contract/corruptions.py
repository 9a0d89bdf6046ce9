"""What corruptions promise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmark.contract.material import unchanged, waveforms
from benchmark.contract.rules import Rule, Trial
from benchmark.plugin.border import checked_items
from benchmark.plugin.declared import severities_problem
from benchmark.plugin.waveform import SAMPLE_RATE

_SEED = 5


def severities(trial: Trial) -> Iterator[str]:
    """Yield what is wrong with the table of severities."""
    problem = severities_problem(trial.make())
    if problem:
        yield problem


def applies(trial: Trial) -> Iterator[str]:
    """Raise when what a corruption makes is no waveform that the harness can use."""
    corruption = trial.make()
    for _, _, worn in trial.once("worn", lambda: _worn(trial)):
        checked_items(corruption, "apply", worn, (None,), "float32")
    yield from ()


def wears(trial: Trial) -> Iterator[str]:
    """Yield when music is as it was at the gravest severity."""
    amount = trial.make().severities[-1]
    for what, severity, worn in trial.once("worn", lambda: _worn(trial)):
        if what == "music" and severity == amount and np.array_equal(worn, waveforms()[what]):
            yield f"apply leaves music as it is at its gravest severity, {amount}"


def applies_alike(trial: Trial) -> Iterator[str]:
    """Yield when a corruption draws from somewhere else than its generator."""
    first, second = trial.once("worn", lambda: _worn(trial)), _worn(trial)
    for (what, amount, worn), (_, _, again) in zip(first, second, strict=True):
        if not np.array_equal(worn, again):
            yield f"apply gave two results for the same {what}, {amount} and random numbers: draw from rng alone"
            return


def applies_apart(trial: Trial) -> Iterator[str]:
    """Yield whether a corruption writes into what it is given."""
    corruption = trial.make()
    for heard in waveforms().values():
        kept = heard.copy()
        corruption.apply(heard, SAMPLE_RATE, np.random.default_rng(_SEED), corruption.severities[-1])
        said = unchanged(heard, kept, "apply")
        if said:
            yield said
            return


def _worn(trial: Trial) -> list[tuple[str, float, Any]]:
    corruption = trial.make()
    return [
        (what, amount, corruption.apply(heard.copy(), SAMPLE_RATE, np.random.default_rng(_SEED), amount))
        for amount in corruption.severities
        for what, heard in waveforms().items()
    ]


CORRUPTION = (
    Rule(
        "corruption-severities",
        "it has severities, numbers that only rise or only fall, and says in which unit",
        severities,
    ),
    Rule("corruption-apply", "apply gives samples, float32 and finite, at every severity", applies),
    Rule("corruption-wears", "apply changes music at the gravest severity", wears),
    Rule(
        "corruption-repeat", "it draws from the generator that it is given, and from no other", applies_alike
    ),
    Rule("corruption-arguments", "it leaves what it is given as it is", applies_apart),
)
