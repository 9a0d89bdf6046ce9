"""Energy is watched where it can be, and never in the way."""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import Any

import pytest

from benchmark.training.energy import energy_meter


def work(seconds: float) -> None:
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        pass


@pytest.fixture(autouse=True)
def watched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have energy be watched, as it is where nobody says otherwise."""
    monkeypatch.delenv("BENCH_ENERGY", raising=False)


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Return a list of the addresses that somebody tried to reach; nobody reaches any."""
    import socket

    asked: list[object] = []

    def refuse(self: socket.socket, address: object) -> None:
        asked.append(address)
        raise OSError("no network here")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    return asked


@pytest.mark.slow
def test_a_moment_of_work_takes_some_energy_without_asking_the_network_or_saying_a_word(
    no_network: list[object], capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("codecarbon")
    with energy_meter() as energy:
        work(0.3)
    assert energy.watt_hours is not None
    # Between a tenth of a watt and a kilowatt.
    assert 0.3 * 0.1 / 3600 < energy.watt_hours < 0.3 * 1000 / 3600
    assert "codecarbon" in energy.how
    assert no_network == []
    assert caplog.records == []
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""
    assert logging.getLogger("codecarbon").disabled


def test_nothing_is_watched_where_it_is_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_ENERGY", "off")
    with energy_meter() as energy:
        pass
    assert energy.watt_hours is None


def test_a_meter_that_fails_fails_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("codecarbon")
    import codecarbon

    class Broken:
        def __init__(self, **options: object) -> None:
            raise RuntimeError("unknown hardware")

    monkeypatch.setattr(codecarbon, "OfflineEmissionsTracker", Broken)
    with energy_meter() as energy:
        done = True
    assert done
    assert energy.watt_hours is None


@pytest.mark.slow
def test_a_cell_that_fails_stops_its_meter(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("codecarbon")
    import threading

    before = threading.active_count()
    with pytest.raises(ValueError, match="diverged"), energy_meter():
        raise ValueError("diverged")
    deadline = time.monotonic() + 10
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert threading.active_count() <= before


@pytest.mark.slow
def test_the_records_of_a_run_hold_what_training_took(project: Any) -> None:
    pytest.importorskip("codecarbon")
    project.environment["BENCH_ENERGY"] = "on"
    project.write((project.folder / "suite.yaml").read_text().replace("majority, ", ""))
    assert project.bench("run", "suite.yaml", "--executor", "inline").code == 0
    records = [json.loads(file.read_text()) for file in project.results.glob("[!.]*/cell.json")]
    assert len(records) == 2
    assert all(record["cost"]["energy_wh"] > 0 for record in records)
    assert all(record["cost"]["items_per_second"] > 0 for record in records)
    assert all("codecarbon" in record["provenance"]["notes"][-1] for record in records)
    assert "energy_wh" in (project.results / "report" / "leaderboard.csv").read_text()


def test_nothing_heavy_is_imported_for_it() -> None:
    import subprocess

    script = (
        "import sys, benchmark.training.energy, benchmark.training.cost; print('codecarbon' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"
