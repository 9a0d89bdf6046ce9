"""The corpora that a cell uses, each loaded once per process."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from benchmark.data.tracks import Corpus
from benchmark.locations import Locations
from benchmark.plugin.registry import ComponentSpec, Registry
from benchmark.suite.cell import canonical_json

CorpusOf = Callable[[ComponentSpec], Corpus]


def corpus_loader(registry: Registry, locations: Locations) -> CorpusOf:
    """Return a function from a dataset's specification to its corpus; each is loaded on first use only."""
    specs: dict[str, ComponentSpec] = {}

    @cache
    def load(key: str) -> Corpus:
        return specs[key].create(registry).load(locations)

    def corpus_of(spec: ComponentSpec) -> Corpus:
        key = canonical_json([spec.name, spec.version, spec.parameters])
        specs.setdefault(key, spec)
        return load(key)

    return corpus_of
