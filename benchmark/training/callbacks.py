"""Callbacks of Keras: progress and the time limit, and early stopping."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from benchmark.training.objective import stopping_note

if TYPE_CHECKING:
    from benchmark.plugin.model import Epoch
    from benchmark.plugin.training_run import TrainingRun
    from benchmark.settings import EarlyStopping
    from benchmark.training.batches import Batches
    from benchmark.training.stages import Stage

PREFIXES = ("sparse_categorical_", "categorical_")


def progress(training: Batches, stage: Stage, before: int, run: TrainingRun, history: list[Epoch]) -> Any:
    """Return a callback that sets the epoch, keeps the history, reports, and watches the time.

    ``before`` epochs were trained in earlier stages.
    """
    import keras

    class Progress(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            training.epoch = epoch

        # And not at its end: Keras would then fetch the losses of each step, and the device wait for that.
        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            run.check_time()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            values = plain_logs(logs)
            history.append({"stage": stage.name, "epoch": epoch + 1, **values})
            run.epoch_finished(stage.name, epoch + 1 - before, stage.epochs, values)

    return Progress()


def checkpointing(leave: Callable[[bool], None], begin: Callable[[], None]) -> Any:
    """Return a callback, to be the last, that calls ``leave`` after each epoch with whether that ends the stage.

    ``begin`` is called when all is ready for the first one.
    """
    import keras

    class Checkpointing(keras.callbacks.Callback):
        def on_train_begin(self, logs: Any = None) -> None:
            begin()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            leave(bool(self.model.stop_training))

    return Checkpointing()


def plain_logs(logs: Any) -> dict[str, float]:
    """Return Keras's logs of an epoch with accuracies called ``accuracy`` and ``val_accuracy``, whatever the loss."""
    plain = {}
    for name, value in (logs or {}).items():
        for prefix in PREFIXES:
            name = name.replace(prefix, "")  # noqa: PLW2901
        plain[name] = float(value)
    return plain


def early_stopping(
    settings: EarlyStopping, metric: str, stage: str, before: int, note: Callable[[str], None]
) -> Any:
    """Return a callback that ends a stage when the validation value of ``metric`` (or the loss) gets no better.

    ``before`` epochs were trained in earlier stages; ``note`` is told when a stage ends early, and which epoch was
    the best.
    """
    import keras

    class Stopping(keras.callbacks.EarlyStopping):
        # What it goes on from instead of the beginning, and the weights that were the best then.
        left: tuple[dict[str, Any], list[Any]] | None = None

        @property
        def kept_weights(self) -> list[Any]:
            return self.best_weights or []

        def state(self) -> dict[str, Any]:
            best = None if self.best is None else float(self.best)
            return {
                "wait": self.wait,
                "stopped_epoch": self.stopped_epoch,
                "best": best,
                "best_epoch": self.best_epoch,
            }

        def put_back(self, state: dict[str, Any], weights: list[Any]) -> None:
            self.left = (state, weights)

        def on_train_begin(self, logs: Any = None) -> None:
            super().on_train_begin(logs)
            if self.left is not None:
                state, weights = self.left
                for name, value in state.items():
                    setattr(self, name, value)
                self.best_weights = weights or None

        def on_train_end(self, logs: Any = None) -> None:
            super().on_train_end(logs)
            if self.best is None:
                return
            ended = self.stopped_epoch + 1 - before if self.stopped_epoch else None
            best = self.best_epoch + 1 - before
            said = stopping_note(stage, self.monitor, best, ended, kept=self.restore_best_weights)
            if said:
                note(said)

    return Stopping(
        monitor="val_loss" if settings.metric == "loss" else f"val_{metric}",
        mode="min" if settings.metric == "loss" else "max",
        min_delta=settings.min_delta,
        patience=settings.patience,
        restore_best_weights=settings.restore_best,
    )
