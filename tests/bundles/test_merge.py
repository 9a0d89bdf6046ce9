"""Results of one suite from several places: equal cells once, and conflicts never silently."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import bundled
import fabricate
import numpy as np
import pytest
from click.testing import CliRunner, Result

from benchmark.bundles.export import export
from benchmark.bundles.merge import merge, read_decisions
from benchmark.bundles.opening import opened_plan
from benchmark.bundles.reporting import report_bundles
from benchmark.bundles.verify import verify
from benchmark.cli.main import cli
from benchmark.digests import file_digest, sealed
from benchmark.exceptions import BundleError, ResultsError
from benchmark.results.folder import CELL
from benchmark.results.parquet import read_predictions
from benchmark.results.store import ResultsStore


def bench(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(each) for each in arguments])


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Return two folders of a suite's results, with the same twelve cells."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        fabricate.make_results(fabricate.make_plan(tmp_path / name), tmp_path / name / "results")
    return tmp_path / "one" / "results" / "made_up", tmp_path / "two" / "results" / "made_up"


def cells_of(folder: Path) -> list[Path]:
    return sorted(ResultsStore(folder.parent, folder.name).scan().values())


def change_answers(cell: Path) -> None:
    """File another result of a cell, as another device would give it."""
    store = ResultsStore(cell.parent.parent, cell.parent.name)
    record = store.read(cell.name[-12:], cell)
    table = read_predictions(cell)
    columns = [name for name in table if name.startswith("p:")]
    table[columns] = np.roll(table[columns].to_numpy(), 1, axis=1)
    store.write(record, predictions=table, history=[], metrics={})


def test_halves_become_a_whole(folders: tuple[Path, Path], tmp_path: Path) -> None:
    one, two = folders
    for cell in cells_of(one)[:6]:
        shutil.rmtree(cell)
    for cell in cells_of(two)[8:]:
        shutil.rmtree(cell)
    found = merge([one, two], tmp_path / "all")
    assert (found.added, found.equal, found.conflicts) == (12, 2, [])
    assert len(cells_of(tmp_path / "all" / "made_up")) == 12
    assert bench("verify", tmp_path / "all" / "made_up").exit_code == 0


def test_the_same_result_of_two_machines_is_no_conflict(folders: tuple[Path, Path], tmp_path: Path) -> None:
    one, two = folders
    store = ResultsStore(two.parent, two.name)
    for cell in cells_of(two):
        record = store.read(cell.name[-12:], cell)
        changed = replace(record, provenance={"cpu": "another"}, seconds={"training": 1.0})
        store.write(changed, predictions=read_predictions(cell), history=[], metrics={})
    assert merge([one, two], tmp_path / "all").equal == 12


def test_conflicts_are_listed_and_nothing_is_written(folders: tuple[Path, Path], tmp_path: Path) -> None:
    one, two = folders
    changed = cells_of(two)[3]
    change_answers(changed)
    ran = bench("merge", one, two, "-o", tmp_path / "all")
    assert ran.exit_code == 1
    assert changed.name[-12:] in ran.stderr
    assert "probabilities by up to" in ran.stderr
    assert cells_of(tmp_path / "all" / "made_up") == []


@pytest.mark.parametrize(("keep", "winner"), [("first", 0), ("last", 1)])
def test_a_conflict_is_decided_by_whoever_says_how_and_that_is_recorded(
    folders: tuple[Path, Path], tmp_path: Path, keep: str, winner: int
) -> None:
    changed = cells_of(folders[1])[3]
    change_answers(changed)
    assert bench("merge", *folders, "-o", tmp_path / "all", "--keep", keep).exit_code == 0
    merged = tmp_path / "all" / "made_up"
    kept = next(cell for cell in cells_of(merged) if cell.name.endswith(changed.name[-12:]))
    whose = next(cell for cell in cells_of(folders[winner]) if cell.name.endswith(changed.name[-12:]))
    assert (kept / CELL).read_bytes() == (whose / CELL).read_bytes()
    (decision,) = read_decisions(merged)
    assert decision["cell"] == changed.name[-12:]
    assert str(folders[winner]) in decision["kept"]
    assert verify(merged).problems == []
    (merged / "merged.json").write_text((merged / "merged.json").read_text().replace("kept", "lost"))
    assert verify(merged).problems == ["merged.json cannot be read: it is not what was written."]


def test_what_lies_there_is_not_overwritten(folders: tuple[Path, Path]) -> None:
    one, two = folders
    change_answers(cells_of(one)[0])
    before = {cell: (cell / CELL).read_bytes() for cell in cells_of(one)}
    assert merge([two], one.parent).conflicts
    assert {cell: (cell / CELL).read_bytes() for cell in cells_of(one)} == before
    assert not merge([two], one.parent, "first").conflicts
    assert {cell: (cell / CELL).read_bytes() for cell in cells_of(one)} == before


def test_a_result_comes_before_a_failure(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    plan = fabricate.make_plan(tmp_path / "one")
    fabricate.make_results(plan, tmp_path / "one" / "results", {0: "no luck"})
    bundle = bundled.make_bundle(tmp_path / "two")
    found = merge([tmp_path / "one" / "results" / "made_up", bundle], tmp_path / "all")
    assert not found.conflicts
    assert set(ResultsStore(tmp_path / "all", "made_up").statuses().values()) == {"ok"}


def test_damaged_results_are_not_taken_and_named(folders: tuple[Path, Path], tmp_path: Path) -> None:
    broken = cells_of(folders[0])[0]
    (broken / "history.csv").write_text("no history")
    shutil.rmtree(cells_of(folders[1])[0])
    found = merge(folders, tmp_path / "all")
    assert any(broken.name in note for note in found.notes)
    assert len(cells_of(tmp_path / "all" / "made_up")) == 11


def test_results_whose_metrics_are_not_those_of_their_predictions_are_not_taken(
    folders: tuple[Path, Path], tmp_path: Path
) -> None:
    """Whoever computes digests anew can claim any value: reports believe what has been let in."""
    cell = cells_of(folders[0])[0]
    record = json.loads((cell / CELL).read_text())
    (cell / "metrics.json").write_text(json.dumps({"tones:test": {"top1": 0.99}}))
    record["files"]["metrics.json"] = file_digest(cell / "metrics.json")
    (cell / CELL).write_text(json.dumps(sealed(record)))
    merged = merge([folders[0]], tmp_path / "all")
    assert merged.added == 11
    assert len(merged.notes) == 1
    assert "tones:test/top1 is 0.99 in metrics.json, and " in merged.notes[0]
    assert len(cells_of(tmp_path / "all" / "made_up")) == 11


@pytest.mark.slow
def test_what_is_wrong_with_one_of_them_is_not_said_of_another(tmp_path: Path) -> None:
    good, bad = bundled.make_bundle(tmp_path / "good"), tmp_path / "suite.yaml"
    bad.write_text("name: none")
    with pytest.raises(BundleError, match=f"^{re.escape(str(bad))} is no bundle"):
        merge([good, bad], tmp_path / "results")


def test_several_suites_are_not_merged(tmp_path: Path) -> None:
    one = bundled.make_bundle(tmp_path / "one", text=fabricate.FEW)
    other = bundled.make_bundle(tmp_path / "two", text=fabricate.FEW.replace("made_up", "another"))
    with pytest.raises(BundleError, match="several suites"):
        merge([one, other], tmp_path / "all")
    reports = report_bundles([one, other], tmp_path / "reports", ["csv"])
    assert [each.suite for each in reports] == ["made_up", "another"]
    assert all((each.folder / "leaderboard.csv").is_file() for each in reports)


def test_studies_and_added_seeds_that_differ_are_conflicts(
    folders: tuple[Path, Path], tmp_path: Path
) -> None:
    from benchmark.results.added import Race, write_race

    write_race(folders[0], Race(looks=("a",), price=2.0))
    assert merge(folders, tmp_path / "all").conflicts == []
    assert (tmp_path / "all" / "made_up" / "decide.json").is_file()
    write_race(folders[1], Race(looks=("a", "b"), price=3.0))
    (conflict,) = merge(folders, tmp_path / "more").conflicts
    assert conflict.startswith("decide.json differs")


def test_a_bundle_reports_what_its_folder_reports(tmp_path: Path) -> None:
    from benchmark.report.write import write_report

    file = bundled.make_bundle(tmp_path, text=fabricate.FEW)
    plan = fabricate.make_plan(tmp_path, fabricate.FEW)
    store = ResultsStore(tmp_path / "results", "made_up")
    write_report(plan, store, fabricate.make_registry(), ["csv"])
    ran = bench("report", file, "-o", tmp_path / "reports", "--format", "csv,html")
    assert ran.exit_code == 0, ran.stderr
    ours, theirs = (
        folder / "leaderboard.csv" for folder in (store.folder / "report", tmp_path / "reports" / "made_up")
    )
    assert theirs.read_text() == ours.read_text()
    assert "report.html" in ran.stdout


@pytest.mark.slow
def test_halves_in_bundles_are_reported_together(tmp_path: Path) -> None:
    whole = bundled.make_bundle(tmp_path / "whole", text=fabricate.FEW)
    halves = []
    for name, part in (("one", slice(0, 2)), ("two", slice(2, 4))):
        (tmp_path / name).mkdir()
        plan = fabricate.make_plan(tmp_path / name, fabricate.FEW)
        store = fabricate.make_results(plan, tmp_path / name / "results")
        for cell in cells_of(store.folder)[part]:
            shutil.rmtree(cell)
        halves.append(export(plan, store, tmp_path / f"{name}.zip").file)
    (together,) = report_bundles(halves, tmp_path / "together", ["csv"])
    (alone,) = report_bundles([whole], tmp_path / "alone", ["csv"])
    assert (together.folder / "leaderboard.csv").read_text() == (alone.folder / "leaderboard.csv").read_text()
    with opened_plan(halves[0]) as (half, known, _):
        assert [each.status for each in half.manifest.cells].count("ok") == 2
        assert len(known.ids) == 4


def test_what_somebody_is_running_is_left_to_them(folders: tuple[Path, Path]) -> None:
    one, two = folders
    shutil.rmtree(cells_of(one)[0])
    store = ResultsStore(one.parent, one.name)
    with store.claims() as claims:
        assert store.take(claims, cells_of(two)[0].name[-12:]) is not None
        with pytest.raises(ResultsError, match="Others"):
            merge([two], one.parent)
    assert len(cells_of(one)) == 11
    assert merge([two], one.parent).added == 1
