"""What plugins are told of a run: in order, from whichever process, and harmlessly."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest

from benchmark.exceptions import UsageError
from benchmark.execution import notify
from benchmark.execution.notify import telling

DIARY = """
import json, os, threading, time
import numpy as np
from benchmark import Model, Tracker, hookimpl


class Slow(Model):
    '''Two stages of two epochs.'''
    name = "slow"
    honours = frozenset({"epochs"})

    def fit(self, train, validation, run):
        history = []
        for stage in ("first", "second"):
            for epoch in (1, 2):
                logs = {"loss": 1 / epoch, "accuracy": 0.5}
                run.epoch_finished(stage, epoch, 2, logs)
                history.append({"stage": stage, "epoch": epoch, **logs})
        return history

    def predict(self, examples):
        return np.full((len(examples), examples.num_classes), 1 / examples.num_classes, np.float32)


def note(**facts):
    facts |= {"process": os.getpid(), "thread": threading.current_thread().name}
    print("NOISE of a tracker")
    with open(os.environ["DIARY"], "a") as file:
        file.write(json.dumps(facts) + "\\n")


class Diary(Tracker):
    '''Writes down what it is told.'''
    name = "diary"

    @hookimpl
    def bench_suite_started(self, suite, results, cells, plan):
        statuses = [[cell.id, cell.status, cell.to_run, cell.labels["model"], sorted(cell.spec)[0]] for cell in plan]
        note(event="suite started", suite=suite, results=str(results), cells=cells, plan=statuses)

    @hookimpl
    def bench_cell_started(self, suite, cell):
        note(event="cell started", cell=cell.id, labels=dict(cell.labels))

    @hookimpl
    def bench_epoch_finished(self, cell, stage, epoch, epochs, logs):
        note(event="epoch", cell=cell.id, stage=stage, epoch=epoch, epochs=epochs, loss=logs["loss"])

    @hookimpl
    def bench_cell_finished(self, record, folder):
        note(event="cell finished", cell=record.id, status=record.status, files=sorted(os.listdir(folder)))

    @hookimpl
    def bench_suite_finished(self, exit_code):
        note(event="suite finished", code=exit_code)


@hookimpl
def bench_models():
    return [Slow]


@hookimpl
def bench_trackers():
    return [Diary]
