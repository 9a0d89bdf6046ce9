"""Where a suite's data go, with counts (the paper's Fig. 7): first as boxes and arrows, then as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from benchmark.figures.boxes import Box, Look, curve, draw_box
from benchmark.plugin.tracks import LeftOut, reasons_text
from benchmark.report.mpl.style import COLOURS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from benchmark.data.assemble import PartItems
    from benchmark.figures.variants import Variant

# Columns of the picture, from left to right.
SOURCE, PART, USE = range(3)
_LEAK = COLOURS[1]
_WIDTHS, _GAP, _SPACING, _MARGIN = (1.9, 1.5, 2.9), 0.9, 0.25, 0.15


@dataclass(frozen=True)
class Arrow:
    """An arrow between two boxes by name; one that ``leaks`` takes held-out tracks into training."""

    start: str
    end: str
    leaks: bool = False


@dataclass(frozen=True)
class Flow:
    """Boxes, in the order in which each column stacks them, and arrows; ``notes`` go below."""

    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    notes: tuple[str, ...] = field(default=())


def data_flow(variant: Variant) -> Flow:
    """Return how a dataset becomes training items and evaluation sets under one protocol."""
    items = variant.items
    own = variant.spec.dataset.label
    split = {"training": items.split.train, "validation": items.split.validation, "test": items.split.test}
    parts = {name: tracks for name, tracks in split.items() if tracks}
    total = sum(len(tracks) for tracks in parts.values())
    boxes = [Box(own, SOURCE, own, _data_lines(total, len(items.classes)))]
    arrows = []
    for name, tracks in parts.items():
        look: Look = "training" if name == "training" else "held out"
        boxes.append(Box(name, PART, name, (("tracks", f"{len(tracks):,}"),), look))
        arrows.append(Arrow(own, name))
    boxes.append(_training_box(variant))
    arrows.append(Arrow("training", "trained"))
    arrows += [Arrow(name, "trained", leaks=True) for name in parts if variant.leaky and name != "training"]
    for box, start in _uses(variant, list(parts)):
        if start not in parts and start != own:
            boxes.append(Box(start, SOURCE, start, box.lines[:1]))
        boxes.append(box)
        arrows.append(Arrow(start, box.name))
    for label in variant.absent:
        boxes.append(Box(f"absent {label}", USE, label, (("not here", ""),), "absent"))
    return Flow(tuple(boxes), tuple(arrows), tuple(_notes(variant)))


def draw_flow(flow: Flow, title: str) -> Figure:
    """Draw boxes in columns, arrows between them; dashed arrows are leaks."""
    from matplotlib.figure import Figure

    tallest = max(_stack_height([box for box in flow.boxes if box.column == n]) for n in (SOURCE, PART, USE))
    width = sum(_WIDTHS) + 2 * _GAP + 2 * _MARGIN
    top, bottom = 0.5, 0.25 + 0.2 * len(flow.notes)
    figure = Figure(figsize=(width, tallest + top + bottom))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(0, tallest + top + bottom))
    axes.set_axis_off()
    places = _places(flow, bottom + tallest)
    for box in flow.boxes:
        draw_box(axes, box, *places[box.name], _WIDTHS[box.column])
    for arrow in flow.arrows:
        _draw_arrow(axes, flow, arrow, places)
    axes.text(_MARGIN, tallest + bottom + top - 0.12, title, fontsize=10, va="top")
    for number, note in enumerate(flow.notes):
        axes.text(_MARGIN, bottom - 0.16 - 0.2 * number, note, fontsize=8, va="top")
    return figure


def _training_box(variant: Variant) -> Box:
    counts = variant.counts
    lines = [("originals", f"{counts.get('none', 0):,}")]
    lines += [(name, f"+ {count:,}") for name, count in counts.items() if name != "none"]
    lines += [(name, "each epoch") for name in variant.fresh]
    total = len(variant.items.train.items)
    if len(lines) > 1:
        lines.append(("items in all", f"{total:,}"))
    return Box("trained", USE, "training set", tuple(lines), "training")


def _data_lines(tracks: int, classes: int | None) -> tuple[tuple[str, str], ...]:
    lines = [("tracks", f"{tracks:,}")]
    return tuple(lines if classes is None else [*lines, ("classes", f"{classes}")])


def _uses(variant: Variant, parts: list[str]) -> list[tuple[Box, str]]:
    """Return the boxes of what held-out data are for, and the name of the box that each comes from, in its order."""
    ends = [_evaluation(variant, part) for part in variant.items.evaluations]
    watched = variant.items.validation.items
    if watched and "validation" not in [start for _, start in ends]:
        box = Box("watched", USE, "watched in training", (("items", f"{len(watched):,}"),), "held out")
        ends.append((box, "validation"))
    return sorted(ends, key=lambda end: parts.index(end[1]) if end[1] in parts else len(parts))


def _evaluation(variant: Variant, part: PartItems) -> tuple[Box, str]:
    """Return the box of an evaluation set, and the name of the box that its tracks come from."""
    evaluation = variant.evaluated(part)
    lines = [("tracks", f"{len(part.tracks):,}")]
    if len(part.items) != len(part.tracks):
        lines.append(("clips", f"{len(part.items):,}"))
    box = Box(f"evaluation {part.name}", USE, f"evaluation: {part.name}", tuple(lines), "held out")
    if evaluation.dataset is not None:
        return box, evaluation.dataset.label
    return box, variant.spec.dataset.label if evaluation.part == "all" else evaluation.part


def _notes(variant: Variant) -> list[str]:
    notes = []
    if variant.leaky:
        notes.append(
            f"Augmented before the split: {variant.held_out_copies:,} of the copies that are trained on are of "
            "validation and test tracks (dashed)."
        )
    elif any(name != "none" for name in variant.counts):
        notes.append("Augmented after the split: copies are made of training tracks only.")
    if variant.items.left_out:
        reasons = reasons_text(LeftOut(name, why) for name, why in variant.items.left_out.items())
        notes.append(f"{len(variant.items.left_out):,} files are left out ({reasons}), and not counted.")
    return notes


def _stack_height(boxes: Sequence[Box]) -> float:
    return sum(box.height + _SPACING for box in boxes) - _SPACING


def _places(flow: Flow, top: float) -> dict[str, tuple[float, float]]:
    """Return the lower left corner of each box.

    What data are used for is stacked at the right; a box further left stands at the height of what it leads to, or
    below its neighbour where that is not free.
    """
    places: dict[str, tuple[float, float]] = {}
    for column in (USE, PART, SOURCE):
        free = top
        boxes = [box for box in flow.boxes if box.column == column]
        for number, box in enumerate(boxes):
            ends = [places[arrow.end][1] + _height(flow, arrow.end) / 2 for arrow in flow.arrows
                    if arrow.start == box.name and not arrow.leaks]  # fmt: skip
            wanted = sum(ends) / len(ends) + box.height / 2 if ends else free
            room = top - _stack_height([b for b in flow.boxes if b.column == USE])
            lowest = room + _stack_height(boxes[number:])
            upper = min(free, max(wanted, lowest))
            places[box.name] = (_MARGIN + sum(_WIDTHS[:column]) + column * _GAP, upper - box.height)
            free = upper - box.height - _SPACING
    return places


def _height(flow: Flow, name: str) -> float:
    return next(box.height for box in flow.boxes if box.name == name)


def _draw_arrow(axes: Any, flow: Flow, arrow: Arrow, places: dict[str, tuple[float, float]]) -> None:
    """Draw an arrow from right side to left side; those that end at one box end one above the other."""
    from matplotlib.patches import FancyArrowPatch

    boxes = {box.name: box for box in flow.boxes}
    out = [other for other in flow.arrows if other.start == arrow.start]
    into = [other for other in flow.arrows if other.end == arrow.end]
    start = _port(places[arrow.start], boxes[arrow.start], out.index(arrow), len(out))
    end = _port(places[arrow.end], boxes[arrow.end], into.index(arrow), len(into))
    colour = _LEAK if arrow.leaks else "#555555"
    width = _WIDTHS[boxes[arrow.start].column]
    bend = 0.45 * (end[0] - start[0] - width)
    axes.add_patch(
        FancyArrowPatch(
            path=curve((start[0] + width, start[1]), end, bend), arrowstyle="-|>", mutation_scale=9, color=colour,
            linewidth=1.4 if arrow.leaks else 1.0, linestyle="--" if arrow.leaks else "-", zorder=0.5,
        )
    )  # fmt: skip


def _port(corner: tuple[float, float], box: Box, number: int, count: int) -> tuple[float, float]:
    """Return where the arrow of this number leaves or reaches a box's side, left x and y."""
    return corner[0], corner[1] + box.height * (1 - (number + 1) / (count + 1))
