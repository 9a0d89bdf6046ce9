"""Draw all that can be drawn of a suite without training, and write it as files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.data.audio import load_mono
from benchmark.exceptions import PluginError, ResultsError, UsageError, nearest
from benchmark.figures.flow import data_flow, draw_flow
from benchmark.figures.layers import layer_table
from benchmark.figures.method import draw_method, method_steps
from benchmark.figures.panels import Kitchen, augmented, draw_panels, inputs
from benchmark.figures.scales import scales_figure
from benchmark.figures.spectrograms import Analysis, spectrograms
from benchmark.figures.tables import copies_table, tracks_table
from benchmark.figures.variants import Variant, data_variants, recipe_steps
from benchmark.plugin.border import calling
from benchmark.plugin.declared import checked_features
from benchmark.plugin.tracks import Track
from benchmark.plugin.waveform import SAMPLE_RATE
from benchmark.report.mpl.style import literal_text, save
from benchmark.report.render import to_latex, to_markdown
from benchmark.results.plan import Plan
from benchmark.results.store import slug
from benchmark.suite.cell import canonical_json
from benchmark.text import visible

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from benchmark.plugin.registry import ComponentSpec, Registry
    from benchmark.report.table import Table
    from benchmark.suite.cell import CellSpec

_ACROSS = 4
_MIXED_WITH = 3


@dataclass
class Drawn:
    """What was written, and what could not be drawn and why."""

    files: list[Path] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@literal_text()
def write_figures(
    plan: Plan,
    registry: Registry,
    cache: Path,
    folder: Path,
    track: str | None = None,
    rehearsed: bool = False,
) -> Drawn:
    """Write figures as PNG and PDF, tables as Markdown and LaTeX, into ``folder``.

    Args:
        plan: of the suite. What needs an absent dataset is left out, with a note.
        registry: the plugins.
        cache: the feature cache, read and filled.
        folder: where files go.
        track: id of the track whose clip is shown; default: the first of the first class.
        rehearsed: whether titles say that it is a rehearsal.

    Raises:
        UsageError: when there is no such track; then nothing is written.
        ResultsError: when the folder cannot be written.
    """
    sketch = _Sketch(plan, registry, cache, folder, track, rehearsed)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        sketch.tables()
        sketch.method()
        sketch.data()
        sketch.clip()
        sketch.networks()
    except OSError as error:
        reason = error.strerror or error
        raise ResultsError(
            f"The figures cannot be written to {folder}: {reason}. Choose another folder with --out DIR."
        ) from error
    return sketch.drawn


class _Sketch:
    """The drawing of one suite; each method writes what belongs together."""

    def __init__(
        self,
        plan: Plan,
        registry: Registry,
        cache: Path,
        folder: Path,
        track: str | None,
        rehearsed: bool,
    ) -> None:
        self.plan = plan
        self.registry = registry
        self.folder = folder
        self.rehearsed = rehearsed
        self.kitchen = Kitchen(registry, cache, registry.benchfile)
        self.drawn = Drawn()
        # Chosen before anything is written: who asks for what is not there is to get nothing rather than half.
        self.shown = _shown(plan, track)

    def tables(self) -> None:
        """Write tracks per class, of the datasets that are here."""
        if self.plan.corpora:
            aliases = {dataset.label: self._offered(dataset).aliases for dataset in self._datasets()}
            self._table(tracks_table(self.plan, aliases, self._marks(*self._datasets())), "tracks")
        self.drawn.notes += [f"{label}: {error}" for label, error in self.plan.absent.items()]

    def method(self) -> None:
        """Write the steps of the suite, and how the scales of its spectrograms relate; neither needs data."""
        suite, marks = self.plan.suite, self._marks(*self._datasets())
        self._figure(
            draw_method(method_steps(self.plan, self.registry), f"The method of {suite.name}{marks}"),
            "method",
        )
        analysis = Analysis.of(suite.cells[0].spec.features.parameters)
        self._figure(
            scales_figure(analysis, SAMPLE_RATE, "Frequency, the mel scale, and amplitude"), "mel-scale"
        )

    def data(self) -> None:
        """Write items by technique, and where the data go."""
        variants = data_variants(self.plan, self.registry)
        if not variants:
            self.drawn.notes.append("Items and the flow of data need the dataset that is trained on.")
            return
        self._table(
            copies_table(variants, self._marks(*(variant.spec.dataset for variant in variants))), "copies"
        )
        for variant in variants:
            name = f"data-flow-{slug(variant.name)}" if variant.name else "data-flow"
            self._figure(draw_flow(data_flow(variant), self._flow_title(variant)), name)

    def clip(self) -> None:
        """Write spectrograms of one clip, its features, and its augmented copies."""
        if self.shown is None:
            self.drawn.notes.append("Spectrograms and augmentations need the dataset that is trained on.")
            return
        cell, track = self.shown
        tracks = self.plan.corpora[cell.dataset.label].tracks
        marks = self._marks(cell.dataset)
        title = f"{track.id}{marks}"
        samples = load_mono(track.path, SAMPLE_RATE)
        analysis = Analysis.of(cell.features.parameters)
        for name, figure in spectrograms(samples, SAMPLE_RATE, analysis, title):
            self._figure(figure, name)
        panels = inputs(self._inputs(), track, self.kitchen)
        self._figure(draw_panels(panels, f"{track.id} as models see it{marks}", _ACROSS), "model-input")
        chains = recipe_steps(self.plan)
        if not chains:
            self.drawn.notes.append("The suite has no augmentation, and so no figure of it.")
            return
        shown = [replace(own, audio=cell.audio) for own in (track, *_others(tracks, track))]
        copies = augmented(chains, shown, cell, self._seeds(), self.kitchen)
        self._figure(
            draw_panels(copies, f"{track.id} and its augmented copies{marks}", _ACROSS), "augmentations"
        )

    def networks(self) -> None:
        """Write the layers of each network; models that are none are left out."""
        for label, cell, classes in self._networks():
            model: Any = cell.model.create(self.registry)
            shape, _ = checked_features(cell.features.create(self.registry))
            try:
                with calling(model, "build"):
                    table = layer_table(model, label, shape, classes, cell.training, self._marks())
            except PluginError as error:
                self.drawn.notes.append(f"The layers of {label} could not be had. {error}")
                continue
            self._table(table, f"layers-{slug(label)}")

    def _networks(self) -> Iterator[tuple[str, CellSpec, int]]:
        from benchmark.training.keras_model import KerasModel

        seen = set()
        shapes: dict[str, set[str]] = {}
        cells = self.plan.suite.cells
        for cell in cells:
            shapes.setdefault(cell.spec.model.label, set()).add(cell.spec.features.label)
        for cell in cells:
            spec = cell.spec
            offered = self.registry.offer("model", spec.model.name).component
            key = canonical_json([spec.model.label, spec.features.key])
            if key in seen or not issubclass(offered, KerasModel):
                continue
            seen.add(key)
            classes = self._classes(spec)
            if not classes:
                self.drawn.notes.append(
                    f"The layers of {spec.model.label} need dataset {spec.dataset.label}."
                )
                continue
            several = len(shapes[spec.model.label]) > 1
            yield (
                (f"{spec.model.label}, {spec.features.label}" if several else spec.model.label),
                spec,
                classes,
            )

    def _classes(self, spec: CellSpec) -> int:
        """Return how many classes a cell has; of an absent dataset, how many a whole copy has."""
        corpus = self.plan.corpora.get(spec.dataset.label)
        if corpus is not None:
            return len(corpus.classes)
        return len(self._offered(spec.dataset).expected)

    def _inputs(self) -> list[CellSpec]:
        """Return a cell of each of the suite's distinct ways from audio to features."""
        specs: dict[str, CellSpec] = {}
        for cell in self.plan.suite.cells:
            parts = [part and part.key for part in (cell.spec.audio, cell.spec.features)]
            specs.setdefault(canonical_json(parts), cell.spec)
        return list(specs.values())

    def _seeds(self) -> list[int]:
        return list(dict.fromkeys(cell.spec.seed for cell in self.plan.suite.cells))

    def _datasets(self) -> list[ComponentSpec]:
        return [dataset for cell in self.plan.suite.cells for dataset in _used(cell.spec)]

    def _flow_title(self, variant: Variant) -> str:
        name = f" ({variant.name})" if variant.name else ""
        return f"Where the data of {self.plan.suite.name} go{name}{self._marks(*_used(variant.spec))}"

    def _offered(self, dataset: ComponentSpec) -> Any:
        return self.registry.offer("dataset", dataset.name).component

    def _marks(self, *datasets: ComponentSpec) -> str:
        """Return what a title must say of what shows these datasets."""
        synthetic = any(self._offered(dataset).synthetic for dataset in datasets)
        marks = [*(["rehearsal"] if self.rehearsed else []), *(["synthetic"] if synthetic else [])]
        return f" [{', '.join(marks)}]" if marks else ""

    def _figure(self, figure: Figure, name: str) -> None:
        self.drawn.files += save(figure, self.folder, name)

    def _table(self, table: Table, name: str) -> None:
        for suffix, text in (
            ("md", to_markdown(table)),
            ("tex", to_latex(table, f"{self.plan.suite.name}-{name}")),
        ):
            file = self.folder / f"{name}.{suffix}"
            file.write_text(visible(text), encoding="utf-8")
            self.drawn.files.append(file)


