from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from fabricate import without_digests

from benchmark.digests import sealed
from benchmark.exceptions import LostClaimError, NewerRecordError, ResultsError
from benchmark.record import CellError, CellRecord
from benchmark.results.folder import read_history, read_metrics
from benchmark.results.intact import Damaged, damaged_model
from benchmark.results.parquet import read_predictions
from benchmark.results.store import ResultsStore
from benchmark.suite.cell import identity
from benchmark.versions import NEWEST


def record(seed: int = 0, status: str = "ok", **labels: str) -> CellRecord:
    spec = {"seed": seed, "model": {"name": "cnn"}}
    return CellRecord(
        identity(spec),
        "trial",
        labels or {"model": "cnn", "seed": str(seed)},
        spec,
        status,
        classes=["a", "b"],
    )  # type: ignore[arg-type]


def predictions() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "set": "own:test",
            "track": ["t0", "t1"],
            "group": [None, "g"],
            "label": ["a", "b"],
            "p:a": [0.5, 0.25],
            "p:b": [0.5, 0.75],
        }
    )


def write(store: ResultsStore, made: CellRecord) -> Path:
    ok = made.status == "ok"
    history = [
        {"stage": "train", "epoch": 1, "loss": 0.5},
        {"stage": "train", "epoch": 2, "loss": 0.25, "val_loss": 1.0},
    ]
    return store.write(
        made,
        predictions=predictions() if ok else None,
        history=history if ok else [],
        metrics={"own:test": {"top1": 0.5}} if ok else None,
    )


def test_a_result_is_read_as_it_was_written(tmp_path: Path) -> None:
    store = ResultsStore(tmp_path, "trial")
    made = record()
    folder = write(store, made)
    assert folder.name == f"cnn-0-{made.id}"
    found = store.read(made.id)
    assert isinstance(found, CellRecord)
    assert sorted(found.files) == ["history.csv", "metrics.json", "predictions.parquet"]
    assert replace(found, files={}) == made
    assert store.statuses() == {made.id: "ok"}
    pd.testing.assert_frame_equal(read_predictions(folder), predictions(), check_dtype=False)
    assert read_metrics(folder) == {"own:test": {"top1": 0.5}}
    assert [epoch["val_loss"] for epoch in read_history(folder)] == ["", "1.0"]


def test_a_failure_is_a_result_too(tmp_path: Path) -> None:
    store = ResultsStore(tmp_path, "trial")
    made = CellRecord(
        record().id, "trial", {"model": "x"}, record().spec, "failed", CellError("ValueError", "bad", "trace")
    )
    write(store, made)
    assert store.read(made.id) == made


def test_labels_become_safe_folder_names(tmp_path: Path) -> None:
    store = ResultsStore(tmp_path, "trial")
    for seed, label in enumerate(
        ["../../etc/passwd", "Blašković · ümlaut", "x" * 300, "", "日本", ".hidden", "a/b\\c\0d"]
    ):
        folder = write(store, record(seed, model=label))
        assert folder.parent == tmp_path / "trial"
        assert len(folder.name) < 100
        assert folder.name.isascii()
        assert not folder.name.startswith(".")
    assert len(store.statuses()) == 7


def test_a_new_result_replaces_the_old_one_under_another_label(tmp_path: Path) -> None:
    store = ResultsStore(tmp_path, "trial")
    write(store, record(model="old name"))
    write(store, record(status="failed", model="new name"))
    (folder,) = store.scan().values()
    assert folder.name.startswith("new-name-")
    assert store.statuses() == {record().id: "failed"}


