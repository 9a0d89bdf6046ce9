"""From a cell's specification to what its model is given: split, items, and their stored features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmark.data.corpora import CorpusOf
from benchmark.data.examples import StoredExamples
from benchmark.data.items import Item, fresh_steps, held_out_items, training_items
from benchmark.data.split import Split, split_tracks
from benchmark.data.tracks import Corpus, Track
from benchmark.exceptions import DatasetError
from benchmark.plugin.registry import ComponentSpec, Registry
from benchmark.suite.cell import CellSpec, Evaluation

if TYPE_CHECKING:
    from benchmark.plugin.augmentation import Augmentation


@dataclass(frozen=True)
class PartItems:
    """The items of one part of a cell; items refer to ``tracks`` by index, ``labels`` are those of the tracks."""

    name: str
    tracks: tuple[Track, ...]
    labels: tuple[str, ...]
    items: tuple[Item, ...]


@dataclass(frozen=True)
class CellItems:
    """All items of a cell, before any feature is computed."""

    classes: tuple[str, ...]
    train: PartItems
    validation: PartItems
    evaluations: tuple[PartItems, ...]
    split: Split
    left_out: dict[str, str]


def cell_items(spec: CellSpec, registry: Registry, corpus_of: CorpusOf) -> CellItems:
    """Split the cell's dataset and list its items.

    Copies are made of training tracks only. With ``augment: before`` they are made of every track, as when
    a corpus is augmented before it is split: copies of held-out tracks then are training items (a leak, which
    exists here to be shown).
    """
    corpus = _in_format(_own_corpus(spec, corpus_of), spec.audio)
    split = split_tracks(corpus, spec.split, spec.seed, spec.fold)
    split = replace(split, notes=(*split.notes, *corpus.notes))
    tracks = {part: _pick(corpus, getattr(split, part)) for part in ("train", "validation", "test")}
    left_out = {f"{spec.dataset.label}: {file.id}": file.reason for file in corpus.left_out}
    evaluations = []
    for evaluation in spec.evaluate:
        found, labels, without = _evaluated(evaluation, corpus, tracks, corpus_of)
        left_out |= without
        evaluations.append(_held_out(evaluation.label, found, labels, spec))
    return CellItems(
        corpus.classes,
        _training(spec, registry, tracks),
        _held_out("validation", tracks["validation"], [t.label for t in tracks["validation"]], spec),
        tuple(evaluations),
        split,
        left_out,
    )


def evaluated_tracks(spec: CellSpec, corpus_of: CorpusOf) -> dict[str, dict[str, str]]:
    """Return the tracks of each evaluation set of a cell, by id, with their class as its model spells it."""
    corpus = _own_corpus(spec, corpus_of)
    split = split_tracks(corpus, spec.split, spec.seed, spec.fold)
    tracks = {part: _pick(corpus, getattr(split, part)) for part in ("train", "validation", "test")}
    found = {}
    for evaluation in spec.evaluate:
        kept, labels, _ = _evaluated(evaluation, corpus, tracks, corpus_of)
        found[evaluation.label] = {track.id: label for track, label in zip(kept, labels, strict=True)}
    return found


def _evaluated(
    evaluation: Evaluation, corpus: Corpus, tracks: Mapping[str, Sequence[Track]], corpus_of: CorpusOf
) -> tuple[Sequence[Track], list[str], dict[str, str]]:
    """Return the tracks of an evaluation set, their classes, and what of another dataset is left out, with why."""
    if evaluation.dataset is None:
        own = corpus.tracks if evaluation.part == "all" else tracks[evaluation.part]
        return own, [track.label for track in own], {}
    other = corpus_of(evaluation.dataset)
    kept, labels, unknown = _known_classes(evaluation.label, other, corpus.classes)
    reasons = {file.id: file.reason for file in other.left_out} | unknown
    return kept, labels, {f"{evaluation.dataset.label}: {name}": reason for name, reason in reasons.items()}


@dataclass(frozen=True)
class EvaluationSet:
    """An evaluation set as examples; ``examples.tracks`` are indices into ``tracks`` and ``labels``."""

    name: str
    tracks: tuple[Track, ...]
    labels: tuple[str, ...]
    examples: StoredExamples


@dataclass(frozen=True)
class CellData:
    """What a cell's model is trained and evaluated on, and what its record says of it."""

    classes: tuple[str, ...]
    train: StoredExamples
    validation: StoredExamples
    evaluations: tuple[EvaluationSet, ...]
    batch_augmentations: tuple[Augmentation, ...]
    counts: dict[str, int]
    clip_seconds: float
    left_out: dict[str, str]
    notes: tuple[str, ...]


