"""The training of one PyTorch module, stage by stage, by the rules by which Keras trains networks."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from copy import deepcopy
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

from benchmark.exceptions import PluginError
from benchmark.randomness import derive_seed
from benchmark.training.batches import Batches
from benchmark.training.losses import chosen_loss, class_weights
from benchmark.training.objective import VALIDATION_BATCH, held_out_part, stopping_note
from benchmark.training.optimizers import rate_of

if TYPE_CHECKING:
    import numpy as np

    from benchmark.plugin.examples import Examples
    from benchmark.plugin.model import Epoch
    from benchmark.plugin.training_run import TrainingRun
    from benchmark.settings import EarlyStopping, TrainingSettings
    from benchmark.training.losses import Loss
    from benchmark.training.stages import Stage

_MIXED = {"mixed_bfloat16": torch.bfloat16, "mixed_float16": torch.float16}
# Keras's own, by which an AdamW of a suite that says nothing decays.
_ADAMW_DECAY = 0.004
# Keras's too: of Adam and RMSprop.
_EPSILON, _DISCOUNT = 1e-7, 0.9


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
        self._train = train
        self._validation = held_out_part(validation, run)
        self._run = run

    def train(self, stage: Stage) -> None:
        """Train one stage."""
        if stage.prepare is not None:
            stage.prepare(self._network)
        _check_frozen(self._network, stage)
        # Random numbers of a stage (dropout) do not depend on what came before it.
        torch.manual_seed(derive_seed("stage", self._run.seed, stage.name) // 2)
        run, finished = self._run, len(self.history)
        loss, one_hot = chosen_loss(run.settings.loss, mixed=bool(run.batch_augmentations))
        losses = _losses(loss)
        training = Batches(
            self._train,
            run.settings.batch_size,
            seed=run.seed,
            shuffled=True,
            one_hot=one_hot,
            augmentations=run.batch_augmentations,
            on_torch=True,
            class_weights=class_weights(
                run.settings.class_weights, self._train.labels, self._train.num_classes, run.classes
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
        steps = _Steps(self._network, run.settings, stage, len(training), self._device)
        stopping = _Stopping(run.settings.early_stopping, self._network)
        try:
            for epoch in range(finished, finished + stage.epochs):
                training.epoch = epoch
                logs = self._pass(training, losses, steps)
                if held_out is not None:
                    values = self._pass(held_out, losses, None)
                    logs |= {f"val_{name}": value for name, value in values.items()}
                self.history.append({"stage": stage.name, "epoch": epoch + 1, **logs})
                run.epoch_finished(stage.name, epoch + 1 - finished, stage.epochs, logs)
                if stopping.after(epoch, logs):
                    break
        finally:
            training.close()
            if held_out is not None:
                held_out.close()
        said = stopping.end(stage.name, finished)
        if said:
            run.note(said)

    def _pass(self, batches: Batches, losses: _Losses, steps: _Steps | None) -> dict[str, float]:
        """Go through batches once, taking ``steps``, and return means over items of accuracy and loss."""
        _set_modes(self._network, training=steps is not None)
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


def trainable(network: torch.nn.Module) -> list[torch.nn.Parameter]:
    """Return the weights that training changes."""
    return [weight for weight in network.parameters() if weight.requires_grad]


def precise(precision: str, device: torch.device) -> AbstractContextManager[Any]:
    """Compute inside in the precision that a suite names; weights are float32 in all."""
    if precision not in _MIXED:
        return nullcontext()
    return torch.autocast(device.type, dtype=_MIXED[precision])


class _Steps:
    """The steps of one stage's optimizer: accumulated, clipped, decayed and at a rate as Keras does these.

    Adam's and RMSprop's constants are Keras's too. Decay is decoupled from the gradient for all of them.
    """

    def __init__(
        self,
        network: torch.nn.Module,
        settings: TrainingSettings,
        stage: Stage,
        batches: int,
        device: torch.device,
    ) -> None:
        self._weights = trainable(network)
        self._settings = settings
        self._rate = rate_of(settings, stage.learning_rate, stage.epochs, batches)
        self._decay = settings.weight_decay
        if self._decay is None:
            self._decay = _ADAMW_DECAY if settings.optimizer == "adamw" else 0.0
        self._optimizer = _OPTIMIZERS[settings.optimizer](self._weights) if self._weights else None
        self._scaler = torch.amp.GradScaler(device.type, enabled=settings.precision == "mixed_float16")
        self._seen = self._taken = 0
        if self._optimizer is not None and self._decay:
            # The scaler leaves steps out whose gradients are not finite, and with them their decay.
            self._optimizer.register_step_pre_hook(self._shrink)

    def take(self, loss: torch.Tensor) -> None:
        """Add the gradient of one batch, and take a step when there are as many as make one."""
        if self._optimizer is None:
            return
        accumulated = self._settings.gradient_accumulation
        self._scaler.scale(loss / accumulated).backward()
        self._seen += 1
        if self._seen % accumulated:
            return
        self._scaler.unscale_(self._optimizer)
        rate = self._rate.at(self._taken)
        with torch.no_grad():
            self._clip()
        for group in self._optimizer.param_groups:
            group["lr"] = rate
            if "betas" in group:
                # Keras adds it to the deviation before that is freed of its bias, and PyTorch after.
                group["eps"] = _EPSILON / (1 - group["betas"][1] ** (self._taken + 1)) ** 0.5
        self._scaler.step(self._optimizer)
        self._scaler.update()
        self._optimizer.zero_grad()
        self._taken += 1

    @torch.no_grad()
    def _shrink(self, optimizer: torch.optim.Optimizer, *args: Any) -> None:
        for weight in self._weights:
            if weight.grad is not None:
                weight.mul_(1 - optimizer.param_groups[0]["lr"] * self._decay)

    def _clip(self) -> None:
        """Bound the norm of all gradients together."""
        if self._settings.clip_norm is None:
            return
        gradients = [weight.grad for weight in self._weights if weight.grad is not None]
        norm = torch.nn.utils.get_total_norm(gradients)
        for gradient in gradients:
            gradient.mul_((self._settings.clip_norm / norm).clamp(max=1.0))


class _RMSprop(torch.optim.Optimizer):
    """Keras's, whose small constant is below the root, where PyTorch's is beside it."""

    def __init__(self, weights: list[torch.nn.Parameter]) -> None:
        super().__init__(weights, {"lr": 0.0})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:
        """Divide each gradient by the root of its running mean square."""
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                squares = self.state[weight].setdefault("squares", torch.zeros_like(weight))
                squares.mul_(_DISCOUNT).addcmul_(weight.grad, weight.grad, value=1 - _DISCOUNT)
                weight.addcmul_(weight.grad, (squares + _EPSILON).rsqrt(), value=-group["lr"])


_OPTIMIZERS: dict[str, Callable[[list[torch.nn.Parameter]], torch.optim.Optimizer]] = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.Adam,
    "sgd": torch.optim.SGD,
    "rmsprop": _RMSprop,
}


class _Stopping:
    """Ends a stage when a value of validation gets no better, and keeps the best weights, as Keras's callback does."""

    def __init__(self, settings: EarlyStopping | None, network: torch.nn.Module) -> None:
        self._settings = settings
        self._network = network
        self._best: float | None = None
        self._best_epoch = self._waited = 0
        self._ended: int | None = None
        self._weights: dict[str, Any] | None = None

    def after(self, epoch: int, logs: dict[str, float]) -> bool:
        """Take note of an epoch (from 0), and return whether it is the last."""
        if self._settings is None:
            return False
        value = logs[f"val_{self._settings.metric}"]
        gain = 0.0
        if self._best is not None:
            gain = self._best - value if self._settings.metric == "loss" else value - self._best
        if self._best is None or gain > self._settings.min_delta:
            self._best, self._best_epoch, self._waited = value, epoch, 0
            if self._settings.restore_best:
                self._weights = deepcopy(self._network.state_dict())
            return False
        self._waited += 1
        if self._waited >= self._settings.patience and epoch > 0:
            self._ended = epoch
            return True
        return False

    def end(self, stage: str, finished: int) -> str:
        """Go back to the best weights if asked to, and return what people should know."""
        if self._settings is None or self._best is None:
            return ""
        if self._weights is not None:
            self._network.load_state_dict(self._weights)
        ended = None if self._ended is None else self._ended + 1 - finished
        best = self._best_epoch + 1 - finished
        return stopping_note(
            stage, f"val_{self._settings.metric}", best, ended, kept=self._settings.restore_best
        )


