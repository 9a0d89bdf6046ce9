"""Studies as users see them: in other processes, with real faults."""

from __future__ import annotations

import json
import os
import re
import signal
import time

import pytest
from tuning_toys import SUITE, cells, opened, record, stamps, trained

pytestmark = pytest.mark.slow

INLINE = ("run", "suite.yaml", "--executor", "inline")


def wait_for(condition, seconds: float = 90) -> None:
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, "it did not happen in time"
        time.sleep(0.02)


def test_a_study_is_run_and_its_best_values_are_run_for_every_seed(studied_once) -> None:
    tuned, ran = studied_once
    assert ran.code == 0, ran.err
    found = record(tuned)
    assert sum(found["trials"].values()) == 6
    assert found["value"] > found["own_value"]
    assert found["chosen_on"] == "synthetic:validation, seed 0"
    rows = [
        (cell["labels"]["model"], cell["labels"]["tuning"], cell["labels"]["seed"]) for cell in cells(tuned)
    ]
    untuned = [(model, "default", seed) for model in ("majority", "toy") for seed in "01"]
    assert sorted(rows) == sorted([*untuned, ("toy", "tuned", "0"), ("toy", "tuned", "1")])
    for cell in cells(tuned):
        if cell["labels"]["tuning"] == "default":
            assert cell["tuning"] == {}
            continue
        assert cell["spec"]["model"]["parameters"]["x"] == found["values"]["model.x"]
        said = cell["tuning"]
        assert (said["values"], said["trials"]) == (found["values"], found["trials"])
        assert said["chosen_on"] == found["chosen_on"]
        assert said["sampler"]["tpe"]["multivariate"] is True
        assert said["optuna"].split(".")[0] == "5"


def test_progress_names_the_study_the_trial_and_the_best_so_far(studied_once) -> None:
    _, ran = studied_once
    assert "studies: 6 trials to run" in ran.err
    assert "[1/6] toy, trial 0: 0.2661 (model.x -0.9); best 0.2661 of trial 0" in ran.err
    assert ran.err.count("; best ") == 6


def test_a_second_run_repeats_no_trial_and_no_cell(studied) -> None:
    before, log = stamps(studied), trained(studied)
    ran = studied.bench(*INLINE)
    assert ran.code == 0, ran.err
    assert stamps(studied) == before
    assert trained(studied) == log


def test_before_the_study_the_tuned_row_is_missing_and_says_why(tuned) -> None:
    assert "study of toy: model.x: not run yet, 6 trials" in tuned.bench("plan", "suite.yaml").out
    status = tuned.bench("status", "suite.yaml")
    assert "toy · tuned · 0: missing: its study has not been run yet" in status.out
    reported = tuned.bench("report", "suite.yaml", "--format", "md")
    assert reported.code == 0, reported.err
    assert "its study has not been run yet" in (tuned.results / "report" / "leaderboard.md").read_text()


def test_after_the_study_its_result_is_shown_with_and_without_the_data(studied) -> None:
    planned = studied.bench("plan", "suite.yaml")
    assert "study of toy: model.x: 6 of 6 trials; confidence " in planned.out
    assert "6 ok" in studied.bench("status", "suite.yaml").out


def test_more_trials_continue_a_study_and_other_spaces_begin_another(studied) -> None:
    first = trained(studied)
    assert (
        "its study has 6 of 8 trials" in studied.bench("status", "suite.yaml", "--set", "tune.trials=8").out
    )
    assert studied.bench(*INLINE, "--set", "tune.trials=8").code == 0
    assert sum(record(studied)["trials"].values()) == 8
    more = trained(studied)[len(first) :]
    assert 2 <= len(more) <= 2 + 2
    changed = studied.bench(*INLINE, "--set", "tune.space.model.x={low: -2.0, high: 1.0}")
    assert changed.code == 0, changed.err
    assert len(list((studied.results / "studies").glob("*.json"))) == 2


