"""Seeds beyond a suite's list, and the record of the looks that asked for them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from fabricate import SUITE, make_plan, make_registry, make_results

from benchmark.analysis.leaderboard import leaderboard
from benchmark.analysis.statistics import statistics
from benchmark.exceptions import ResultsError
from benchmark.results.added import AddedSeeds, Race, RowKeys, read_race, with_added, write_race
from benchmark.results.collect import collect
from benchmark.results.frames import Results
from benchmark.results.plan import Plan, identities


def key(plan: Plan, **labels: str) -> str:
    cell = next(cell for cell in plan.suite.cells if labels.items() <= dict(cell.labels).items())
    return RowKeys().of(cell)


def race_of(plan: Plan, *seeds: int) -> Race:
    asked = AddedSeeds(seeds, (("model", "first"), ("augmentation", "none")))
    return Race(("look",), {key(plan, model="first", augmentation="none"): asked}, 2.0)


def with_seeds(plan: Plan, race: Race) -> Plan:
    suite, notes = with_added(plan.suite, race, make_registry())
    ids = identities(suite, plan.identifier)
    return type(plan)(suite, ids, plan.corpora_by_key, plan.lacking, plan.corpus_of, plan.identifier, notes)


def looked(results: Results, plan: Plan, price: float) -> pd.DataFrame:
    lines = leaderboard(results.cells, results.axes, results.measures)
    return statistics(results, lines, plan.suite.leaderboard, (), price).comparisons


def test_what_is_recorded_is_read_again(tmp_path: Path) -> None:
    race = race_of(make_plan(tmp_path), 2, 3)
    write_race(tmp_path, race)
    assert read_race(tmp_path) == race
    assert read_race(tmp_path / "elsewhere") == Race()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1}', "\x00", '{"price": 2.0, "digest": "0"}'])
def test_a_record_that_cannot_be_believed_is_refused_in_words(tmp_path: Path, text: str) -> None:
    (tmp_path / "decide.json").write_text(text)
    with pytest.raises(ResultsError, match="Restore it"):
        read_race(tmp_path)


def test_a_record_that_was_edited_is_refused(tmp_path: Path) -> None:
    write_race(tmp_path, race_of(make_plan(tmp_path), 2))
    file = tmp_path / "decide.json"
    content = json.loads(file.read_text())
    file.write_text(json.dumps(content | {"price": 1.0}))
    with pytest.raises(ResultsError, match="not what was filed"):
        read_race(tmp_path)


def test_added_seeds_are_cells_of_their_rows_and_of_no_other(tmp_path: Path) -> None:
    plan = make_plan(tmp_path)
    suite, notes = with_added(plan.suite, race_of(plan, 2, 3), make_registry())
    extra = [cell for cell in suite.cells if cell.added]
    assert [(cell.labels["model"], cell.labels["augmentation"], cell.spec.seed) for cell in extra] == [
        ("first", "none", 2),
        ("first", "none", 3),
    ]
    assert suite.cells[: len(plan.suite.cells)] == plan.suite.cells
    assert suite.axes["seed"] == ("0", "1", "2", "3")
    assert (suite.price, notes) == (2.0, ())


def test_a_seed_that_the_suite_lists_by_now_is_no_added_one(tmp_path: Path) -> None:
    race = race_of(make_plan(tmp_path), 2, 3)
    longer = make_plan(tmp_path, SUITE.replace("seed: [0, 1]", "seed: [0, 1, 2]"))
    suite, _ = with_added(longer.suite, race, make_registry())
    assert [cell.spec.seed for cell in suite.cells if cell.added] == [3]


def test_rows_are_found_by_what_they_are_and_not_by_what_they_are_called(tmp_path: Path) -> None:
    race = race_of(make_plan(tmp_path), 2)
    renamed = make_plan(tmp_path, SUITE.replace("[first,", "[{first: {}, label: renamed},"))
    suite, _ = with_added(renamed.suite, race, make_registry())
    assert [cell.labels["model"] for cell in suite.cells if cell.added] == ["renamed"]


def test_added_seeds_of_a_row_that_is_gone_are_not_kept_quiet(tmp_path: Path) -> None:
    race = race_of(make_plan(tmp_path), 2)
    other = make_plan(tmp_path, SUITE.replace("[first, second,", "[second,"))
    suite, notes = with_added(other.suite, race, make_registry())
    assert not [cell for cell in suite.cells if cell.added]
    assert "1 row has added seeds" in notes[0]


def test_where_a_file_is_absent_a_row_is_found_by_its_labels(tmp_path: Path) -> None:
    plan = make_plan(tmp_path)
    (asked,) = race_of(plan, 2).rows.values()
    elsewhere = Race(("look",), {"0" * 12: asked}, 2.0)
    assert not [cell for cell in with_added(plan.suite, elsewhere, make_registry())[0].cells if cell.added]
    absent = replace(plan.suite, absent_files=("list.txt",))
    suite, notes = with_added(absent, elsewhere, make_registry())
    assert [cell.row for cell in suite.cells if cell.added] == [asked.labels]
    assert notes == ()


def test_a_row_of_more_seeds_is_as_complete_and_ranked_as_the_others(tmp_path: Path) -> None:
    plan = with_seeds(make_plan(tmp_path), race_of(make_plan(tmp_path), 2))
    store = make_results(plan, tmp_path)
    results = collect(plan, store, make_registry())
    lines = leaderboard(results.cells, results.axes, results.measures)
    (row,) = lines[lines["added"] == 1].to_dict("records")
    assert (row["ok"], row["expected"], row["complete"]) == (3, 3, True)
    found = looked(results, plan, 1.0)
    assert set(found["row"]) | set(found["other"]) >= {row["row"]}


def test_an_added_seed_that_was_not_run_is_not_missed(tmp_path: Path) -> None:
    plain = make_plan(tmp_path)
    store = make_results(plain, tmp_path)
    plan = with_seeds(plain, race_of(plain, 2))
    results = collect(plan, store, make_registry())
    lines = leaderboard(results.cells, results.axes, results.measures)
    assert lines["expected"].eq(2).all()
    assert lines["added"].eq(0).all()


def test_a_table_that_is_looked_at_again_pays_for_it(tmp_path: Path) -> None:
    plan = make_plan(tmp_path)
    results = collect(plan, make_results(plan, tmp_path), make_registry())
    once, twice = looked(results, plan, 1.0), looked(results, plan, 2.0)
    known = once["p_holm"].notna() & (once["reason"] == "")
    assert known.any()
    assert twice.loc[known, "p_holm"].to_numpy() == pytest.approx(
        (2 * once.loc[known, "p_holm"]).clip(upper=1).to_numpy()
    )
    assert twice.loc[known, "p"].to_numpy() == pytest.approx(once.loc[known, "p"].to_numpy())
