"""The one list of rules, by kind."""

from __future__ import annotations

from benchmark.contract.datasets import DATASET
from benchmark.contract.metrics import METRIC
from benchmark.contract.models import MODEL
from benchmark.contract.packages import PLUGIN
from benchmark.contract.rules import COMMON, Rule
from benchmark.contract.sounds import AUDIO, AUGMENTATION, FEATURES

_OWN: dict[str, tuple[Rule, ...]] = {
    "dataset": DATASET,
    "audio": AUDIO,
    "features": FEATURES,
    "augmentation": AUGMENTATION,
    "model": MODEL,
    "metric": METRIC,
}


def rules_of(kind: str) -> tuple[Rule, ...]:
    """Return the rules of a kind of component, or of ``plugin``; a kind may have none but the common ones."""
    return PLUGIN if kind == "plugin" else (*COMMON, *_OWN.get(kind, ()))