"""


@pytest.fixture
def diary(project):
    """Return a project whose runs can be written down."""
    (project.folder / "benchfile.py").write_text(DIARY)
    project.write((project.folder / "suite.yaml").read_text().replace("[majority, nearest]", "[slow]"))
    project.environment["DIARY"] = str(project.folder / "diary")
    return project


def told(project) -> list[dict]:
    file = project.folder / "diary"
    found = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    file.unlink(missing_ok=True)
    return found


EPOCHS = [("first", 1), ("first", 2), ("second", 1), ("second", 2)]


def check(project, facts: list[dict]) -> None:
    """Assert that a first run of two cells was told as it went, in one thread of one process."""
    begins, *cells, ends = facts
    assert (begins["event"], begins["cells"], begins["suite"]) == ("suite started", 2, "trial")
    assert [cell[1:] for cell in begins["plan"]] == [["missing", True, "slow", "augmentation"]] * 2
    assert (ends["event"], ends["code"]) == ("suite finished", 0)
    for id_, *_ in begins["plan"]:
        own = [fact for fact in cells if fact["cell"] == id_]
        assert [fact["event"] for fact in own] == ["cell started", *["epoch"] * 4, "cell finished"]
        assert [(fact["stage"], fact["epoch"]) for fact in own[1:-1]] == EPOCHS
        assert {"cell.json", "history.csv", "metrics.json", "predictions.parquet"} <= set(own[-1]["files"])
    assert len({fact["process"] for fact in facts}) == 1
    assert {fact["thread"] for fact in facts} == {"trackers"}


def test_a_tracker_is_told_of_the_suite_each_cell_and_each_epoch(diary) -> None:
    ran = diary.bench("run", "suite.yaml", "--executor", "inline", "--track", "diary")
    assert ran.code == 0, ran.err
    check(diary, told(diary))
    assert "NOISE" not in ran.out
    ids = {file.parent.name[-12:] for file in diary.results.glob("*/cell.json")}
    again = diary.bench("run", "suite.yaml", "--executor", "inline", "--track", "diary")
    assert again.code == 0
    begins, ends = told(diary)
    assert begins["cells"] == 0
    assert {(id_, status, to_run) for id_, status, to_run, *_ in begins["plan"]} == {
        (id_, "ok", False) for id_ in ids
    }
    assert ends["code"] == 0


@pytest.mark.slow
def test_epochs_in_worker_processes_are_told_in_the_process_that_was_started(diary) -> None:
    diary.environment["BENCH_TRACK"] = "diary"
    ran = diary.bench("run", "suite.yaml", "--jobs", "2")
    assert ran.code == 0, ran.err
    check(diary, told(diary))


@pytest.mark.slow
def test_whether_a_run_is_tracked_is_no_part_of_its_cells_and_who_did_not_ask_is_told_nothing(diary) -> None:
    assert diary.bench("run", "suite.yaml", "--executor", "inline").code == 0
    assert told(diary) == []
    diary.bench("run", "suite.yaml", "--executor", "inline", "--track", "diary")
    assert [fact["event"] for fact in told(diary)] == ["suite started", "suite finished"]


@pytest.mark.slow
def test_a_tracker_that_raises_is_named_once_and_its_traceback_shown_when_asked_for(diary) -> None:
    benchfile = diary.folder / "benchfile.py"
    benchfile.write_text(
        DIARY.replace('note(event="epoch"', 'raise OSError("no network") or note(event="epoch"')
    )
    number = next(n for n, line in enumerate(benchfile.read_text().splitlines(), 1) if "no network" in line)
    ran = diary.bench("run", "suite.yaml", "--executor", "inline", "--track", "diary")
    assert ran.code == 0
    place = f"{benchfile}:{number}"
    assert ran.err.count("bench_epoch_finished raised OSError: no network") == 1
    assert f"Warning: plugin benchfile.py ({benchfile} " in ran.err
    assert place in ran.err
    assert "Traceback" not in ran.err
    assert {fact["event"] for fact in told(diary)} == {
        "suite started",
        "cell started",
        "cell finished",
        "suite finished",
    }
    verbose = diary.bench("run", "suite.yaml", "--executor", "inline", "--track", "diary", "--force", "-v")
    assert verbose.err.count("Traceback (most recent call last)") == 1


def test_a_tracker_that_is_not_there_is_an_error_with_the_nearest_name(diary) -> None:
    ran = diary.bench("run", "suite.yaml", "--track", "dairy")
    assert ran.code == 2
    assert "There is no tracker 'dairy'. Did you mean 'diary'?" in ran.err
    assert not diary.results.exists()


class Slowly:
    """Plugins of which one takes its time."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.heard: list[str] = []

    def notify(self, event: str, **details: object):
        time.sleep(self.seconds)
        self.heard.append(event)
        yield from ()


def test_a_slow_tracker_delays_no_cell_and_hears_all_before_the_end() -> None:
    plugins, warned = Slowly(0.05), []
    with telling(plugins, "s", Path(), warned.append, warned.append) as notifier:
        for number in range(5):
            notifier.tell(f"event {number}")
        assert len(plugins.heard) < 5
        notifier.wait()
        assert plugins.heard == [f"event {number}" for number in range(5)]
    assert plugins.heard[-1] == "bench_suite_finished"
    assert warned == []


def test_a_tracker_that_hangs_is_not_waited_for_for_ever(monkeypatch) -> None:
    monkeypatch.setattr(notify, "PATIENCE_SECONDS", 0.1)
    released, warned = threading.Event(), []

    class Hanging:
        def notify(self, event: str, **details: object):
            released.wait(60)
            yield from ()

    with telling(Hanging(), "s", Path(), print, warned.append) as notifier:
        notifier.tell("bench_cell_started")
    released.set()
    assert warned == [
        "a plugin has been busy with bench_cell_started for 0.1 s, and is not waited for any longer."
    ]


def test_an_error_that_ends_a_run_is_told_with_its_exit_code() -> None:
    told: list[dict] = []

    class Listening:
        def notify(self, event: str, **details: object):
            told.append({"event": event, **details})
            yield from ()

    with pytest.raises(UsageError), telling(Listening(), "s", Path("r"), print, print):
        raise UsageError("so")
    assert told == [{"event": "bench_suite_finished", "suite": "s", "results": Path("r"), "exit_code": 2}]
