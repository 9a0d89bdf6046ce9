"""The method of a suite as a row of steps (the paper's Fig. 5): from audio to what is reported."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from benchmark.figures.boxes import Box, draw_box
from benchmark.plugin.declared import checked_features

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from benchmark.plugin.registry import ComponentSpec, Registry
    from benchmark.results.plan import Plan
    from benchmark.settings import SplitSettings
    from benchmark.suite.cell import CellSpec

_MOST_LINES, _ACROSS = 9, 4
_WIDTH, _GAP, _MARGIN, _BETWEEN, _TOP = 2.75, 0.45, 0.15, 0.5, 0.45
Lines = tuple[tuple[str, str], ...]


def method_steps(plan: Plan, registry: Registry) -> list[Box]:
    """Return the steps in their order, each with all that the suite has for it; steps that it has not are left out."""
    specs = [cell.spec for cell in plan.suite.cells]
    steps = [
        ("audio", _audio(plan, specs), "data"),
        ("split", _split(plan, specs), "data"),
        ("augmentation", _augmentation(specs, registry), "training"),
        ("features", _features(specs, registry), "data"),
        ("model", _models(specs, registry), "training"),
        ("training", _training(specs, registry), "training"),
        ("evaluation", _evaluation(specs), "held out"),
        ("report", _report(plan, specs), "held out"),
    ]
    return [
        Box(name, number, name, _shortened(lines), look)  # type: ignore[arg-type]
        for number, (name, lines, look) in enumerate(steps)
        if lines
    ]


def draw_method(steps: Sequence[Box], title: str) -> Figure:
    """Draw steps from left to right, in as many rows as they need, with arrows between them."""
    from matplotlib.figure import Figure

    rows = [steps[at : at + _ACROSS] for at in range(0, len(steps), _ACROSS)]
    heights = [max(box.height for box in row) for row in rows]
    across = min(_ACROSS, len(steps))
    width = across * _WIDTH + (across - 1) * _GAP + 2 * _MARGIN
    height = sum(heights) + _BETWEEN * (len(rows) - 1) + _TOP + _MARGIN
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(0, height))
    axes.set_axis_off()
    axes.text(_MARGIN, height - 0.12, title, fontsize=10, va="top")
    top = height - _TOP
    before: tuple[float, float] | None = None
    for row, tallest in zip(rows, heights, strict=True):
        for number, box in enumerate(row):
            left = _MARGIN + number * (_WIDTH + _GAP)
            # All boxes of a row hang from one line, and arrows meet their titles.
            draw_box(axes, box, left, top - box.height, _WIDTH)
            _arrow(axes, before, (left, top - 0.25), top)
            before = (left + _WIDTH, top - 0.25)
        top -= tallest + _BETWEEN
    return figure


def _arrow(axes: Any, start: tuple[float, float] | None, end: tuple[float, float], top: float) -> None:
    """Draw the arrow from the step before; from the end of a row it goes between the rows, back to the left."""
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path

    if start is None:
        return
    if start[0] < end[0]:
        points = [start, end]
    else:
        middle, right = top + _BETWEEN / 2, start[0] + 0.07
        left = end[0] + _WIDTH / 2
        points = [start, (right, start[1]), (right, middle), (left, middle), (left, top)]
    axes.add_patch(
        FancyArrowPatch(
            path=Path(points), arrowstyle="-|>", mutation_scale=10, color="#555555", linewidth=1.1, zorder=0.5
        )
    )


def _audio(plan: Plan, specs: Sequence[CellSpec]) -> Lines:
    lines = []
    for dataset in _distinct(specs, lambda spec: spec.dataset):
        corpus = plan.corpora.get(dataset.label)
        lines.append((dataset.label, f"{len(corpus.tracks):,} tracks" if corpus else ""))
        lines += [("classes", f"{len(corpus.classes)}")] if corpus else []
    if any(spec.audio for spec in specs):
        lines += [
            ("as", label) for label in _texts(specs, lambda spec: spec.audio.label if spec.audio else "it is")
        ]
    cut = _texts(specs, lambda spec: f"{spec.clips.seconds:g} s" if spec.clips else "whole tracks")
    lines += [("clips", text) for text in cut if cut != ["whole tracks"]]
    done = {"remove": "removed", "report": "listed"}
    said = _texts(specs, lambda spec: done[spec.duplicates.action] if spec.duplicates else "")
    return (*lines, *(("duplicates", text) for text in said if text))


def _split(plan: Plan, specs: Sequence[CellSpec]) -> Lines:
    lines = [(text, "") for text in _texts(specs, lambda spec: _parts(spec.split))]
    sizes = _texts(
        specs, lambda spec: "" if spec.training_size is None else f"{100 * spec.training_size:g} %"
    )
    lines += [("trained on", ", ".join(size or "all" for size in sizes))] if sizes != [""] else []
    seeds = plan.suite.axes.get("seed", ())
    return (*lines, *([("seeds", f"{len(seeds)}")] if seeds else []))


def _parts(split: SplitSettings) -> str:
    if split.folds is not None:
        return f"{split.strategy}, {split.folds} folds"
    if split.strategy == "predefined":
        return split.strategy
    return f"{split.strategy}, {' / '.join(f'{100 * share:.0f}' for share in split.fractions)} %"


def _augmentation(specs: Sequence[CellSpec], registry: Registry) -> Lines:
    steps = {step.key: step for spec in specs for chain in spec.augmentation for step in chain}
    if not steps:
        return ()
    lines = []
    for step in steps.values():
        made: Any = step.create(registry)
        lines.append((step.label, f"on {made.acts_on}"))
    when = _texts([spec for spec in specs if spec.augmentation], lambda spec: spec.split.augment)
    said = {"after": ("training tracks only", ""), "before": ("before the split: leaks", "")}
    return (*(said[moment] for moment in when), *dict.fromkeys(lines))


def _features(specs: Sequence[CellSpec], registry: Registry) -> Lines:
    lines = []
    for features in _distinct(specs, lambda spec: spec.features):
        shape, _ = checked_features(features.create(registry))
        lines.append((features.label, " × ".join(map(str, shape))))
    return tuple(lines)


def _models(specs: Sequence[CellSpec], registry: Registry) -> Lines:
    return tuple(
        (model.label, ", ".join(model.parameters.get("stages", ())))
        for model in _distinct(specs, lambda spec: spec.model)
    )


def _training(specs: Sequence[CellSpec], registry: Registry) -> Lines:
    """Return the settings of those models that heed them."""
    trained = [
        spec.training
        for spec in specs
        if getattr(registry.offer("model", spec.model.name).component, "uses_training", True)
    ]
    if not trained:
        return ()
    shown = ("epochs", "batch_size", "optimizer", "learning_rate", "loss", "schedule")
    lines = []
    for name in shown:
        values = list(dict.fromkeys(_setting(getattr(settings, name)) for settings in trained))
        if name != "schedule" or values != ["constant"]:
            lines.append((name.replace("_", " "), " or ".join(values)))
    return tuple(lines)


def _setting(value: Any) -> str:
    if isinstance(value, dict):
        value = next(iter(value))
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text.removeprefix("sparse_").replace("categorical_", "").replace("_", " ")


def _evaluation(specs: Sequence[CellSpec]) -> Lines:
    sets = dict.fromkeys(evaluation.label for spec in specs for evaluation in spec.evaluate)
    return (("class probabilities of tracks", ""), *((label, "") for label in sets))


def _report(plan: Plan, specs: Sequence[CellSpec]) -> Lines:
    metrics = dict.fromkeys(metric.label for spec in specs for metric in spec.metrics)
    sort = plan.suite.leaderboard.sort
    lines = [(label, "") for label in metrics]
    return (*lines, *([("ordered by", sort)] if sort else []))


def _distinct(specs: Sequence[CellSpec], part: Callable[[CellSpec], ComponentSpec]) -> list[ComponentSpec]:
    """Return the distinct components of a kind, those of one label and content once."""
    components = {(part(spec).label, part(spec).key): part(spec) for spec in specs}
    return list(components.values())


def _texts(specs: Iterable[CellSpec], text: Callable[[CellSpec], str]) -> list[str]:
    return list(dict.fromkeys(map(text, specs)))


def _shortened(lines: Lines) -> Lines:
    if len(lines) <= _MOST_LINES:
        return lines
    return (*lines[: _MOST_LINES - 1], (f"… and {len(lines) - _MOST_LINES + 1} more", ""))
