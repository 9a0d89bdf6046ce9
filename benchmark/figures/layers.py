"""The layers of a suite's networks, with output shapes and numbers of parameters (the paper's Table 3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from benchmark.report.table import Column, Table

if TYPE_CHECKING:
    from benchmark.settings import TrainingSettings
    from benchmark.training.keras_model import KerasModel

_SIZES = ("filters", "units")
_WINDOWS = ("kernel_size", "pool_size")
_COLUMNS = (
    Column("layer", "layer"),
    Column("output", "output shape"),
    Column("parameters", "parameters", "integer"),
)


def layer_table(
    model: KerasModel,
    label: str,
    input_shape: tuple[int, ...],
    num_classes: int,
    settings: TrainingSettings,
    note: str = "",
) -> Table:
    """Build a network and return its layers; a network within it, such as a backbone, is one line.

    Args:
        model: as made for a cell.
        label: what the suite calls it.
        input_shape: height, width, channels.
        num_classes: outputs.
        settings: of the cell's training, for the stages.
        note: goes behind the caption.
    """
    import keras

    keras.utils.clear_session()
    network = model.build(input_shape, num_classes, **model.architecture(model.parameters))
    first = {"layer": "Input", "output": _shape(input_shape), "parameters": 0}
    lines = (first, *(_line(layer) for layer in network.layers if type(layer).__name__ != "InputLayer"))
    caption = f"{label}: {network.count_params():,} parameters{note}."
    return Table(_COLUMNS, lines, caption, tuple(_stages(model, network, settings)))


def _line(layer: Any) -> dict[str, Any]:
    return {"layer": _text(layer), "output": _output(layer), "parameters": layer.count_params()}


def _text(layer: Any) -> str:
    """Return a layer as papers write it: ``Conv2D 32, 3 × 3, relu``."""
    import keras

    if isinstance(layer, keras.Model):
        return f"{layer.name} ({len(layer.layers)} layers)"
    config = layer.get_config()
    parts = [str(config[key]) for key in _SIZES if isinstance(config.get(key), int)]
    parts += [
        " × ".join(map(str, config[key])) for key in _WINDOWS if isinstance(config.get(key), list | tuple)
    ]
    if isinstance(config.get("rate"), float):
        parts.append(f"{config['rate']:g}")
    if config.get("padding") == "same":
        parts.append("same")
    if isinstance(config.get("activation"), str) and config["activation"] != "linear":
        parts.append(config["activation"])
    return f"{type(layer).__name__} {', '.join(parts)}".strip()


def _output(layer: Any) -> str:
    try:
        shape = layer.output.shape
    except (AttributeError, ValueError):  # a layer that is called more than once has no one output
        return ""
    return _shape(shape[1:])


def _shape(lengths: Any) -> str:
    return ", ".join("?" if length is None else f"{length:,}" for length in lengths)


def _stages(model: KerasModel, network: Any, settings: TrainingSettings) -> Iterator[str]:
    """Yield how many weights each stage can change, where that differs from all of them."""
    stages = model.training_stages(settings)
    for stage in stages:
        if stage.prepare is not None:
            stage.prepare(network)
        trainable = sum(_size(weight.shape) for weight in network.trainable_weights)
        if len(stages) > 1 or trainable != network.count_params():
            yield f"Stage '{stage.name}' trains {trainable:,} of them."


def _size(shape: Any) -> int:
    size = 1
    for length in shape:
        size *= length
    return size
