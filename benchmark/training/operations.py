"""How many multiply-adds a Keras network needs for one item.

Counted is what papers count (MobileNet: 569 million at 224 x 224): multiplications with a weight, or of two
computed values as in attention, each with its addition. Biases, activations, pooling, normalisation (which can be
folded into the weights before it) and rearranging count as nothing. With ``positions`` the number of places of the
output, ``in`` and ``out`` the channels and ``k`` the size of the kernel:

====================  ==============================================================
dense                 positions · in · out
convolution           positions · k · in / groups · out
depthwise             positions · k · in · multiplier
separable             depthwise, then a 1 x 1 convolution
transposed            positions of the input · k · in · out
recurrent             steps · gates · units · (in + units); gates: 1, GRU 3, LSTM 4
attention             projections, and heads · queries · keys · (key size + value size)
====================  ==============================================================
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from benchmark.plugin.model import OperationCount

Shape = tuple[int, ...]
_GATES = {"SimpleRNN": 1, "GRU": 3, "LSTM": 4}
_FREE = frozenset({
    "InputLayer", "Identity", "Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "SELU", "Softmax",
    "Sigmoid", "Tanh", "Silu", "Gelu", "Relu", "Relu6", "Dropout", "SpatialDropout1D", "SpatialDropout2D",
    "SpatialDropout3D", "AlphaDropout", "GaussianDropout", "GaussianNoise", "ActivityRegularization",
    "BatchNormalization", "LayerNormalization", "GroupNormalization", "RMSNormalization",
    "UnitNormalization", "SpectralNormalization", "Rescaling", "Normalization", "Embedding", "Flatten",
    "Reshape", "Permute", "RepeatVector", "Masking", "Cropping1D", "Cropping2D", "Cropping3D",
    "ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D", "UpSampling1D", "UpSampling2D", "UpSampling3D",
    "Resizing", "CenterCrop", "MaxPooling1D", "MaxPooling2D", "MaxPooling3D", "AveragePooling1D",
    "AveragePooling2D", "AveragePooling3D", "GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling3D",
    "GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalAveragePooling3D", "AdaptiveAveragePooling2D",
    "AdaptiveMaxPooling2D", "Concatenate", "Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum",
    "Divide", "TrueDivide", "Negative", "GetItem", "Flip", "Cast", "Transpose", "Squeeze", "ExpandDims", "Stack",
    "Split", "Repeat", "Tile", "Mean", "Max", "Min", "Sum", "Sqrt", "Square", "Exp", "Log", "Clip",
})  # fmt: skip


def count_operations(network: Any) -> OperationCount:
    """Return the multiply-adds of one forward pass of one item; unknown where any layer is not one of the above."""
    unknown: dict[str, None] = {}
    total = _network(network, unknown)
    return OperationCount(None if unknown else total, tuple(unknown))


def _network(network: Any, unknown: dict[str, None]) -> int:
    """Sum over all calls of layers; a layer that is used twice counts twice."""
    by_depth = getattr(getattr(network, "_functional", None) or network, "_nodes_by_depth", None)
    if by_depth is None:
        unknown[f"{type(network).__name__} (a network without a graph)"] = None
        return 0
    return sum(
        _layer(
            node.operation, tuple(node.input_tensors[0].shape), tuple(node.output_tensors[0].shape), unknown
        )
        for nodes in by_depth.values()
        for node in nodes
        if not node.is_input
    )


def _layer(layer: Any, before: Shape, after: Shape, unknown: dict[str, None]) -> int:
    """Return the multiply-adds of one call; shapes are with the batch, which is not counted."""
    name = type(layer).__name__
    if name in _FREE:
        return 0
    if name in ("Functional", "Sequential") or hasattr(layer, "_functional"):
        return _network(layer, unknown)
    rule = _RULES.get(name)
    sizes = (*before[1:], *after[1:])
    if rule is None or any(size is None for size in sizes):
        unknown[name if rule is None else f"{name} (inputs of varying size)"] = None
        return 0
    return rule(layer, before[1:], after[1:], unknown)


def _dense(layer: Any, before: Shape, after: Shape, unknown: dict[str, None]) -> int:
    return prod(after) * before[-1]


def _convolution(layer: Any, before: Shape, after: Shape, unknown: dict[str, None]) -> int:
    positions = prod(after) // layer.filters
    return positions * prod(layer.kernel_size) * _channels(layer, before) // layer.groups * layer.filters


def _transposed(layer: Any, before: Shape, after: Shape, unknown: dict[str, None]) -> int:
    return prod(before) * prod(layer.kernel_size) * layer.filters


def _depthwise(layer: Any, before: Shape, after: Shape, unknown: dict[str, None]) -> int:
    return prod(after) * prod(layer.kernel_size)


def _separable(layer: Any, before: Shape, after: Shape, unknown: dict[str, None]) -> int:
    positions = prod(after) // layer.filters
    between = _channels(layer, before) * layer.depth_multiplier
    return positions * between * (prod(layer.kernel_size) + layer.filters)


def _recurrent(layer: Any, before: Shape, after: Shape, unknown: dict[str, None]) -> int:
    return before[0] * _GATES[type(layer).__name__] * layer.units * (before[1] + layer.units)


def _bidirectional(layer: Any, before: Shape, after: Shape, unknown: dict[str, None]) -> int:
    both = (layer.forward_layer, layer.backward_layer)
    return sum(_layer(direction, (0, *before), (0, *after), unknown) for direction in both)


def _time_distributed(layer: Any, before: Shape, after: Shape, unknown: dict[str, None]) -> int:
    return before[0] * _layer(layer.layer, (0, *before[1:]), (0, *after[1:]), unknown)


def _attention(layer: Any, before: Shape, after: Shape, unknown: dict[str, None]) -> int:
    """Self-attention of a sequence; with keys of another sequence, the count would be another."""
    config = layer.get_config()
    steps, channels = before[-2], before[-1]
    heads, key, value = config["num_heads"], config["key_dim"], config["value_dim"] or config["key_dim"]
    projections = steps * heads * (2 * key + value) * channels + steps * heads * value * after[-1]
    return projections + heads * steps * steps * (key + value)


def _channels(layer: Any, before: Shape) -> int:
    return before[0] if layer.data_format == "channels_first" else before[-1]


_RULES: dict[str, Callable[[Any, Shape, Shape, dict[str, None]], int]] = {
    "Dense": _dense,
    **dict.fromkeys(("Conv1D", "Conv2D", "Conv3D"), _convolution),
    **dict.fromkeys(("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"), _transposed),
    **dict.fromkeys(("DepthwiseConv1D", "DepthwiseConv2D"), _depthwise),
    **dict.fromkeys(("SeparableConv1D", "SeparableConv2D"), _separable),
    **dict.fromkeys(_GATES, _recurrent),
    "Bidirectional": _bidirectional,
    "TimeDistributed": _time_distributed,
    "MultiHeadAttention": _attention,
}
