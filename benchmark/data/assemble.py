"""From a cell's specification to what its model is given: split, items, and their stored features."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmark.data.classes import Aliases, known_tracks, with_trained_classes
from benchmark.data.corpora import CorpusOf
from benchmark.data.examples import StoredExamples
from benchmark.data.items import Item, fresh_steps, held_out_items, training_items
from benchmark.data.split import Split, split_tracks
from benchmark.data.training_size import with_training_size
from benchmark.plugin.registry import ComponentSpec, Registry
from benchmark.plugin.tracks import Corpus, Track
from benchmark.suite.cell import CellSpec
from benchmark.suite.identity import OWN, Identifier, set_key

if TYPE_CHECKING:
    from benchmark.plugin.augmentation import Augmentation


@dataclass(frozen=True)
class PartItems:
    """The items of one part of a cell; items refer to ``tracks`` by index, ``labels`` are those of the tracks.

    ``name`` is how people call it; ``key`` says what it is (see ``set_key``).
    """

    name: str
    key: str
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

    Raises:
        SplitError: when the dataset cannot be split as asked.
        DatasetError: where it is in doubt which class of one part is which of another.
    """
    corpus, split, tracks = _divided(spec, registry, corpus_of)
    notes = [*split.notes, *corpus.notes]
    left_out = {f"{OWN}: {file.id}": file.reason for file in corpus.left_out}
    evaluations = []
    for evaluated in _evaluated(spec, corpus, tracks, registry, corpus_of):
        left_out |= evaluated.left_out
        notes += evaluated.notes
        evaluations.append(_held_out(evaluated.name, evaluated.key, evaluated.tracks, spec))
    return CellItems(
        corpus.classes,
        _training(spec, registry, tracks),
        _held_out("validation", "validation", tracks["validation"], spec),
        tuple(evaluations),
        replace(split, notes=tuple(notes)),
        left_out,
    )


def evaluated_tracks(spec: CellSpec, registry: Registry, corpus_of: CorpusOf) -> dict[str, dict[str, str]]:
    """Return the tracks of each evaluation set of a cell, by its label and their id, with their class."""
    corpus, _, tracks = _divided(spec, registry, corpus_of)
    return {
        part.name: {track.id: track.label for track in part.tracks}
        for part in _evaluated(spec, corpus, tracks, registry, corpus_of)
    }


def _divided(
    spec: CellSpec, registry: Registry, corpus_of: CorpusOf
) -> tuple[Corpus, Split, dict[str, tuple[Track, ...]]]:
    """Return a cell's corpus, with classes as in its training part, how it is split, and the tracks of its parts."""
    corpus = _in_format(_own_corpus(spec, corpus_of), spec.audio)
    split = split_tracks(corpus, spec.split, spec.seed, spec.fold)
    corpus = with_trained_classes(corpus, split, _aliases(spec.dataset, registry))
    if spec.training_size is not None:
        # After the classes are known: those of the whole training part are what every size is asked for.
        split = with_training_size(corpus, split, spec)
    return (
        corpus,
        split,
        {part: _pick(corpus, getattr(split, part)) for part in ("train", "validation", "test")},
    )


@dataclass(frozen=True)
class _Evaluated:
    """The tracks of an evaluation set, with classes as the model spells them, and what must be said of others."""

    name: str
    key: str
    tracks: tuple[Track, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def _evaluated(
    spec: CellSpec,
    corpus: Corpus,
    tracks: Mapping[str, tuple[Track, ...]],
    registry: Registry,
    corpus_of: CorpusOf,
) -> Iterator[_Evaluated]:
    identifier = Identifier(lambda dataset: corpus_of(dataset).revision)
    for evaluation, canonical in zip(spec.evaluate, identifier.sets(spec.evaluate), strict=True):
        key = set_key(canonical)
        if evaluation.dataset is None:
            own = corpus.tracks if evaluation.part == "all" else tracks[evaluation.part]
            yield _Evaluated(evaluation.label, key, own)
            continue
        other = corpus_of(evaluation.dataset)
        aliases = (_aliases(spec.dataset, registry), _aliases(evaluation.dataset, registry))
        known, unknown = known_tracks(evaluation.label, other, corpus.classes, aliases)
        reasons = {file.id: file.reason for file in other.left_out} | unknown
        left_out = {f"{key}: {name}": reason for name, reason in reasons.items()}
        yield _Evaluated(evaluation.label, key, known.tracks, left_out, known.notes)


@dataclass(frozen=True)
class EvaluationSet:
    """An evaluation set as examples; ``examples.tracks`` are indices into ``tracks`` and ``labels``.

    ``name`` is how people call it; results are filed under ``key``, which says what it is.
    """

    name: str
    key: str
    tracks: tuple[Track, ...]
    labels: tuple[str, ...]
    examples: StoredExamples


@dataclass(frozen=True)
class CellData:
    """What a cell's model is trained and evaluated on, and what its record says of it.

    ``watched`` is the validation part with its tracks; None where there is none.
    """

    classes: tuple[str, ...]
    train: StoredExamples
    validation: StoredExamples
    evaluations: tuple[EvaluationSet, ...]
    batch_augmentations: tuple[Augmentation, ...]
    counts: dict[str, int]
    clip_seconds: float
    left_out: dict[str, str]
    notes: tuple[str, ...]
    watched: EvaluationSet | None = None


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
    parts |= {part.key: part for part in items.evaluations}
    counts = {f"{name}_items": len(part.items) for name, part in parts.items()}
    counts |= {f"{name}_tracks": len({item.track for item in part.items}) for name, part in parts.items()}
    counts["left_out"] = len(items.left_out)
    held_out = items.validation
    validation = examples(held_out)
    watched = EvaluationSet(held_out.name, held_out.key, held_out.tracks, held_out.labels, validation)
    return CellData(
        items.classes,
        examples(items.train, feature_fresh),
        validation,
        tuple(EvaluationSet(p.name, p.key, p.tracks, p.labels, examples(p)) for p in items.evaluations),
        batch,
        counts,
        _clip_seconds(items.train),
        items.left_out,
        items.split.notes,
        watched if held_out.items else None,
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
    return PartItems("train", "train", every, tuple(track.label for track in every), items)


def _held_out(name: str, key: str, tracks: Sequence[Track], spec: CellSpec) -> PartItems:
    labels = tuple(track.label for track in tracks)
    return PartItems(name, key, tuple(tracks), labels, tuple(held_out_items(tracks, spec.clips)))


def _aliases(dataset: ComponentSpec, registry: Registry) -> Aliases:
    component: Any = registry.offer("dataset", dataset.name).component
    aliases: Aliases = component.aliases
    return aliases
