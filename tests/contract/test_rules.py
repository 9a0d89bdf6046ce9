"""Each rule finds a component that breaks it, and says what is wrong."""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from benchmark import (
    AudioFormat,
    Augmentation,
    Corpus,
    Corruption,
    Dataset,
    Features,
    Metric,
    Model,
    SklearnModel,
    Stage,
    Track,
    Tracker,
    hookimpl,
)
from benchmark.contract.kinds import rules_of
from benchmark.contract.packages import ModuleTrial
from benchmark.contract.rules import Outcome, Trial, outcomes
from benchmark.locations import Locations

KINDS = ("dataset", "audio", "features", "augmentation", "corruption", "model", "metric", "plugin", "tracker")
_names = itertools.count()


def findings(subject: Any, tmp_path: Path | None = None, **parameters: Any) -> Mapping[str, str]:
    """Return what is found, by rule."""
    locations = Locations(cache=tmp_path or Path())
    trial = subject if isinstance(subject, ModuleTrial) else Trial(subject, parameters, locations)
    kind = "plugin" if isinstance(subject, ModuleTrial) else getattr(subject, "kind", "tracker")
    tried = [outcome for outcome in outcomes(rules_of(kind), trial) if isinstance(outcome, Outcome)]
    return {outcome.rule: "; ".join(outcome.findings) for outcome in tried if outcome.findings}


def made(base: type, **members: Any) -> type:
    """Return a component class that is sound but for ``members``."""
    return type(
        "Made", (base,), {"__doc__": "A component of a test.", "name": f"made-{next(_names)}", **members}
    )


class SoundFeatures(Features):
    """The mean of a clip in a picture of 4 by 4."""

    name, shape = "sound-features", (4, 4, 1)

    def compute(self, samples, sample_rate, *, reference_length):
        return np.full(self.shape, min(255, 255 * np.abs(samples).mean()), np.uint8)


class SoundFormat(AudioFormat):
    """Half as loud."""

    name = "sound-format"

    def apply(self, samples, sample_rate):
        return samples * np.float32(0.5)


class SoundWaveform(Augmentation):
    """Two levels of noise."""

    name, acts_on = "sound-waveform", "waveform"

    def copies(self):
        return [{"level": 0.1}, {"level": 0.2}]

    def apply(self, data, rng, *, level=0.1):
        return (data + rng.normal(0, level, len(data))).astype(np.float32)


class SoundBatch(Augmentation):
    """Mixes each item with the one before it."""

    name, acts_on = "sound-batch", "batch"

    def apply_batch(self, inputs, targets, rng):
        return (inputs + np.roll(inputs, 1, 0)) / 2, (targets + np.roll(targets, 1, 0)) / 2


class SoundCorruption(Corruption):
    """More and more noise."""

    name, unit, severities = "sound-corruption", "times", (0.1, 0.2)

    def apply(self, samples, sample_rate, rng, amount):
        return (samples + rng.normal(0, amount, len(samples))).astype(np.float32)


class SoundMetric(Metric):
    """Accuracy."""

    name = "sound-metric"

    def compute(self, labels, probabilities):
        return float((probabilities.argmax(axis=1) == labels).mean())


class SoundTracker(Tracker):
    """Remembers cells."""

    name = "sound-tracker"

    @hookimpl
    def bench_cell_finished(self, record, folder):
        self.last = record


