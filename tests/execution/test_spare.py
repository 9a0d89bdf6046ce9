"""Workers that are done are had by the next who need the same."""

from __future__ import annotations

import os
import sys
import time
from contextlib import closing

import cloudpickle
import psutil
import pytest

from benchmark.execution.looking import in_local_workers
from benchmark.execution.spare import sharing_workers
from benchmark.execution.workers import LocalWorkers

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("warm_workers")]
# Workers cannot import the tests where these are not beside the package.
cloudpickle.register_pickle_by_value(sys.modules[__name__])


def ignore(event: object) -> None:
    pass


def workers_of(executor: LocalWorkers, tasks: int = 1) -> set[int]:
    with executor as workers:
        outcomes = list(workers.run(os.getpid, [() for _ in range(tasks)], ignore))
    assert all(outcome.error is None for outcome in outcomes)
    return {outcome.value for outcome in outcomes}


def is_gone(process: int) -> bool:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        if not psutil.pid_exists(process) or psutil.Process(process).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


def test_who_needs_the_same_workers_has_those_that_are_done_and_all_end_with_the_block() -> None:
    with sharing_workers():
        first = workers_of(LocalWorkers(1))
        second = workers_of(LocalWorkers(1))
        assert first == second
    assert all(map(is_gone, first))


def test_other_threads_or_variables_need_other_workers() -> None:
    with sharing_workers():
        first = workers_of(LocalWorkers(1, threads=1))
        assert first.isdisjoint(workers_of(LocalWorkers(1, threads=2)))
        assert first.isdisjoint(workers_of(LocalWorkers(1, threads=1, variables={"KERAS_BACKEND": "jax"})))
        assert first == workers_of(LocalWorkers(1, threads=1))


def test_without_sharing_each_has_workers_of_its_own() -> None:
    assert workers_of(LocalWorkers(1)).isdisjoint(workers_of(LocalWorkers(1)))


def test_a_spare_worker_that_died_is_not_had_by_anybody() -> None:
    with sharing_workers():
        (first,) = workers_of(LocalWorkers(1))
        psutil.Process(first).kill()
        assert is_gone(first)
        # Of a killed process some threads may be left for a moment; it has ended when it can be waited for.
        if hasattr(os, "waitid"):
            os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)
        assert first not in workers_of(LocalWorkers(1))


def test_workers_of_a_run_that_went_wrong_are_not_kept() -> None:
    with sharing_workers():
        workers = LocalWorkers(1)
        (outcome,) = workers.run(os.getpid, [()], ignore)
        workers.__exit__(ZeroDivisionError, None, None)
        assert is_gone(outcome.value)
        assert outcome.value not in workers_of(LocalWorkers(1))


def test_all_looks_of_a_block_share_their_workers(tmp_path) -> None:
    looker = in_local_workers(tmp_path / "log", None, jobs=1)
    with sharing_workers():
        seen = set()
        for _ in range(3):
            with closing(looker.look(os.getpid, [()])) as looks:
                seen |= {look.value for look in looks}
        assert len(seen) == 1


def test_a_worker_does_at_its_end_what_plugins_asked_for(tmp_path) -> None:
    file = tmp_path / "ended"
    with LocalWorkers(1) as workers:
        (outcome,) = workers.run(ask_for_a_file, [(str(file),)], ignore)
    assert outcome.error is None
    assert file.read_text() == "ended"


def ask_for_a_file(name: str) -> None:
    import atexit
    from pathlib import Path

    atexit.register(Path(name).write_text, "ended")
