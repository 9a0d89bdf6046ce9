from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fabricate import (
    CLASSES,
    SUITE,
    TRACKS,
    make_answers,
    make_plan,
    make_registry,
    make_results,
    without_digests,
)
from sklearn.metrics import accuracy_score

from benchmark import Metric
from benchmark.plugin.registry import Source
from benchmark.results.collect import collect
from benchmark.results.frames import Results, lines_of
from benchmark.results.matching import with_results
from benchmark.results.parquet import read_predictions
from benchmark.results.store import ResultsStore


@pytest.fixture
def results(tmp_path: Path) -> Callable[..., Results]:
    """Return a function that files made-up results and collects them, of another suite perhaps."""

    def make(text: str = SUITE, change: Callable[[ResultsStore, list[Path]], None] | None = None) -> Results:
        plan = make_plan(tmp_path)
        store = make_results(plan, tmp_path)
        if change:
            for folder in store.scan().values():
                without_digests(folder)
            change(store, [store.scan()[str(id_)] for id_ in plan.ids])
        return collect(make_plan(tmp_path, text), store, make_registry())

    return make


def predict_again(folder: Path, **columns: object) -> None:
    """Change columns of a cell's predictions, as somebody with an editor might."""
    changed = read_predictions(folder).assign(**columns)  # type: ignore[arg-type]
    changed.to_parquet(folder / "predictions.parquet")


def test_values_are_computed_from_the_predictions(results) -> None:
    found = results()
    for number, value in enumerate(found.cells["tones:test/top1"]):
        labels, probabilities = make_answers(number)
        assert value == pytest.approx(accuracy_score(labels, probabilities.argmax(axis=1)))


def test_a_metric_that_the_suite_names_later_is_computed_without_training(results) -> None:
    found = results(SUITE.replace("[top1, macro-f1]", "[top1, log-loss]"))
    assert found.cells["tones:test/log-loss"].between(0, 5).all()
    assert "tones:test/macro-f1" not in found.cells


def test_a_metric_that_gets_other_parameters_later_is_computed_again(results) -> None:
    two, all_three = (SUITE.replace("macro-f1]", f"{{top-k: {{k: {k}}}}}]") for k in (2, 3))
    assert (results(two).cells["tones:test/top-k"] < 1).any()
    assert (results(all_three).cells["tones:test/top-k"] == 1).all()


def test_metrics_edited_by_hand_change_no_table(results) -> None:
    def boast(store: ResultsStore, folders: list[Path]) -> None:
        (folders[0] / "metrics.json").write_text(json.dumps({"tones:test": {"top1": 1.0, "macro-f1": 1.0}}))

    pd.testing.assert_frame_equal(results(change=boast).cells, results().cells)


def test_a_metric_that_raises_costs_its_own_column_only(tmp_path: Path) -> None:
    class Picky(Metric):
        name = "picky"

        def compute(self, labels: np.ndarray, probabilities: np.ndarray) -> float:
            raise ValueError("too few tracks")

    plan = make_plan(tmp_path)
    store = make_results(plan, tmp_path)
    registry = make_registry()
    registry.add(Picky, Source("fakes", "fakes", "1.0"))
    spec = registry.spec("metric", "picky")
    cells = [replace(c, spec=replace(c.spec, metrics=(*c.spec.metrics, spec))) for c in plan.suite.cells]
    found = collect(replace(plan, suite=replace(plan.suite, cells=tuple(cells))), store, registry)
    assert found.cells["tones:test/picky"].isna().all()
    assert found.cells["tones:test/top1"].notna().all()
    (missing,) = (note for note in found.notes if "picky" in note)
    assert missing.startswith("12 values of picky cannot be computed: metric 'picky' (plugin ")
    assert missing.endswith(": ValueError: too few tracks")


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"label": "polka"}, "labels of other classes"),
        ({"p:rock": np.nan}, "not finite"),
        ({"p:rock": 1.5}, "probabilities from 0"),
        ({"p:rock": 0.9999}, "do not add up to 1"),
        ({"track": "track 00"}, "track 'track 00' is there twice"),
        ({"p:rock": "much"}, "not what its record says"),
    ],
)
def test_predictions_edited_by_hand_are_named_and_not_used(results, columns, reason: str) -> None:
    found = results(change=lambda store, folders: predict_again(folders[3], **columns))
    assert list(found.cells["status"]) == ["ok"] * 3 + ["damaged"] + ["ok"] * 8
    assert reason in found.cells["error"][3]
    assert found.cells["tones:test/top1"].isna().sum() == 1
    assert any(reason in note for note in found.notes)


