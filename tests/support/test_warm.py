"""Forked processes are there when tests could use them, and are as others."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import cloudpickle
import psutil
import pytest
from forked_trials import FORKED
from programs import said_by
from warm import WarmProcess, can_be_warm

from benchmark.backend import settle_backend
from benchmark.execution.workers import LocalWorkers

# Workers cannot import the tests.
cloudpickle.register_pickle_by_value(sys.modules[__name__])
pytestmark = pytest.mark.skipif(
    not can_be_warm({**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}), reason="there are none here"
)


def test_what_a_run_in_the_process_of_the_tests_leaves_is_no_reason_for_a_new_process(project) -> None:
    environment = project.variables()
    settle_backend(environment)
    assert can_be_warm(environment)
    assert isinstance(project.start("--help"), WarmProcess)


def test_what_libraries_read_when_they_are_imported_is_one(project) -> None:
    assert not can_be_warm(project.variables() | {"KERAS_BACKEND": "jax"})
    assert can_be_warm(project.variables() | {"KERAS_BACKEND": "jax"}, with_backend=False)
    assert not can_be_warm(project.variables() | {"TF_FORCE_GPU_ALLOW_GROWTH": "false"})


@pytest.mark.parametrize(("arguments", "code"), [(("--version",), 0), (("plan", "nowhere.yaml"), 2)])
def test_it_ends_as_another_process_does(project, arguments: tuple[str, ...], code: int) -> None:
    warm, new = project.bench(*arguments), project.start_new(*arguments)
    out, err = new.communicate(timeout=120)
    assert (warm.code, warm.out, warm.err) == (new.returncode, out, err)
    assert warm.code == code


def as_seen() -> tuple[object, ...]:
    time.sleep(0.2)
    return os.getpid(), os.getppid(), os.getcwd(), os.environ.get("NOTED"), "librosa" in sys.modules


def test_workers_of_the_process_of_the_tests_are_forked_children_too(
    warm_workers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NOTED", "by a test")
    with LocalWorkers(2) as workers:
        outcomes = list(workers.run(as_seen, [()] * 4, print))
    assert [outcome.error for outcome in outcomes] == [None] * 4
    assert {outcome.value[1:] for outcome in outcomes} == {(os.getpid(), str(tmp_path), "by a test", True)}
    assert len({outcome.value[0] for outcome in outcomes}) == 2


def test_workers_are_children_of_their_driver_and_end_with_it(project) -> None:
    suite = (project.folder / "suite.yaml").read_text()
    project.write(suite.replace("nearest]", "{nearest: {seconds: 600}}]"))
    run = project.start("run", "suite.yaml", "--jobs", "2")
    driver = psutil.Process(run.pid)
    while not (project.rests(0) and project.rests(1)):
        assert run.poll() is None, run.communicate()[1]
    children = driver.children()
    # One that forks, and two workers.
    assert len(children) == 3
    assert driver.children(recursive=True) == children
    assert {tuple(child.cmdline()) for child in children} == {tuple(driver.cmdline())}, (
        "none is a new interpreter"
    )
    run.kill()
    run.communicate(timeout=60)
    assert psutil.wait_procs(children, timeout=20)[1] == []


TRIALS = """
import ctypes, json, os
from benchmark import Metric
from benchmark.contract.check import Subject, check_all
class Odd(Metric):
    "Does what it is told to."
    name = "odd"
    def __init__(self, *, trouble: str) -> None:
        self.trouble = trouble
    def compute(self, labels, probabilities):
        if self.trouble == "crash":
            ctypes.string_at(0)
        os.write(1, f"{os.getpid() != DRIVER}".encode())
        return float((probabilities.argmax(axis=1) == labels).mean())
DRIVER = os.getpid()
tried = check_all([Subject("metric", component=Odd, parameters={"trouble": trouble}) for trouble in ("print", "crash")])
print(json.dumps([{outcome.rule: outcome.findings for outcome in one if outcome.findings} for one in tried]))
"""


def test_trials_that_are_forked_have_processes_of_their_own(tmp_path: Path) -> None:
    quiet, crashed = json.loads(said_by(FORKED + TRIALS, tmp_path, libraries=()))
    assert "prints to standard output, which programs read: 'True" in quiet["quiet"][0]
    assert "it crashed (SIGSEGV)" in crashed["metric-number"][0]
