"""The training of one network: stage by stage, on inputs or on the outputs of its frozen part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmark.data.examples import Examples, StoredExamples
from benchmark.exceptions import SplitError
from benchmark.training.batches import Batches
from benchmark.training.callbacks import early_stopping, progress
from benchmark.training.frozen import FrozenPart, identity_of, split_network
from benchmark.training.optimizers import make_optimizer
from benchmark.training.precision import compiled, precision
from benchmark.training.release import forgetting_gradients
from benchmark.training.stages import Stage, StageStore, reseed, stage_key

if TYPE_CHECKING:
    import keras

    from benchmark.plugin.model import Epoch
    from benchmark.training.run import TrainingRun

VALIDATION_BATCH = 64
_ONE_HOT_LOSS = "categorical_crossentropy"
_SPARSE_LOSS = "sparse_categorical_crossentropy"


class Fitting:
    """Trains a network; ``history`` grows with it.

    ``part`` is the split into a frozen part and the rest if the last stage was trained on outputs, else None.
    """

    def __init__(
        self,
        network: keras.Model,
        whole: keras.Model,
        train: Examples,
        validation: Examples | None,
        run: TrainingRun,
    ) -> None:
        """Take a network, and the same with the scaling of stored items before it."""
        self.history: list[Epoch] = []
        self.part: FrozenPart | None = None
        self._network = network
        self._whole = whole
        self._train = train
        self._validation = validation if validation is not None and len(validation) else None
        self._run = run
        self._done: list[Stage] = []
        self._beginning = ""
        if self._validation is None and run.settings.early_stopping is not None:
            raise SplitError("Early stopping looks at validation data, of which the split has none.")

    def train(self, stage: Stage) -> None:
        """Train one stage, or take it from another cell that began alike."""
        if stage.prepare is not None:
            stage.prepare(self._network)
        reseed(self._network, self._run.seed, stage.name)
        self.part = self._split(stage)
        key = self._key(stage) if self.part is not None else None
        self._done.append(stage)
        if key is None:
            self._fit(stage, self._whole, self._train, self._validation)
            return
        assert self.part is not None
        assert self._run.cache is not None
        kept = StageStore(self._run.cache)
        weights = self.part.head.trainable_weights
        found = kept.load(key, weights)
        if found is not None:
            self._take(stage, *found)
            return
        epochs, notes = len(self.history), len(self._run.notes)
        train, validation = (self._outputs(each) for each in (self._train, self._validation))
        assert train is not None
        self._fit(stage, self.part.head, train, validation)
        arrays = [weight.numpy() for weight in weights]
        kept.save(key, arrays, self.history[epochs:], self._run.notes[notes:])

    def _take(self, stage: Stage, history: list[Epoch], notes: list[str]) -> None:
        """Go on from what an earlier training left, whose epochs are told as if they were trained now."""
        for number, epoch in enumerate(history, 1):
            self.history.append(epoch)
            logs = {name: float(value) for name, value in epoch.items() if name not in ("stage", "epoch")}
            self._run.epoch_finished(stage.name, number, stage.epochs, logs)
        for note in (*notes, f"Stage {stage.name} was taken from an earlier training that began alike."):
            self._run.note(note)

    def _split(self, stage: Stage) -> FrozenPart | None:
        """Return the frozen part, if its outputs are the same in every epoch and in other cells, and can be kept."""
        run = self._run
        if self._done and not self._beginning:
            return None
        stored = all(
            isinstance(each, StoredExamples) and not each.redrawn
            for each in (self._train, self._validation)
            if each is not None
        )
        if stage.frozen is None or run.cache is None or run.batch_augmentations or not stored:
            return None
        scale = [layer for layer in self._whole.layers if layer is not self._network]
        # A model's own precision decides whether Keras scales its losses, which float16 needs.
        with precision(run.settings.precision):
            return split_network(
                self._network, stage.frozen, scale, run.cache, jit_compile=compiled(run.settings)
            )

    def _key(self, stage: Stage) -> str:
        assert isinstance(self._train, StoredExamples)
        if not self._done:
            self._beginning = identity_of(self._whole)
        stages = [*self._done, stage]
        return stage_key(self._beginning, stages, self._train, self._stored(self._validation), self._run)

    def _stored(self, examples: Examples | None) -> StoredExamples | None:
        return examples if isinstance(examples, StoredExamples) else None

    def _outputs(self, examples: Examples | None) -> Examples | None:
        stored = self._stored(examples)
        return None if stored is None or self.part is None else self.part.outputs(stored)

    def _fit(self, stage: Stage, network: keras.Model, train: Examples, validation: Examples | None) -> None:
        run, finished = self._run, len(self.history)
        loss: str = run.settings.loss
        if loss == _SPARSE_LOSS and run.batch_augmentations:
            loss = _ONE_HOT_LOSS
        one_hot = loss != _SPARSE_LOSS
        metric = "categorical_accuracy" if one_hot else "sparse_categorical_accuracy"
        training = Batches(
            train,
            run.settings.batch_size,
            seed=run.seed,
            shuffled=True,
            one_hot=one_hot,
            augmentations=run.batch_augmentations,
        )
        held_out = None
        if validation is not None:
            held_out = Batches(validation, VALIDATION_BATCH, seed=run.seed, shuffled=False, one_hot=one_hot)
        self._compile(network, stage, loss, metric, len(training))
        callbacks: list[Any] = [progress(training, stage, finished, run, self.history)]
        if run.settings.early_stopping is not None:
            callbacks.append(
                early_stopping(run.settings.early_stopping, metric, stage.name, finished, run.note)
            )
        try:
            with forgetting_gradients():
                network.fit(
                    training,
                    validation_data=held_out,
                    epochs=finished + stage.epochs,
                    initial_epoch=finished,
                    shuffle=False,
                    verbose=0,
                    callbacks=callbacks,
                )
        finally:
            training.close()
            if held_out is not None:
                held_out.close()

    def _compile(self, network: keras.Model, stage: Stage, loss: str, metric: str, batches: int) -> None:
        import keras

        settings = self._run.settings
        optimizer = make_optimizer(settings, stage.learning_rate, stage.epochs, batches)
        network.compile(optimizer, loss, metrics=[keras.metrics.get(metric)], jit_compile=compiled(settings))
        # Made inside the first step, its variables would make TensorFlow trace that step twice.
        network.optimizer.build(network.trainable_variables)
