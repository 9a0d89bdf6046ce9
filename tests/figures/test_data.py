"""Tables and the flow of data say what is really made."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmark.data.items import count_copies
from benchmark.figures.flow import USE, Flow, data_flow, draw_flow
from benchmark.figures.tables import ORIGINALS, TOTAL, copies_table, tracks_table
from benchmark.figures.variants import Variant, data_variants
from benchmark.locations import Locations
from benchmark.plugin.manager import Plugins
from benchmark.plugin.registry import Registry
from benchmark.plugin.tracks import Corpus, Track
from benchmark.results.plan import Plan, make_plan
from benchmark.suite.load import load_suite

SUITE = """
name: flows
cell:
  dataset: {synthetic: {tracks_per_class: 5, seconds: 1}}
  split: {fractions: [0.6, 0.2, 0.2]}
  features: {mel: {size: [12, 16], n_mels: 12}}
  evaluate: [test, {synthetic-shifted: {tracks_per_class: 1, seconds: 1}}]
matrix:
  model: [majority]
  augmentation:
    - none
    - {label: masks, use: [frequency-mask]}
    - label: all four
      use: [{time-stretch: {rates: [1.25, 0.85]}}, {pitch-shift: {semitones: [2, -1]}}, frequency-mask, time-mask]
  split.augment: [after, before]
  seed: [0, 1]
