"""Robustness on a leaderboard of several labs: where bundles carry corrupted results, and rows were worn alike."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import bundled
import pytest
from fabricate import make_plan, make_registry, make_results
from worn import WORN, make_corrupted

from benchmark.bundles.export import export
from benchmark.report.write import write_report
from benchmark.results.store import ResultsStore
from benchmark.site.write import write_site


def worn_bundle(folder: Path, lab: str, text: str = WORN, *, worn: bool = True) -> Path:
    folder.mkdir(parents=True)
    plan = make_plan(folder, text)
    store = make_results(plan, folder / "results", provenance=bundled.made_on("2026-01-05"))
    if worn:
        make_corrupted(plan, store)
    return export(plan, store, folder / f"{lab}.zip", lab=lab).file


def rows_of(site: Path) -> dict[str, Any]:
    (table,) = json.loads((site / "site.json").read_text())["tables"]
    return {row["label"]: row for row in json.loads((site / table["data"]).read_text())["rows"]}


@pytest.mark.slow
def test_pages_and_data_have_the_numbers_of_the_report(tmp_path: Path) -> None:
    import csv

    file = worn_bundle(tmp_path / "one", "A lab")
    plan, store = make_plan(tmp_path / "one", WORN), ResultsStore(tmp_path / "one" / "results", "made_up")
    write_report(plan, store, make_registry(), ["csv"], sections=["robustness"])
    site = tmp_path / "site"
    write_site([file], site)
    with (tmp_path / "one" / "results" / "made_up" / "report" / "robustness-1.csv").open() as stream:
        reported = {line["row"]: line for line in csv.DictReader(stream)}
    rows = rows_of(site)
    assert rows.keys() == reported.keys()
    for label, row in rows.items():
        known, line = row["robustness"], reported[label]
        assert known["metric"] == "top1"
        assert known["corrupted"]["mean"] == pytest.approx(float(line["mean"]))
        assert known["relative_drop"]["mean"] == pytest.approx(float(line["drop"]))
        assert {(wear["corruption"], wear["severity"]) for wear in known["by_corruption"]} == {
            (name, severity) for name in ("hiss", "rain") for severity in (1, 3)
        }
        page = (site / row["page"]).read_text()
        assert 'id="robustness"' in page
    (board,) = (site / "tables").glob("*.html")
    assert 'id="robustness"' in board.read_text()


def test_a_board_without_corrupted_results_has_no_such_section(tmp_path: Path) -> None:
    file = worn_bundle(tmp_path / "plain", "A lab", bundled.SUITE, worn=False)
    write_site([file], tmp_path / "site")
    assert all(row["robustness"] is None for row in rows_of(tmp_path / "site").values())
    (board,) = (tmp_path / "site" / "tables").glob("*.html")
    assert 'id="robustness"' not in board.read_text()


@pytest.mark.slow
def test_rows_that_were_worn_otherwise_stand_apart(tmp_path: Path) -> None:
    from benchmark.site.entries import gather
    from benchmark.site.standings import boards

    other = WORN.replace("severity: [1, 3]", "severity: [1]").replace(
        "augmentation: [none, {label: stretched, use: [stretch]}]", "augmentation: [{label: dosed, use: [dosed]}]"
    ).replace("augmentation: none", "augmentation: dosed")  # fmt: skip
    files = [worn_bundle(tmp_path / "a", "Lab A"), worn_bundle(tmp_path / "b", "Lab B", other)]
    (board,) = boards(gather(files))
    assert [len(result.rows) for result in board.robustness] == [6, 3]
    assert [result.scores.severities for result in board.robustness] == [(1, 3), (1,)]
    assert all(not result.effects for result in board.robustness)
