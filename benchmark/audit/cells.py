"""Audit the cells of a suite: each distinct split once, and what their parts have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from benchmark.audit.checks import Part, Sides, audit_sets, audit_sides, fitted_on_held_out, tuned_on_held_out
from benchmark.audit.findings import Audit, Finding
from benchmark.audit.near import NearDuplicates, find_near_duplicates
from benchmark.data.assemble import CellItems, cell_items
from benchmark.data.recordings.find import find_recordings
from benchmark.plugin.parameters import parameters_of
from benchmark.results.standing import UNGROUPED

if TYPE_CHECKING:
    from pathlib import Path

    from benchmark.data.corpora import CorpusOf
    from benchmark.data.looking import Looker
    from benchmark.plugin.features import Features
    from benchmark.plugin.registry import Registry
    from benchmark.plugin.tracks import Track
    from benchmark.suite.cell import Cell, CellSpec


def audit_cells(
    cells: Sequence[Cell],
    every: Sequence[Cell],
    registry: Registry,
    corpus_of: CorpusOf,
    cache: Path,
    progress: Callable[[int, int], None],
    looker: Looker | None = None,
) -> list[Audit]:
    """Return the audit of each of ``cells``, in their order; cells that share data share the work.

    ``every`` has all cells of the suite: the first of a row is the one that its values were tuned on. ``looker``
    listens to the tracks (see ``find_recordings``).

    Raises:
        SplitError: when a dataset cannot be split as asked.
        CacheError: when fingerprints cannot be stored.
    """
    near = find_near_duplicates(_tracks(cells, corpus_of), cache, progress, looker)
    tuned_on = {cell.row: cell.spec for cell in reversed(every)}
    known: dict[tuple[Any, ...], Audit] = {}
    audits = []
    for cell in cells:
        study = tuned_on[cell.row] if cell.tuning else None
        key = (*_data_key(cell.spec), *(() if study is None else _data_key(study)))
        if key not in known:
            known[key] = _audit(cell.spec, study, registry, corpus_of, near)
        audits.append(known[key])
    return audits


def sounding_alike(
    cells: Sequence[Cell], corpus_of: CorpusOf, cache: Path, looker: Looker | None = None
) -> dict[str, list[list[Track]]]:
    """Return, by the label of each dataset that is trained on, sets of its tracks that sound alike.

    They are one recording, or have a part in common. Searched are the tracks of all ``cells``, as ``audit_cells`` does,
    so that what was found out there is known.

    Raises:
        CacheError: when fingerprints cannot be stored.
    """
    tracks = _tracks(cells, corpus_of)
    recordings = find_recordings(tracks, cache, looker=looker)
    datasets = {cell.spec.dataset.label: cell.spec.dataset for cell in cells}
    return {label: recordings.related(corpus_of(dataset).tracks) for label, dataset in datasets.items()}


def sides_of(spec: CellSpec, items: CellItems) -> Sides:
    """Return what of a cell's items is trained on, and what is held out."""
    own = spec.dataset.label
    used = {item.track for item in items.train.items if not item.is_copy}
    train = Part("train", own, tuple(track for i, track in enumerate(items.train.tracks) if i in used))
    held = [Part("validation", own, items.validation.tracks)]
    for evaluation, part in zip(spec.evaluate, items.evaluations, strict=True):
        if evaluation.dataset is not None:
            held.append(Part(part.name, evaluation.dataset.label, part.tracks))
        elif evaluation.part != "validation":
            held.append(Part(part.name, own, part.tracks))
    return Sides(train, tuple(held), items.train.items, items.train.tracks)


def _evaluated(spec: CellSpec, items: CellItems) -> dict[str, str]:
    """Return, by the key of each evaluation set, the name of its part in ``sides_of``."""
    own = "validation"
    return {
        part.key: own if evaluation.dataset is None and evaluation.part == own else part.name
        for evaluation, part in zip(spec.evaluate, items.evaluations, strict=True)
    }


def _audit(
    spec: CellSpec, study: CellSpec | None, registry: Registry, corpus_of: CorpusOf, near: NearDuplicates
) -> Audit:
    # Of all of the training part, lest rows that differ in its size lose unlike tracks of their test sets.
    items = cell_items(replace(spec, training_size=None), registry, corpus_of)
    sides = sides_of(spec, items)
    findings = [_with_groups_line(finding, spec, registry) for finding in audit_sides(sides, near)]
    features: Features = spec.features.create(registry)
    if features.fitted_on == "everything":
        findings = [*fitted_on_held_out(sides, spec.features.label), *findings]
    if study is not None:
        seen = cell_items(study, registry, corpus_of).validation.tracks
        findings += tuned_on_held_out(sides, seen, f"validation of seed {study.seed}")
    return Audit(tuple(findings), audit_sets(sides, findings, _evaluated(spec, items)))


def _with_groups_line(finding: Finding, spec: CellSpec, registry: Registry) -> Finding:
    """Say how groups are given, of datasets that take a list of them."""
    component = registry.offer("dataset", spec.dataset.name).component
    if finding.kind != UNGROUPED or "groups" not in parameters_of(component):
        return finding
    return replace(finding, mend=f"dataset: {{{spec.dataset.name}: {{groups: FILE}}}}")


def _tracks(cells: Iterable[Cell], corpus_of: CorpusOf) -> list[Track]:
    datasets = {}
    for cell in cells:
        for dataset in (
            cell.spec.dataset,
            *(evaluation.dataset for evaluation in cell.spec.evaluate if evaluation.dataset),
        ):
            datasets[id(dataset)] = dataset
    return [track for dataset in datasets.values() for track in corpus_of(dataset).tracks]


def _data_key(spec: CellSpec) -> tuple[Any, ...]:
    """Return what a cell's split follows from; parts that cells share are one object."""
    parts = (
        spec.dataset,
        spec.audio,
        spec.duplicates,
        spec.clips,
        spec.split,
        spec.features,
        spec.augmentation,
        spec.evaluate,
    )
    return (*map(id, parts), spec.seed, spec.fold)
