from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmark import checkpoints
from benchmark.checkpoints import CheckpointPlace, Checkpoints, checkpoint_file, tidy_checkpoints

ARRAYS = {"weight": np.arange(6, dtype=np.float32).reshape(2, 3), "step": np.array(7, np.int64)}
FACTS = {"epochs": [1, 2], "best": 0.1 + 0.2, "worst": float("inf")}
IDENTITY = {"id": "0123456789ab", "versions": {"keras": "3.15.0"}}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return checkpoint_file(tmp_path / "suite", IDENTITY["id"])


def of(file: Path, every: float | None = 0.0, **identity: object) -> Checkpoints:
    return Checkpoints(CheckpointPlace(file, IDENTITY | identity, {"cpu": "a cpu"}, every))


def test_what_a_training_left_is_found_by_the_next_one_of_the_same(file: Path) -> None:
    of(file).save(ARRAYS, FACTS)
    taken_up = of(file)
    left = taken_up.load()
    assert left is not None
    assert left.facts == FACTS
    assert {name: (array.dtype, array.tolist()) for name, array in left.arrays.items()} == {
        name: (array.dtype, array.tolist()) for name, array in ARRAYS.items()
    }
    assert [part["cpu"] for part in taken_up.earlier] == ["a cpu"]


def test_the_seconds_of_all_parts_add_up(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(checkpoints.time, "monotonic", lambda: now)
    for number, seconds in enumerate((10.0, 20.0, 40.0)):
        part = of(file)
        assert (part.load() is None) == (number == 0)
        now += seconds
        part.save(ARRAYS, FACTS)
    last = of(file)
    last.load()
    assert [part["seconds"] for part in last.earlier] == [10, 20, 40]
    assert last.seconds_before == 70


@pytest.mark.parametrize("other", [{"id": "ba9876543210"}, {"versions": {"keras": "3.16.0"}}, {"threads": 2}])
def test_a_checkpoint_of_anything_else_is_removed_and_not_used(file: Path, other: dict[str, object]) -> None:
    of(file).save(ARRAYS, FACTS)
    stranger = of(file, **other)
    assert stranger.load() is None
    assert stranger.earlier == []
    assert not file.exists()


def test_a_checkpoint_with_any_bit_flipped_is_removed_and_not_used(file: Path) -> None:
    of(file).save(ARRAYS, FACTS)
    content = file.read_bytes()
    for position in range(0, len(content), 7):
        flipped = bytearray(content)
        flipped[position] ^= 1 << position % 8
        file.write_bytes(flipped)
        assert of(file).load() is None, position
        assert not file.exists(), position


@pytest.mark.parametrize("length", [0, 10, 72, 200, -1])
def test_a_checkpoint_that_was_cut_off_is_removed_and_not_used(file: Path, length: int) -> None:
    of(file).save(ARRAYS, FACTS)
    file.write_bytes(file.read_bytes()[:length])
    assert of(file).load() is None
    assert not file.exists()


def test_objects_are_never_unpickled(file: Path, tmp_path: Path) -> None:
    of(file).save({"weight": np.array([{"a": 1}], object)}, FACTS)
    assert not file.exists()


def test_a_disk_that_cannot_be_written_costs_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "suite").write_text("no folder")
    file = checkpoint_file(tmp_path / "suite", "0123456789ab")
    of(file).save(ARRAYS, FACTS)
    assert of(file).load() is None


def test_checkpoints_cost_two_percent_of_training_at_most(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, cost, size = 0.0, 3.0, 200_000_000
    monkeypatch.setattr(checkpoints, "awake_seconds", lambda: now)
    monkeypatch.setattr(checkpoints, "make_folder", lambda folder: take(cost))

    def take(seconds: float) -> None:
        nonlocal now
        now += seconds

    training = of(file, None)
    left: list[float] = []
    while now < 3600:
        take(5.0)
        if training.is_due(size):
            left.append(now)
            training.save(ARRAYS, FACTS)
        assert len(left) * cost <= 0.02 * now
    assert len(left) >= 0.02 * 3600 / cost - 2
    # Small ones come once a minute.
    assert not of(file, None).is_due(100)
    early = of(file, None)
    take(60.0)
    assert early.is_due(100)


@pytest.mark.parametrize(("every", "due"), [(0.0, [True, True]), (8.0, [False, True])])
def test_who_names_an_interval_gets_it(
    file: Path, monkeypatch: pytest.MonkeyPatch, every: float, due: list[bool]
) -> None:
    times = iter((0.0, 4.0, 8.0))
    monkeypatch.setattr(checkpoints, "awake_seconds", lambda: next(times))
    training = of(file, every)
    assert [training.is_due(10**12), training.is_due(10**12)] == due


def test_checkpoints_of_what_is_finished_are_removed_and_others_kept(tmp_path: Path) -> None:
    files = [checkpoint_file(tmp_path, f"{number:012d}") for number in range(2)]
    for file in files:
        of(file).save(ARRAYS, FACTS)
    half = files[0].with_name(f".tmp-0123-{files[0].name}")
    half.write_bytes(b"of a killed writer")
    tidy_checkpoints(tmp_path, [files[0].stem])
    assert list(files[0].parent.iterdir()) == [files[1]]
    tidy_checkpoints(tmp_path, [files[1].stem])
    assert not files[0].parent.exists()