def _set_modes(network: torch.nn.Module, *, training: bool) -> None:
    """Set what layers do in training; batch normalisation that is frozen goes by its statistics, and keeps them."""
    network.train(training)
    for layer in network.modules():
        if isinstance(layer, torch.nn.modules.batchnorm._BatchNorm):
            own = list(layer.parameters(recurse=False))
            if own and not any(weight.requires_grad for weight in own):
                layer.eval()


def _check_frozen(network: torch.nn.Module, stage: Stage) -> None:
    """Raise ``PluginError`` when a stage says that it is frozen up to a submodule, and it is not."""
    if stage.frozen is None:
        return
    names = [name for name, _ in network.named_modules()]
    if stage.frozen not in names:
        raise PluginError(f"Stage '{stage.name}' is frozen up to '{stage.frozen}', which is no submodule.")
    for name, module in network.named_modules():
        inside = name == stage.frozen or name.startswith(f"{stage.frozen}.")
        before = names.index(name) <= names.index(stage.frozen)
        above = stage.frozen.startswith(f"{name}.") or not name
        if (inside or before) and not above:
            for weight, parameter in module.named_parameters():
                if parameter.requires_grad:
                    raise PluginError(
                        f"Stage '{stage.name}' says that it is frozen up to submodule '{stage.frozen}', where "
                        f"'{name}.{weight}' can be trained; its 'prepare' is to call requires_grad_(False)."
                    )


_Losses = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def _entropy(scores: torch.Tensor, targets: torch.Tensor, label_smoothing: float = 0.0) -> torch.Tensor:
    return functional.cross_entropy(scores, targets, reduction="none", label_smoothing=label_smoothing)


def _focal(
    scores: torch.Tensor,
    targets: torch.Tensor,
    gamma: float = 2.0,
    alpha: float = 0.25,
    label_smoothing: float = 0.0,
) -> torch.Tensor:
    """Lin et al. 2017 (arXiv:1708.02002)."""
    logarithms = functional.log_softmax(scores, dim=1)
    targets = targets * (1 - label_smoothing) + label_smoothing / targets.shape[1]
    return -(alpha * (1 - logarithms.exp()) ** gamma * targets * logarithms).sum(dim=1)


def _divergence(scores: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return functional.kl_div(functional.log_softmax(scores, dim=1), targets, reduction="none").sum(dim=1)


_LOSSES: dict[str, Callable[..., torch.Tensor]] = {
    "sparse_categorical_crossentropy": _entropy,
    "categorical_crossentropy": _entropy,
    "categorical_focal_crossentropy": _focal,
    "kl_divergence": _divergence,
}


def _losses(loss: Loss) -> _Losses:
    """Return the losses of items, shape (n,), of scores, shape (n, classes), and targets."""
    if isinstance(loss, str):
        return _LOSSES[loss]
    ((name, parameters),) = loss.items()
    return partial(_LOSSES[name], **parameters)
