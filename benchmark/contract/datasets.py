"""What datasets promise. Their files must be there; the rest can be said without."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from benchmark.contract.rules import NotTriedError, Rule, Trial
from benchmark.exceptions import BenchError, DatasetError

_PER_CLASS = 2
_SIDES = ("train", "validation", "test")


def _loaded(trial: Trial) -> Any:
    def load() -> Any:
        try:
            return trial.make().load(trial.locations)
        except DatasetError as error:
            raise NotTriedError(f"its files are needed: {str(error).partition(chr(10))[0]}") from error

    return trial.once("load", load)


def terms(trial: Trial) -> Iterator[str]:
    """Yield what a dataset does not say of its terms."""
    kind: Any = trial.component
    if kind.role not in ("train", "test"):
        yield f"its role is {kind.role!r} instead of 'train' or 'test'"
    if not str(kind.licence).strip():
        yield "it says no licence: licence = 'CC BY 4.0', or what there is to know of it"
    if not str(kind.citation).strip() and not kind.synthetic:
        yield "it does not say whom to cite: citation = '…', or synthetic = True"


def loads(trial: Trial) -> Iterator[str]:
    """Yield when what ``load`` gives is no corpus, or holds nothing."""
    from benchmark.plugin.tracks import Corpus, Track

    corpus = _loaded(trial)
    if not isinstance(corpus, Corpus):
        yield f"load gave {type(corpus).__name__} instead of a Corpus; build_corpus makes one"
    elif not corpus.tracks:
        yield "there is no usable track in it"
    elif not all(isinstance(track, Track) for track in corpus.tracks):
        yield "its tracks are not all of type Track"


def ids(trial: Trial) -> Iterator[str]:
    """Yield ids that several tracks have."""
    counts = Counter(track.id for track in _tracks(trial))
    twice = [name for name, count in counts.items() if count > 1]
    if twice:
        yield f"{len(twice)} ids belong to several tracks, as '{twice[0]}': results are kept by them"


def same_order(trial: Trial) -> Iterator[str]:
    """Yield when a dataset is another one each time."""
    first = [track.id for track in _tracks(trial)]
    again = trial.make().load(trial.locations)
    second = [track.id for track in again.tracks]
    if sorted(first) != sorted(second):
        yield "load gives other tracks each time"
    elif first != second:
        yield "load gives its tracks in another order each time: sort them"
    elif again.revision != _loaded(trial).revision or again.classes != _loaded(trial).classes:
        yield "load gives another revision each time: labels, groups or content vary"


def labels(trial: Trial) -> Iterator[str]:
    """Yield what is wrong with classes, labels, groups and sides."""
    classes, tracks = list(_loaded(trial).classes), _tracks(trial)
    if len(set(classes)) < len(classes):
        yield f"a class is listed twice: {', '.join(classes)}"
    unlisted = sorted({str(track.label) for track in tracks if track.label not in classes})
    if unlisted:
        yield f"labels that are not among its classes: {', '.join(unlisted[:5])}"
    empty = [name for name in classes if not any(track.label == name for track in tracks)]
    if empty:
        yield f"classes without a track: {', '.join(empty[:5])}"
    sides = sorted({str(track.split) for track in tracks if track.split not in (None, *_SIDES)})
    if sides:
        yield f"tracks have the split {', '.join(sides[:5])} instead of one of {', '.join(_SIDES)}, or None"


def groups(trial: Trial) -> Iterator[str]:
    """Yield what is wrong with groups."""
    named = [track.group for track in _tracks(trial)]
    if any(group is not None and (not isinstance(group, str) or not group.strip()) for group in named):
        yield "groups are texts, or None where the artist or the recording is not known; an empty text is neither"
    elif len(named) > 1 and named[0] is not None and len(set(named)) == 1:
        yield f"all tracks are of one group, '{named[0]}', so nothing can be split by groups: None says 'not known'"


def files(trial: Trial) -> Iterator[str]:
    """Yield files that cannot be read; of each class a few are tried."""
    from benchmark.data.audio import load_mono

    seen: Counter[str] = Counter()
    for track in _tracks(trial):
        seen[track.label] += 1
        if seen[track.label] > _PER_CLASS:
            continue
        if not track.path.is_file():
            yield f"the file of track '{track.id}' is not there: {track.path}"
            return
        try:
            load_mono(track.path)
        except BenchError as error:
            yield f"track '{track.id}' cannot be read: {error}"
            return


def _tracks(trial: Trial) -> Any:
    tracks = getattr(_loaded(trial), "tracks", ())
    if not tracks:
        raise NotTriedError("load gave no tracks")
    return tracks


DATASET = (
    Rule("dataset-terms", "it says its role, its licence, and whom to cite", terms),
    Rule("dataset-loads", "load gives a corpus that holds tracks", loads),
    Rule("dataset-ids", "no two tracks have one id", ids),
    Rule("dataset-order", "load gives the same each time, in the same order", same_order),
    Rule(
        "dataset-labels",
        "labels are among its classes, none of which is empty; sides of a split are known",
        labels,
    ),
    Rule("dataset-groups", "groups are texts, or None where nothing is known", groups),
    Rule("dataset-files", "its files can be read", files),
)
