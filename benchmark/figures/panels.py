"""One clip as models see it, in each of the suite's features, and under each of its augmentations (Figs. 6 and 8)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.data.audio import load_mono
from benchmark.data.clips import cut
from benchmark.data.examples import StoredExamples
from benchmark.data.items import Item, fresh_steps, training_items
from benchmark.data.prepare import open_store, prepare, requests
from benchmark.exceptions import AudioError
from benchmark.plugin.border import calling, checked_batch, checked_items
from benchmark.plugin.tracks import Track
from benchmark.plugin.waveform import SAMPLE_RATE
from benchmark.randomness import derive_generator
from benchmark.report.mpl.style import set_title

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

    from benchmark.plugin.augmentation import Augmentation
    from benchmark.plugin.benchfile import Benchfile
    from benchmark.plugin.registry import ComponentSpec, Registry
    from benchmark.suite.cell import CellSpec, Chain

_MOST, _DRAWS = 24, 8
_SEQUENCE, _IMAGE = 2, 3
_COLOURS = (3, 4)
# What figures of items of so many dimensions have to the right, and up.
_AXES = {1: ("value after value →", ""), 2: ("time →", "value after value"), 3: ("time →", "frequency →")}


@dataclass(frozen=True)
class Panel:
    """An item as models see it, an image, a sequence (steps, values) or a vector, and what it is called."""

    title: str
    image: np.ndarray


@dataclass(frozen=True)
class Kitchen:
    """What features are made with: the plugins and the cache."""

    registry: Registry
    cache: Path
    benchfile: Benchfile | None


def inputs(specs: Iterable[CellSpec], track: Track, kitchen: Kitchen) -> list[Panel]:
    """Return the first clip of a track as the models of several cells see it."""
    panels = []
    for spec in specs:
        item = Item(0, cut(track, spec.clips)[0])
        (image,) = _images(spec.features, [item], [replace(track, audio=spec.audio)], spec, kitchen)
        audio = f"{spec.audio.label}, " if spec.audio else ""
        panels.append(Panel(f"{audio}{spec.features.label}, {' × '.join(map(str, image.shape))}", image))
    return panels


def augmented(
    chains: Sequence[Chain], tracks: Sequence[Track], spec: CellSpec, seeds: Sequence[int], kitchen: Kitchen
) -> list[Panel]:
    """Return the first clip of the first track, each copy that the chains make of it, and one of each fresh draw.

    The other tracks are of other classes: batch augmentations may mix them with it. What is drawn at random differs
    between seeds: shown is the draw, among those of ``seeds``, that changes the clip most.
    """
    track = tracks[0]
    first = cut(track, spec.clips)[0]
    items = [
        item for item in training_items([track], spec.clips, chains, kitchen.registry) if item.clip == first
    ]
    draws = [
        _images(spec.features, items, [track], replace(spec, seed=seed), kitchen) for seed in seeds[:_DRAWS]
    ]
    panels = []
    for number, item in enumerate(items):
        image = max((draw[number] for draw in draws), key=lambda image: _change(image, draws[0][0]))
        panels.append(Panel(_title(item) + _length(item, track, kitchen), image))
    for chain in chains:
        panels += _fresh(chain, tracks, spec, kitchen)
    return panels[:_MOST]


def draw_panels(panels: Sequence[Panel], title: str, across: int) -> Figure:
    """Draw panels in a grid, lettered, low frequencies at the bottom and time to the right."""
    from matplotlib.figure import Figure

    down = -(-len(panels) // across)
    across = -(-len(panels) // down)
    figure = Figure(figsize=(0.3 + 2.3 * across, 0.7 + 2.25 * down), layout="constrained")
    grid = figure.subplots(down, across, squeeze=False)
    for axes in grid.flat[len(panels) :]:
        axes.set_visible(False)
    for number, (axes, panel) in enumerate(zip(grid.flat, panels, strict=False)):
        _draw_item(axes, panel.image)
        letter = f"({chr(ord('a') + number)}) " if len(panels) > 1 else ""
        axes.set_title(letter + panel.title, fontsize=8, loc="left", wrap=True)
        axes.set(xticks=[], yticks=[])
    across_text, up_text = _AXES[min(panel.image.ndim for panel in panels)]
    figure.supxlabel(across_text, fontsize=8)
    figure.supylabel(up_text, fontsize=8)
    set_title(figure, title)
    return figure


def _draw_item(axes: Any, item: np.ndarray) -> None:
    """Draw an image in its colours, the first channel of one of two or many, a sequence with time to the right, or
    the values of a vector one after another."""
    if item.ndim == 1:
        axes.plot(item, linewidth=0.8)
        axes.margins(x=0)
        return
    shown = item.T if item.ndim == _SEQUENCE else item
    if item.ndim == _IMAGE and item.shape[2] not in _COLOURS:
        shown = item[:, :, 0]
    limits: dict[str, Any] = {"cmap": "gray"} if shown.ndim < _IMAGE else {}
    # Values of sequences lie where they like.
    if limits and item.ndim == _IMAGE:
        limits |= {"vmin": 0, "vmax": 255 if item.dtype == "uint8" else 1}
    axes.imshow(shown, aspect="auto", interpolation="nearest", **limits)


def _images(
    features: ComponentSpec, items: Sequence[Item], tracks: Sequence[Track], spec: CellSpec, kitchen: Kitchen,
    fresh: Any = (),
) -> np.ndarray:  # fmt: skip
    """Return the features of items, by way of the cache, as training would be given them.

    Raises:
        AudioError: when they cannot be computed.
    """
    import numpy as np

    store = open_store(features, kitchen.registry, kitchen.cache)

    def run(function: Any, arguments: Iterable[tuple[Any, ...]]) -> Iterator[Any]:
        return (function(*parts) for parts in arguments)

    asked = requests(tracks, items)
    for failure in prepare(store, asked, features, kitchen.benchfile, run, lambda done, of: None):
        raise AudioError(f"No features of {failure.track}: {failure.reason}")
    labels = list(range(len(tracks)))
    examples = StoredExamples(
        store, items, tracks, labels, kitchen.registry, num_classes=len(tracks), seed=spec.seed, fresh=fresh
    )
    return examples.gather(np.arange(len(items)), epoch=1)


def _fresh(chain: Chain, tracks: Sequence[Track], spec: CellSpec, kitchen: Kitchen) -> Iterator[Panel]:
    """Yield one draw of a chain that is drawn afresh in each epoch."""
    steps, batch = fresh_steps([chain], kitchen.registry)
    name = " + ".join(component.label for component in chain)
    if steps:
        item = Item(0, cut(tracks[0], spec.clips)[0])
        (image,) = _images(spec.features, [item], tracks[:1], spec, kitchen, steps)
        yield Panel(f"{name}, afresh", image)
    if batch:
        yield Panel(f"{name}, on batches", _mixed(batch, tracks, spec, kitchen))


def _mixed(
    batch: Sequence[Augmentation], tracks: Sequence[Track], spec: CellSpec, kitchen: Kitchen
) -> np.ndarray:
    """Return the first item of a batch of one item per track, after augmentation."""
    import numpy as np

    items = [Item(number, cut(track, spec.clips)[0]) for number, track in enumerate(tracks)]
    images = _images(spec.features, items, tracks, spec, kitchen)
    values = images.astype(np.float32) / (255 if images.dtype == np.uint8 else 1)
    targets = np.eye(len(tracks), dtype=np.float32)
    for number, augmentation in enumerate(batch):
        rng = derive_generator("figures", spec.seed, number)
        shapes = values.shape, targets.shape
        with calling(augmentation, "apply_batch"):
            made = augmentation.apply_batch(values, targets, rng)
        values, targets = checked_batch(augmentation, made, *shapes)
    mixed = np.asarray(values)[0]
    return mixed.clip(0, 1) if mixed.ndim == _IMAGE else mixed


def _change(image: np.ndarray, original: np.ndarray) -> float:
    return float(abs(image.astype("float32") - original).mean())


def _length(item: Item, track: Track, kitchen: Kitchen) -> str:
    """Return how long a copy is if it is not as long as the clip: a picture may hold it all the same."""
    if not item.waveform:
        return ""
    start, seconds = item.clip.start, item.clip.seconds
    clip = load_mono(track.path, SAMPLE_RATE, start, seconds)
    changed = clip.copy()
    for step in item.waveform:
        rng = derive_generator("figures", "length", track.content)
        made = step.component.create(kitchen.registry)
        with calling(made, "apply"):
            changed = made.apply(changed, rng, **dict(step.settings))
        changed = checked_items(made, "apply", changed, (None,), "float32")
    if abs(len(changed) / len(clip) - 1) < 0.01:
        return ""
    return f"\n{len(clip) / SAMPLE_RATE:.1f} s become {len(changed) / SAMPLE_RATE:.1f} s"


def _title(item: Item) -> str:
    steps = []
    for step in (*item.waveform, *item.features):
        # The number of a copy says nothing about it.
        settings = [f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
                    for name, value in step.settings if (name, value) != ("copy", 0)]  # fmt: skip
        steps.append(", ".join([step.component.label, *settings]))
    return " + ".join(steps) or "original"
