"""genrebench: which architecture and which augmentation is better, by how much, and is the difference real?

The names below are what a plugin author needs. They are loaded when first used, so that importing this
package, and with it any plugin, stays cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmark.plugin.audio_format import AudioFormat as AudioFormat
    from benchmark.plugin.augmentation import Augmentation as Augmentation
    from benchmark.plugin.component import File as File
    from benchmark.plugin.component import Later as Later
    from benchmark.plugin.component import Location as Location
    from benchmark.plugin.dataset import Dataset as Dataset
    from benchmark.plugin.features import Features as Features
    from benchmark.plugin.hookspecs import hookimpl as hookimpl
    from benchmark.plugin.metric import Metric as Metric
    from benchmark.plugin.model import Model as Model
    from benchmark.training.keras_model import KerasModel as KerasModel
    from benchmark.training.sklearn_model import SklearnModel as SklearnModel

_HOMES = {
    "AudioFormat": "benchmark.plugin.audio_format",
    "Augmentation": "benchmark.plugin.augmentation",
    "Dataset": "benchmark.plugin.dataset",
    "Features": "benchmark.plugin.features",
    "File": "benchmark.plugin.component",
    "KerasModel": "benchmark.training.keras_model",
    "Later": "benchmark.plugin.component",
    "Location": "benchmark.plugin.component",
    "Metric": "benchmark.plugin.metric",
    "Model": "benchmark.plugin.model",
    "SklearnModel": "benchmark.training.sklearn_model",
    "hookimpl": "benchmark.plugin.hookspecs",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'benchmark' has no attribute '{name}'")
