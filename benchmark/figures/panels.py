"""One clip as models see it, in each of the suite's features, and under each of its augmentations (Figs. 6 and 8)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.data.audio import SAMPLE_RATE, load_mono
from benchmark.data.clips import cut
from benchmark.data.examples import StoredExamples
from benchmark.data.items import Item, fresh_steps, training_items
from benchmark.data.prepare import open_store, prepare, requests
from benchmark.exceptions import AudioError
from benchmark.plugin.tracks import Track
from benchmark.randomness import derive_generator
from benchmark.report.figures import set_title

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

    from benchmark.plugin.augmentation import Augmentation
    from benchmark.plugin.benchfile import Benchfile
    from benchmark.plugin.registry import ComponentSpec, Registry
    from benchmark.suite.cell import CellSpec, Chain

_MOST, _DRAWS = 24, 8


@dataclass(frozen=True)
class Panel:
    """An image, shape (height, width, 1 or 3), and what it is called."""

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
        highest = 255 if panel.image.dtype == "uint8" else 1
        colour: dict[str, Any] = (
            {"cmap": "gray", "vmin": 0, "vmax": highest} if panel.image.shape[2] == 1 else {}
        )
        shown = panel.image[:, :, 0] if panel.image.shape[2] == 1 else panel.image
        axes.imshow(shown, aspect="auto", interpolation="nearest", **colour)
        letter = f"({chr(ord('a') + number)}) " if len(panels) > 1 else ""
        axes.set_title(letter + panel.title, fontsize=8, loc="left", wrap=True)
        axes.set(xticks=[], yticks=[])
    figure.supxlabel("time →", fontsize=8)
    figure.supylabel("frequency →", fontsize=8)
    set_title(figure, title)
    return figure


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
        return (function(*each) for each in arguments)

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
        values, targets = augmentation.apply_batch(values, targets, rng)
    return np.asarray(values)[0].clip(0, 1)


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
        changed = step.component.create(kitchen.registry).apply(changed, rng, **dict(step.settings))
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
