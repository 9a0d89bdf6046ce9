"""``TorchModel``: everything between a function that builds a PyTorch module and a trained, stored model."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.exceptions import BackendError, PluginError
from benchmark.isolation import isolated
from benchmark.plugin.border import described
from benchmark.plugin.model import Epoch, OperationCount, ParameterCount
from benchmark.randomness import derive_seed
from benchmark.training.network_model import NetworkModel, answered

if TYPE_CHECKING:
    import numpy as np
    import torch

    from benchmark.plugin.examples import Examples
    from benchmark.plugin.training_run import TrainingRun

_NEEDED = ("torch", "safetensors")
_WEIGHTS, _BUILT = "network.safetensors", "network.json"


class TorchModel(NetworkModel):
    """A PyTorch module; seeds, order of batches and all settings of training mean what they mean to ``KerasModel``.

    A subclass writes ``build``. The keyword-only parameters of ``build`` are the model's parameters. It is trained on
    the first GPU that PyTorch sees, else on the CPU. ``Stage.prepare`` is handed the module, and freezes weights by
    ``requires_grad_(False)``; batch normalisation without weights to train keeps its statistics. ``Stage.frozen`` is
    the name of a submodule: whatever was registered up to and with it must be frozen.
    """

    libraries = ("torch",)

    def __init__(self, **parameters: Any) -> None:
        super().__init__(**parameters)
        self.network: torch.nn.Module | None = None
        self._trainable = 0

    def unavailable(self) -> str:
        """Return what to install, if PyTorch is missing."""
        missing = [name for name in _NEEDED if find_spec(name) is None]
        return f"it needs {' and '.join(missing)}: pip install 'genrebench[torch]'" if missing else ""

    def build(
        self, input_shape: tuple[int, ...], num_classes: int, *args: Any, **parameters: Any
    ) -> torch.nn.Module:
        """Return a module from float32 inputs, shape (batch, *input_shape), to scores, shape (batch, num_classes).

        Pictures have their channels first, (channels, height, width), as PyTorch's layers ask for; other shapes are
        those of the features. Values are in 0..1. Scores are what comes before a softmax, which is not to be in the
        module. Import torch inside. The caller has set the random seed.
        """
        raise NotImplementedError

    def fit(self, train: Examples, validation: Examples | None, run: TrainingRun) -> list[Epoch]:
        """Build, then train stage by stage."""
        seed = derive_seed("model", run.seed)
        with isolated(seed):
            from benchmark.training.position import going_on

            return going_on(
                lambda run: self._trained(train, validation, run, seed), run, resumable=self.resumable
            )

    def _trained(
        self, train: Examples, validation: Examples | None, run: TrainingRun, seed: int
    ) -> list[Epoch]:
        network = self._prepare(train.shape, train.num_classes, train.dtype, seed, run.settings.precision)

        from benchmark.training.determinism import set_torch_determinism
        from benchmark.training.torch_fitting import TorchFitting
        from benchmark.training.torch_layers import trainable

        set_torch_determinism(run.settings.deterministic)
        fitting = TorchFitting(network, self._inputs, train, validation, run)
        fitting.train(self.training_stages(run.settings))
        self._trainable = sum(weight.numel() for weight in trainable(network))
        return fitting.history

    def predict(self, examples: Examples) -> np.ndarray:
        """Return probabilities, batch by batch."""
        import torch

        from benchmark.training.torch_layers import precise

        network = self.network
        if network is None:
            raise RuntimeError("fit or load comes before predict")
        network.eval()

        def answer(batch: np.ndarray) -> np.ndarray:
            with torch.inference_mode(), precise(self._built["precision"], self._device):
                scores = network(self._inputs(batch))
            probabilities: np.ndarray = torch.softmax(scores.float(), dim=1).cpu().numpy()
            return probabilities

        return answered(examples, answer)

    def close(self) -> None:
        """Let go of the module: its memory is free for the next one."""
        self.network = None

    def provenance(self) -> dict[str, Any]:
        """Return PyTorch as what was computed with, and its device."""
        return {"backend": "torch", "devices": [str(self._device)]}

    def parameter_count(self) -> ParameterCount | None:
        """Return all weights, with those of normalisation that are not trained, and those of the last stage."""
        if self.network is None:
            return None
        kept = [tensor for tensor in self.network.buffers() if tensor.is_floating_point()]
        total = sum(tensor.numel() for tensor in (*self.network.parameters(), *kept))
        return ParameterCount(total, self._trainable)

    def operation_count(self) -> OperationCount | None:
        """Return the multiply-adds of one item, as PyTorch counts them; those of recurrent layers it does not."""
        import torch
        from torch.utils.flop_counter import FlopCounterMode

        if self.network is None:
            return None
        kinds = {
            type(module).__name__ for module in self.network.modules() if isinstance(module, torch.nn.RNNBase)
        }
        if kinds:
            return OperationCount(None, tuple(sorted(kinds)))
        counter = FlopCounterMode(display=False)
        self.network.eval()
        with torch.no_grad(), counter:
            self.network(self._ramp(1))
        return OperationCount(counter.get_total_flops() // 2)

    def save(self, folder: Path) -> None:
        """Store the weights, as safetensors, and what is needed to build the module again."""
        from safetensors.torch import save_model

        if self.network is None:
            raise RuntimeError("fit comes before save")
        save_model(self.network, str(folder / _WEIGHTS))
        (folder / _BUILT).write_text(json.dumps(self._built), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, **parameters: Any) -> TorchModel:
        """Build the module again and read its weights."""
        from safetensors.torch import load_model

        built = json.loads((folder / _BUILT).read_text(encoding="utf-8"))
        model = cls(**cls.architecture(parameters))
        network = model._prepare(
            tuple(built["input_shape"]), built["num_classes"], built["dtype"], 0, built["precision"]
        )
        load_model(network, str(folder / _WEIGHTS), device=str(model._device))
        model.parameters = parameters
        return model

    def _prepare(
        self, shape: tuple[int, ...], num_classes: int, dtype: str, seed: int, precision: str
    ) -> torch.nn.Module:
        missing = self.unavailable()
        if missing:
            raise BackendError(f"Model '{self.name}' cannot work here: {missing}.")
        import torch

        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._built: dict[str, Any] = {
            "input_shape": list(shape), "num_classes": num_classes, "dtype": dtype, "precision": precision,
        }  # fmt: skip
        torch.manual_seed(seed)
        network = self.build(_channels_first(tuple(shape)), num_classes, **self.parameters)
        if not isinstance(network, torch.nn.Module):
            raise PluginError(
                f"{described(self, 'build')}: build gave {type(network).__name__} and no module."
            )
        self.network = network.to(self._device)
        self._check(num_classes)
        return self.network

    def _check(self, num_classes: int) -> None:
        """Ask the module once, which also makes layers that wait for their inputs' size.

        Raises:
            PluginError: when it does not give scores.
        """
        import torch

        assert self.network is not None
        self.network.eval()
        with torch.no_grad():
            scores = self.network(self._ramp(2))
        given = tuple(scores.shape) if isinstance(scores, torch.Tensor) else type(scores).__name__
        if given != (2, num_classes):
            raise PluginError(
                f"{described(self, 'build')}: the module gave {given} for two items instead of scores of shape "
                f"{(2, num_classes)}."
            )
        if scores.min() >= 0 and torch.allclose(scores.sum(dim=1), torch.ones(2, device=scores.device)):
            raise PluginError(
                f"{described(self, 'build')}: the module gives probabilities. It is to give scores: leave its softmax "
                "out, which is applied to them in any case."
            )

    def _inputs(self, batch: np.ndarray) -> torch.Tensor:
        """Return stored items as the module takes them: float32, on its device, channels first."""
        import numpy as np
        import torch

        inputs = torch.from_numpy(np.ascontiguousarray(batch)).to(self._device, torch.float32)
        if self._built["dtype"] == "uint8":
            inputs = inputs / 255
        return (
            inputs.movedim(-1, 1) if inputs.ndim == len(("batch", "height", "width", "channels")) else inputs
        )

    def _ramp(self, items: int) -> torch.Tensor:
        """Return inputs that no layer answers with zeros alone."""
        import torch

        shape = (items, *_channels_first(tuple(self._built["input_shape"])))
        count = torch.Size(shape).numel()
        return torch.linspace(0, 1, count, device=self._device).reshape(shape)


def _channels_first(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (shape[-1], *shape[:-1]) if len(shape) == len(("height", "width", "channels")) else shape
