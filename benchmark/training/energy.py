"""Energy that training takes, by codecarbon where that is installed. It never fails a cell, and asks no network."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

VARIABLE = "BENCH_ENERGY"
SECONDS_BETWEEN = 15
_WATT_HOURS = 1000


@dataclass
class Energy:
    """What was found: ``watt_hours`` of processor, memory and GPUs, or None, and ``how`` it was found, in words."""

    watt_hours: float | None = None
    how: str = ""


@contextmanager
def energy_meter() -> Iterator[Energy]:
    """Watch the energy of what is done inside; the answer is there afterwards.

    Without codecarbon, or with ``BENCH_ENERGY=off``, nothing is watched. The first meter of a process takes
    1 to 2 s to look at the hardware, the later ones some hundredths of a second.
    """
    energy = Energy()
    tracker = _start()
    try:
        yield energy
    finally:
        if tracker is not None:
            _stop(tracker, energy)


def _start() -> Any:
    if os.environ.get(VARIABLE, "").lower() in ("off", "0", "no") or find_spec("codecarbon") is None:
        return None
    # It logs before its own level of logging is set.
    logging.getLogger("codecarbon").disabled = True
    try:
        from codecarbon import OfflineEmissionsTracker

        # Energy does not depend on the country; codecarbon wants one to turn it into emissions.
        tracker = OfflineEmissionsTracker(
            country_iso_code="USA",
            output_methods=[],
            log_level="critical",
            allow_multiple_runs=True,
            tracking_mode="process",
            measure_power_secs=SECONDS_BETWEEN,
        )
        tracker.start()
        return tracker
    except Exception:  # Whatever a meter meets on strange hardware, the cell goes on without it.
        return None


def _stop(tracker: Any, energy: Energy) -> None:
    try:
        tracker.stop()
        emissions = tracker.final_emissions_data
        energy.watt_hours = float(emissions.energy_consumed) * _WATT_HOURS
        energy.how = (
            f"Energy by codecarbon {emissions.codecarbon_version}: {_processor()}, memory by its size"
            + (", GPUs measured." if emissions.gpu_count else ".")
        )  # fmt: skip
    except Exception:  # As above.
        energy.watt_hours = None


def _processor() -> str:
    from codecarbon.core.cpu import is_rapl_available

    return (
        "processor measured (RAPL, of the whole machine)"
        if is_rapl_available()
        else "processor ESTIMATED from its load"
    )
