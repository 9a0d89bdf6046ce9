"""Results on corrupted sets travel with the cells that they belong to, and are checked like these."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from fabricate import make_plan, make_registry, make_results
from worn import WORN, make_corrupted

from benchmark.bundles.export import export
from benchmark.bundles.merge import merge
from benchmark.bundles.opening import opened, opened_plan
from benchmark.bundles.reproduce import narrowed
from benchmark.bundles.verify import verify
from benchmark.exceptions import ResultsError
from benchmark.results.collect import collect
from benchmark.results.corrupted import CorruptedStore, packed_folders, unfinished, unpack_folders
from benchmark.results.corrupted_scores import collect_corrupted
from benchmark.results.plan import Plan
from benchmark.results.store import ResultsStore


@pytest.fixture
def made(tmp_path: Path) -> tuple[Plan, ResultsStore]:
    plan = make_plan(tmp_path, WORN)
    store = make_results(plan, tmp_path / "results")
    make_corrupted(plan, store)
    return plan, store


def folders(store: ResultsStore) -> dict[str, bytes]:
    root = store.folder / "corrupted"
    return {f.relative_to(root).as_posix(): f.read_bytes() for f in sorted(root.rglob("*")) if f.is_file()}


def test_a_bundle_has_them_and_is_whole(made: tuple[Plan, ResultsStore], tmp_path: Path) -> None:
    plan, store = made
    file = export(plan, store, tmp_path / "worn.zip").file
    with opened(file) as bundle:
        assert folders(bundle.store) == folders(store)
    assert verify(file).problems == []
    assert export(plan, store, tmp_path / "again.zip").file.read_bytes() == file.read_bytes()


def test_results_of_other_clean_predictions_stay_at_home(
    made: tuple[Plan, ResultsStore], tmp_path: Path
) -> None:
    _, store = made
    (first, *_) = sorted(store.scan())
    for folder in (store.folder / "corrupted").glob(f"{first}-*"):
        shutil.rmtree(folder)
    other = make_plan(tmp_path, WORN)
    stale = next(iter((store.folder / "corrupted").iterdir()))
    renamed = stale.with_name(f"{first}-{stale.name.partition('-')[2]}")
    shutil.copytree(stale, renamed)
    file = export(other, store, tmp_path / "worn.zip").file
    with opened(file) as bundle:
        assert renamed.name not in {name.partition("/")[0] for name in folders(bundle.store)}


def test_a_report_of_a_bundle_shows_them_whatever_version_wears_them_here(
    made: tuple[Plan, ResultsStore], tmp_path: Path
) -> None:
    plan, store = made
    file = export(plan, store, tmp_path / "worn.zip").file
    with opened_plan(file) as (bundle, foreign, registry):
        # Here nobody knows the corruption of that name; what is stored says what it was.
        results = collect(foreign, bundle.store, registry)
        found = collect_corrupted(foreign, bundle.store, results, "tones:test/top1")
        (one,) = found.sets
        assert set(one.rows[0]["0"].corrupted) == {"hiss", "rain"}
        assert any("were made by other versions of 'hiss', 'rain'" in note for note in found.notes)
    own = collect_corrupted(plan, store, collect(plan, store, make_registry()), "tones:test/top1")
    assert own.notes == ()
    assert own.sets[0].rows[0]["0"].means == one.rows[0]["0"].means


@pytest.mark.parametrize("name", ["corrupted.json", "predictions.parquet"])
def test_what_is_damaged_is_told(made: tuple[Plan, ResultsStore], name: str) -> None:
    _, store = made
    assert verify(store.folder).problems == []
    file = next(iter((store.folder / "corrupted").iterdir())) / name
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    (problem,) = verify(store.folder).problems
    assert "corrupted/" in problem
    assert "is damaged and not used" in problem


def test_what_belongs_to_no_cell_is_noted(made: tuple[Plan, ResultsStore]) -> None:
    _, store = made
    (first, *_) = sorted(store.scan())
    shutil.rmtree(store.scan()[first])
    found = verify(store.folder)
    assert found.problems == []
    assert any(
        "1 results on corrupted sets are of models whose cells are not here" in note for note in found.notes
    )


def test_merged_results_have_those_of_all_places(made: tuple[Plan, ResultsStore], tmp_path: Path) -> None:
    plan, store = made
    whole = folders(store)
    other = tmp_path / "other" / "results"
    shutil.copytree(store.folder, other / "made_up")
    every = sorted({name.partition("/")[0] for name in whole})
    for name in every[::2]:
        shutil.rmtree(store.folder / "corrupted" / name)
    for name in every[1::2]:
        shutil.rmtree(other / "made_up" / "corrupted" / name)
    merged = merge([store.folder, other / "made_up"], tmp_path / "merged")
    assert not merged.conflicts
    assert folders(ResultsStore(tmp_path / "merged", "made_up")) == whole
    assert not unfinished(plan, ResultsStore(tmp_path / "merged", "made_up"))


def test_a_cell_is_reproduced_without_them(made: tuple[Plan, ResultsStore]) -> None:
    plan, store = made
    (first, *_) = sorted(store.scan())
    record = store.read(first)
    (cell,) = narrowed(plan, record).suite.cells
    assert cell.spec.corrupted == ()


def test_nothing_is_read_of_a_folder_that_is_not_there(tmp_path: Path) -> None:
    plan = make_plan(tmp_path, WORN)
    store = make_results(plan, tmp_path / "results")
    assert CorruptedStore(store).folders == {}
    assert export(plan, store, tmp_path / "clean.zip").cells == 12


def test_what_a_worker_without_shared_files_sends_is_filed_as_it_was(
    made: tuple[Plan, ResultsStore], tmp_path: Path
) -> None:
    plan, store = made
    there = make_results(plan, tmp_path / "there")
    for id_ in store.scan():
        own = {name: files for name, files in packed_folders(store).items() if name.startswith(id_)}
        unpack_folders(there, id_, own)
    assert folders(there) == folders(store)
    name, files = next(iter(packed_folders(store).items()))
    broken = {name: {**files, "predictions.parquet": b"x"}}
    with pytest.raises(ResultsError, match="not what was filed"):
        unpack_folders(there, name[:12], broken)
    with pytest.raises(ResultsError, match="is no folder of results"):
        unpack_folders(there, "0" * 12, {"../evil": files})
    assert folders(there) == folders(store)