def test_a_study_that_is_killed_goes_on_and_ends_as_if_nothing_had_happened(tuned, studied_once) -> None:
    undisturbed, _ = studied_once
    whole = trained(undisturbed)
    tuned.environment["TOY_PAUSE"] = "0.3"
    process = tuned.start(*INLINE)
    wait_for(lambda: len(trained(tuned)) == 4)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert trained(tuned) == whole[:4]
    del tuned.environment["TOY_PAUSE"]
    assert tuned.bench(*INLINE).code == 0
    # Only the trial in flight was run again, with the values that it had.
    assert trained(tuned) == [*whole[:4], *whole[3:]]
    (file,) = (undisturbed.results / "studies").glob("*.json")
    other = json.loads(file.read_text())
    for name in ("values", "value", "trials", "id"):
        assert record(tuned)[name] == other[name]


def test_an_interrupted_study_stops_cleanly_and_goes_on_later(tuned) -> None:
    tuned.environment["TOY_PAUSE"] = "0.3"
    process = tuned.start(*INLINE)
    wait_for(lambda: len(trained(tuned)) == 3)
    # As Ctrl-C does; that another signal to end does the same is shown for cells.
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=200)
    assert process.returncode == 130, err
    assert "Interrupted. What is finished is kept" in err
    assert "Traceback" not in err
    assert "tuned" in out
    assert "study of toy: model.x: 2 of 6 trials" in tuned.bench("plan", "suite.yaml").out
    del tuned.environment["TOY_PAUSE"]
    assert tuned.bench(*INLINE).code == 0
    assert sum(record(tuned)["trials"].values()) == 6
    tried = trained(tuned)
    assert tried[2] == tried[3]


def test_a_trial_that_fails_is_recorded_with_its_error_and_the_study_goes_on(tuned) -> None:
    tuned.write(SUITE.replace("toy]", "{toy: {trouble: raise, x: -0.5}, label: toy}]"))
    ran = tuned.bench(*INLINE)
    assert ran.code == 0, ran.err
    found = record(tuned)
    assert found["trials"]["failed"] > 0
    assert found["values"]["model.x"] < 0
    assert re.match(r"RuntimeError: model '\w+' \(plugin .*:\d+\): x is 0\.", found["errors"][0])
    (failed, *_) = [trial for trial in opened(tuned).trials if trial.state.name == "FAIL"]
    assert "Traceback" in failed.user_attrs["traceback"]


def test_when_all_trials_fail_the_row_says_so(tuned) -> None:
    tuned.write(SUITE.replace("toy]", "{toy: {trouble: always}, label: toy}]"))
    ran = tuned.bench(*INLINE)
    assert ran.code == 1
    why = "its study found nothing, none of 6 trials was finished: RuntimeError: model 'toy' (plugin benchfile.py"
    assert f"toy · tuned · 0: missing: {why}" in tuned.bench("status", "suite.yaml").out
    assert why in (tuned.results / "report" / "leaderboard.md").read_text()
    # It is not run again, unless that is asked for.
    log = trained(tuned)
    assert tuned.bench(*INLINE).code == 1
    assert trained(tuned) == log
    assert tuned.bench(*INLINE, "--retry-failed").code == 1
    again = trained(tuned)[len(log) :]
    assert sorted(again)[: len(again)] == sorted([*log[:6], *log[6:]])
    assert record(tuned)["trials"] == {"complete": 0, "pruned": 0, "failed": 6}


def test_a_trial_that_takes_too_long_is_a_failed_one(tuned) -> None:
    tuned.write(SUITE.replace("toy]", "{toy: {seconds: 0.2}, label: toy}]").replace("trials: 6", "trials: 1"))
    assert tuned.bench(*INLINE, "--timeout", "0.3").code == 1
    assert record(tuned)["errors"] == ["CellTimeoutError: The cell took longer than the 0.3 s it was given."]


def test_a_study_ends_when_its_time_is_up(tuned) -> None:
    tuned.write(
        SUITE.replace("toy]", "{toy: {seconds: 0.1}, label: toy}]").replace(
            "trials: 6", "trials: 500\n  timeout: 1.5"
        )
    )
    assert tuned.bench(*INLINE).code == 0
    log = trained(tuned)
    assert 2 <= sum(record(tuned)["trials"].values()) < 20
    assert tuned.bench(*INLINE).code == 0
    assert trained(tuned) == log