def damage(folder: Path, kind: str) -> None:
    cell = folder / "cell.json"
    content = json.loads(cell.read_text())
    if kind == "record missing":
        cell.unlink()
    elif kind == "record truncated":
        cell.write_text(cell.read_text()[:50])
    elif kind == "record of another kind":
        cell.write_text("[1, 2]")
    elif kind == "record without status":
        del content["status"]
        cell.write_text(json.dumps(content))
    elif kind == "status edited":
        cell.write_text(json.dumps({**content, "status": "okay"}))
    elif kind == "labels edited":
        cell.write_text(json.dumps({**content, "labels": {"model": 3}}))
    elif kind == "durations edited":
        cell.write_text(json.dumps({**content, "seconds": {"training": "long"}}))
    elif kind == "record nested without end":
        cell.write_text("[" * 100_000)
    elif kind == "specification edited":
        content["spec"]["seed"] = 99
        cell.write_text(json.dumps(content))
    elif kind == "predictions missing":
        (folder / "predictions.parquet").unlink()
    elif kind == "predictions truncated":
        file = folder / "predictions.parquet"
        file.write_bytes(file.read_bytes()[:-20])
    elif kind == "predictions empty":
        (folder / "predictions.parquet").write_bytes(b"")


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("record missing", "cell.json is missing"),
        ("record truncated", "is not a record"),
        ("record of another kind", "is not a record"),
        ("record without status", "is not a record of a cell ('status' is missing)"),
        ("record nested without end", "is not a record"),
        (
            "status edited",
            "'status': input should be 'ok', 'failed', 'timed out' or 'interrupted', found 'okay'.",
        ),
        ("labels edited", "'labels.model': input should be a valid string, found 3."),
        ("durations edited", "'seconds.training': input should be a valid number"),
        ("specification edited", "does not give the id"),
        ("predictions missing", "predictions.parquet is missing"),
        ("predictions truncated", "truncated"),
        ("predictions empty", "empty"),
    ],
)
def test_a_damaged_folder_is_named_with_the_reason_and_kept_aside(
    tmp_path: Path, kind: str, reason: str
) -> None:
    store = ResultsStore(tmp_path, "trial")
    made = record()
    folder = write(store, made)
    without_digests(folder)
    damage(folder, kind)
    found = store.read(made.id)
    assert isinstance(found, Damaged)
    assert reason in found.reason
    assert store.statuses() == {made.id: "damaged"}
    store.set_aside(made.id)
    write(store, made)
    assert store.statuses() == {made.id: "ok"}
    assert len(list((tmp_path / "trial").glob("damaged-*"))) == 1


EDITED = "is not what was filed: it has been edited, or damaged on the disk"


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("record missing", "cell.json is missing"),
        ("record truncated", "is not a record"),
        ("status edited", f"cell.json {EDITED}"),
        ("durations edited", f"cell.json {EDITED}"),
        ("specification edited", f"cell.json {EDITED}"),
        ("predictions missing", "predictions.parquet is missing"),
        ("predictions truncated", f"predictions.parquet {EDITED}"),
        ("predictions empty", f"predictions.parquet {EDITED}"),
    ],
)
def test_what_is_not_as_it_was_filed_is_damaged(tmp_path: Path, kind: str, reason: str) -> None:
    store = ResultsStore(tmp_path, "trial")
    folder = write(store, record())
    damage(folder, kind)
    found = store.read(record().id)
    assert isinstance(found, Damaged)
    assert reason in found.reason


def test_a_flipped_bit_of_any_byte_of_a_record_is_seen_or_changes_nothing(tmp_path: Path) -> None:
    store = ResultsStore(tmp_path, "trial")
    file = write(store, record()) / "cell.json"
    content = file.read_bytes()
    before = store.read(record().id)
    for position in range(len(content)):
        flipped = bytearray(content)
        flipped[position] ^= 1 << position % 8
        file.write_bytes(flipped)
        now = store.read(record().id)
        assert isinstance(now, Damaged) or now == before, position


def test_files_that_were_added_to_a_result_are_seen(tmp_path: Path) -> None:
    store = ResultsStore(tmp_path, "trial")
    made = record()
    folder = store.write(made, predictions=predictions(), history=[], metrics=None)
    (folder / "history.csv").write_text("epoch,accuracy\n1,0.99\n")
    found = store.read(made.id)
    assert isinstance(found, Damaged)
    assert found.reason == "history.csv was put there later"