class Centroids(Model):
    """Nearest mean: a bare model, which stores arrays."""

    name = "centroids"
    honours = frozenset({"epochs", "learning_rate", "batch_augmentations"})

    def fit(self, train, validation, run):
        rng = np.random.default_rng(run.seed)
        items = train.gather(np.arange(len(train))).reshape(len(train), -1) / 255.0
        targets = np.eye(train.num_classes, dtype=np.float32)[train.labels]
        self.means = rng.normal(0, 1e-3, (train.num_classes, items.shape[1]))
        for epoch in range(run.settings.epochs):
            pulled = targets
            for augmentation in run.batch_augmentations:
                given = items.reshape(-1, *train.shape).astype(np.float32)
                _, pulled = augmentation.apply_batch(given, targets, rng)
            wanted = pulled.T @ items / pulled.sum(axis=0)[:, None]
            self.means += min(1.0, 100 * run.settings.learning_rate) * 0.9 * (wanted - self.means)
            run.epoch_finished("train", epoch + 1, run.settings.epochs, {})
        return [{"stage": "train", "epoch": epoch + 1, "loss": 1.0} for epoch in range(run.settings.epochs)]

    def predict(self, examples):
        items = examples.gather(np.arange(len(examples))).reshape(len(examples), -1) / 255.0
        scores = np.exp(-((items[:, None] - self.means[None]) ** 2).mean(axis=2) * 20)
        return (scores / scores.sum(axis=1, keepdims=True)).astype(np.float32)

    def save(self, folder):
        np.save(folder / "means.npy", self.means, allow_pickle=False)

    @classmethod
    def load(cls, folder, **parameters):
        model = cls(**parameters)
        model.means = np.load(folder / "means.npy", allow_pickle=False)
        return model


def track(id_: str, label: str = "a", **others: Any) -> Track:
    return Track(id_, Path("/nowhere") / id_, label, content=id_, seconds=1.0, **others)


def dataset(*tracks: Track, classes: tuple[str, ...] = ("a", "b"), **members: Any) -> type[Dataset]:
    """Return a dataset of these tracks, whose files are tones where ``files`` is a folder."""
    told = {
        "licence": "MIT",
        "citation": "Nobody 2020",
        "load": lambda self, locations: Corpus(tracks, classes),
    }
    return made(Dataset, **{**told, **members})


def plugin(**members: Any) -> ModuleTrial:
    """Return a module with these names in it, as if it had been imported."""
    module = ModuleType("theirs")
    vars(module).update(members)
    return ModuleTrial("math", imported=module)


@pytest.mark.parametrize(
    "component",
    [
        SoundFeatures,
        SoundFormat,
        SoundWaveform,
        SoundBatch,
        SoundCorruption,
        SoundMetric,
        Centroids,
        SoundTracker,
    ],
)
def test_nothing_is_found_of_sound_components(component, tmp_path: Path) -> None:
    assert findings(component, tmp_path) == {}


A, B = track("a1"), track("b1", "b")


def _listed(self, samples, sample_rate, *, reference_length):
    return [[0] * 4] * 4


def _drawn(self, samples, sample_rate, *, reference_length):
    return np.random.default_rng().integers(0, 255, (4, 4, 1)).astype(np.uint8)


def _spoiling(self, samples, sample_rate, *, reference_length):
    if samples.flags.writeable:
        samples *= 0.5
    return np.zeros((4, 4, 1), np.uint8)


def _infinite(self, data, rng, **settings):
    return data / np.float32(0) if data.any() else data


def _own_draws(self, data, rng, **settings):
    return data + np.float32(random.random())


def _in_place(self, data, rng, **settings):
    copy = data.copy()
    if data.flags.writeable:
        data += 1
    return copy


def _worn_in_place(self, samples, sample_rate, rng, amount):
    copy = samples + np.float32(amount)
    if samples.flags.writeable:
        samples += 1
    return copy


def _sum_seven(self, inputs, targets, rng):
    return inputs, 7 * targets


def _ends_the_program(self, labels, probabilities):
    raise SystemExit(0)


def _sorting(self, labels, probabilities):
    probabilities.sort(axis=1)
    return 0.5


def _by_place(self, labels, probabilities):
    right = probabilities.argmax(axis=1) == labels
    return float((right * np.linspace(0, 1, len(right))).mean())


def _history(*lines: Any):
    def fit(self, train, validation, run):
        Centroids.fit(self, train, validation, run)
        return list(lines)

    return fit


def _answering(answer):
    return lambda self, examples: answer(Centroids.predict(self, examples))


