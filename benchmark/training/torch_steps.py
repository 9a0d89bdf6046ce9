"""The steps of PyTorch modules' optimizers, as Keras's optimizers take them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import torch

from benchmark.training.optimizers import rate_of
from benchmark.training.torch_layers import trainable

if TYPE_CHECKING:
    from benchmark.settings import TrainingSettings
    from benchmark.training.stages import Stage

# Keras's own, by which an AdamW of a suite that says nothing decays.
_ADAMW_DECAY = 0.004
# Keras's too: of Adam and RMSprop.
_EPSILON, _DISCOUNT = 1e-7, 0.9
_STATE, _GRADIENT = "optimizer", "gradient"


class Steps:
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

    def tensors(self) -> dict[str, torch.Tensor]:
        """Return what the steps to come hang on: the optimizer's, and gradients of a step that is not yet whole."""
        if self._optimizer is None:
            return {}
        states = self._optimizer.state_dict()["state"]
        return {
            f"{_STATE}-{number}-{name}": value
            for number, state in states.items()
            for name, value in state.items()
            if isinstance(value, torch.Tensor)
        } | {
            f"{_GRADIENT}-{number}": weight.grad
            for number, weight in enumerate(self._weights)
            if weight.grad is not None
        }

    def facts(self) -> dict[str, Any]:
        """Return, as plain JSON, how many batches were seen and steps taken, and how losses are scaled."""
        return {"seen": self._seen, "taken": self._taken, "scaler": self._scaler.state_dict()}

    def put_back(self, tensors: Mapping[str, torch.Tensor], facts: Mapping[str, Any]) -> None:
        """Go on from where others were."""
        self._seen, self._taken = facts["seen"], facts["taken"]
        if facts["scaler"]:
            self._scaler.load_state_dict(facts["scaler"])
        if self._optimizer is None:
            return
        states: dict[int, dict[str, torch.Tensor]] = {}
        for key, value in tensors.items():
            kind, number, *name = key.split("-", 2)
            if kind == _STATE:
                states.setdefault(int(number), {})[name[0]] = value
            elif kind == _GRADIENT:
                weight = self._weights[int(number)]
                weight.grad = torch.empty_like(weight).copy_(value)
        groups = self._optimizer.state_dict()["param_groups"]
        self._optimizer.load_state_dict({"state": states, "param_groups": groups})

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