def test_a_grid_runs_each_combination_once(tuned) -> None:
    tuned.write(
        SUITE.replace(
            "model.x: {low: -1.0, high: 1.0}",
            "model.x: {low: -0.9, high: 0.4, step: 0.65}\n    training.epochs: [3, 2]",
        )
        .replace("majority, ", "")
        .replace("trials: 6", "trials: 50\n  sampler: grid\n  pruner: none")
    )
    assert tuned.bench(*INLINE).code == 0
    found = record(tuned)
    assert found["trials"] == {"complete": 6, "pruned": 0, "failed": 0}
    assert found["values"] == {"model.x": pytest.approx(0.4), "training.epochs": 3}
    assert len({tuple(sorted(trial.params.items())) for trial in opened(tuned).trials}) == 6


def test_values_tried_before_are_not_trained_again(tuned) -> None:
    tuned.write(SUITE.replace("{low: -1.0, high: 1.0}", "[-0.9, 0.2]").replace("majority, ", ""))
    assert tuned.bench(*INLINE).code == 0
    assert sum(record(tuned)["trials"].values()) == 6
    # Two trials, and two seeds of two rows.
    assert len(trained(tuned)) == 2 + 4


def test_a_metric_of_which_less_is_better_is_minimised(tuned) -> None:
    tuned.write(SUITE.replace("trials: 6", "trials: 6\n  metric: doubt"))
    assert tuned.bench(*INLINE).code == 0
    found = record(tuned)
    values = [trial.value for trial in opened(tuned).trials]
    assert len(set(values)) > 1
    assert found["value"] == pytest.approx(min(values))
    assert opened(tuned).direction.name == "MINIMIZE"
    # Pruners see the validation loss, which is the same in all epochs of a toy.
    first = opened(tuned).trials[0]
    assert list(first.intermediate_values.values()) == pytest.approx([1 - 0.1845] * 3, abs=1e-4)


def test_the_rows_own_values_stay_where_nothing_beats_them(tuned) -> None:
    tuned.write(SUITE.replace("toy]", "{toy: {x: 0.4}, label: toy}]").replace("trials: 6", "trials: 3"))
    ran = tuned.bench(*INLINE)
    assert ran.code == 0, ran.err
    found = record(tuned)
    assert found["trial"] == 0
    assert found["values"] == found["own"] == {"model.x": 0.4}
    # Both rows are the same cells, which are run once.
    assert len(trained(tuned)) == 3 + 2
    assert "tuned" in ran.out


def test_other_storages_can_be_named(tuned) -> None:
    tuned.environment["BENCH_STUDIES"] = str(tuned.folder / "studies.db")
    tuned.write(SUITE.replace("trials: 6", "trials: 3\n  storage: sqlite:///${BENCH_STUDIES}"))
    ran = tuned.bench(*INLINE)
    assert ran.code == 0, ran.err
    assert (tuned.folder / "studies.db").is_file()
    assert not (tuned.results / "studies.journal").exists()
    assert sum(record(tuned)["trials"].values()) == 3


def test_a_storage_that_cannot_be_opened_is_said_without_a_traceback_or_password(tuned) -> None:
    tuned.write(SUITE.replace("trials: 6", "trials: 3\n  storage: nosuch://me:secret@host/studies"))
    ran = tuned.bench(*INLINE)
    assert ran.code == 1
    assert "The studies in nosuch://me:***@host/studies cannot be opened" in ran.err
    assert "Traceback" not in ran.err
    assert "secret" not in ran.err


def test_nothing_is_pickled_into_the_storage(studied) -> None:
    lines = (studied.results / "studies.journal").read_text().splitlines()
    assert len(lines) > 20
    assert all(isinstance(json.loads(line), dict) for line in lines)
    # What protocol 2 and later begin with, in hexadecimal as Optuna writes it.
    assert not any('"8004' in line or '"8005' in line for line in lines)


def test_a_journal_cut_off_in_the_middle_of_a_line_is_mended(studied) -> None:
    with (studied.results / "studies.journal").open("a") as file:
        file.write('{"op_code": 4, "work')
    assert studied.bench(*INLINE, "--set", "tune.trials=7").code == 0
    assert sum(record(studied)["trials"].values()) == 7


