"""What statistics know, in words; and whole tables of fabricated rows of known accuracy."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import fabricate
import numpy as np
import pandas as pd
import pytest

from benchmark.record import CellRecord
from benchmark.report.render import shortened, to_markdown, to_terminal
from benchmark.report.table import Column, Table
from benchmark.report.verdicts import needed_text
from benchmark.report.write import write_report
from benchmark.results.store import ResultsStore

TRACKS = 150
SUITE = """
name: known
cell: {dataset: tones, features: picture, evaluate: [test], metrics: [top1]}
matrix:
  split: SPLITS
  model: [{first: {}, label: cnn}, {second: {}, label: svm}, {third: {}, label: majority}]
  augmentation: [none, {label: masks, use: [stretch]}]
  seed: SEEDS
leaderboard: {sort: "tones:test/top1", baseline: {augmentation: none}}
"""
ACCURACY = {("cnn", "none"): 0.45, ("cnn", "masks"): 0.7, ("svm", "none"): 0.85, ("svm", "masks"): 0.8}
SPLITS = "[{label: random, strategy: stratified}, {label: by artist, strategy: grouped}]"


def answers(labels: dict[str, str], seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return tracks, true classes and probabilities; a split and a seed have their tracks, majority learns nothing."""
    by_artist = labels.get("split") == "by artist"
    tracks = np.sort(np.random.default_rng([seed, by_artist]).permutation(600)[:TRACKS])
    truth = tracks % 3
    if labels["model"] == "majority":
        probabilities = np.tile(np.array([0.5, 0.3, 0.2], np.float32), (TRACKS, 1))
        return tracks, truth, probabilities
    ease = np.random.default_rng(9).random(600)[tracks]
    own = np.random.default_rng([seed, sum(map(ord, "".join(labels.values())))]).random(TRACKS)
    right = 0.7 * ease + 0.3 * own < ACCURACY[labels["model"], labels["augmentation"]] - 0.15 * by_artist
    probabilities = np.full((TRACKS, 3), 0.1, np.float32)
    probabilities[np.arange(TRACKS), np.where(right, truth, (truth + 1) % 3)] = 0.8
    return tracks, truth, probabilities


def report(
    folder: Path,
    splits: str = "[{label: random, strategy: stratified}]",
    seeds: str = "[0, 1, 2]",
    **changes: Any,
) -> tuple[Path, Table]:
    plan = fabricate.make_plan(folder, SUITE.replace("SPLITS", splits).replace("SEEDS", seeds))
    store = ResultsStore(folder / "results", "known")
    for cell, id_ in zip(plan.suite.cells, plan.ids, strict=True):
        labels = {axis: label for axis, label in cell.labels.items() if axis != "seed"}
        tracks, truth, probabilities = answers(labels, int(cell.labels["seed"]))
        frame = pd.DataFrame(probabilities, columns=[f"p:{name}" for name in fabricate.CLASSES])
        frame.insert(0, "label", [fabricate.CLASSES[each] for each in truth])
        frame.insert(0, "group", None)
        frame.insert(0, "track", [f"track {each:03d}" for each in tracks])
        frame.insert(0, "set", "tones:test")
        spec = plan.identifier.canonical(cell.spec) or {}
        record = CellRecord(
            str(id_), "known", dict(cell.labels), spec, "ok", classes=list(fabricate.CLASSES), **changes
        )
        store.write(record, predictions=frame, history=[], metrics={})
    _, board = write_report(plan, store, fabricate.make_registry(), ("md", "csv", "html"))
    return store.folder / "report", board


def lines(folder: Path, name: str = "leaderboard") -> list[dict[str, str]]:
    return list(csv.DictReader((folder / f"{name}.csv").read_text().splitlines()))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Table]:
    return report(tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="module")
def protocols(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Table]:
    return report(tmp_path_factory.mktemp("protocols"), SPLITS)


def test_a_table_says_above_itself_what_is_known(plain: tuple[Path, Table]) -> None:
    folder, board = plain
    (lead,) = board.lead
    assert (
        lead
        == "svm · none and svm · masks may be the best of 6 rows; 12 of 15 pairs are decided, 1 of them as equal within 2 points."
    )
    assert f"**{lead}**" in (folder / "report.md").read_text()
    assert lead in (folder / "report.html").read_text()
    assert to_terminal(board).startswith(lead)


def test_rows_have_the_ranks_that_are_left_open_and_a_verdict(plain: tuple[Path, Table]) -> None:
    found = [
        (line["model"], line["augmentation"], line["rank"], line["standing_text"]) for line in lines(plain[0])
    ]
    assert found[:3] == [
        ("svm", "none", "1-2", "may be best"),
        ("svm", "masks", "1-2", "may be best"),
        ("cnn", "masks", "3", "worse"),
    ]
    assert {line["rank"] for line in lines(plain[0]) if line["model"] == "majority"} == {"4-6"}


def test_every_difference_in_the_table_has_its_interval(plain: tuple[Path, Table]) -> None:
    for line in lines(plain[0]):
        difference = line["tones:test/top1 difference"]
        if difference:
            low, high = (float(line[f"tones:test/top1 difference {side}"]) for side in ("low", "high"))
            assert low <= float(difference) <= high