def _images_alone(self, train, validation, run):
    _height, _width, _channels = train.shape
    return Centroids.fit(self, train, validation, run)


def _forgetful(folder_model, folder) -> None:
    np.save(folder / "means.npy", 0 * folder_model.means, allow_pickle=False)


def _unsaved(self, folder) -> None:
    raise OSError("no room")


def _pickled(self, folder) -> None:
    import pickle

    (folder / "model.bin").write_bytes(pickle.dumps(self.means))
    np.save(folder / "means.npy", self.means)


def _unseeded(self, train, validation, run):
    history = Centroids.fit(self, train, validation, run)
    self.means = self.means + np.random.default_rng(int.from_bytes(os.urandom(4))).normal(
        0, 0.2, self.means.shape
    )
    return history


def _cached_otherwise(self, train, validation, run):
    history = Centroids.fit(self, train, validation, run)
    if run.cache is not None:
        self.means = self.means[::-1].copy()
    return history


def _deaf(self, train, validation, run):
    class Plain:
        settings = run.settings.model_copy(update={"learning_rate": 0.01})
        seed, batch_augmentations, epoch_finished = run.seed, (), run.epoch_finished

    return Centroids.fit(self, train, validation, Plain)


def _positional(self, rate=0.5):
    self.rate = rate


def _untyped(self, *, rate=0.5):
    self.rate = rate


def _random_order(self, locations):
    return Corpus(tuple(random.sample([track(f"a{n}") for n in range(30)] + [B], 31)), ("a", "b"))


class Mute:
    """Hears, and is no tracker."""

    bench_cell_finished = SoundTracker.bench_cell_finished


@hookimpl
def _ended(self, record, score):
    pass


def _positional_place(self, place):
    self.place = place


class Unmarked:
    @staticmethod
    def bench_models():
        return []

    @staticmethod
    @hookimpl
    def bench_modells():
        return []

    @staticmethod
    @hookimpl
    def bench_metrics():
        return SoundMetric


