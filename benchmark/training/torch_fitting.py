"""The training of one PyTorch module, stage by stage, by the rules by which Keras trains networks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import torch

from benchmark.randomness import derive_seed
from benchmark.training.batches import Batches
from benchmark.training.losses import chosen_loss, class_weights
from benchmark.training.objective import VALIDATION_BATCH, held_out_part
from benchmark.training.position import Position, UnusableCheckpointError, history_facts, tell, tell_again
from benchmark.training.torch_layers import check_frozen, precise, set_modes
from benchmark.training.torch_losses import Losses, item_losses
from benchmark.training.torch_state import TorchState, check_fits
from benchmark.training.torch_steps import Steps
from benchmark.training.torch_stopping import Stopping

if TYPE_CHECKING:
    import numpy as np

    from benchmark.checkpoints import Checkpoint
    from benchmark.plugin.examples import Examples
    from benchmark.plugin.model import Epoch
    from benchmark.plugin.training_run import TrainingRun
    from benchmark.training.stages import Stage


class TorchFitting:
    """Trains a module; ``history`` grows with it. ``inputs`` makes a tensor of stored items."""

    def __init__(
        self,
        network: torch.nn.Module,
        inputs: Callable[[np.ndarray], torch.Tensor],
        train: Examples,
        validation: Examples | None,
        run: TrainingRun,
    ) -> None:
        self.history: list[Epoch] = []
        self._network = network
        self._compute = torch.compile(network) if run.settings.jit == "on" else network
        self._device = next(iter(network.parameters()), torch.zeros(0)).device
        self._inputs = inputs
        self._examples = train
        self._validation = held_out_part(validation, run)
        self._run = run

    def train(self, stages: Sequence[Stage]) -> None:
        """Train stage by stage; go on from a checkpoint, if one was left.

        Raises:
            UnusableCheckpointError: when that does not fit this network.
        """
        left = self._run.checkpoints.load() if self._run.checkpoints is not None else None
        position = Position.of(left) if left is not None else Position()
        if position.stage >= len(stages):
            raise UnusableCheckpointError
        for number, stage in enumerate(stages):
            if stage.prepare is not None:
                stage.prepare(self._network)
            if number < position.stage:
                continue
            if left is not None and number == position.stage:
                # Before anybody is told anything; a stage may be prepared by other layers.
                check_fits(self._network, left)
                tell_again(left, stages, self.history, self._run)
            else:
                position, left = Position(number, len(self.history)), None
            self._train(stage, position, left)

    def _train(self, stage: Stage, position: Position, left: Checkpoint | None) -> None:
        """Train one stage, or the rest of it."""
        check_frozen(self._network, stage)
        # Random numbers of a stage (dropout) do not depend on what came before it.
        torch.manual_seed(derive_seed("stage", self._run.seed, stage.name) // 2)
        run, finished = self._run, position.epochs
        loss, one_hot = chosen_loss(run.settings.loss, mixed=bool(run.batch_augmentations))
        losses = item_losses(loss)
        training = Batches(
            self._examples,
            run.settings.batch_size,
            seed=run.seed,
            shuffled=True,
            one_hot=one_hot,
            augmentations=run.batch_augmentations,
            on_torch=True,
            class_weights=class_weights(
                run.settings.class_weights, self._examples.labels, self._examples.num_classes, run.classes
            ),
        )
        held_out = None
        if self._validation is not None:
            held_out = Batches(
                self._validation,
                VALIDATION_BATCH,
                seed=run.seed,
                shuffled=False,
                one_hot=one_hot,
                on_torch=True,
            )
        steps = Steps(self._network, run.settings, stage, len(training), self._device)
        stopping = Stopping(run.settings.early_stopping, self._network)
        state = TorchState(self._network, steps, stopping)
        if left is not None:
            state.put_back(left)
        ended = left is not None and left.facts["ended"]
        try:
            for epoch in range(len(self.history), finished if ended else finished + stage.epochs):
                training.epoch = epoch
                logs = self._pass(training, losses, steps)
                if held_out is not None:
                    values = self._pass(held_out, losses, None)
                    logs |= {f"val_{name}": value for name, value in values.items()}
                made: Epoch = {"stage": stage.name, "epoch": epoch + 1, **logs}
                tell(stage, epoch + 1 - finished, made, self.history, run)
                ended = stopping.after(epoch, logs)
                self._leave(state, position, ended=ended)
                if ended:
                    break
        finally:
            training.close()
            if held_out is not None:
                held_out.close()
        said = stopping.end(stage.name, finished)
        if said:
            run.note(said)

    def _leave(self, state: TorchState, position: Position, *, ended: bool) -> None:
        """Leave a checkpoint, if it is time for one; ``ended`` is whether the epoch was the last of its stage."""
        checkpoints = self._run.checkpoints
        if checkpoints is None or not state.is_whole or not checkpoints.is_due(state.size()):
            return
        told = history_facts(self.history, self._run, ended=ended)
        checkpoints.save(state.arrays(), {**state.facts(), **position.facts(), **told})

    def _pass(self, batches: Batches, losses: Losses, steps: Steps | None) -> dict[str, float]:
        """Go through batches once, taking ``steps``, and return means over items of accuracy and loss."""
        set_modes(self._network, training=steps is not None)
        total, right, items = (torch.zeros((), device=self._device) for _ in range(3))
        for index in range(len(batches)):
            self._run.check_time()
            arrays = batches[index]
            inputs, targets = self._inputs(arrays[0]), torch.from_numpy(arrays[1]).to(self._device)
            with (
                torch.set_grad_enabled(steps is not None),
                precise(self._run.settings.precision, self._device),
            ):
                scores = self._compute(inputs)
            scores = scores.float()
            weighed = losses(scores, targets)
            if len(arrays) > 2:
                weighed = weighed * torch.from_numpy(arrays[2]).to(self._device)
            loss = weighed.mean()
            if steps is not None:
                steps.take(loss)
            with torch.no_grad():
                truth = targets if targets.ndim == 1 else targets.argmax(dim=1)
                total += loss.detach() * len(inputs)
                right += (scores.argmax(dim=1) == truth).sum()
                items += len(inputs)
        return {"accuracy": float(right / items), "loss": float(total / items)}
