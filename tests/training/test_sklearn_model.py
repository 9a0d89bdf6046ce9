from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC
from toy import ToyExamples

from bench_models import Majority, MfccSvm
from benchmark import SklearnModel
from benchmark.exceptions import PluginError
from benchmark.plugin.training_run import TrainingRun
from benchmark.randomness import derive_seed
from benchmark.settings import TrainingSettings


def run() -> TrainingRun:
    return TrainingRun(TrainingSettings(), seed=0)


def test_mfcc_svm_learns_the_toy() -> None:
    model = MfccSvm()
    history = model.fit(ToyExamples(), ToyExamples(4, seed=1), run())
    held_out = ToyExamples(6, seed=2)
    probabilities = model.predict(held_out)
    assert (probabilities.argmax(axis=1) == held_out.labels).mean() > 0.9
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    assert len(history) == 1
    assert history[0]["val_accuracy"] > 0.9


@pytest.mark.slow
def test_the_cepstrum_is_that_of_librosa() -> None:
    import librosa

    decibels = np.random.default_rng(0).uniform(-80, 0, (32, 40))
    expected = librosa.feature.mfcc(S=decibels, n_mfcc=12).mean(axis=1)
    vectors = MfccSvm(coefficients=12).vectors(decibels[None, :, :, None])
    np.testing.assert_allclose(vectors[0, :12], expected, rtol=1e-5, atol=1e-8)


def test_majority_answers_with_the_frequencies_of_training() -> None:
    train = ToyExamples(classes=3)
    train.labels = np.array([2] * 18 + [0] * 18)
    model = Majority()
    model.fit(train, None, run())
    np.testing.assert_allclose(model.predict(ToyExamples(1))[0], [0.5, 0, 0.5])


def test_a_class_without_training_items_gets_no_probability() -> None:
    train = ToyExamples(classes=3)
    train.labels = np.where(train.labels == 1, 0, train.labels)
    model = MfccSvm()
    model.fit(train, None, run())
    assert model.predict(train)[:, 1].max() == 0


def made_by(estimator) -> SklearnModel:
    own = {"name": "own", "__doc__": "Own.", "estimator": lambda self, random_state: estimator}
    return type("Own", (SklearnModel,), own)()


@pytest.mark.parametrize(
    ("estimator", "said"),
    [
        (SVC, "estimator gave the class SVC and no classifier: return one, such as SVC()."),
        (None, "estimator gave NoneType and no classifier"),
        (Ridge(), "Ridge is no classifier that says how sure it is: it has no classes_ and no predict_proba or decision"),
        (Pipeline([("ridge", Ridge())]), "Pipeline is no classifier that says how sure it is"),
    ],
)  # fmt: skip
def test_what_is_no_classifier_is_said_to_be_none(estimator, said: str) -> None:
    with pytest.raises(PluginError, match=re.escape(said)):
        made_by(estimator).fit(ToyExamples(), None, run())


def forest(**attributes):
    """Return a model of a small random forest."""

    class Forest(SklearnModel):
        name = "forest"
        trusted = ("sklearn.tree._tree.Tree",)

        def estimator(self, random_state, *, trees: int = 5):
            from sklearn.ensemble import RandomForestClassifier

            return RandomForestClassifier(trees, random_state=random_state)

    return type("Forest", (Forest,), attributes)


@pytest.mark.parametrize("model", [MfccSvm(C=3.0), Majority(), forest()(trees=7), forest(pooled=True)()])
def test_a_stored_classifier_predicts_as_before_and_is_not_fitted_again(
    tmp_path: Path, model, monkeypatch
) -> None:
    train = ToyExamples()
    model.fit(train, None, run())
    model.save(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["estimator.skops"]
    monkeypatch.setattr(type(model), "estimator", None)
    restored = type(model).load(tmp_path, **model.parameters)
    np.testing.assert_array_equal(restored.predict(train), model.predict(train))


def test_a_classifier_that_an_earlier_version_stored_is_read(tmp_path: Path) -> None:
    model, train = MfccSvm(C=3.0), ToyExamples()
    model.fit(train, None, run())
    vectors = model._all_vectors(train)
    np.savez_compressed(
        tmp_path / "fitted-on.npz", vectors=vectors, labels=train.labels, num_classes=3,
        random_state=derive_seed("model", 0),
    )  # fmt: skip
    restored = MfccSvm.load(tmp_path, C=3.0)
    np.testing.assert_array_equal(restored.predict(train), model.predict(train))


class Own(ClassifierMixin, BaseEstimator):
    """An estimator of nobody that is known."""

    made = 0

    def fit(self, vectors, labels):
        self.classes_ = np.unique(labels)
        return self

    def predict_proba(self, vectors):
        return np.full((len(vectors), len(self.classes_)), 1 / len(self.classes_))

    def __setstate__(self, state):
        type(self).made += 1
        super().__setstate__(state)


OWN = f"{Own.__module__}.Own"


def test_types_that_are_not_trusted_are_neither_stored_nor_loaded(tmp_path: Path) -> None:
    class Owner(SklearnModel):
        name = "owner"

        def estimator(self, random_state):
            return Own()

    trusting = type("Trusting", (Owner,), {"trusted": (OWN,)})
    train = ToyExamples()
    careless = Owner()
    careless.fit(train, None, run())
    (tmp_path / "careless").mkdir()
    with pytest.raises(PluginError, match=rf"model 'owner' .*it holds {OWN}\. .*name them in 'trusted'"):
        careless.save(tmp_path / "careless")
    model = trusting()
    model.fit(train, None, run())
    model.save(tmp_path)
    with pytest.raises(
        PluginError, match=rf"is not loaded: it holds {OWN}, which model 'owner' does not name"
    ):
        Owner.load(tmp_path)
    assert Own.made == 0


def test_vectors_are_flat_or_pooled_over_time_for_images_sequences_and_vectors() -> None:
    rng = np.random.default_rng(0)
    image, sequence, vector = (
        rng.random(shape).astype(np.float32) for shape in ((2, 3, 5, 1), (2, 5, 3), (2, 4))
    )
    flat, pooled = forest()(), forest(pooled=True)()
    assert [flat.vectors(each).shape for each in (image, sequence, vector)] == [(2, 15), (2, 15), (2, 4)]
    expected = np.concatenate([image.mean(axis=2)[..., 0], image.std(axis=2)[..., 0]], axis=1)
    np.testing.assert_allclose(pooled.vectors(image), expected)
    expected = np.concatenate([sequence.mean(axis=1), sequence.std(axis=1)], axis=1)
    np.testing.assert_allclose(pooled.vectors(sequence), expected)
    np.testing.assert_array_equal(pooled.vectors(vector), vector)
