"""Workers die, are stopped, and lose their driver; nothing else is lost, and nothing is left."""

from __future__ import annotations

import json
import os
import signal
import tempfile
import time
from pathlib import Path

import psutil
import pytest
from faulty import (
    die,
    die_soon,
    do,
    grow,
    is_gone,
    leave,
    process,
    start_a_child_and_hang,
    tree,
    wait_for,
)

from benchmark.exceptions import TaskError, WorkerDiedError
from benchmark.execution import workers as workers_module
from benchmark.execution.workers import LocalWorkers

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("warm_workers")]


@pytest.fixture
def temporary(tmp_path, project, monkeypatch) -> Path:
    """Return the folder in which these tests, and the runs that they start, make temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


def rewrite(project, old: str, new: str) -> None:
    benchfile = project.folder / "benchfile.py"
    text = benchfile.read_text()
    assert old in text
    benchfile.write_text(text.replace(old, new))


def records(project) -> list[dict]:
    return [json.loads(file.read_text()) for file in project.results.glob("[!.]*/cell.json")]


def test_only_the_task_that_killed_a_worker_is_blamed() -> None:
    steps = [die_soon, process, die, leave, process, process]
    with LocalWorkers(2) as workers:
        outcomes = sorted(workers.run(do, [(step,) for step in steps], print), key=lambda each: each.index)
    assert [type(outcome.error) for outcome in outcomes] == [
        WorkerDiedError, type(None), WorkerDiedError, TaskError, type(None), type(None)
    ]  # fmt: skip
    assert str(outcomes[3].error) == "SystemExit: 0"


def test_what_a_task_has_started_is_killed_with_it_and_no_folder_is_left(monkeypatch, temporary) -> None:
    monkeypatch.setattr(workers_module, "GRACE_SECONDS", 0)
    with LocalWorkers(1, seconds=1) as workers:
        (outcome,) = workers.run(do, [(start_a_child_and_hang,)], print)
        assert outcome.error is not None
    assert list(temporary.iterdir()) == []
    assert not [one for one in psutil.process_iter(["cmdline"]) if "2345" in (one.info["cmdline"] or [])]


def test_a_worker_that_has_grown_is_replaced(monkeypatch) -> None:
    monkeypatch.setenv("BENCH_WORKER_GROWTH", "12")
    told: list[object] = []
    with LocalWorkers(1) as workers:
        seen = [outcome.value for outcome in workers.run(grow, [(n,) for n in range(6)], told.append)]
    assert 1 < len(set(seen)) < 6
    assert all("more than the 12 MB that it may" in event.text for event in told)
    assert len(told) >= len(set(seen)) - 1


def test_a_model_that_leaks_has_its_worker_replaced_between_cells_and_the_run_says_so(project) -> None:
    rewrite(project, 'if trouble == "raise":', 'if trouble == "leak":\n                os.kept = [*vars(os).get("kept", ()), os.urandom(40_000_000)]\n            if trouble == "raise":')  # fmt: skip
    rewrite(project, "return super().fit(train, validation, run)", "open('processes', 'a').write(f'{os.getpid()}\\n'); return super().fit(train, validation, run)")  # fmt: skip
    suite = (project.folder / "suite.yaml").read_text()
    project.write(
        suite.replace("[majority, nearest]", "[{nearest: {trouble: leak}}]").replace("[0, 1]", "[0, 1, 2, 3]")
    )
    project.environment["BENCH_WORKER_GROWTH"] = "60"
    ran = project.bench("run", "suite.yaml", "--jobs", "1")
    assert ran.code == 0, ran.err
    assert [record["status"] for record in records(project)] == ["ok"] * 4
    processes = (project.folder / "processes").read_text().split()
    # 40 MB more with each cell: the third is one too many.
    assert processes == [processes[0]] * 3 + [processes[3]]
    assert processes[0] != processes[3]
    assert ran.err.count("Warning: worker 1: it has grown by") == 1
    assert "more than the 60 MB that it may" in ran.err


def test_no_worker_outlives_its_driver_while_it_holds_pythons_lock(project, temporary) -> None:
    rewrite(
        project,
        'raise RuntimeError("this cell was told to fail")',
        "import ctypes; ctypes.PyDLL(None).sleep(1000)",
    )
    suite = (project.folder / "suite.yaml").read_text()
    project.write(suite.replace("nearest]", "{nearest: {trouble: raise, seconds: 0.1}}]"))
    run = project.start("run", "suite.yaml", "--jobs", "2")
    wait_for(lambda: len(records(project)) == 2 and project.rests(0) and project.rests(1))
    time.sleep(1)  # They take the lock a tenth of a second later.
    started = tree(run.pid)
    assert len(started) >= 3
    run.kill()
    run.communicate()
    wait_for(lambda: all(is_gone(one) for one in started), 20)
    assert list(temporary.iterdir()) == []


def test_a_run_that_was_stopped_for_longer_than_its_time_limit_goes_on(project, monkeypatch) -> None:
    suite = (project.folder / "suite.yaml").read_text()
    project.write(suite.replace("nearest]", "{nearest: {seconds: 2, seed: 0}}]"))
    limit, grace, longest = 4, 1, 1
    project.limits = {
        "benchmark.execution.workers.GRACE_SECONDS": grace, "benchmark.clock.LONGEST_SECONDS": longest,
    }  # fmt: skip
    run = project.start("run", "suite.yaml", "--jobs", "1", "--timeout", str(limit))
    wait_for(lambda: len(records(project)) == 2 and project.rests(0))
    stopped = tree(run.pid)
    for one in stopped:
        one.suspend()
    time.sleep(limit + grace + longest)
    for one in reversed(stopped):
        one.resume()
    _, err = run.communicate(timeout=200)
    assert run.returncode == 0, err
    assert [record["status"] for record in records(project)] == ["ok"] * 4


def test_a_result_that_is_filed_stays_when_its_process_dies_afterwards(project) -> None:
    rewrite(project, "    def fit(self", "    def close(self):\n        os._exit(9)\n\n    def fit(self")
    ran = project.bench("run", "suite.yaml", "--jobs", "1")
    assert ran.code == 0, ran.err
    assert [record["status"] for record in records(project)] == ["ok"] * 4


def test_workers_and_inline_use_and_record_the_threads_that_were_asked_for(project) -> None:
    threads = max(1, len(os.sched_getaffinity(0)) // 2)
    assert project.bench("run", "suite.yaml", "--jobs", "2").code == 0
    rerun = ("run", "suite.yaml", "--jobs", "2", "--executor", "inline", "--results", "again")
    assert project.bench(*rerun).code == 0
    found = [
        *records(project),
        *(json.loads(f.read_text()) for f in (project.folder / "again").rglob("cell.json")),
    ]
    assert [record["provenance"]["threads"] for record in found] == [threads] * 8


def test_ctrl_c_at_a_terminal_leaves_no_process_and_no_traceback(project) -> None:
    suite = (project.folder / "suite.yaml").read_text()
    project.write(suite.replace("nearest]", "{nearest: {seconds: 600}}]"))
    run = project.start("run", "suite.yaml", "--jobs", "2")
    wait_for(lambda: len(records(project)) == 2)
    started = tree(run.pid)
    # A terminal sends it to all processes of the group.
    for one in started:
        one.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=200)
    assert run.returncode == 130
    assert "Traceback" not in err + out
    assert all(is_gone(one) for one in started)
