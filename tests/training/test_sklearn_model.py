from __future__ import annotations

from pathlib import Path

import numpy as np
from toy import ToyExamples

from bench_models import Majority, MfccSvm
from benchmark.plugin.training_run import TrainingRun
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


def test_a_stored_classifier_predicts_as_before(tmp_path: Path) -> None:
    model = MfccSvm(C=3.0)
    train = ToyExamples()
    model.fit(train, None, run())
    model.save(tmp_path)
    assert [file.suffix for file in tmp_path.iterdir()] == [".npz"]
    restored = MfccSvm.load(tmp_path, C=3.0)
    np.testing.assert_array_equal(restored.predict(train), model.predict(train))
