"""What a model is given: labelled items whose features are gathered on demand, never all at once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmark.data.items import Item, Step
from benchmark.data.prepare import feature_key
from benchmark.data.store import FeatureStore
from benchmark.exceptions import CacheError
from benchmark.isolation import reseeded
from benchmark.plugin.border import calling, checked_items
from benchmark.plugin.registry import Registry
from benchmark.plugin.tracks import Track
from benchmark.randomness import derive_seed
from benchmark.suite.cell import canonical_json

if TYPE_CHECKING:
    import numpy as np


class StoredExamples:
    """Examples in a feature store. Steps on features are applied as items are gathered; they are cheap.

    ``space`` names the feature space, as folders of the cache do.
    """

    def __init__(
        self,
        store: FeatureStore,
        items: Sequence[Item],
        tracks: Sequence[Track],
        track_labels: Sequence[int],
        registry: Registry,
        *,
        num_classes: int,
        seed: int,
        fresh: tuple[Step, ...] = (),
    ) -> None:
        """Look up the rows of all items.

        Raises:
            CacheError: when features are missing.
        """
        import numpy as np

        self.shape = store.shape
        self.dtype = store.dtype
        self.num_classes = num_classes
        self.tracks = np.array([item.track for item in items], np.int64)
        self.labels = np.array([track_labels[item.track] for item in items], np.int64)
        # Each model of the process and every epoch sees these, and so nobody writes into them.
        for shared in (self.tracks, self.labels):
            shared.flags.writeable = False
        self.space = store.folder.name
        self._items = items
        self._corpus = tracks
        self._seed = seed
        self._fresh = fresh
        self._keys = [feature_key(tracks[item.track], item.clip, item.waveform, item.wear) for item in items]
        self._rows = store.rows(self._keys)
        absent = np.flatnonzero(self._rows < 0)
        if len(absent):
            raise CacheError(
                f"Features of {len(absent)} items are missing, the first is {items[absent[0]].lineage(tracks)}. They "
                "could not be computed (a warning at the start says why), or the cache was pruned during the run. "
                "Run the suite again."
            )
        self._stored = np.asarray(store.open_rows())
        specs = [step.component for item in items for step in item.features] + [
            step.component for step in fresh
        ]
        self._augmentations = {
            key: spec.create(registry) for key, spec in {id(spec): spec for spec in specs}.items()
        }

    def __len__(self) -> int:
        return len(self._rows)

    def gather(self, indices: np.ndarray, epoch: int = 0) -> np.ndarray:
        """See ``Examples.gather``."""
        gathered: np.ndarray = self._stored[self._rows[indices]]
        for position, index in enumerate(indices):
            if self._fresh or self._items[index].features:
                gathered[position] = self._augmented(gathered[position], index, epoch)
        return gathered

    def _augmented(self, array: np.ndarray, index: int, epoch: int) -> np.ndarray:
        """Apply the item's own steps, then the fresh ones; each draws by the item's whole lineage up to it."""
        import numpy as np

        lineage = ""
        fixed = [(step, ()) for step in self._items[index].features]
        for step, epochs in [*fixed, *((step, (epoch,)) for step in self._fresh)]:
            lineage = f"{lineage} {step.text}".lstrip()
            seed = derive_seed("features", self._seed, self._keys[index], lineage, *epochs)
            augmentation = self._augmentations[id(step.component)]
            with reseeded(seed), calling(augmentation, "apply"):
                made = augmentation.apply(array, np.random.default_rng(seed), **step.arguments)
            array = checked_items(augmentation, "apply", made, self.shape, self.dtype)
        return array

    @property
    def redrawn(self) -> bool:
        """Whether ``gather`` gives other values in each epoch."""
        return bool(self._fresh)

    def content_keys(self) -> list[str]:
        """Return a key per item that is equal only for equal arrays (of epoch 0)."""
        keys = []
        for key, item in zip(self._keys, self._items, strict=True):
            text = canonical_json(
                [key, [step.text for step in item.features], self._seed if item.features else None]
            )
            keys.append(hashlib.sha256(text.encode()).hexdigest()[:32])
        return keys


def average_by_track(probabilities: np.ndarray, tracks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct track indices, sorted, and the mean probabilities over each track's items."""
    import numpy as np

    distinct, inverse, counts = np.unique(tracks, return_inverse=True, return_counts=True)
    sums = np.zeros((len(distinct), probabilities.shape[1]), np.float64)
    np.add.at(sums, inverse, probabilities)
    return distinct, (sums / counts[:, None]).astype(np.float32)
