"""The one list of rules, by kind."""

from __future__ import annotations

from importlib import import_module

from benchmark.contract.rules import COMMON, Rule

# Where those of a kind are: a process that tries components of one kind need not import what others are tried on.
_MODULES = {
    "dataset": "datasets", "audio": "sounds", "features": "sounds", "augmentation": "sounds",
    "corruption": "corruptions", "model": "models", "metric": "metrics", "plugin": "packages", "tracker": "trackers",
}  # fmt: skip
_NO_COMPONENTS = {"plugin", "tracker"}


def rules_of(kind: str) -> tuple[Rule, ...]:
    """Return the rules of a kind of component, of a ``tracker``, or of a ``plugin``."""
    own: tuple[Rule, ...] = getattr(import_module(f"benchmark.contract.{_MODULES[kind]}"), kind.upper())
    return own if kind in _NO_COMPONENTS else (*COMMON, *own)