def assemble(spec: CellSpec, registry: Registry, corpus_of: CorpusOf, cache: Path) -> CellData:
    """Return a cell's data, whose features must be in the cache already.

    Raises:
        CacheError: when features are missing, with the first track's name.
    """
    from benchmark.data.prepare import open_store

    items = cell_items(spec, registry, corpus_of)
    store = open_store(spec.features, registry, cache)
    feature_fresh, batch = fresh_steps(spec.augmentation, registry)

    def examples(part: PartItems, fresh: Sequence[Any] = ()) -> StoredExamples:
        return StoredExamples(
            store,
            part.items,
            part.tracks,
            [items.classes.index(label) for label in part.labels],
            registry,
            num_classes=len(items.classes),
            seed=spec.seed,
            fresh=tuple(fresh),
        )

    parts = {"train": items.train, "validation": items.validation}
    parts |= {part.name: part for part in items.evaluations}
    counts = {f"{name}_items": len(part.items) for name, part in parts.items()}
    counts |= {f"{name}_tracks": len({item.track for item in part.items}) for name, part in parts.items()}
    counts["left_out"] = len(items.left_out)
    return CellData(
        items.classes,
        examples(items.train, feature_fresh),
        examples(items.validation),
        tuple(EvaluationSet(p.name, p.tracks, p.labels, examples(p)) for p in items.evaluations),
        batch,
        counts,
        _clip_seconds(items.train),
        items.left_out,
        items.split.notes,
    )


def _clip_seconds(part: PartItems) -> float:
    """Return the median length of a part's clips, or of its tracks where they are not cut."""
    clips = [(item.clip.seconds, part.tracks[item.track].seconds) for item in part.items if not item.is_copy]
    return median(whole if cut is None else min(cut, whole) for cut, whole in clips)


def _own_corpus(spec: CellSpec, corpus_of: CorpusOf) -> Corpus:
    return corpus_of(spec.dataset) if spec.duplicates is None else corpus_of(spec.dataset, spec.duplicates)


def _in_format(corpus: Corpus, audio: ComponentSpec | None) -> Corpus:
    if audio is None:
        return corpus
    return replace(corpus, tracks=tuple(replace(track, audio=audio) for track in corpus.tracks))


def _pick(corpus: Corpus, indices: Sequence[int]) -> tuple[Track, ...]:
    return tuple(corpus.tracks[index] for index in indices)


def _training(spec: CellSpec, registry: Registry, tracks: dict[str, tuple[Track, ...]]) -> PartItems:
    own = tracks["train"]
    every = own if spec.split.augment == "after" else (*own, *tracks["validation"], *tracks["test"])
    made = training_items(every, spec.clips, spec.augmentation, registry)
    items = tuple(item for item in made if item.track < len(own) or item.is_copy)
    return PartItems("train", every, tuple(track.label for track in every), items)


def _held_out(name: str, tracks: Sequence[Track], labels: Sequence[str], spec: CellSpec) -> PartItems:
    return PartItems(name, tuple(tracks), tuple(labels), tuple(held_out_items(tracks, spec.clips)))


def _known_classes(
    name: str, corpus: Corpus, classes: Sequence[str]
) -> tuple[list[Track], list[str], dict[str, str]]:
    """Return the tracks whose class the model knows, their classes as the model spells them, and the rest."""
    spelling = {_plain(known): known for known in classes}
    kept = [track for track in corpus.tracks if _plain(track.label) in spelling]
    if not kept:
        raise DatasetError(
            f"No class of evaluation set '{name}' ({', '.join(corpus.classes)}) is among the classes that the "
            f"model is trained on ({', '.join(classes)})."
        )
    unknown = {
        track.id: f"class '{track.label}' is not among those that the model is trained on"
        for track in corpus.tracks
        if _plain(track.label) not in spelling
    }
    return kept, [spelling[_plain(track.label)] for track in kept], unknown


def _plain(label: str) -> str:
    return "".join(character for character in label.casefold() if character.isalnum())
