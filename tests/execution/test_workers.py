from __future__ import annotations

import os
import sys

import cloudpickle
import pytest

from benchmark.backend import PROGRAMS_BYTES
from benchmark.exceptions import WorkerDiedError
from benchmark.execution import workers as workers_module
from benchmark.execution.workers import LocalWorkers, default_jobs, visible_gpus
from benchmark.locations import default_programs

pytestmark = pytest.mark.slow
# Workers cannot import the tests where these are not beside the package.
cloudpickle.register_pickle_by_value(sys.modules[__name__])


def surroundings(seconds: float) -> tuple[int, dict[str, str], list[str]]:
    """Return this process, its environment, and which backends it has imported by now."""
    import time

    time.sleep(seconds)
    backends = [name for name in ("tensorflow", "jax", "torch", "keras") if name in sys.modules]
    return os.getpid(), dict(os.environ), backends


class Unreadable:
    """Cannot be made again from what was written of it."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return int, ("no number",)


def test_a_task_that_a_worker_cannot_read_is_an_error_and_the_others_go_on() -> None:
    with LocalWorkers(1) as workers:
        outcomes = list(workers.run(len, [(Unreadable(),), ("four",)], lambda event: None))
    assert isinstance(outcomes[0].error, ValueError)
    assert outcomes[1].value == 4


def test_workers_that_do_not_start_are_an_error_for_people(monkeypatch) -> None:
    monkeypatch.setattr(workers_module, "STARTING_SECONDS", 0.05)
    with LocalWorkers(1) as workers, pytest.raises(WorkerDiedError, match="--executor inline"):
        list(workers.run(len, [("four",)], lambda event: None))


def test_each_worker_sees_a_gpu_of_its_own_before_any_backend_is_there() -> None:
    with LocalWorkers(3, gpus=("0", "GPU-7f", "5")) as workers:
        outcomes = list(workers.run(surroundings, [(0.5,)] * 6, lambda event: None))
    seen = {
        process: environment["CUDA_VISIBLE_DEVICES"]
        for process, environment, _ in (o.value for o in outcomes)
    }
    assert sorted(seen.values()) == ["0", "5", "GPU-7f"]
    for _, environment, backends in (outcome.value for outcome in outcomes):
        assert backends == []
        assert environment["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"
        assert environment["XLA_PYTHON_CLIENT_PREALLOCATE"] == "false"


def test_programs_for_a_gpu_are_compiled_once_for_all_cells_unless_the_user_says_where(monkeypatch) -> None:
    def kept(gpus: tuple[str, ...]) -> tuple[str | None, str | None]:
        with LocalWorkers(1, gpus=gpus) as workers:
            (outcome,) = workers.run(surroundings, [(0.0,)], lambda event: None)
        told = outcome.value[1]
        return told.get("JAX_COMPILATION_CACHE_DIR"), told.get("JAX_COMPILATION_CACHE_MAX_SIZE")

    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR", raising=False)
    assert kept(()) == (None, None)
    assert kept(("0",)) == (str(default_programs()), str(PROGRAMS_BYTES))
    # Nothing is removed from a folder of the user's.
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", "mine")
    assert kept(("0",)) == ("mine", None)


def test_only_the_gpus_that_this_process_may_use_are_shared_out(monkeypatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,3")
    assert visible_gpus() == ("2", "3")
    assert default_jobs(visible_gpus()) == 2
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert visible_gpus() == ()
