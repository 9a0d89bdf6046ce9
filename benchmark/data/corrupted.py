"""Evaluation sets whose tracks are worn on purpose: the same clips of the same tracks, after a corruption."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.data.assemble import CellItems, EvaluationSet, PartItems
from benchmark.data.examples import StoredExamples
from benchmark.data.items import Wear
from benchmark.suite.identity import corrupted_key

if TYPE_CHECKING:
    from benchmark.plugin.registry import Registry
    from benchmark.suite.cell import CellSpec


def corrupted_parts(spec: CellSpec, items: CellItems) -> Iterator[PartItems]:
    """Yield each corrupted set of a cell, in its order; ``items`` are those of the cell."""
    clean = {part.name: part for part in items.evaluations}
    for corrupted in spec.corrupted:
        part, wear = clean[corrupted.evaluation.label], Wear(corrupted.corruption, corrupted.amount)
        name = f"{part.name}, {corrupted.corruption.label} {corrupted.severity}"
        worn = tuple(replace(item, wear=wear) for item in part.items)
        yield replace(part, name=name, key=corrupted_key(corrupted, part.key), items=worn)


def evaluation_set(
    part: PartItems, classes: tuple[str, ...], spec: CellSpec, registry: Registry, cache: Path
) -> EvaluationSet:
    """Return a part as examples, whose features must be in the cache already.

    Raises:
        CacheError: when features are missing.
    """
    from benchmark.data.prepare import open_store

    examples = StoredExamples(
        open_store(spec.features, registry, cache),
        part.items,
        part.tracks,
        [classes.index(label) for label in part.labels],
        registry,
        num_classes=len(classes),
        seed=spec.seed,
    )
    return EvaluationSet(part.name, part.key, part.tracks, part.labels, examples)
