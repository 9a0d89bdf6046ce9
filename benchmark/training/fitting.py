"""The training of one network: stage by stage, on inputs or on the outputs of its frozen part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from benchmark.data.examples import StoredExamples
from benchmark.digests import canonical_json
from benchmark.plugin.examples import Examples
from benchmark.training.batches import Batches
from benchmark.training.callbacks import checkpointing, early_stopping, progress
from benchmark.training.frozen import FrozenPart, identity_of, split_network
from benchmark.training.keras_state import KerasState, check_fits, put_back_network
from benchmark.training.losses import chosen_loss, class_weights, make_loss
from benchmark.training.objective import VALIDATION_BATCH, held_out_part
from benchmark.training.optimizers import make_optimizer, rate_of
from benchmark.training.position import Position, history_facts, tell, tell_again
from benchmark.training.precision import compiled, precision
from benchmark.training.release import forgetting_gradients
from benchmark.training.stages import Left, Stage, StageStore, reseed, stage_key
from benchmark.training.traced import Traced

if TYPE_CHECKING:
    import keras

    from benchmark.checkpoints import Checkpoint, Checkpoints
    from benchmark.plugin.model import Epoch
    from benchmark.plugin.training_run import TrainingRun


class Fitting:
    """Trains a network; ``history`` grows with it.

    ``part`` is the split into a frozen part and the rest if the last stage was trained on outputs, else None.
    """

    def __init__(
        self,
        traced: Traced,
        train: Examples,
        validation: Examples | None,
        run: TrainingRun,
    ) -> None:
        """Take a network, with what was traced of it before."""
        self.history: list[Epoch] = []
        self.part: FrozenPart | None = None
        self._traced = traced
        self._network = traced.network
        self._whole = traced.whole
        self._train_examples = train
        self._validation = held_out_part(validation, run)
        self._run = run

    def train(self, stages: Sequence[Stage]) -> None:
        """Train stage by stage; go on from a checkpoint, if one was left.

        Raises:
            UnusableCheckpointError: when that does not fit this network.
        """
        left = self._run.checkpoints.load() if self._run.checkpoints is not None else None
        position = Position.of(left) if left is not None else Position()
        if left is not None:
            # Before anybody is told anything.
            check_fits(self._whole, left)
            tell_again(left, stages, self.history, self._run)
        for number, stage in enumerate(stages):
            if stage.prepare is not None:
                stage.prepare(self._network)
            if number < position.stage:
                continue
            if left is None or number > position.stage:
                position, left = Position(number, len(self.history), len(self._run.notes)), None
            self._train(stage, position, left)

    def _train(self, stage: Stage, position: Position, left: Checkpoint | None) -> None:
        """Train one stage, or the rest of it, or take it from another cell that began alike."""
        reseed(self._network, self._run.seed, stage.name)
        if left is not None:
            put_back_network(self._whole, left)
        part = self._split(stage)
        self.part = part if part is not None and part.steady and not self._drawn else None
        key = self._key(stage, part) if left is None else position.key
        position = replace(position, key=key)
        if part is None or key is None:
            self._train_on(stage, self.part, position, left)
            return
        kept = StageStore(part.cache)
        shared = kept.load(key, part.head.weights) if left is None else None
        if shared is not None:
            self._take(stage, shared)
            return
        self._train_on(stage, self.part, position, left)
        history, notes = self.history[position.epochs :], self._run.notes[position.notes :]
        kept.save(key, part.head.weights, Left(history, notes, position.spent()))

    def _train_on(
        self, stage: Stage, part: FrozenPart | None, position: Position, left: Checkpoint | None
    ) -> None:
        """Train on outputs of the frozen part, or on inputs if there is none."""
        if part is None:
            self._fit(stage, self._whole, self._train_examples, self._validation, position, left)
            return
        train, validation = (
            part.outputs(examples, self._run.check_time) if isinstance(examples, StoredExamples) else None
            for examples in (self._train_examples, self._validation)
        )
        assert train is not None
        self._fit(stage, part.head, train, validation, position, left)

    def _take(self, stage: Stage, left: Left) -> None:
        """Go on from what an earlier training left, whose epochs are told as if they were trained now."""
        for number, epoch in enumerate(left.history, 1):
            tell(stage, number, epoch, self.history, self._run)
        self._run.reused[stage.name] = left.seconds
        for note in (*left.notes, f"Stage {stage.name} was taken from an earlier training that began alike."):
            self._run.note(note)

    @property
    def _drawn(self) -> bool:
        """Whether what is trained on is drawn anew in each epoch."""
        return bool(self._run.batch_augmentations) or getattr(self._train_examples, "redrawn", False)

    def _split(self, stage: Stage) -> FrozenPart | None:
        """Return the frozen part, if there is one, and examples are such that something can be kept."""
        run = self._run
        kept = all(
            isinstance(examples, StoredExamples)
            for examples in (self._train_examples, self._validation)
            if examples is not None
        )
        if stage.frozen is None or run.cache is None or not kept:
            return None
        part = self._traced.part(
            f"{stage.name} {stage.frozen} {run.settings.precision}", partial(self._divide, stage.frozen)
        )
        # It was made for a cell of other weights, perhaps, and with another cache.
        return replace(part, cache=run.cache, identity=identity_of(part.frozen, run.code))

    def _divide(self, frozen: str) -> FrozenPart:
        run = self._run
        assert run.cache is not None
        scale = [layer for layer in self._whole.layers if layer is not self._network]
        # A model's own precision decides whether Keras scales its losses, which float16 needs.
        with precision(run.settings.precision):
            return split_network(
                self._network, frozen, scale, run.cache, jit_compile=compiled(run.settings), code=run.code
            )

    def _key(self, stage: Stage, part: FrozenPart | None) -> str | None:
        """Return what the stage is kept under; None if it is not."""
        if part is None or (self._drawn and not self._run.recipe):
            return None
        train = cast("StoredExamples", self._train_examples)
        validation = cast("StoredExamples | None", self._validation)
        return stage_key(self._whole, stage, len(self.history), train, validation, self._run)

    def _fit(
        self,
        stage: Stage,
        network: keras.Model,
        train: Examples,
        validation: Examples | None,
        position: Position,
        left: Checkpoint | None,
    ) -> None:
        import keras

        from benchmark.training.keras_batches import as_data

        run = self._run
        loss, one_hot = chosen_loss(run.settings.loss, mixed=bool(run.batch_augmentations))
        metric = "categorical_accuracy" if one_hot else "sparse_categorical_accuracy"
        training = Batches(
            train,
            run.settings.batch_size,
            seed=run.seed,
            shuffled=True,
            one_hot=one_hot,
            augmentations=run.batch_augmentations,
            on_torch=keras.backend.backend() == "torch",
            class_weights=class_weights(
                run.settings.class_weights, train.labels, train.num_classes, run.classes
            ),
        )
        held_out = None
        if validation is not None:
            held_out = Batches(validation, VALIDATION_BATCH, seed=run.seed, shuffled=False, one_hot=one_hot)
        self._compile(network, stage, loss, metric, len(training))
        callbacks: list[Any] = [progress(training, stage, position.epochs, run, self.history)]
        stopping = None
        if run.settings.early_stopping is not None:
            stopping = early_stopping(
                run.settings.early_stopping, metric, stage.name, position.epochs, run.note
            )
            callbacks.append(stopping)
        if run.checkpoints is not None:
            state = KerasState(self._whole, network.optimizer, stopping)

            def begin() -> None:
                if left is not None:
                    state.put_back(left)

            # Keras draws once more before the first epoch, where it builds what it has not built yet.
            begin()
            callbacks.append(checkpointing(partial(self._leave, run.checkpoints, state, position), begin))
        begun = training.epoch = len(self.history)
        ended = left is not None and left.facts["ended"]
        try:
            with forgetting_gradients():
                network.fit(
                    as_data(training),
                    validation_data=None if held_out is None else as_data(held_out),
                    epochs=begun if ended else position.epochs + stage.epochs,
                    initial_epoch=begun,
                    shuffle=False,
                    verbose=0,
                    callbacks=callbacks,
                )
        except Exception as error:
            failures = (batches.failure for batches in (training, held_out) if batches is not None)
            told = next(filter(None, failures), None)
            if told is None or told is error:
                raise
            raise told from None
        finally:
            training.close()
            if held_out is not None:
                held_out.close()

    def _leave(self, checkpoints: Checkpoints, state: KerasState, position: Position, ended: bool) -> None:
        """Leave a checkpoint, if it is time for one; ``ended`` is whether the epoch was the last of its stage."""
        if not checkpoints.is_due(state.size()):
            return
        facts = {
            **state.facts(),
            **position.facts(),
            **history_facts(self.history, self._run, ended=ended),
        }
        checkpoints.save(state.arrays(), facts)

    def _compile(self, network: keras.Model, stage: Stage, loss: Any, metric: str, batches: int) -> None:
        settings = self._run.settings
        rate = rate_of(settings, stage.learning_rate, stage.epochs, batches)
        rates = rate.peak if rate.is_constant else asdict(rate)
        steps = settings.model_dump(
            mode="json", exclude={"epochs", "batch_size", "early_stopping", "class_weights"}
        )
        what = canonical_json([stage.name, steps, rates, metric])
        self._traced.compile(
            network, what, partial(self._compile_anew, network, stage, loss, metric, batches)
        )

    def _compile_anew(self, network: keras.Model, stage: Stage, loss: Any, metric: str, batches: int) -> None:
        import keras

        settings = self._run.settings
        optimizer = make_optimizer(settings, stage.learning_rate, stage.epochs, batches)
        network.compile(
            optimizer, make_loss(loss), metrics=[keras.metrics.get(metric)], jit_compile=compiled(settings)
        )
        # Made inside the first step, its variables would make TensorFlow trace that step twice.
        network.optimizer.build(network.trainable_variables)