def test_what_would_decide_an_undecided_pair_is_said(plain: tuple[Path, Table]) -> None:
    (line,) = [
        line for line in lines(plain[0], "differences-to-the-best-row") if line["row"] == "svm · masks"
    ]
    assert line["verdict"] == "may be best"
    assert line["needed"].startswith("about ")
    assert "more seed" in line["needed"]


def test_effects_leave_out_rows_that_cannot_change_and_show_how_models_differ(
    plain: tuple[Path, Table],
) -> None:
    (masks,) = [line for line in lines(plain[0], "effects") if line["axis"] == "augmentation"]
    assert (masks["pairs"], masks["unmoved"]) == ("2", "1")
    assert float(masks["least"]) < 0 < float(masks["most"])
    assert "cnn · masks" in masks["range"]
    assert "1 pair of rows gives the same answers whatever is changed" in (plain[0] / "report.md").read_text()
    by_row = {
        line["row"]: line for line in lines(plain[0], "effects-by-row") if line["axis"] == "augmentation"
    }
    assert set(by_row) == {"cnn · masks", "svm · masks"}
    assert float(by_row["cnn · masks"]["low"]) > 0


def test_protocols_are_blocks_of_their_own_and_no_row_is_better_than_one_of_another(
    protocols: tuple[Path, Table],
) -> None:
    folder, board = protocols
    assert [line["split"] for line in lines(folder)] == ["random"] * 6 + ["by artist"] * 6
    assert [line["rank_low"] for line in lines(folder)].count("1") == 3
    assert [each.split(":")[0] for each in board.lead] == ["split random", "split by artist"]
    (change,) = [line for line in lines(folder, "effects") if line["axis"] == "split"]
    assert "protocol" in change["of"]
    assert float(change["high"]) < 0
    assert "it says nothing of which row is better" in (folder / "report.md").read_text()
    assert len(lines(folder, "differences-to-the-best-row-1")) == 5


def test_one_seed_gives_no_rank_and_no_better(tmp_path: Path) -> None:
    folder, board = report(tmp_path, seeds="[0]")
    assert {line["rank"] for line in lines(folder)} == {""}
    assert board.lead == ()
    assert "Differences to the best row" not in (folder / "report.md").read_text()
    assert any("Another seed might say otherwise" in note or "another seed" in note for note in board.notes)


def test_leaky_rows_have_no_ranks_but_a_table_all_the_same(tmp_path: Path) -> None:
    folder, board = report(tmp_path, marks=["leaky"])
    assert {line["rank"] for line in lines(folder)} == {""}
    assert board.lead == ()


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_a_terminal_shows_no_broken_line(protocols: tuple[Path, Table], width: int) -> None:
    shown = to_terminal(protocols[1], width)
    assert max(map(len, shown.splitlines())) <= max(width, 70)
    if width >= 100:
        assert "verdict" in shown
        assert max(map(len, shown.splitlines())) <= width


def test_long_labels_are_cut_in_the_middle() -> None:
    assert shortened("mfcc-svm with stretch", 11) == "mfcc-…retch"
    assert shortened("cnn", 11) == "cnn"
    names = [f"the same long name of model number {number}" for number in range(2)]
    table = Table(
        (Column("m", "model"), Column("v", "top1", "percent")), tuple({"m": name, "v": 0.5} for name in names)
    )
    shown = to_terminal(table, 40)
    assert max(map(len, shown.splitlines())) <= 40
    assert "number 0" in shown
    assert "number 1" in shown


def test_markdown_cuts_a_wide_table_into_one_per_evaluation_set() -> None:
    columns = [
        Column("rank", "rank", "rank"),
        Column("model", "model"),
        Column("verdict", "verdict", spare=1),
    ]
    for group in ("gtzan:test", "spotify"):
        columns += [Column(f"{group}{n}", f"metric{n}", "percent", group=group, spare=2) for n in range(5)]
    table = Table(tuple(columns), ({"rank": "1-2", "model": "cnn"},))
    heads = [line for line in to_markdown(table).splitlines() if line.startswith("|") and "rank" in line]
    assert len(heads) == 2
    assert "gtzan:test metric4" in heads[0]
    assert "verdict" in heads[0]
    assert "spotify metric0" in heads[1]
    assert "gtzan" not in heads[1]


def test_a_table_without_rows_is_a_sentence() -> None:
    assert to_markdown(Table((Column("a", "a"),), (), "It had nothing to say.")) == "It had nothing to say.\n"


@pytest.mark.parametrize(
    ("seeds", "tracks", "expected"),
    [
        (4, 273.2, "about 4 more seeds, or 280 more test tracks"),
        (1, None, "about 1 more seed"),
        (None, 7.2, "about 8 more test tracks"),
        (None, float("nan"), "more seeds and more test tracks"),
    ],
)
def test_what_would_decide_is_said_in_round_numbers(seeds: Any, tracks: Any, expected: str) -> None:
    assert needed_text({"seeds": seeds, "tracks": tracks}) == expected
