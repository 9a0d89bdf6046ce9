"""What must not meet in a row of a table, and does only when asked, and then says so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fabricate import SUITE, make_plan, make_registry, make_results

from benchmark.exceptions import DatasetError
from benchmark.record import CellRecord
from benchmark.report.write import write_report
from benchmark.results.collect import collect
from benchmark.results.matching import with_results
from benchmark.results.mixing import CHANGED_RESULTS, mixture_notes, origin_of, set_apart
from benchmark.results.plan import Plan
from benchmark.results.store import ResultsStore
from benchmark.suite.identity import Identifier
from benchmark.suite.load import load_suite

ONE = (
    SUITE.replace("model: [first, second, {third: {}, label: third_50%}]", "model: [first]")
    .replace("  augmentation: [none, {label: stretched, use: [stretch]}]\n", "")
    .replace(", baseline: {augmentation: none}", "")
)


def record(
    backend: str | None = None, version: str = "1.0", revision: str = "r", started: int = 0
) -> CellRecord:
    made: dict[str, Any] = {"versions": {"genrebench": version}, "started": str(started)}
    spec = {"dataset": {"revision": revision}, "evaluate": [{"dataset": None, "part": "test"}]}
    return CellRecord(
        "0" * 12, "s", {}, spec, "ok", provenance=made | ({"backend": backend} if backend else {})
    )


def apart(*records: CellRecord) -> dict[str, str]:
    return set_apart({str(number): each for number, each in enumerate(records)})


def test_results_of_one_origin_stand_side_by_side() -> None:
    assert apart(record("jax"), record("jax"), record()) == {}, "an SVM loads no backend, and says none"


def test_another_backend_than_most_of_the_row_is_set_apart_with_the_reason() -> None:
    found = apart(record("jax"), record("tensorflow"), record("jax"))
    assert list(found) == ["1"]
    assert "made with tensorflow, others of its row with jax" in found["1"]
    assert list(apart(record("jax", started=1), record("tensorflow", started=2))) == ["0"], (
        "the latest, of two"
    )


def test_results_before_a_version_that_changed_results_are_set_apart_however_many() -> None:
    (changed, *_) = CHANGED_RESULTS
    found = apart(record(version="0.0.1"), record(version="0.0.2"), record(version=f"{changed}.1"))
    assert list(found) == ["0", "1"]
    assert apart(record(version=changed), record(version=f"{changed}.7")) == {}
    assert origin_of(record(version=f"{changed}.0rc1")).era == origin_of(record(version=changed)).era


@pytest.mark.parametrize("library", ["scikit-learn", "librosa", "soxr", "tensorflow"])
def test_versions_of_any_library_that_a_record_names_are_told_when_they_differ(library: str) -> None:
    old, new = (
        replace(record(), provenance={"versions": {"genrebench": "1.0", library: version}})
        for version in ("1.2", "1.3")
    )
    (note,) = mixture_notes({"a": old, "b": new, "c": record()})
    assert note == f"These results were made with 2 versions of {library}: 1.2, 1.3."


def test_data_of_another_revision_are_set_apart() -> None:
    found = apart(record(revision="r1"), record(revision="r2"), record(revision="r2"))
    assert list(found) == ["0"]
    assert "r1" in found["0"]


def plan_of(folder: Path, revision: str | None, text: str = ONE) -> Plan:
    """Return a plan whose dataset is there in a revision, or absent."""
    (folder / "suite.yaml").write_text(text)
    suite = load_suite(folder / "suite.yaml", make_registry())
    identifier = Identifier(lambda spec: revision)
    ids = tuple(identifier.identity(cell.spec) for cell in suite.cells)
    keys = {cell.spec.dataset.key for cell in suite.cells}
    lacking = {} if revision else dict.fromkeys(keys, DatasetError("not here"))
    return Plan(suite, ids, {}, lacking, lambda *_: None, identifier)  # type: ignore[arg-type,return-value]


@pytest.fixture
def two_revisions(tmp_path: Path) -> ResultsStore:
    """Return results of both seeds on one revision of the data, and of the first on a later one."""
    make_results(plan_of(tmp_path, "r1"), tmp_path, provenance={"started": "2026-01"})
    later = plan_of(tmp_path, "r2", ONE.replace("seed: [0, 1]", "seed: [0]"))
    return make_results(later, tmp_path, provenance={"started": "2026-02"})


def test_results_of_two_revisions_never_meet_in_a_row(tmp_path: Path, two_revisions) -> None:
    absent = plan_of(tmp_path, None)
    found = with_results(absent, two_revisions, make_registry())
    assert found.ids == (plan_of(tmp_path, "r2").ids[0], None)
    cells = collect(found, two_revisions, make_registry()).cells
    assert list(cells["status"]) == ["ok", "missing"]
    assert "of other data than the latest" in cells["error"][1]
    assert "--mixed" in cells["error"][1]


def test_results_of_two_revisions_meet_when_asked_and_every_table_says_so(
    tmp_path: Path, two_revisions
) -> None:
    registry = make_registry()
    found = with_results(plan_of(tmp_path, None), two_revisions, registry, mixed=True)
    assert found.ids == (plan_of(tmp_path, "r2").ids[0], plan_of(tmp_path, "r1").ids[1])
    files, board = write_report(found, two_revisions, registry, ("md", "csv", "tex", "html"), mixed=True)
    assert "MIXED" in board.caption
    for file in files:
        assert "mixed" in file.read_text().lower(), file.name
    write_report(plan_of(tmp_path, "r1"), two_revisions, registry, ("md",))
    assert "MIXED" not in (tmp_path / "made_up/report/report.md").read_text(), (
        "of one revision, and not asked for"
    )


def test_a_dataset_that_is_here_settles_its_revision_though_another_is_absent(tmp_path: Path) -> None:
    text = ONE.replace("[test]", "[test, elsewhere]")
    (tmp_path / "suite.yaml").write_text(text)
    suite = load_suite(tmp_path / "suite.yaml", make_registry())

    def plan(own: str, other: str | None) -> Plan:
        identifier = Identifier(lambda spec: own if spec.name == "tones" else other)
        ids = tuple(identifier.identity(cell.spec) for cell in suite.cells)
        return Plan(suite, ids, {}, {}, lambda *_: None, identifier)  # type: ignore[arg-type,return-value]

    store = make_results(plan("r1", "x"), tmp_path, provenance={"started": "2026-02"})
    make_results(plan("r2", "x"), tmp_path, provenance={"started": "2026-01"})
    assert with_results(plan("r2", None), store, make_registry()).ids == plan("r2", "x").ids
    assert with_results(plan("r3", None), store, make_registry()).ids == (None, None)


def test_cells_that_differ_in_the_place_of_absent_data_only_do_not_get_each_other_s_results(
    tmp_path: Path,
) -> None:
    text = (
        ONE.replace("  evaluate: [test]\n", "")
        .replace(
            "matrix:\n",
            "matrix:\n  evaluate:\n  - [{elsewhere: {root: A}, label: clean}]\n  - [{elsewhere: {root: B}, label: noisy}]\n",
        )
        .replace('leaderboard: {sort: "tones:test/top1"}', "")
    )
    present = plan_of(tmp_path, None, text)
    revisions = {"None": "own", "A": "a", "B": "b"}
    identifier = Identifier(lambda spec: revisions[str(spec.parameters.get("root"))])
    ids = tuple(identifier.identity(cell.spec) for cell in present.suite.cells)
    store = make_results(replace(present, identifier=identifier, ids=ids), tmp_path)
    found = with_results(present, store, make_registry())
    assert set(found.ids) == {None}
    assert all("cannot be told apart" in cell.pending for cell in found.suite.cells)


@pytest.mark.parametrize(("mixed", "statuses"), [(False, {"ok", "set apart"}), (True, {"ok"})])
def test_backends_of_a_row_are_kept_apart_unless_asked(tmp_path: Path, mixed: bool, statuses) -> None:
    plan = make_plan(tmp_path, ONE)
    make_results(plan, tmp_path, provenance={"backend": "jax", "started": "1"})
    half = replace(plan, suite=replace(plan.suite, cells=plan.suite.cells[:1]), ids=plan.ids[:1])
    store = make_results(half, tmp_path, provenance={"backend": "torch", "started": "2"})
    found = collect(plan, store, make_registry(), mixed=mixed)
    assert set(found.cells["status"]) == statuses
    apart = found.cells[found.cells["status"] == "set apart"]
    assert apart["tones:test/top1"].isna().all()
    assert {mark for marks in found.cells["marks"] for mark in marks} == ({"mixed"} if mixed else set())
