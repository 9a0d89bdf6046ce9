"""A kept model and its features, put together again from a cell's record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.data.clips import Clip
from benchmark.data.prepare import Request, compute, feature_key
from benchmark.data.probe import probe_file
from benchmark.exceptions import AudioError, PluginError, PluginFailure, ResultsError
from benchmark.plugin.border import calling, checked_probabilities
from benchmark.plugin.manager import load_registry
from benchmark.plugin.registry import ComponentSpec, Registry
from benchmark.plugin.tracks import Track
from benchmark.prediction.files import missing_files, with_files
from benchmark.prediction.find import KeptCell
from benchmark.prediction.windows import windows_of
from benchmark.settings import ClipSettings

if TYPE_CHECKING:
    import numpy as np

    from benchmark.plugin.benchfile import Benchfile
    from benchmark.plugin.model import Model

# Windows are predicted together as they come, so that a model works on whole batches and memory stays small.
TOGETHER = 64


@dataclass(frozen=True)
class FilePrediction:
    """What a model makes of one file, or the ``problem`` with it.

    Attributes:
        path: the file, as it was given.
        seconds: its length.
        windows: where each window begins and how long it is, in seconds.
        by_window: probabilities, shape (windows, classes).
        probabilities: their mean over the windows, shape (classes,).
    """

    path: Path
    problem: str = ""
    seconds: float = 0.0
    windows: tuple[tuple[float, float], ...] = ()
    by_window: np.ndarray | None = None
    probabilities: np.ndarray | None = None


@dataclass(frozen=True)
class Predictor:
    """A trained model, the features it was trained on, and how long its clips were.

    ``audio`` is the format that files are put through first; None leaves them as they are.
    """

    model: Model
    features: ComponentSpec
    clips: ClipSettings | None
    trained_on: float | None
    classes: tuple[str, ...]
    benchfile: Benchfile | None
    audio: ComponentSpec | None = None

    def predict(self, files: Iterable[Path]) -> Iterator[FilePrediction]:
        """Yield a prediction per file, in order; a file that cannot be used is one with a ``problem``."""
        waiting: list[tuple[FilePrediction, list[np.ndarray]]] = []
        for file in files:
            waiting.append(self._prepared(file))
            if sum(len(arrays) for _, arrays in waiting) >= TOGETHER:
                yield from self._answered(waiting)
                waiting = []
        yield from self._answered(waiting)

    def _prepared(self, file: Path) -> tuple[FilePrediction, list[np.ndarray]]:
        """Return a file's windows, and the features of each."""
        try:
            probe = probe_file(file)
            reason = probe.unusable(0)
            if reason:
                raise AudioError(f"{file}: {reason}.")
            track = Track(file.name, file, "", probe.content, probe.seconds, audio=self.audio)
            windows = windows_of(track, self.clips, self.trained_on)
            arrays = self._features_of(track, windows)
        except (AudioError, PluginError) as error:
            return FilePrediction(file, problem=_without(str(error), file)), []
        places = tuple(
            (window.start, track.seconds if window.seconds is None else min(window.seconds, track.seconds))
            for window in windows
        )
        return FilePrediction(file, seconds=track.seconds, windows=places), arrays

    def _features_of(self, track: Track, windows: Sequence[Clip]) -> list[np.ndarray]:
        keys = [feature_key(track, window, ()) for window in windows]
        wanted = tuple((key, window, (), None) for key, window in zip(keys, windows, strict=True))
        computed = compute(Request(track, wanted), self.features, self.benchfile)
        if computed.failure is not None:
            raise AudioError(computed.failure.reason)
        arrays = dict(computed.arrays)
        return [arrays[key] for key in keys]

    def _answered(
        self, waiting: Sequence[tuple[FilePrediction, list[np.ndarray]]]
    ) -> Iterator[FilePrediction]:
        import numpy as np

        from benchmark.data.examples import average_by_track
        from benchmark.prediction.examples import UnlabelledExamples

        arrays = [array for _, of_file in waiting for array in of_file]
        answers = np.zeros((0, len(self.classes)), np.float32)
        if arrays:
            examples = UnlabelledExamples(np.stack(arrays), len(self.classes))
            shape = (len(arrays), len(self.classes))
            with calling(self.model, "predict"):
                said = self.model.predict(examples)
            answers = checked_probabilities(self.model, said, shape)
        place = 0
        for prediction, of_file in waiting:
            if prediction.problem:
                yield prediction
                continue
            own = answers[place : place + len(of_file)]
            place += len(of_file)
            _, means = average_by_track(own, np.zeros(len(own), np.int64))
            yield FilePrediction(
                prediction.path,
                seconds=prediction.seconds,
                windows=prediction.windows,
                by_window=own,
                probabilities=means[0],
            )


