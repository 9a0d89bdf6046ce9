"""Features in memory, as examples that a model predicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


class UnlabelledExamples:
    """Features of windows, shape (n, *shape of the features); all labels are 0 and mean nothing."""

    def __init__(self, features: np.ndarray, num_classes: int) -> None:
        import numpy as np

        self.labels = np.zeros(len(features), np.int64)
        self.shape = features.shape[1:]
        self.dtype = str(features.dtype)
        self.num_classes = num_classes
        self._features = features

    def __len__(self) -> int:
        return len(self._features)

    def gather(self, indices: np.ndarray, epoch: int = 0) -> np.ndarray:
        """Return the features at ``indices``."""
        chosen: np.ndarray = self._features[indices]
        return chosen