@pytest.mark.parametrize("name", ["predictions.parquet", "history.csv", "metrics.json", "cell.json"])
def test_a_flipped_bit_in_any_file_of_a_cell_is_named_and_the_cell_not_used(
    tmp_path: Path, name: str
) -> None:
    plan = make_plan(tmp_path)
    store = make_results(plan, tmp_path)
    file = store.scan()[str(plan.ids[0])] / name
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    found = collect(plan, store, make_registry()).cells
    assert list(found["status"]) == ["damaged"] + ["ok"] * 11
    assert name in found["error"][0]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (
            {f"track {n:02d}": CLASSES[n % 3] for n in range(TRACKS - 1)},
            "has track 'track 11', which is none",
        ),
        ({f"track {n:02d}": CLASSES[n % 3] for n in range(TRACKS + 1)}, "lacks track 'track 12'"),
        ({f"track {n:02d}": CLASSES[0] for n in range(TRACKS)}, "hip_hop & rap, which is blues"),
    ],
)
def test_predictions_of_other_tracks_than_the_data_has_are_named_and_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: dict[str, str], reason: str
) -> None:
    monkeypatch.setattr("benchmark.results.expected.evaluated_tracks", lambda *_: {"tones:test": data})
    plan = make_plan(tmp_path)
    found = collect(plan, make_results(plan, tmp_path), make_registry())
    assert set(found.cells["status"]) == {"damaged"}
    assert reason in found.cells["error"][0]
    assert not found.stored


def test_a_track_that_the_record_names_as_left_out_may_be_absent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = {f"track {n:02d}": CLASSES[n % 3] for n in range(TRACKS + 1)}
    monkeypatch.setattr("benchmark.results.expected.evaluated_tracks", lambda *_: {"tones:test": data})
    plan = make_plan(tmp_path)
    store = make_results(plan, tmp_path, left_out={"tones: track 12": "its worker died"})
    assert set(collect(plan, store, make_registry()).cells["status"]) == {"ok"}


def test_a_row_without_a_column_of_its_classes_is_named_and_not_used(results) -> None:
    def forget(store: ResultsStore, folders: list[Path]) -> None:
        read_predictions(folders[0]).drop(columns="p:rock").to_parquet(folders[0] / "predictions.parquet")

    assert results(change=forget).cells["status"][0] == "damaged"


def test_predictions_of_a_row_are_kept_by_cell_and_sorted_by_track(results) -> None:
    def shuffle(store: ResultsStore, folders: list[Path]) -> None:
        shuffled = read_predictions(folders[1]).sample(frac=1, random_state=0)
        shuffled.to_parquet(folders[1] / "predictions.parquet")

    found = results(change=shuffle)
    cells = found.by_cell(0, "tones:test")
    assert found.classes(0) == CLASSES
    assert list(cells) == ["0", "1"]
    for number, cell in enumerate(cells.values()):
        labels, probabilities = make_answers(number)
        assert (cell.groups == cell.tracks).all(), "a track without a group is a group of its own"
        assert cell.tracks.tolist() == sorted(cell.tracks.tolist())
        assert (cell.labels == labels).all()
        assert (cell.probabilities == probabilities).all()
    assert found.by_cell(0, "elsewhere") == {}


def test_a_history_edited_by_hand_does_no_harm(results) -> None:
    def scribble(store: ResultsStore, folders: list[Path]) -> None:
        (folders[0] / "history.csv").write_text("epoch,accuracy\n1,0.5\n2,good\n")
        (folders[1] / "history.csv").write_bytes(b"\xff\xfe\x00")

    histories = results(change=scribble).histories(0)
    assert list(histories) == ["0"]
    assert histories["0"]["accuracy"].isna().tolist() == [False, True]


def test_results_are_found_by_specification_when_the_dataset_is_not_here(tmp_path: Path) -> None:
    plan = make_plan(tmp_path)
    store = make_results(plan, tmp_path)
    without = replace(plan, ids=(None,) * len(plan.ids))
    assert with_results(without, store, make_registry()).ids == plan.ids


def test_results_of_another_training_are_not_taken_for_it_when_the_dataset_is_not_here(
    tmp_path: Path,
) -> None:
    plan = make_plan(tmp_path)
    store = make_results(plan, tmp_path)
    changed = make_plan(tmp_path, SUITE.replace("cell:\n", "cell:\n  training: {epochs: 99}\n"))
    without = replace(changed, ids=(None,) * len(plan.ids))
    assert with_results(without, store, make_registry()).ids == without.ids


def test_lines_of_a_table_are_what_pandas_makes_of_them() -> None:
    table = pd.DataFrame(
        {
            "number": [1, 2], "count": pd.array([1, None], dtype="Int64"), "text": ["x", None], "share": [0.5, np.nan],
            "marks": [("a",), ()], "flag": [True, False], "box": pd.Series([np.float64(2), np.int64(3)], dtype=object),
        }
    )  # fmt: skip
    for part in (table, table[["number"]], table[["share"]], table[["count"]], table.head(0), table[["box"]]):
        known = part.to_dict("records")
        assert repr(lines_of(part)) == repr(known)
        assert [[*map(type, line.values())] for line in lines_of(part)] == [
            [*map(type, line.values())] for line in known
        ]
