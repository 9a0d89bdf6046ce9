"""Runs as users see them: in other processes, with real faults."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import time
from pathlib import Path

import pandas as pd
import pytest
from projects import SUITE

# What a machine took for it, which is another each time.
MEASURED = ("training_seconds", "items_per_second", "peak_memory_mb", "energy_wh")


def with_model(model: str) -> str:
    return SUITE.replace("nearest]", f"{model}]")


def statuses(project) -> dict[str, str]:
    records = [json.loads(file.read_text()) for file in project.results.glob("[!.]*/cell.json")]
    return {" ".join(record["labels"].values()): record["status"] for record in records}


def stamps(project) -> dict[str, int]:
    return {file.parent.name: file.stat().st_mtime_ns for file in project.results.glob("[!.]*/cell.json")}


def test_a_suite_runs_reports_tells_a_tracker_and_is_done(project) -> None:
    log = project.folder / "log"
    project.environment["TRACKER_LOG"] = str(log)
    project.sections = ()
    loaded = project.folder / "loaded"
    with (project.folder / "benchfile.py").open("a") as file:
        file.write(f"\nopen({str(loaded)!r}, 'a').write('once ')\n")
    ran = project.bench("run", "suite.yaml", "--executor", "inline")
    assert ran.code == 0, ran.err
    assert loaded.read_text() == "once "
    assert statuses(project) == dict.fromkeys(("majority 0", "majority 1", "nearest 0", "nearest 1"), "ok")
    assert "[4/4] nearest · 1: ok" in ran.err
    assert "Leaderboard of trial" in ran.out
    assert str(Path("results/trial/report/report.md")) in ran.out
    assert (project.results / "report" / "leaderboard.csv").is_file()
    metrics = json.loads(next(project.results.glob("nearest-0-*/metrics.json")).read_text())
    assert metrics["test"]["top1"] > 0.5
    record = json.loads(next(project.results.glob("nearest-0-*/cell.json")).read_text())
    assert {label: content["name"] for label, content in record["metrics"].items()} == {
        name: name for name in ("top1", "top2", "macro-f1")
    }
    assert [line.split()[1] for line in log.read_text().splitlines()] == ["ok"] * 4


def test_running_again_repeats_nothing_and_changes_no_report(finished) -> None:
    finished.sections = ()
    before, report = stamps(finished), (finished.results / "report" / "report.md").stat().st_mtime_ns
    ran = finished.bench("run", "suite.yaml", "--executor", "inline")
    assert ran.code == 0
    assert "Leaderboard of trial" in ran.out
    assert stamps(finished) == before
    assert (finished.results / "report" / "report.md").stat().st_mtime_ns == report


@pytest.mark.slow
def test_a_run_can_leave_formats_of_its_report_out(finished) -> None:
    report = finished.results / "report"
    finished.sections = ("leaderboard", "confusion")

    def kinds(*options: str) -> set[str]:
        shutil.rmtree(report)
        assert finished.bench("run", "suite.yaml", "--executor", "inline", *options).code == 0
        return {file.suffix for file in report.rglob("*.*")} - {".json"}

    assert kinds("--format", "csv,md") == {".csv", ".md"}
    finished.environment["BENCH_FORMAT"] = "html"
    assert kinds() == {".html"}
    finished.environment["BENCH_FORMAT"] = ""
    assert kinds() == {".csv", ".md", ".html", ".tex", ".png", ".pdf"}
    wrong = finished.bench("run", "suite.yaml", "--format", "htm")
    assert (wrong.code, "There is no format 'htm'. Did you mean 'html'?" in wrong.err) == (2, True)


def test_a_cell_that_raises_is_recorded_and_the_others_go_on(project) -> None:
    project.write(with_model("{nearest: {trouble: raise, seed: 1}}"))
    ran = project.bench("run", "suite.yaml", "--executor", "inline")
    assert ran.code == 1
    assert statuses(project) == {
        "majority 0": "ok",
        "majority 1": "ok",
        "nearest 0": "ok",
        "nearest 1": "failed",
    }
    assert "RuntimeError: model 'nearest' (plugin benchfile.py, " in ran.err
    assert re.search(r"benchfile\.py:\d+\): this cell was told to fail", ran.err)
    assert "1/2 (1 failed)" in ran.out
    assert "1 of 4 cells are not ok" in ran.err
    listed = project.bench("status", "suite.yaml", "--failed", "--errors")
    assert "Traceback" in listed.out
    assert "3 ok" in listed.out


@pytest.mark.slow
def test_a_failed_cell_is_run_again_only_when_asked(project) -> None:
    project.environment["TROUBLE_FILE"] = str(project.folder / "happened")
    project.write(with_model("{nearest: {trouble: once, seed: 0}}"))
    assert project.bench("run", "suite.yaml", "--executor", "inline").code == 1
    before = stamps(project)
    assert project.bench("run", "suite.yaml", "--executor", "inline").code == 1
    assert stamps(project) == before
    assert project.bench("run", "suite.yaml", "--executor", "inline", "--retry-failed").code == 0
    changed = [name for name, stamp in stamps(project).items() if before[name] != stamp]
    assert [name.rpartition("-")[0] for name in changed] == ["nearest-0"]


@pytest.mark.slow
def test_a_cell_that_takes_too_long_is_recorded_as_timed_out(project) -> None:
    project.write(with_model("{nearest: {seconds: 1.2, seed: 0}}").replace("[majority, ", "["))
    ran = project.bench("run", "suite.yaml", "--executor", "inline", "--timeout", "1")
    assert ran.code == 1
    assert statuses(project)["nearest 0"] == "timed out"
    assert statuses(project)["nearest 1"] == "ok"


def test_new_seeds_run_alone(finished) -> None:
    before = stamps(finished)
    assert (
        finished.bench("run", "suite.yaml", "--executor", "inline", "--set", "matrix.seed=[0, 1, 2]").code
        == 0
    )
    after = stamps(finished)
    assert {name: after[name] for name in before} == before
    assert len(after) == 6


@pytest.mark.slow
def test_a_damaged_result_is_kept_aside_and_run_again(finished) -> None:
    next(finished.results.glob("majority-0-*/predictions.parquet")).unlink()
    ran = finished.bench("run", "suite.yaml", "--executor", "inline")
    assert ran.code == 0
    assert "was damaged (predictions.parquet is missing), is kept aside and run again" in ran.err
    assert len(list(finished.results.glob("damaged-*"))) == 1


def test_what_killed_writers_left_is_removed_also_when_nothing_is_missing(finished) -> None:
    folder = next(finished.results.glob("majority-0-*"))
    (finished.results / ".tmp-0123456789ab-cnn-0").mkdir()
    (finished.results / ".tmp-0123456789ab-file").write_text("")
    before = stamps(finished)
    folder.rename(folder.with_name(f".tmp-old-123-{folder.name}"))
    assert finished.bench("run", "suite.yaml", "--executor", "inline").code == 0
    assert not [*finished.results.glob(".tmp-*")]
    assert stamps(finished) == before


@pytest.mark.slow
def test_a_flipped_bit_in_predictions_is_found_by_status_and_the_cell_run_again(finished) -> None:
    (file,) = finished.results.glob("nearest-0-*/predictions.parquet")
    before = file.read_bytes()
    flipped = bytearray(before)
    flipped[len(before) // 3] ^= 16
    file.write_bytes(flipped)
    listed = finished.bench("status", "suite.yaml")
    assert "damaged: predictions.parquet is not what was filed: it has been edited, or damaged" in listed.out
    ran = finished.bench("run", "suite.yaml", "--executor", "inline")
    assert ran.code == 0
    assert "is kept aside and run again" in ran.err
    assert file.read_bytes() == before


@pytest.mark.slow
def test_the_same_cell_in_two_processes_gives_the_same_files(finished) -> None:
    assert finished.bench("run", "suite.yaml", "--executor", "inline", "--results", "again").code == 0
    for name in ("predictions.parquet", "metrics.json"):
        for file in finished.results.glob(f"*/{name}"):
            other = finished.folder / "again" / "trial" / file.parent.name / name
            assert other.read_bytes() == file.read_bytes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("nearest]", "nearst]"), "suite.yaml:9: There is no model 'nearst'. Did you mean 'nearest'?"),
        (("tracks_per_class: 6", "tracks_per_class: 2"), "has too few tracks for the split"),
        (("{synthetic: {tracks_per_class: 6, seconds: 1, difficulty: 0}}", "gtzan"), "--data gtzan=DIR"),
    ],
)
def test_what_cannot_be_run_is_said_without_a_traceback(project, change, message: str) -> None:
    project.write(SUITE.replace(*change))
    ran = project.bench("run", "suite.yaml", "--executor", "inline")
    assert ran.code == 2
    assert message in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.slow
def test_a_second_run_shares_the_cells_and_waits_for_those_of_the_first(project) -> None:
    project.environment |= {"TRACKER_LOG": str(project.folder / "log"), "BENCH_LEASE": "600"}
    project.write(with_model("{nearest: {seconds: 3, seed: 0}}"))
    first = project.start("run", "suite.yaml", "--executor", "inline")
    wait_for(lambda: len(stamps(project)) == 2 and project.rests(0))
    first.send_signal(signal.SIGSTOP)
    second = project.start("run", "suite.yaml", "--executor", "inline")
    assert second.stderr is not None
    said = ""
    while "Waiting for" not in said and second.poll() is None:
        said += second.stderr.readline()
    assert f"Waiting for 1 cell that others run: process {first.pid} on" in said
    assert len(stamps(project)) == 3
    first.send_signal(signal.SIGCONT)
    _, err = first.communicate(timeout=200)
    _, more = second.communicate(timeout=200)
    assert (first.returncode, second.returncode) == (0, 0), err + said + more
    assert "nearest · 0: ok" in more
    assert len((project.folder / "log").read_text().splitlines()) == 4
    assert not (project.results / ".claims").exists()


@pytest.mark.slow
def test_four_runs_of_which_some_are_killed_do_each_cell_once(project) -> None:
    log = project.folder / "log"
    project.environment["TRACKER_LOG"] = str(log)
    project.write(SUITE.replace("nearest]", "{nearest: {seconds: 0.5}}]").replace("[0, 1]", str([*range(8)])))
    runs = [project.start("run", "suite.yaml", "--executor", "inline") for _ in range(4)]
    wait_for(lambda: len(stamps(project)) >= 3)
    for killed in runs[:2]:
        killed.kill()
    before = stamps(project)
    for process in runs:
        process.communicate(timeout=300)
    assert [process.returncode for process in runs[2:]] == [0, 0]
    after = stamps(project)
    assert len(after) == 16
    assert {name: after[name] for name in before} == before
    assert set(statuses(project).values()) == {"ok"}
    told = [line.split()[0] for line in log.read_text().splitlines()]
    assert len(told) == len(set(told))
    assert not (project.results / ".claims").exists()
    assert project.bench("run", "suite.yaml", "--executor", "inline", "--results", "alone").code == 0
    several, one = (
        pd.read_csv(results / "report" / "leaderboard.csv").drop(columns=list(MEASURED))
        for results in (project.results, project.folder / "alone" / "trial")
    )
    pd.testing.assert_frame_equal(several, one)


@pytest.mark.slow
def test_a_run_that_was_stopped_for_longer_than_its_lease_does_not_file_what_others_took_over(
    project,
) -> None:
    project.environment |= {"TRACKER_LOG": str(project.folder / "log"), "BENCH_LEASE": "2"}
    project.write(with_model("{nearest: {seconds: 2, seed: 0}}").replace("[majority, ", "["))
    first = project.start("run", "suite.yaml", "--executor", "inline")
    wait_for(lambda: [*project.results.glob(".claims/*/owner-*")])
    first.send_signal(signal.SIGSTOP)
    second = project.bench("run", "suite.yaml", "--executor", "inline")
    assert second.code == 0, second.err
    before = stamps(project)
    first.send_signal(signal.SIGCONT)
    _, err = first.communicate(timeout=200)
    assert first.returncode == 0, err
    assert "is not filed: this process was stopped for so long" in err
    assert stamps(project) == before
    assert len((project.folder / "log").read_text().splitlines()) == 2
    assert not (project.results / ".claims").exists()


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_was(project) -> None:
    project.write(with_model("{nearest: {seconds: 1.5, seed: 1}}"))
    process = project.start("run", "suite.yaml", "--executor", "inline")
    wait_for(lambda: len(stamps(project)) >= 3)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    before = stamps(project)
    assert project.bench("run", "suite.yaml", "--executor", "inline").code == 0
    after = stamps(project)
    assert {name: after[name] for name in before} == before
    assert len(after) == 4


@pytest.mark.slow
def test_what_a_model_imports_is_imported_before_its_training_begins(project) -> None:
    log = project.folder / "log"
    (project.folder / "slow_library.py").write_text(f"open({str(log)!r}, 'a').write('import ')\n")
    project.environment["PYTHONPATH"] = str(project.folder)
    code = (project.folder / "benchfile.py").read_text()
    code = code.replace('name = "nearest"', 'name = "nearest"\n    libraries = ("slow_library",)')
    fit = f"open({str(log)!r}, 'a').write('fit ')\n        import slow_library\n        trouble = self"
    (project.folder / "benchfile.py").write_text(code.replace("trouble = self", fit))
    assert project.bench("run", "suite.yaml", "--executor", "inline").code == 0
    assert log.read_text().split() == ["import", "fit", "fit"]


@pytest.mark.slow
def test_ctrl_c_after_the_first_cell_leaves_a_report_and_exits_with_130(project) -> None:
    project.write(with_model("{nearest: {seconds: 20, seed: 1}}").replace("[majority, ", "["))
    process = project.start("run", "suite.yaml", "--executor", "inline")
    wait_for(lambda: project.rests(1))
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=200)
    assert process.returncode == 130, err
    assert "1/2 (1 interrupted)" in out
    assert "Traceback" not in err
    assert (project.results / "report" / "report.html").is_file()


@pytest.mark.slow
def test_a_run_whose_time_is_up_gives_its_cells_back_and_ends_with_75(project) -> None:
    project.write(with_model("{nearest: {seconds: 30, seed: 1}}").replace("[majority, ", "["))
    process = project.start("run", "suite.yaml", "--executor", "inline")
    wait_for(lambda: project.rests(1))
    process.send_signal(signal.SIGUSR1)
    _, err = process.communicate(timeout=200)
    assert process.returncode == 75, err
    assert statuses(project)["nearest 1"] == "interrupted"
    assert not (project.results / ".claims").exists()


@pytest.mark.slow
def test_a_run_that_is_not_to_wait_leaves_to_others_what_they_run(project) -> None:
    project.write(with_model("{nearest: {seconds: 30, seed: 0}}").replace("[majority, ", "["))
    project.environment["BENCH_LEASE"] = "600"
    first = project.start("run", "suite.yaml", "--executor", "inline")
    wait_for(lambda: [*project.results.glob(".claims/*/owner-*")])
    first.send_signal(signal.SIGSTOP)
    listed = project.bench("status", "suite.yaml")
    second = project.bench("run", "suite.yaml", "--executor", "inline", "--no-wait")
    first.kill()
    first.communicate()
    assert f"process {first.pid} on" in listed.out
    assert "1 running" in listed.out
    assert second.code == 0, second.err
    assert "1 cell is being run by others" in second.err
    assert statuses(project) == {"nearest 1": "ok"}


def wait_for(condition, seconds: float = 90) -> None:
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, "it did not happen in time"
        time.sleep(0.05)


@pytest.mark.slow
def test_worker_processes_give_the_same_results_as_running_inline(project) -> None:
    ran = project.bench("run", "suite.yaml", "--jobs", "2")
    assert ran.code == 0, ran.err
    assert project.bench("run", "suite.yaml", "--executor", "inline", "--results", "again").code == 0
    for file in project.results.glob("*/metrics.json"):
        other = project.folder / "again" / "trial" / file.parent.name / "metrics.json"
        assert other.read_bytes() == file.read_bytes()


@pytest.mark.slow
def test_a_cell_whose_worker_dies_is_recorded_and_the_others_go_on(project) -> None:
    project.write(with_model("{nearest: {trouble: die, seed: 0}}"))
    ran = project.bench("run", "suite.yaml", "--jobs", "2")
    assert ran.code == 1
    assert statuses(project) == {
        "majority 0": "ok",
        "majority 1": "ok",
        "nearest 0": "failed",
        "nearest 1": "ok",
    }
    assert "WorkerDiedError: The worker process died" in ran.err


@pytest.mark.slow
@pytest.mark.parametrize(("executor", "number"), [("inline", signal.SIGINT), ("local", signal.SIGTERM)])
def test_an_interrupted_run_stops_cleanly_and_goes_on_later(project, executor: str, number: int) -> None:
    project.write(with_model("{nearest: {seconds: 3, seed: 1}}"))
    process = project.start("run", "suite.yaml", "--executor", executor, "--jobs", "2")
    wait_for(lambda: sum(status == "ok" for status in statuses(project).values()) == 3 and project.rests(1))
    process.send_signal(number)
    out, err = process.communicate(timeout=200)
    assert process.returncode == 130, err
    assert "Interrupted. What is finished is kept" in err
    assert "Traceback" not in err
    assert statuses(project)["nearest 1"] == "interrupted"
    assert "1/2 (1 interrupted)" in out
    before = stamps(project)
    assert project.bench("run", "suite.yaml", "--executor", "inline").code == 0
    assert sum(before[name] != stamp for name, stamp in stamps(project).items()) == 1
