"""Training and validation batches, gathered ahead in a thread so that no step waits for them."""

from __future__ import annotations

import math
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.isolation import reseeded
from benchmark.plugin.border import calling, checked_batch
from benchmark.randomness import derive_generator, derive_seed

if TYPE_CHECKING:
    from benchmark.plugin.augmentation import Augmentation
    from benchmark.plugin.examples import Examples

# Two, so that a batch that takes longer than others, because it is augmented, makes no step wait either.
DEPTH = 2


class Batches:
    """Batches of examples by their index: inputs as they are stored (uint8 travels as uint8), labels, weights.

    The order of training batches depends on the seed and the epoch only, so that all models of a seed, whatever
    library they are made with, see the same batches. ``epoch`` is set from outside before each epoch begins.
    ``failure`` is what making a batch raised, which some libraries tell in their own words. ``on_torch`` says that the
    network is PyTorch's.
    """

    def __init__(
        self,
        examples: Examples,
        batch_size: int,
        *,
        seed: int,
        shuffled: bool,
        one_hot: bool,
        augmentations: tuple[Augmentation, ...] = (),
        on_torch: bool = False,
        class_weights: np.ndarray | None = None,
    ) -> None:
        """Take what batches are made of; with ``class_weights``, shape (classes,), each item comes with its weight."""
        self.examples = examples
        self.batch_size = batch_size
        self.seed = seed
        self.shuffled = shuffled
        self.one_hot = one_hot
        self.augmentations = augmentations
        self.class_weights = class_weights
        self.epoch = 0
        self._ahead: dict[tuple[int, int], Future[tuple[Any, ...]]] = {}
        self._orders: dict[int, np.ndarray] = {}
        self.failure: Exception | None = None
        self._closed = False
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="batches")
        # PyTorch's generator is one for the process: drawn from in two threads it would repeat nothing.
        self._alone = on_torch and bool(augmentations or getattr(examples, "redrawn", False))

    def __len__(self) -> int:
        return math.ceil(len(self.examples) / self.batch_size)

    def described(self) -> list[tuple[tuple[int, ...], str]]:
        """Return the shape of an item, and the kind of its numbers, in each of the arrays that a batch has."""
        examples = self.examples
        shares: tuple[tuple[int, ...], str] = ((examples.num_classes,), "float32")
        return [
            (tuple(examples.shape), "float32" if self.augmentations else examples.dtype),
            shares if self.one_hot else ((), examples.labels.dtype.name),
            *([((), "float32")] if self.class_weights is not None else []),
        ]

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        try:
            return self._next(index)
        except Exception as error:
            if self._closed:
                # Somebody gathers ahead, for steps that there will not be: no failure, and nothing to be told of.
                raise StopIteration from None
            self.failure = error
            raise

    def _next(self, index: int) -> tuple[Any, ...]:
        if self._alone:
            return self._batch(self.epoch, index)
        batch = self._ahead.pop((self.epoch, index), None) or self._request(self.epoch, index)
        following = self._following(index)
        self._ahead = {key: self._ahead.get(key) or self._request(*key) for key in following}
        return batch.result()

    def close(self) -> None:
        """End the thread; whoever asks for more is told that there is none."""
        self._closed = True
        self._thread.shutdown(cancel_futures=True)

    def _following(self, index: int) -> list[tuple[int, int]]:
        """Return epoch and index of the next batches; those of the next epoch follow the last one."""
        positions = (divmod(index + ahead, len(self)) for ahead in range(1, DEPTH + 1))
        return [(self.epoch + epochs, position) for epochs, position in positions]

    def _request(self, epoch: int, index: int) -> Future[tuple[Any, ...]]:
        return self._thread.submit(self._batch, epoch, index)

    def _batch(self, epoch: int, index: int) -> tuple[Any, ...]:
        chosen = self._order(epoch)[index * self.batch_size : (index + 1) * self.batch_size]
        inputs = self.examples.gather(chosen, epoch)
        targets = self.examples.labels[chosen]
        if self.one_hot:
            targets = np.eye(self.examples.num_classes, dtype=np.float32)[targets]
        if self.augmentations:
            seed = derive_seed("batch", self.seed, epoch, index)
            rng = np.random.default_rng(seed)
            scale = np.float32(255 if inputs.dtype == np.uint8 else 1)
            inputs = inputs.astype(np.float32) / scale
            with reseeded(seed):
                for augmentation in self.augmentations:
                    inputs, targets = _augmented(augmentation, inputs, targets, rng)
            inputs = inputs * scale
        if self.class_weights is None:
            return inputs, targets
        # An item whose label is mixed weighs what its shares weigh.
        weights = targets @ self.class_weights if self.one_hot else self.class_weights[targets]
        return inputs, targets, weights

    def _order(self, epoch: int) -> np.ndarray:
        if epoch not in self._orders:
            items = np.arange(len(self.examples))
            shuffle = derive_generator("order", self.seed, epoch).permutation if self.shuffled else np.asarray
            self._orders = {epoch: shuffle(items)}
        return self._orders[epoch]


def _augmented(
    augmentation: Augmentation, inputs: np.ndarray, targets: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    shapes = inputs.shape, targets.shape
    with calling(augmentation, "apply_batch"):
        made = augmentation.apply_batch(inputs, targets, rng)
    return checked_batch(augmentation, made, *shapes)
