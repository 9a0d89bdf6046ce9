"""Files of weights: are they whole, and are they those of the network that is to read them?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.exceptions import WeightsError

if TYPE_CHECKING:
    import keras


def check_weights(file: Path, name: str, expected: int) -> None:
    """Look into a file of weights without building a network, or importing Keras.

    Raises:
        WeightsError: when it is absent, truncated or no HDF5 file, or holds other than ``expected`` numbers.
    """
    import h5py

    if not file.is_file():
        raise WeightsError(f"The weights file {file} of '{name}' does not exist.")
    sizes: list[int] = []
    try:
        with h5py.File(file) as stored:
            # Keras's older files of whole models have the optimizer's numbers beside the network's.
            stored.get("model_weights", stored).visititems(
                lambda _, each: sizes.append(each.size) if isinstance(each, h5py.Dataset) else None
            )
    except (OSError, RuntimeError) as error:
        raise WeightsError(
            f"The weights file {file} of '{name}' cannot be read: it is truncated, or no HDF5 file ({error})."
        ) from error
    if sum(sizes) != expected:
        raise WeightsError(
            f"The weights file {file} holds {sum(sizes):,} numbers, and '{name}' has {expected:,} without its top: "
            "it is of another architecture, or has a top layer."
        )


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