def test_files_of_a_kept_model_are_checked_when_it_is_used(tmp_path: Path) -> None:
    def keep(folder: Path) -> None:
        (folder / "model").mkdir()
        (folder / "model" / "weights").write_bytes(b"weights")

    store = ResultsStore(tmp_path, "trial")
    folder = store.write(record(), predictions=predictions(), history=[], metrics=None, extra=keep)
    found = store.read(record().id)
    assert isinstance(found, CellRecord)
    assert damaged_model(folder, found) == ""
    (folder / "model" / "weights").write_bytes(b"Weights")
    assert damaged_model(folder, found) == f"model/weights {EDITED}"
    (folder / "model" / "weights").unlink()
    assert damaged_model(folder, found) == "model/weights is missing"


def test_a_record_of_the_first_version_is_read_as_it_is(tmp_path: Path) -> None:
    store = ResultsStore(tmp_path, "trial")
    without_digests(write(store, record()))
    assert store.read(record().id) == record()


def test_a_record_of_a_later_version_is_an_error_that_says_so(tmp_path: Path) -> None:
    store = ResultsStore(tmp_path, "trial")
    file = write(store, record()) / "cell.json"
    later = {**json.loads(file.read_text()), "format": NEWEST + 1, "soul": "sold"}
    file.write_text(json.dumps(sealed(later)))
    with pytest.raises(
        NewerRecordError, match=r"later version of genrebench: its record is of version 3.*up to 2"
    ):
        store.statuses()
    file.write_text(json.dumps(later))
    assert store.statuses() == {record().id: "damaged"}, "a number that was changed is no later version"


def test_a_writer_that_is_killed_leaves_no_half_result(tmp_path: Path) -> None:
    code = textwrap.dedent(f"""
        import time
        from pathlib import Path
        from benchmark.record import CellRecord
        from benchmark.results.store import ResultsStore
        def hang(folder):
            print("writing", flush=True)
            time.sleep(60)
        record = CellRecord("{record().id}", "trial", {{"model": "cnn"}}, {record().spec!r}, "failed")
        ResultsStore(Path({str(tmp_path)!r}), "trial").write(record, predictions=None, history=[], metrics=None, extra=hang)
    """)
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "writing"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    store = ResultsStore(tmp_path, "trial")
    assert store.statuses() == {}
    assert len(list((tmp_path / "trial").iterdir())) == 1
    store.clean_leftovers()
    assert list((tmp_path / "trial").iterdir()) == []


def test_who_was_taken_for_dead_files_nothing_and_what_others_filed_stays(tmp_path: Path) -> None:
    store = ResultsStore(tmp_path, "trial")
    with store.claims() as late, store.claims() as other:
        claim = store.take(late, record().id)
        assert claim is not None
        assert store.take(other, record().id) is None
        # What happens to who was silent for too long.
        (other.folder / late.owner).unlink()
        other.reap()
        taken = store.take(other, record().id)
        filed = store.write(
            record(model="theirs"), predictions=predictions(), history=[], metrics={}, claim=taken
        )
        stamp = store.stamp(record().id)
        with pytest.raises(LostClaimError, match="others took it for dead"):
            store.write(record(model="mine"), predictions=predictions(), history=[], metrics={}, claim=claim)
        assert store.scan() == {record().id: filed}
        assert store.stamp(record().id) == stamp
    assert [path.name for path in (tmp_path / "trial").iterdir()] == [filed.name]


def test_a_claim_that_is_lost_while_a_result_is_written_keeps_it_from_its_place(tmp_path: Path) -> None:
    store = ResultsStore(tmp_path, "trial")
    older = write(store, record())
    with store.claims() as late, store.claims() as other:
        claim = store.take(late, record().id)

        def lose(folder: Path) -> None:
            (other.folder / late.owner).unlink()
            other.reap()

        with pytest.raises(LostClaimError):
            store.write(record(), predictions=None, history=[], metrics=None, extra=lose, claim=claim)
        assert store.scan() == {record().id: older}