"""


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Plugins().registry


def planned(text: str, folder: Path, cache: Path, registry: Registry) -> Plan:
    (folder / "suite.yaml").write_text(text)
    return make_plan(load_suite(folder / "suite.yaml", registry), registry, Locations(cache=cache))


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory, cache: Path, registry: Registry) -> Plan:
    return planned(SUITE, tmp_path_factory.mktemp("flows"), cache, registry)


@pytest.fixture(scope="module")
def variants(plan: Plan, registry: Registry) -> list[Variant]:
    return data_variants(plan, registry)


def test_there_is_a_variant_per_protocol_with_the_recipe_that_makes_the_most(variants: list[Variant]) -> None:
    assert [variant.name for variant in variants] == ["augment after", "augment before"]
    assert [len(variant.items.train.items) for variant in variants] == [30 + 30 * 6, 30 + 50 * 6]


def test_table_2_counts_the_items_that_are_made(variants: list[Variant]) -> None:
    table = copies_table(variants)
    lines = {line["technique"]: line for line in table.lines}
    for number, variant in enumerate(variants):
        items = variant.items.train.items
        assert lines[TOTAL][str(number)] == len(items)
        assert sum(line[str(number)] for name, line in lines.items() if name != TOTAL) == len(items)
        made = count_copies(items)
        assert lines[ORIGINALS][str(number)] == made.pop("none") == 30
        assert {name: lines[name][str(number)] for name in made} == made
    assert lines["time-stretch"] == {"technique": "time-stretch", "0": 60, "1": 100}
    assert lines["time-mask"] == {"technique": "time-mask", "0": 30, "1": 50}
    assert "120 of them of validation and test tracks" in table.notes[0]


def test_table_1_counts_the_tracks_of_each_class(plan: Plan) -> None:
    table = tracks_table(plan, {})
    assert [line["class"] for line in table.lines] == [*next(iter(plan.corpora.values())).classes, TOTAL]
    assert {line["synthetic"] for line in table.lines[:-1]} == {5}
    assert table.lines[-1] == {"class": TOTAL, "synthetic": 50, "synthetic-shifted": 10}


def test_classes_are_one_line_only_where_a_model_takes_them_for_one() -> None:
    def corpus(**counts: int) -> Corpus:
        names = {name.replace("sharp", "#").replace("_", "-"): count for name, count in counts.items()}
        tracks = [
            Track(f"{name} {number}", Path("x"), name, "", 1.0)
            for name, count in names.items()
            for number in range(count)
        ]
        return Corpus(tuple(tracks), tuple(names))

    corpora = {"own": corpus(C=3, Csharp=2, hiphop=4), "other": corpus(c=5, hip_hop=6)}
    both: Any = SimpleNamespace(corpora=corpora, absent={})
    table = tracks_table(both, {"own": {"hiphop": ("hip-hop",)}})
    assert [tuple(line.values()) for line in table.lines] == [
        ("C", 3, 5),
        ("C#", 2, 0),
        ("hiphop", 4, 6),
        (TOTAL, 9, 11),
    ]


def test_a_dataset_may_be_called_like_the_column_of_classes() -> None:
    tracks = (Track("1", Path("x"), "jazz", "", 1.0),)
    both: Any = SimpleNamespace(corpora={"class": Corpus(tracks, ("jazz",))}, absent={})
    table = tracks_table(both, {})
    assert [column.header for column in table.columns] == ["class", "class"]
    assert [tuple(line.values()) for line in table.lines] == [("jazz", 1), (TOTAL, 1)]


def lines_of(flow: Flow, title: str) -> dict[str, str]:
    (box,) = (box for box in flow.boxes if box.title == title)
    return dict(box.lines)


def test_the_flow_says_how_many_tracks_and_copies_go_where(variants: list[Variant]) -> None:
    flow = data_flow(variants[0])
    assert lines_of(flow, "training") == {"tracks": "30"}
    assert lines_of(flow, "training set") == {
        "originals": "30", "time-stretch": "+ 60", "pitch-shift": "+ 60", "frequency-mask": "+ 30",
        "time-mask": "+ 30", "items in all": "210",
    }  # fmt: skip
    assert lines_of(flow, "evaluation: synthetic:test") == {"tracks": "10"}
    assert lines_of(flow, "evaluation: synthetic-shifted") == {"tracks": "10"}
    assert lines_of(flow, "watched in training") == {"items": "10"}
    assert not any(arrow.leaks for arrow in flow.arrows)


def test_copies_of_held_out_tracks_are_drawn_as_leaks(variants: list[Variant]) -> None:
    flow = data_flow(variants[1])
    assert {arrow.start for arrow in flow.arrows if arrow.leaks} == {"validation", "test"}
    assert "120 of the copies that are trained on are of validation and test tracks" in flow.notes[0]


def test_each_arrow_joins_two_boxes_and_no_box_leaves_the_picture(variants: list[Variant]) -> None:
    for variant in variants:
        flow = data_flow(variant)
        names = {box.name for box in flow.boxes}
        assert len(names) == len(flow.boxes)
        assert all({arrow.start, arrow.end} <= names for arrow in flow.arrows)
        assert {arrow.end for arrow in flow.arrows} >= {box.name for box in flow.boxes if box.column == USE}
        figure = draw_flow(flow, "Flow")
        width, height = figure.get_size_inches()
        corners = [patch.get_bbox() for patch in figure.axes[0].patches if hasattr(patch, "get_boxstyle")]
        boxes = [bounds for bounds in corners if bounds is not None]
        assert len(boxes) == len(flow.boxes)
        for box in boxes:
            assert 0 < box.x0 < box.x1 < width
            assert 0 < box.y0 < box.y1 < height
        for first in boxes:
            assert not any(first.overlaps(other) for other in boxes if other is not first)


def test_recipes_with_techniques_of_their_own_are_variants_of_their_own(
    tmp_path: Path, cache: Path, registry: Registry
) -> None:
    text = SUITE.replace("  split.augment: [after, before]\n", "").replace(
        "pitch-shift: {semitones: [2, -1]}", ""
    )
    text = text.replace("{}, frequency-mask, time-mask", "mixup")
    text = text.replace("model: [majority]", "model: [cnn]")
    found = data_variants(planned(text, tmp_path, cache, registry), registry)
    assert [(variant.name, variant.fresh) for variant in found] == [("all four", ("mixup",)), ("masks", ())]
    assert "mixup are drawn afresh" in copies_table(found).notes[0]
    assert ("mixup", "each epoch") in lines_of(data_flow(found[0]), "training set").items()


def test_an_absent_evaluation_set_is_shown_as_absent(tmp_path: Path, cache: Path, registry: Registry) -> None:
    text = SUITE.replace("{synthetic-shifted: {tracks_per_class: 1, seconds: 1}}", "spotify")
    plan = planned(text, tmp_path, cache, registry)
    (first, _) = data_variants(plan, registry)
    assert first.absent == ("spotify",)
    assert lines_of(data_flow(first), "spotify") == {"not here": ""}
    assert "spotify is not here." in tracks_table(plan, {}).notes


def test_without_the_own_dataset_there_are_no_variants(
    tmp_path: Path, cache: Path, registry: Registry
) -> None:
    text = SUITE.replace("{synthetic: {tracks_per_class: 5, seconds: 1}}", "gtzan")
    assert data_variants(planned(text, tmp_path, cache, registry), registry) == []