def _used(spec: CellSpec) -> list[ComponentSpec]:
    """Return the dataset that a cell is trained on, and those that it is evaluated on whole."""
    return [spec.dataset, *(own.dataset for own in spec.evaluate if own.dataset is not None)]


def _shown(plan: Plan, wanted: str | None) -> tuple[CellSpec, Track] | None:
    """Return the track whose clip is shown, and a cell that has it; None where no dataset to train on is here.

    Raises:
        UsageError: when there is no track of that id.
    """
    cell = next((own.spec for own in plan.suite.cells if own.spec.dataset.label in plan.corpora), None)
    if cell is None:
        return None
    label = cell.dataset.label
    return cell, _choose(plan.corpora[label].tracks, wanted, label)


def _choose(tracks: Sequence[Track], wanted: str | None, dataset: str) -> Track:
    if wanted is None:
        return tracks[0]
    chosen = next((track for track in tracks if track.id == wanted), None)
    if chosen is None:
        near = nearest(wanted, [track.id for track in tracks])
        raise UsageError(
            f"Dataset {dataset} has no track '{wanted}'.{near} It has {len(tracks)} tracks; "
            f"the first is '{tracks[0].id}'."
        )
    return chosen


def _others(tracks: Sequence[Track], track: Track) -> list[Track]:
    """Return the first track of each of a few other classes."""
    firsts = {other.label: other for other in reversed(tracks) if other.label != track.label}
    return list(reversed(firsts.values()))[:_MIXED_WITH]