def test_what_a_dead_run_was_about_to_replace_is_put_back(tmp_path: Path) -> None:
    store = ResultsStore(tmp_path, "trial")
    older = write(store, record())
    with store.claims() as late, store.claims() as other:
        claim = store.take(late, record().id)
        assert claim is not None
        # The state between the two renames of a replacement.
        older.rename(claim / f".tmp-old-123-{older.name}")
        (claim / f".tmp-0123456789ab-{older.name}").mkdir()
        (other.folder / late.owner).unlink()
        other.reap()
        assert store.scan() == {record().id: older}
        assert not claim.exists()


@pytest.mark.parametrize(
    ("number", "message"), [(28, "disk is full"), (30, "cannot be written"), (13, "--results DIR")]
)
def test_a_full_or_read_only_disk_is_explained_and_leaves_nothing_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, message: str
) -> None:
    store = ResultsStore(tmp_path, "trial")
    write(store, record(1))

    def refuse(folder: Path) -> None:
        raise OSError(number, os.strerror(number))

    with pytest.raises(ResultsError, match=message):
        store.write(record(2), predictions=None, history=[], metrics=None, extra=refuse)
    assert store.statuses() == {record(1).id: "ok"}
    assert not list((tmp_path / "trial").glob(".tmp-*"))


def test_a_results_folder_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with (
        pytest.raises(ResultsError, match="cannot be written"),
        ResultsStore(tmp_path / "file", "trial").claims(),
    ):
        pass


def test_a_file_where_results_should_lie_is_explained(tmp_path: Path) -> None:
    (tmp_path / "trial").write_text("not a folder")
    for store in (ResultsStore(tmp_path, "trial"), ResultsStore(tmp_path / "trial", "below")):
        with pytest.raises(ResultsError, match=r"should be a folder of results.*--results DIR"):
            store.statuses()
        with pytest.raises(ResultsError, match=r"should be a folder of results.*--results DIR"):
            store.read(record().id)


def test_a_label_that_says_damaged_is_not_taken_for_a_damaged_folder(tmp_path: Path) -> None:
    store = ResultsStore(tmp_path, "trial")
    write(store, record(model="damaged audio"))
    assert store.statuses() == {record().id: "ok"}


def test_a_writer_that_is_killed_while_it_replaces_a_result_loses_nothing(tmp_path: Path) -> None:
    store = ResultsStore(tmp_path, "trial")
    older = write(store, record())
    # This is the state between the two renames of a replacement.
    older.rename(older.with_name(f".tmp-old-123-{older.name}"))
    store.clean_leftovers()
    assert store.scan() == {record().id: older}
    assert store.statuses() == {record().id: "ok"}
    # And this the one after them.
    write(store, record(7)).rename(older.with_name(f".tmp-old-123-{older.name}"))
    store.clean_leftovers()
    assert store.statuses() == {record().id: "ok"}
    assert list((tmp_path / "trial").iterdir()) == [older]


def test_an_extra_file_that_cannot_be_made_leaves_nothing_half(tmp_path: Path) -> None:
    store = ResultsStore(tmp_path, "trial")

    def refuse(folder: Path) -> None:
        raise ValueError("this model cannot be saved")

    with pytest.raises(ValueError, match="cannot be saved"):
        store.write(record(), predictions=predictions(), history=[], metrics=None, extra=refuse)
    assert list((tmp_path / "trial").iterdir()) == []


def test_predictions_changed_in_the_middle_are_noticed_when_read(tmp_path: Path) -> None:
    many = pd.concat([predictions().assign(track=f"t{n}") for n in range(500)], ignore_index=True)
    folder = ResultsStore(tmp_path, "trial").write(record(), predictions=many, history=[], metrics=None)
    file = folder / "predictions.parquet"
    content = bytearray(file.read_bytes())
    content[60:70] = b"0123456789"
    file.write_bytes(content)
    with pytest.raises(ResultsError, match="cannot be read"):
        read_predictions(folder)


@pytest.mark.parametrize("text", ["[1]", '{"own:test": 3}', '{"own:test": {"top1": "much"}}', "{"])
def test_metrics_that_were_edited_into_nonsense_count_as_none(tmp_path: Path, text: str) -> None:
    folder = write(ResultsStore(tmp_path, "trial"), record())
    (folder / "metrics.json").write_text(text)
    assert read_metrics(folder) is None