def test_a_damaged_journal_and_record_are_mended_and_the_study_ends_as_it_did(studied) -> None:
    (file,) = (studied.results / "studies").glob("*.json")
    before = record(studied)
    edited = file.read_text().replace('"failed": 0', '"failed": 1')
    assert edited != file.read_text()
    file.write_text(edited)
    journal = studied.results / "studies.journal"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:-4]) + b"{" + b"".join(lines[-4:]))
    ran = studied.bench(*INLINE)
    assert ran.code == 0, ran.err
    assert "studies.journal was damaged. It is kept as damaged-studies.journal" in ran.err
    after = record(studied)
    for name in ("values", "value", "trials", "status"):
        assert after[name] == before[name], name


def test_trials_run_side_by_side_in_worker_processes_and_are_pruned_there(tuned) -> None:
    tuned.write(SUITE.replace("trials: 6", "trials: 14\n  pruner: {median: {n_startup_trials: 2}}"))
    ran = tuned.bench("run", "suite.yaml", "--jobs", "2")
    assert ran.code == 0, ran.err
    found = record(tuned)
    assert found["trials"]["pruned"] > 0
    assert found["trials"]["complete"] + found["trials"]["pruned"] == 14
    processes = {trial.user_attrs["process"] for trial in opened(tuned).trials}
    assert len(processes) == 1  # who asked
    pruned = next(trial for trial in opened(tuned).trials if trial.state.name == "PRUNED")
    assert len(pruned.intermediate_values) < 3 or pruned.value is not None


def test_a_trial_whose_process_dies_is_a_failed_one(tuned) -> None:
    tuned.write(
        SUITE.replace("toy]", "{toy: {trouble: die, x: -0.5}, label: toy}]").replace("trials: 6", "trials: 4")
    )
    ran = tuned.bench("run", "suite.yaml", "--jobs", "2")
    assert ran.code == 0, ran.err
    found = record(tuned)
    assert found["trials"]["failed"] > 0
    assert any(error.startswith("WorkerDiedError") for error in found["errors"])


def test_features_that_trials_may_ask_for_can_be_prepared(tuned) -> None:
    small = SUITE.replace("tracks_per_class: 6", "tracks_per_class: 3").replace(
        "0.5, 0.17, 0.33", "0.34, 0.33, 0.33"
    )
    tuned.write(small + "    features.n_mels: [12, 16]\n")
    assert tuned.bench("prepare", "suite.yaml", "--cache", "fresh").code == 0
    described = [json.loads(file.read_text()) for file in tuned.folder.glob("fresh/features/*/meta.json")]
    assert sorted(each["parameters"]["n_mels"] for each in described) == [12, 16]


def test_runs_side_by_side_share_the_trials_and_count_those_of_all(tuned) -> None:
    tuned.write(
        SUITE.replace("toy]", "{toy: {seconds: 0.1}, label: toy}]").replace("trials: 6", "trials: 10")
    )
    runs = [tuned.start(*INLINE) for _ in range(2)]
    told = [process.communicate(timeout=300) for process in runs]
    assert [process.returncode for process in runs] == [0, 0], told
    assert sum(record(tuned)["trials"].values()) == 10
    trials = opened(tuned).trials
    assert len(trials) == 10
    assert {trial.state.name for trial in trials} <= {"COMPLETE", "PRUNED"}
    # Each row's seeds are trained once, too.
    assert len(trained(tuned)) == 10 + 4
    assert not (tuned.results / ".claims").exists()


def test_the_trial_of_a_run_that_is_killed_is_taken_up_by_another_one_that_goes_on(tuned) -> None:
    tuned.write(SUITE.replace("trials: 6", "trials: 4"))
    # It is in its first trial until it is killed.
    tuned.environment["TOY_PAUSE"] = "100"
    first = tuned.start(*INLINE)
    wait_for(lambda: len(trained(tuned)) == 1)
    tuned.environment["TOY_PAUSE"] = "0.1"
    second = tuned.start(*INLINE)
    wait_for(lambda: len(trained(tuned)) == 2)
    first.kill()
    first.communicate()
    _, err = second.communicate(timeout=300)
    assert second.returncode == 0, err
    assert sum(record(tuned)["trials"].values()) == 4
    # Four trials, one of them twice, and each row's seeds.
    assert len(trained(tuned)) == 4 + 1 + 4
    assert not (tuned.results / ".claims").exists()
