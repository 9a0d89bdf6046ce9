"""What hangs is ended, in whatever way it hangs."""

from __future__ import annotations

import json

import pytest
from faulty import do, hold_pythons_lock, loop_in_python, process, sleep_in_native_code

from benchmark.exceptions import CellTimeoutError
from benchmark.execution import workers as workers_module
from benchmark.execution.workers import LocalWorkers

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("warm_workers")]

# So that nobody waits longer than the limit itself.
GRACE = {"benchmark.execution.workers.GRACE_SECONDS": 0.5}
FEATURES = """
import ctypes, os
from benchmark import Features, hookimpl

class Sleepy(Features):
    '''The level of a clip; on some clips it hangs, on others it takes its process with it.'''
    name = "sleepy"
    dtype = "float32"
    shape = (1, 1, 1)
    def compute(self, samples, sample_rate, *, reference_length):
        import numpy as np
        level = float(np.abs(samples).mean())
        with open(os.environ["LEVELS"], "a") as file:
            file.write(f"{level}\\n")
        with open(os.environ["LEVELS"]) as file:
            count = len(file.readlines())
        if count == 3:
            ctypes.PyDLL(None).sleep(1000)
        if count == 5:
            os._exit(3)
        return np.full((1, 1, 1), level, np.float32)

@hookimpl
def bench_features():
    return [Sleepy]
"""


def test_a_task_that_hangs_is_ended_and_its_worker_is_replaced(monkeypatch) -> None:
    monkeypatch.setattr(workers_module, "GRACE_SECONDS", 0.5)
    steps = [process, sleep_in_native_code, loop_in_python, hold_pythons_lock, process]
    with LocalWorkers(1, seconds=1) as workers:
        outcomes = list(workers.run(do, [(step,) for step in steps], print))
    first, *hung, last = outcomes
    assert [type(outcome.error) for outcome in hung] == [CellTimeoutError] * 3
    assert "longer than the 1 s" in str(hung[0].error)
    assert first.error is None
    assert last.error is None
    assert first.value != last.value


def test_a_cell_that_hangs_in_native_code_is_filed_as_timed_out(project) -> None:
    benchfile = project.folder / "benchfile.py"
    hanging = "import ctypes; ctypes.PyDLL(None).sleep(1000)"
    benchfile.write_text(
        benchfile.read_text().replace('raise RuntimeError("this cell was told to fail")', hanging)
    )
    suite = (project.folder / "suite.yaml").read_text()
    project.write(suite.replace("nearest]", "{nearest: {trouble: raise, seed: 0}}]"))
    project.limits = GRACE
    ran = project.bench("run", "suite.yaml", "--jobs", "1", "--timeout", "4")
    assert ran.code == 1
    records = [json.loads(file.read_text()) for file in project.results.glob("[!.]*/cell.json")]
    assert sorted(record["status"] for record in records) == ["ok", "ok", "ok", "timed out"]
    (late,) = (record for record in records if record["status"] == "timed out")
    assert "longer than the 4 s" in late["error"]["message"]
    assert "Traceback" not in ran.err


def test_tracks_whose_features_hang_or_kill_are_named_and_the_rest_goes_on(project, tmp_path) -> None:
    (project.folder / "benchfile.py").write_text(FEATURES)
    project.environment |= {"LEVELS": str(project.folder / "levels")}
    suite = (project.folder / "suite.yaml").read_text()
    suite = suite.replace("{mel: {size: [12, 16], n_mels: 12}}", "sleepy")
    project.write(suite.replace("[majority, nearest]", "[majority]"))
    project.limits = GRACE
    ran = project.bench(
        "prepare", "suite.yaml", "--jobs", "1", "--timeout", "3", "--cache", str(tmp_path / "cache")
    )
    assert ran.code == 0, ran.err
    warnings = [line for line in ran.err.splitlines() if line.startswith("Warning: no features of")]
    assert len(warnings) == 2
    assert any("longer than the 3 s" in line for line in warnings)
    assert any("worker process died" in line for line in warnings)
    assert "Traceback" not in ran.err
    levels = (project.folder / "levels").read_text().splitlines()
    # Six tracks of each of ten genres; none is tried twice.
    assert len(levels) == len(set(levels)) == 60
