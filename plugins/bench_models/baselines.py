"""Baselines: what a network must beat to be worth its parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from benchmark import SklearnModel

if TYPE_CHECKING:
    import numpy as np
    from sklearn.base import ClassifierMixin


class MfccSvm(SklearnModel):
    """MFCC statistics and an RBF support vector machine, the classic baseline of genre classification.

    MFCCs are the cosine transform of the logarithmic mel spectrogram (Davis & Mermelstein 1980), so they are
    computed from the cell's own mel features: the baseline sees the same inputs and augmentations as the
    networks. Each coefficient and its first difference are summarised by mean and standard deviation over time.
    """

    name = "mfcc-svm"
    dimensions = frozenset({3})

    def estimator(
        self,
        random_state: int,
        *,
        coefficients: Annotated[int, Field(gt=1)] = 20,
        C: Annotated[float, Field(gt=0)] = 10.0,  # noqa: N803
    ) -> ClassifierMixin:
        """Return standardisation and an SVM of complexity ``C``."""
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
        from sklearn.svm import SVC

        return make_pipeline(StandardScaler(), SVC(C=C))

    def vectors(self, inputs: np.ndarray) -> np.ndarray:
        """Return means and deviations of MFCCs and of their differences."""
        import numpy as np
        from scipy.fft import dct

        mel = inputs.mean(axis=3)
        count = int(self.parameters.get("coefficients", 20))
        cepstrum = dct(mel, type=2, axis=1, norm="ortho")[:, :count]
        delta = np.diff(cepstrum, axis=2)
        parts = [cepstrum.mean(2), cepstrum.std(2), delta.mean(2), delta.std(2)]
        return np.concatenate(parts, axis=1)


class Majority(SklearnModel):
    """Answers with the class frequencies of the training set, whatever it hears: the level of chance."""

    name = "majority"

    def estimator(self, random_state: int) -> ClassifierMixin:
        """Return scikit-learn's dummy classifier."""
        from sklearn.dummy import DummyClassifier

        return DummyClassifier(strategy="prior")

    def vectors(self, inputs: np.ndarray) -> np.ndarray:
        """Return nothing to learn from."""
        import numpy as np

        return np.zeros((len(inputs), 1), np.float32)
