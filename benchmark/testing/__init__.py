"""The rules of ``bench plugins check`` as pytest classes, for the tests of a package that has plugins.

::

    from benchmark.testing import ModelContract
    from tinynet import TinyNet


    class TestTinyNet(ModelContract):
        component = TinyNet

There is a test for each rule, by its name (``pytest -k model-repeat``); ``bench plugins check --rules`` lists them.
All are tried in one process of its own, so that what crashes or hangs is a failed test.

- ``AudioContract``, ``AugmentationContract``, ``CorruptionContract``, ``DatasetContract``, ``FeaturesContract``,
  ``MetricContract``, ``ModelContract``, ``TrackerContract``: ``component`` is the class
- ``PluginContract``: ``module`` is the name of the module that the entry point names
"""

from __future__ import annotations

from benchmark.testing.contracts import (
    AudioContract,
    AugmentationContract,
    CorruptionContract,
    DatasetContract,
    FeaturesContract,
    MetricContract,
    ModelContract,
    PluginContract,
    TrackerContract,
)

__all__ = [
    "AudioContract",
    "AugmentationContract",
    "CorruptionContract",
    "DatasetContract",
    "FeaturesContract",
    "MetricContract",
    "ModelContract",
    "PluginContract",
    "TrackerContract",
]
