"""The one list of rules, by kind."""

from __future__ import annotations

from benchmark.contract.corruptions import CORRUPTION
from benchmark.contract.datasets import DATASET
from benchmark.contract.metrics import METRIC
from benchmark.contract.models import MODEL
from benchmark.contract.packages import PLUGIN
from benchmark.contract.rules import COMMON, Rule
from benchmark.contract.sounds import AUDIO, AUGMENTATION, FEATURES
from benchmark.contract.trackers import TRACKER

_OWN: dict[str, tuple[Rule, ...]] = {
    "dataset": DATASET,
    "audio": AUDIO,
    "features": FEATURES,
    "augmentation": AUGMENTATION,
    "corruption": CORRUPTION,
    "model": MODEL,
    "metric": METRIC,
}


_OTHERS = {"plugin": PLUGIN, "tracker": TRACKER}


def rules_of(kind: str) -> tuple[Rule, ...]:
    """Return the rules of a kind of component, of a ``tracker``, or of a ``plugin``."""
    return _OTHERS.get(kind) or (*COMMON, *_OWN[kind])
