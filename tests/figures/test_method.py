"""The steps of a method are those of the suite, and nothing that it has not."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.figures.boxes import Box
from benchmark.figures.method import draw_method, method_steps
from benchmark.locations import Locations
from benchmark.plugin.manager import Plugins
from benchmark.results.plan import make_plan
from benchmark.suite.load import load_suite

SUITE = """
name: steps
cell:
  dataset: {synthetic: {tracks_per_class: 5, seconds: 1}}
  split: {fractions: [0.5, 0.25, 0.25]}
  features: {mel: {size: [12, 16], n_mels: 12}}
  training: {epochs: 3}
  evaluate: [test, {synthetic-shifted: {tracks_per_class: 3, seconds: 1}}]
matrix:
  model: [majority, {cnn: {}, label: a net}]
  augmentation: [none, {label: both, use: [time-stretch, frequency-mask]}]
  seed: [0, 1, 2]
"""


def steps(text: str, folder: Path, cache: Path) -> dict[str, Box]:
    (folder / "suite.yaml").write_text(text)
    registry = Plugins().registry
    plan = make_plan(load_suite(folder / "suite.yaml", registry), registry, Locations(cache=cache))
    return {box.name: box for box in method_steps(plan, registry)}


def test_each_step_has_what_the_suite_has_for_it(tmp_path: Path, cache: Path) -> None:
    found = steps(SUITE, tmp_path, cache)
    assert list(found) == [
        "audio", "split", "augmentation", "features", "model", "training", "evaluation", "report",
    ]  # fmt: skip
    assert ("synthetic", "50 tracks") in found["audio"].lines
    assert found["split"].lines == (("stratified, 50 / 25 / 25 %", ""), ("seeds", "3"))
    assert found["augmentation"].lines == (
        ("training tracks only", ""),
        ("time-stretch", "on waveform"),
        ("frequency-mask", "on features"),
    )
    assert found["features"].lines == (("mel", "12 × 16 × 1"),)
    assert [name for name, _ in found["model"].lines] == ["majority", "a net"]
    assert ("epochs", "3") in found["training"].lines
    assert [name for name, _ in found["evaluation"].lines][1:] == ["synthetic:test", "synthetic-shifted"]


def test_what_a_suite_has_not_is_no_step(tmp_path: Path, cache: Path) -> None:
    text = SUITE.replace("majority, {cnn: {}, label: a net}", "majority")
    text = text.replace("  augmentation: [none, {label: both, use: [time-stretch, frequency-mask]}]\n", "")
    assert list(steps(text, tmp_path, cache)) == [
        "audio", "split", "features", "model", "evaluation", "report",
    ]  # fmt: skip


def test_copies_made_before_the_split_are_said_to_leak(tmp_path: Path, cache: Path) -> None:
    found = steps(SUITE.replace("  seed:", "  split.augment: [after, before]\n  seed:"), tmp_path, cache)
    assert found["augmentation"].lines[:2] == (("training tracks only", ""), ("before the split: leaks", ""))


@pytest.mark.parametrize("count", [1, 4, 5, 9])
def test_every_step_is_drawn_with_an_arrow_to_the_next(count: int) -> None:
    from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

    boxes = [Box(f"step {number}", number, f"step {number}", (("a", "1"),)) for number in range(count)]
    figure = draw_method(boxes, "title")
    (axes,) = figure.axes
    assert sum(isinstance(patch, FancyBboxPatch) for patch in axes.patches) == count
    assert sum(isinstance(patch, FancyArrowPatch) for patch in axes.patches) == count - 1
    width, height = figure.get_size_inches()
    for patch in axes.patches:
        if isinstance(patch, FancyBboxPatch):
            assert 0 <= patch.get_x() <= patch.get_x() + patch.get_width() <= width
            assert 0 <= patch.get_y() <= patch.get_y() + patch.get_height() <= height
