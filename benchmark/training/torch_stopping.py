"""Early stopping of PyTorch modules, as Keras's callback does it."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import torch

from benchmark.training.objective import stopping_note

if TYPE_CHECKING:
    from benchmark.settings import EarlyStopping

_BEST = "best"


class Stopping:
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

    def tensors(self) -> dict[str, torch.Tensor]:
        """Return the best weights, if they are kept."""
        return {f"{_BEST}-{number}": value for number, value in enumerate((self._weights or {}).values())}

    def facts(self) -> dict[str, Any]:
        """Return, as plain JSON, how far it is."""
        return {
            "best": self._best,
            "best_epoch": self._best_epoch,
            "waited": self._waited,
            "ended": self._ended,
        }

    def put_back(self, tensors: Mapping[str, torch.Tensor], facts: Mapping[str, Any]) -> None:
        """Go on from where another was."""
        self._best, self._best_epoch = facts["best"], facts["best_epoch"]
        self._waited, self._ended = facts["waited"], facts["ended"]
        if f"{_BEST}-0" in tensors:
            self._weights = {
                name: torch.empty_like(value).copy_(tensors[f"{_BEST}-{number}"])
                for number, (name, value) in enumerate(self._network.state_dict().items())
            }

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
