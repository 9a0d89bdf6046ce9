"""Whoever is killed in the middle of a training goes on from its last checkpoint: as users see it, in other processes."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from pathlib import Path

import psutil
import pytest
from long_training import COMPONENTS, suite
from projects import NETWORKS, Project

BENCHFILE = (
    COMPONENTS
    + """
@hookimpl
def bench_models():
    return [Phases]

@hookimpl
def bench_epoch_finished(suite, cell, stage, epoch, epochs, logs):
    with open(os.environ["TOLD"], "a") as file:
        file.write(f"{stage} {epoch}\\n")
"""
)
SUITE = suite("trial", epochs=6, patience=3, seeds=1)


def trained_twice_in(project: Project) -> tuple[Project, Path]:
    """Return a project made to be of one two-stage network, and where its epochs are told."""
    project.libraries = NETWORKS
    (project.folder / "benchfile.py").write_text(BENCHFILE)
    project.write(SUITE)
    told = project.folder / "told"
    project.environment |= {"TOLD": str(told)}
    return project, told


@pytest.fixture
def trained_twice(project: Project) -> tuple[Project, Path]:
    return trained_twice_in(project)


@pytest.fixture(scope="module")
def killed_once(module_project: Project) -> Path:
    """Return the results of a run in which such a network was killed in its first stage. Nothing is changed there."""
    project, told = trained_twice_in(module_project)
    run = start(project, "killed", *INLINE)
    wait_for_epochs(run, told, 3)
    run.kill()
    run.communicate(timeout=60)
    return project.folder / "killed"


# With as many threads as in a worker, so that what either leaves is the other's to go on from.
INLINE = ("--executor", "inline", "--jobs", "1")
IN_A_WORKER = ("--jobs", "1")


def start(project, results: str, *options: str) -> subprocess.Popen[str]:
    every = ("--checkpoint-every", "0", "--retry-failed")
    return project.start("run", "suite.yaml", "--results", results, *every, *options)


def epochs_told(told: Path) -> list[str]:
    return told.read_text().splitlines() if told.exists() else []


def wait_for_epochs(run: subprocess.Popen[str], told: Path, count: int) -> None:
    """Wait until a run has told of so many epochs."""
    until = time.monotonic() + 240
    while len(epochs_told(told)) < count and time.monotonic() < until:
        if run.poll() is not None:
            raise AssertionError(run.communicate()[1])
        time.sleep(0.02)
    assert len(epochs_told(told)) >= count


def outcome(results: Path) -> tuple[str, bytes, str]:
    (folder,) = (file.parent for file in results.glob("trial/[!.]*/cell.json"))
    names = ("history.csv", "metrics.json")
    history, metrics = ((folder / name).read_text() for name in names)
    return history, (folder / "predictions.parquet").read_bytes(), metrics


def checkpoints(results: Path) -> list[Path]:
    """Return the whole ones; a kill may have left a part of another."""
    return list(results.glob("trial/.checkpoints/[!.]*.npz"))


def record_of(results: Path) -> dict:
    (file,) = results.glob("trial/[!.]*/cell.json")
    return json.loads(file.read_text())


@pytest.fixture(scope="module")
def from_its_beginning(module_project: Project, killed_once: Path) -> tuple[Path, int]:
    """Return the results of the same run whose only checkpoint was damaged, and how many epochs were told."""
    results, told = killed_once.with_name("damaged"), module_project.folder / "told"
    shutil.copytree(killed_once, results)
    (file,) = checkpoints(results)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    told.unlink()
    run = start(module_project, results.name, *INLINE)
    assert run.wait(timeout=900) == 0, run.communicate()[1]
    return results, len(epochs_told(told))


@pytest.mark.slow
def test_a_damaged_checkpoint_is_dropped_and_the_cell_is_trained_from_its_beginning(
    from_its_beginning: tuple[Path, int],
) -> None:
    record = record_of(from_its_beginning[0])
    assert record["status"] == "ok"
    assert "resumed_after" not in record["provenance"]


@pytest.mark.slow
def test_a_cell_that_is_killed_again_and_again_comes_to_what_it_comes_to_from_its_beginning(
    trained_twice: tuple[Project, Path], killed_once: Path, from_its_beginning: tuple[Path, int]
) -> None:
    project, told = trained_twice
    whole, epochs = from_its_beginning
    assert "resumed_after" not in record_of(whole)["provenance"]

    # In the first stage the run was killed, in the second its worker is. What else can be sent is left to benchmarks.
    results = project.folder / "killed"
    shutil.copytree(killed_once, results)
    assert len(checkpoints(results)) == 1
    assert list(results.glob("trial/[!.]*/cell.json")) == []
    run = start(project, "killed", *IN_A_WORKER)
    wait_for_epochs(run, told, 8)
    # Where it was forked, another one stands by, which is older.
    max(psutil.Process(run.pid).children(), key=lambda child: child.create_time()).kill()
    run.communicate(timeout=300)
    assert len(checkpoints(results)) == 1
    assert record_of(results)["status"] == "failed"
    told.unlink()
    run = start(project, "killed", *INLINE)
    assert run.wait(timeout=900) == 0, run.communicate()[1]

    assert outcome(results) == outcome(whole)
    # Those of earlier parts are told again, so that whoever follows has all.
    assert len(epochs_told(told)) == epochs
    record = record_of(results)
    assert len(record["provenance"]["resumed_after"]) == 2
    assert record["seconds"]["training"] > sum(
        part["seconds"] for part in record["provenance"]["resumed_after"]
    )
    assert checkpoints(results) == []


def test_an_interval_that_is_none_is_refused(project) -> None:
    for said in ("often", "-1", "nan"):
        ran = project.bench("run", "suite.yaml", "--checkpoint-every", said)
        assert ran.code == 2
        assert "neither a number of seconds" in ran.err
