"""Files of weights: are they whole, and are they those of the network that is to read them?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from benchmark import WeightsError

if TYPE_CHECKING:
    import keras


def check_weights(file: Path, name: str, expected: int, *, top: int = 0) -> None:
    """Look into a file of weights without building a network, or importing Keras.

    Raises:
        WeightsError: when it is absent, truncated or no HDF5 file, or holds other than ``expected`` numbers; those of
            a top layer of ``top`` numbers may be there too, and are not read.
    """
    numbers = check_readable(file, name)
    if numbers not in (expected, expected + top):
        raise WeightsError(
            f"The weights file {file} holds {numbers:,} numbers, and '{name}' has {expected:,} without its top: "
            "it is of another architecture, or has a top layer."
        )


def check_readable(file: Path, name: str) -> int:
    """Return how many numbers a file of weights holds.

    Raises:
        WeightsError: when it is absent, truncated or no HDF5 file.
    """
    import h5py

    if not file.is_file():
        raise WeightsError(f"The weights file {file} of '{name}' does not exist.")
    sizes: list[int] = []
    try:
        with h5py.File(file) as stored:
            # Keras's older files of whole models have the optimizer's numbers beside the network's.
            stored.get("model_weights", stored).visititems(
                lambda _, entry: sizes.append(entry.size) if isinstance(entry, h5py.Dataset) else None
            )
    except (OSError, RuntimeError) as error:
        raise WeightsError(
            f"The weights file {file} of '{name}' cannot be read: it is truncated, or no HDF5 file ({error})."
        ) from error
    return sum(sizes)


def load_weights(backbone: keras.Model, file: Path, name: str) -> None:
    """Read the weights of a network.

    Raises:
        WeightsError: when the file is absent, truncated, or of another architecture.
    """
    check_weights(file, name, backbone.count_params())
    try:
        backbone.load_weights(file)
    except (OSError, ValueError, KeyError, TypeError) as error:
        detail = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WeightsError(
            f"The weights file {file} cannot be used for '{name}': it is of another architecture ({detail})."
        ) from error


def load_weights_by_layer(backbone: keras.Model, file: Path, name: str) -> None:
    """Read the weights of a network from a model file of Keras 2, whose layers are called as the network's own.

    Nothing but arrays is read of it: such a file's configuration may hold code. A weights file of Keras 3 will do too.

    Raises:
        WeightsError: when the file is absent, truncated, or lacks a layer or has one of another shape.
    """
    import h5py

    try:
        with h5py.File(file) as stored:
            groups = stored.get("model_weights")
            if groups is None:
                load_weights(backbone, file, name)
                return
            for layer in backbone.layers:
                if layer.weights:
                    group = groups[layer.name]
                    layer.set_weights([group[name][()] for name in group.attrs["weight_names"]])
    except (OSError, ValueError, KeyError, TypeError) as error:
        if not file.is_file():
            raise WeightsError(f"The weights file {file} of '{name}' does not exist.") from error
        detail = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WeightsError(
            f"The weights file {file} cannot be used for '{name}': it is truncated, no HDF5 file, or of another "
            f"architecture ({detail})."
        ) from error
