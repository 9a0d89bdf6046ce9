"""What is asked of the layers of a PyTorch module: modes, precision, and what of it can be trained."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import torch

from benchmark.exceptions import PluginError

if TYPE_CHECKING:
    from benchmark.training.stages import Stage

_MIXED = {"mixed_bfloat16": torch.bfloat16, "mixed_float16": torch.float16}


def trainable(network: torch.nn.Module) -> list[torch.nn.Parameter]:
    """Return the weights that training changes."""
    return [weight for weight in network.parameters() if weight.requires_grad]


def precise(precision: str, device: torch.device) -> AbstractContextManager[Any]:
    """Compute inside in the precision that a suite names; weights are float32 in all."""
    if precision not in _MIXED:
        return nullcontext()
    return torch.autocast(device.type, dtype=_MIXED[precision])


def set_modes(network: torch.nn.Module, *, training: bool) -> None:
    """Set what layers do in training; batch normalisation that is frozen goes by its statistics, and keeps them."""
    network.train(training)
    for layer in network.modules():
        if isinstance(layer, torch.nn.modules.batchnorm._BatchNorm):
            own = list(layer.parameters(recurse=False))
            if own and not any(weight.requires_grad for weight in own):
                layer.eval()


def check_frozen(network: torch.nn.Module, stage: Stage) -> None:
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
