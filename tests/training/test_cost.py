"""What a cell's record says of its cost."""

from __future__ import annotations

import pytest

from benchmark import Model
from benchmark.plugin.model import OperationCount
from benchmark.training.cost import cost_of
from benchmark.training.energy import Energy


class Counted(Model):
    name = "counted"

    def operation_count(self) -> OperationCount:
        return OperationCount(569_000_000)


class Uncounted(Model):
    name = "uncounted"

    def operation_count(self) -> OperationCount:
        return OperationCount(None, ("Own", "Other"))


class Wordless(Model):
    name = "wordless"


def test_flops_are_two_per_multiply_add_and_throughput_counts_every_epoch() -> None:
    found, notes = cost_of(Counted(), items=100, epochs=3, seconds=20.0, energy=Energy())
    assert found == {"flops_per_clip": 1_138_000_000, "items_per_second": pytest.approx(15.0)}
    assert notes == []


def test_what_cannot_be_counted_is_missing_and_said() -> None:
    found, notes = cost_of(Uncounted(), items=100, epochs=0, seconds=20.0, energy=Energy())
    assert found == {}
    assert notes == ["FLOPs of model uncounted are missing: not known how to count Own, Other."]
    assert cost_of(Wordless(), items=0, epochs=1, seconds=1.0, energy=Energy()) == ({}, [])


def test_energy_comes_with_how_it_was_found() -> None:
    found, notes = cost_of(
        Wordless(), items=0, epochs=1, seconds=1.0, energy=Energy(0.5, "Energy ESTIMATED.")
    )
    assert found == {"energy_wh": 0.5}
    assert notes == ["Energy ESTIMATED."]
