"""A bit that flips in any kind of file is seen, and what it damaged is made anew with the same values."""

from __future__ import annotations

import random

import pytest
from finished import Finished, make_finished
from flips import fault_after, random_flip

KINDS = (
    "results/trial/nearest-*/cell.json",
    "results/trial/nearest-*/predictions.parquet",
    "results/trial/nearest-*/validation.parquet",
    "results/trial/nearest-*/history.csv",
    "results/trial/nearest-*/metrics.json",
    "results/trial/report/leaderboard.csv",
    "results/trial/report/made-from.json",
    "cache/features/*/data.bin",
    "cache/features/*/index.sqlite",
    "cache/features/*/meta.json",
    "cache/probe/*.jsonl",
    "cache/synthetic/*/manifest.csv",
    "cache/synthetic/*/.files.json",
    "cache/fingerprints/*/prints.sqlite",
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """Return a project whose suite has been run."""
    return make_finished(tmp_path_factory.mktemp("finished"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_flipped_bit_changes_no_value_and_blocks_no_run(project: Finished, kind: str) -> None:
    project.restore()
    expected = project.values()
    file = next(project.folder.glob(kind))
    chosen = random_flip(file, random.Random(kind))
    assert fault_after(project, chosen, expected) == "", str(chosen)


def test_every_kind_of_file_is_among_those_above_or_a_report(project: Finished) -> None:
    project.restore()
    known = {file for kind in KINDS for file in project.folder.glob(kind.replace("nearest-*", "*-*-*"))}
    report, music = project.results / "report", project.folder / "cache" / "synthetic"
    others = [f for f in project.files() if f not in known and not f.is_relative_to(report)]
    assert [file for file in others if not (file.suffix == ".wav" and file.is_relative_to(music))] == []