def load_predictor(
    cell: KeptCell,
    benchfile: Benchfile | None = None,
    *,
    in_format: bool = False,
    files: Sequence[Path] = (),
) -> tuple[Predictor, list[str]]:
    """Return the predictor of a kept cell, and warnings about what has changed since it was trained.

    Nothing that is stored is executed: models are weights and numbers, and never pickles.

    Args:
        cell: the cell.
        benchfile: the suite's own plugin code, for models or features that are in it.
        in_format: whether files are put through the cell's audio format, as the tracks of its own dataset were;
            otherwise they are taken as they are, as the tracks of other evaluation sets were.
        files: files that components of the cell were made with, such as an encoder: records keep what they hold, and
            not where they lie.

    Raises:
        PluginError: when the model or the features are not on offer any more.
        UsageError: when a file cannot be read, or when the cell was made with none that holds the same.
        ResultsError: when the stored model cannot be read, or when a file that is needed is not among ``files``.
    """
    registry = load_registry(benchfile)
    spec = with_files(cell.record.spec, files)
    features, changed = _component("features", spec["features"], registry, benchfile)
    model_spec, model_changed = _component("model", spec["model"], registry, benchfile)
    audio: ComponentSpec | None = None
    audio_changed: list[str] = []
    if in_format and spec.get("audio"):
        audio, audio_changed = _component("audio", spec["audio"], registry, benchfile)
    warnings = [*changed, *model_changed, *audio_changed]
    component: Any = registry.offer("model", model_spec.name).component
    try:
        with calling(component, "load"):
            model = component.load(cell.model, **model_spec.parameters)
    except PluginFailure as error:
        raise ResultsError(
            f"The model in {cell.model} cannot be loaded: it is damaged, or '{model_spec.name}' is another one "
            f"now ({error})."
        ) from error
    clips = ClipSettings.model_validate(spec["clips"]) if spec.get("clips") else None
    classes = tuple(cell.record.classes)
    return Predictor(model, features, clips, cell.record.clip_seconds, classes, benchfile, audio), warnings


def _component(
    kind: Any, recorded: dict[str, Any], registry: Registry, benchfile: Benchfile | None
) -> tuple[ComponentSpec, list[str]]:
    """Return a component as its cell had it, and a warning if its plugin has another version now."""
    try:
        spec = registry.spec(kind, recorded["name"], recorded["parameters"])
    except PluginError as error:
        hint = " If it is in the benchfile.py beside a suite, name the suite: --suite SUITE."
        raise PluginError(f"{error}{'' if benchfile else hint}") from error
    # What a model began from it does not need any more: what was trained is stored.
    missing = () if kind == "model" else missing_files(spec)
    if missing:
        raise ResultsError(
            f"The {kind} '{spec.name}' of this cell read a file, of which the record keeps what it holds and not where "
            f"it lies ({', '.join(missing)}): name it by --file FILE."
        )
    if spec.version == recorded["version"]:
        return spec, []
    return spec, [
        f"{kind} '{spec.name}' is of version {spec.version} now, and the cell was trained with "
        f"{recorded['version']}: its predictions may differ."
    ]


def _without(message: str, file: Path) -> str:
    """Return an error's message without the file's name before it."""
    return message.removeprefix(f"{file}: ").rstrip(".")
