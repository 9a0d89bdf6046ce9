"""What a cell costs beside its parameters, seconds and memory: operations, throughput, energy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmark.record import ENERGY, FLOPS, THROUGHPUT

if TYPE_CHECKING:
    from benchmark.plugin.model import Model
    from benchmark.training.energy import Energy


def cost_of(
    model: Model, items: int, epochs: int, seconds: float, energy: Energy
) -> tuple[dict[str, float], list[str]]:
    """Return what is known of the cost of a fitted model, and notes on how, or why it is not.

    ``flops_per_clip`` is two floating-point operations per multiply-add of one forward pass;
    ``items_per_second`` is ``items`` times ``epochs`` over the ``seconds`` of training, which include compiling and
    validating; ``energy_wh`` is the energy of training, in watt-hours.
    """
    known: dict[str, float] = {}
    notes = []
    count = model.operation_count()
    if count is not None and count.multiply_adds is not None:
        known[FLOPS] = 2 * count.multiply_adds
    elif count is not None:
        unknown = ", ".join(count.unknown)
        notes.append(f"FLOPs of model {type(model).name} are missing: not known how to count {unknown}.")
    if seconds > 0 and items and epochs:
        known[THROUGHPUT] = items * epochs / seconds
    if energy.watt_hours is not None:
        known[ENERGY] = energy.watt_hours
        notes.append(energy.how)
    return known, notes