BROKEN = [
    ("words", made(SoundMetric, __doc__=None), "no docstring"),
    ("words", made(SoundMetric, name="a/b"), "its name is 'a/b'"),
    ("keyword-only", made(SoundMetric, __init__=_positional), "write def _positional(self, *, rate, …)"),
    (
        "keyword-only",
        made(SklearnModel, estimator=lambda self, random_state, trees=3: None),
        "suites cannot set 'trees'",
    ),
    ("makes", made(SoundMetric, __init__=_untyped), "has no type annotation"),
    ("features-shape", made(SoundFeatures, shape=(2, 2, 2, 2)), "(2, 2, 2, 2)"),
    ("features-shape", made(SoundFeatures, dtype="float64"), "'float64'"),
    ("features-compute", made(SoundFeatures, compute=_listed), "compute gave list instead of an array"),
    ("features-compute", made(SoundFeatures, shape=(4, 5, 1), compute=_drawn), "(4, 4, 1) instead of uint8 (4, 5, 1)"),
    ("features-repeat", made(SoundFeatures, compute=_drawn), "two different arrays for the same music"),
    ("features-arguments", made(SoundFeatures, compute=_spoiling), "compute changes what it is given"),
    ("audio-apply", made(SoundFormat, apply=lambda self, samples, rate: samples[:0]), "(0,)"),
    ("audio-apply", made(SoundFormat, apply=lambda self, samples, rate: np.stack([samples] * 2, 1)), "2)"),
    ("augmentation-place", made(SoundBatch, acts_on="spectrum"), "'spectrum' instead of"),
    ("augmentation-place", made(SoundBatch, fresh=False), "cannot be False"),
    ("augmentation-place", made(SoundWaveform, fresh=True), "changes the waveform"),
    ("augmentation-place", made(SoundBatch, dimensions=frozenset()), "instead of some of"),
    ("augmentation-copies", made(SoundWaveform, copies=lambda self: [{"level": np.float32(1)}]), "plain values"),
    ("augmentation-copies", made(SoundWaveform, copies=lambda self: [{"level": random.random()}]), "each time"),
    ("augmentation-apply", made(SoundWaveform, apply=lambda self, data, rng, **settings: data[:0]), "(0,)"),
    ("augmentation-apply", made(SoundWaveform, apply=_infinite), "not finite"),
    ("augmentation-apply", made(SoundBatch, apply_batch=_sum_seven), "a row adds up to 7"),
    ("augmentation-repeat", made(SoundWaveform, apply=_own_draws), "draw from rng alone"),
    ("augmentation-arguments", made(SoundWaveform, apply=_in_place), "apply changes what it is given"),
    ("corruption-severities", made(SoundCorruption, severities=(1, 3, 2)), "neither only rise nor only fall"),
    ("corruption-severities", made(SoundCorruption, severities=("mild",)), "instead of a list of numbers"),
    ("corruption-severities", made(SoundCorruption, unit=""), "instead of a text, as 'dB'"),
    ("corruption-apply", made(SoundCorruption, apply=lambda self, samples, rate, rng, amount: samples[:0]), "(0,)"),
    ("corruption-wears", made(SoundCorruption, apply=lambda self, samples, rate, rng, amount: samples), "as it is"),
    ("corruption-repeat", made(SoundCorruption, apply=lambda self, samples, rate, rng, amount: samples + np.float32(random.random())), "draw from rng alone"),
    ("corruption-arguments", made(SoundCorruption, apply=_worn_in_place), "apply changes what it is given"),
    ("metric-number", made(SoundMetric, compute=lambda self, y, p: "good"), "str 'good'"),
    ("metric-number", made(SoundMetric, compute=lambda self, y, p: float("nan")), "NaN (not a number)"),
    ("metric-number", made(SoundMetric, compute=_ends_the_program), "it ends the whole program (SystemExit: 0)"),
    ("metric-direction", made(SoundMetric, greater_is_better=False), "does not fit greater_is_better"),
    (
        "metric-bounds",
        made(SoundMetric, compute=lambda self, y, p: 2 * SoundMetric.compute(self, y, p) - 1),
        "say bounds = (least, greatest)",
    ),
    (
        "metric-bounds",
        made(SoundMetric, compute=lambda self, y, p: 100 * SoundMetric.compute(self, y, p)),
        "a percent or a proportion is a share, from 0 to 1, of which tables make per cent. Give shares, or say bounds",
    ),
    ("metric-bounds", made(SoundMetric, percent=False), "say bounds = (0, 1)"),
    ("metric-order", made(SoundMetric, compute=_by_place), "in another order"),
    ("metric-scores", made(SoundMetric, scores=lambda self, y, p: np.zeros(len(y))), "the mean of scores is 0"),
    ("metric-resampled", made(SoundMetric, resampled=lambda self, y, p, w: np.ones(len(w))), "resampled gives 1"),
    ("metric-arguments", made(SoundMetric, scores=_sorting), "writes into what it is given"),
    ("model-trains", made(Centroids, fit=_history({"epoch": 1, "loss": 0.5})), "it needs 'stage'"),
    ("model-trains", made(Centroids, fit=_history({"stage": "a", "epoch": 1, "loss": float("nan")})), "diverges"),
    ("model-trains", made(Centroids, fit=lambda self, *given: None), "NoneType instead of a list"),
    ("model-probabilities", made(Centroids, predict=_answering(list)), "list instead of an array"),
    ("model-probabilities", made(Centroids, predict=_answering(lambda p: 3 * p)), "a row adds up to 3"),
    ("model-dimensions", made(Centroids, dimensions=frozenset({4})), "dimensions is {4}"),
    ("model-dimensions", made(Centroids, fit=_images_alone), "Say dimensions = frozenset({3})"),
    ("model-alone", made(Centroids, predict=_answering(lambda p: p * 0.5 + p.mean(axis=0) * 0.5)), "for an item alone"),
    ("model-repeat", made(Centroids, fit=_unseeded), "draw all random numbers from the run's seed"),
    ("model-seedless", made(Centroids, seedless=True, fit=_unseeded), "two seeds give two models"),
    ("model-stored", made(Centroids, save=_forgetful), "answers otherwise than before"),
    ("model-stored", made(Centroids, save=_pickled), "a pickle"),
    ("model-stored", made(Centroids, save=_unsaved), "OSError: no room (" + __file__),
    ("model-honours", made(Centroids, fit=_deaf), "'learning_rate'"),
    ("model-honours", made(Centroids, fit=_deaf), "'batch_augmentations'"),
    ("model-honours", made(Centroids, honours=frozenset({"epoch"})), "no setting of training"),
    (
        "model-frozen",
        made(
            Centroids,
            fit=_cached_otherwise,
            training_stages=lambda self, settings: [Stage("head", 1, 0.1, frozen="body")],
        ),
        "learns otherwise on kept outputs",
    ),
    ("dataset-terms", dataset(A, B, licence=""), "says no licence"),
    ("dataset-terms", dataset(A, B, citation=""), "whom to cite"),
    ("dataset-loads", dataset(load=lambda self, locations: [A]), "list instead of a Corpus"),
    ("dataset-loads", dataset(), "no usable track"),
    ("dataset-ids", dataset(A, A, B), "1 ids belong to several tracks, as 'a1'"),
    ("dataset-order", dataset(load=_random_order), "in another order each time"),
    ("dataset-labels", dataset(A, B, track("c", "c")), "not among its classes: c"),
    ("dataset-labels", dataset(A), "classes without a track: b"),
    ("dataset-labels", dataset(A, track("b2", "b", split="dev")), "the split dev"),
    ("dataset-groups", dataset(track("a", group=""), B), "an empty text is neither"),
    ("dataset-groups", dataset(track("a", group="x"), track("b", "b", group="x")), "all tracks are of one group"),
    ("dataset-files", dataset(A, B), "the file of track 'a1' is not there"),
    ("tracker-words", made(SoundTracker, __doc__=None), "no docstring"),
    ("tracker-makes", made(SoundTracker, __init__=_positional_place), "TypeError"),
    ("tracker-makes", made(Mute), "no subclass of Tracker"),
    ("tracker-events", made(Tracker, bench_cell_finished=lambda self, record: None), "not marked with @hookimpl"),
    ("tracker-events", made(SoundTracker, bench_cell_ended=_ended), "Did you mean"),
    ("tracker-events", made(SoundTracker, bench_cell_finished=_ended), "asks for score"),
    ("tracker-events", made(Tracker), "it hears of nothing"),
    ("plugin-hooks", plugin(bench_models=Unmarked.bench_models), "not marked with @hookimpl"),
    ("plugin-hooks", plugin(bench_modells=Unmarked.bench_modells), "Did you mean 'bench_models'"),
    ("plugin-hooks", plugin(bench_metrics=Unmarked.bench_metrics), "instead of a list"),
    ("plugin-hooks", plugin(), "it offers nothing"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "subject", "said"), BROKEN, ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_broken_promise_is_found_by_its_rule(rule: str, subject, said: str, tmp_path: Path) -> None:
    if isinstance(subject, ModuleTrial):
        kept = subject.imported
        told = findings(_Imported(subject, kept), tmp_path)
    else:
        told = findings(subject, tmp_path)
    assert said in told.get(rule, ""), told


class _Imported(ModuleTrial):
    """A module whose import, which another test looks at, changes nothing."""

    def __init__(self, trial: ModuleTrial, imported: ModuleType | None) -> None:
        self.__dict__["kept"] = imported
        super().__init__(trial.module, imported)

    def __setattr__(self, name: str, value: Any) -> None:
        self.__dict__[name] = self.kept if name == "imported" else value


def test_importing_a_plugin_is_to_be_cheap(tmp_path: Path, monkeypatch) -> None:
    import sys

    for name in ("heavy_plugin_of_a_test", "tensorflow"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    (tmp_path / "tensorflow.py").write_text("")
    (tmp_path / "heavy_plugin_of_a_test.py").write_text("import tensorflow\n")
    monkeypatch.syspath_prepend(tmp_path)
    told = findings(ModuleTrial("heavy_plugin_of_a_test"))
    # Not by monkeypatch, which would put this one back.
    del sys.modules["tensorflow"]
    assert "imports tensorflow: do so inside functions" in told["plugin-imports"]


@pytest.mark.parametrize(
    ("fit", "broken"), [(_cached_otherwise, {"model-frozen"}), (_unseeded, {"model-repeat", "model-frozen"})]
)
def test_what_kept_outputs_change_is_not_laid_to_the_seed(fit, broken: set[str], tmp_path: Path) -> None:
    stages = {"training_stages": lambda self, settings: [Stage("head", 1, 0.1, frozen="body")]}
    assert set(findings(made(Centroids, fit=fit, **stages), tmp_path)) - {"model-honours"} == broken


def test_each_rule_has_a_component_that_breaks_it() -> None:
    names = {rule.name for kind in KINDS for rule in rules_of(kind)}
    assert names - {"plugin-imports"} == {rule for rule, _, _ in BROKEN}


def test_no_two_rules_have_one_name() -> None:
    for kind in KINDS:
        names = [rule.name for rule in rules_of(kind)]
        assert len(set(names)) == len(names)


def test_an_optional_package_that_is_missing_is_no_broken_promise() -> None:
    class Elsewhere(Centroids):
        """Needs what is not here."""

        name = "elsewhere"

        def unavailable(self) -> str:
            return "it needs nowhere: pip install nowhere"

        def fit(self, train, validation, run):
            raise ImportError("nowhere")

    tried = [
        outcome for outcome in outcomes(rules_of("model"), Trial(Elsewhere)) if isinstance(outcome, Outcome)
    ]
    assert not any(outcome.findings for outcome in tried)
    reasons = {outcome.rule: outcome.not_tried for outcome in tried}
    assert reasons["model-trains"] == reasons["makes"] == "it needs nowhere: pip install nowhere"


def test_what_several_rules_need_is_told_once() -> None:
    class Unfinished(Centroids):
        """Cannot be trained."""

        name = "unfinished"

        def fit(self, train, validation, run):
            raise ZeroDivisionError("no luck")

    told = findings(Unfinished)
    assert told["model-trains"].startswith("ZeroDivisionError: no luck (")
    assert f"{__file__}:" in told["model-trains"]
    assert "model-probabilities" not in told


def test_what_answers_wrongly_is_not_said_to_do_so_because_of_its_dimensions() -> None:
    told = findings(made(Centroids, predict=lambda self, examples: np.zeros((len(examples), 10), np.float32)))
    assert "instead of (24, 3)" in told["model-probabilities"]
    assert "model-dimensions" not in told


def _bands_alone(self, train, validation, run):
    if train.shape[0] != 96:
        raise ValueError(f"96 bands, not {train.shape[0]}")
    return Centroids.fit(self, train, validation, run)


def test_a_model_of_one_shape_is_tried_on_it() -> None:
    banded = made(Centroids, fit=_bands_alone, dimensions=frozenset({3}))
    assert "96 bands, not 32" in findings(banded)["model-trains"]
    tried = [
        outcome
        for outcome in outcomes(rules_of("model"), Trial(banded, shape=(96, 20, 1)))
        if not isinstance(outcome, str)
    ]
    assert [outcome for outcome in tried if outcome.findings or outcome.not_tried] == []
    (rule,) = (rule for rule in rules_of("model") if rule.name == "model-dimensions")
    assert "tried on sequences" in next(rule.check(Trial(banded, shape=(96, 20))))
