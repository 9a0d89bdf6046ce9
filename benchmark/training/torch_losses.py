"""The losses of PyTorch modules, as Keras computes them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

if TYPE_CHECKING:
    from benchmark.training.losses import Loss

Losses = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


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


def item_losses(loss: Loss) -> Losses:
    """Return the losses of items, shape (n,), of scores, shape (n, classes), and targets."""
    if isinstance(loss, str):
        return _LOSSES[loss]
    ((name, parameters),) = loss.items()
    return partial(_LOSSES[name], **parameters)
