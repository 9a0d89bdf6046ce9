"""Which class is which: names of classes that two sets of tracks, or two parts of one, have in common."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from benchmark.data.spelling import fold
from benchmark.data.split import Split
from benchmark.exceptions import DatasetError, nearest
from benchmark.plugin.tracks import Corpus, Track

Aliases = Mapping[str, Collection[str]]


def match_classes(
    names: Sequence[str], known: Sequence[str], aliases: Iterable[Aliases] = (), *, where: str = "the data"
) -> dict[str, str]:
    """Return which of ``known`` each of ``names`` is: exactly, else by Unicode form and case, else by an alias.

    Those that are none of them are left out, unless one differs in signs only from a class that is left (``hip hop``).
    ``where`` is how errors call the tracks that ``names`` are the classes of.

    >>> match_classes(["C#", "C", "HIP-HOP", "polka"], ["C", "C#", "hiphop"], [{"hiphop": ["hip-hop"]}])
    {'C#': 'C#', 'C': 'C', 'HIP-HOP': 'hiphop'}

    Raises:
        DatasetError: where a class may be two, or two may be one; it shows both lists.
    """
    groups = [{fold(name), *map(fold, others)} for table in aliases for name, others in table.items()]
    matched: dict[str, str] = {}
    doubtful: dict[str, list[str]] = {}
    rules: tuple[Callable[[str, str], bool], ...] = (
        lambda name, other: name == other,
        lambda name, other: fold(name) == fold(other),
        lambda name, other: any({fold(name), fold(other)} <= group for group in groups),
    )
    for is_same in rules:
        for name in [name for name in names if name not in matched and name not in doubtful]:
            fitting = [other for other in known if is_same(name, other)]
            if len(fitting) == 1 and fitting[0] not in matched.values():
                matched[name] = fitting[0]
            elif fitting:
                doubtful[name] = fitting
    why = _doubt(doubtful, matched) or _likeness(names, known, matched)
    if why:
        raise DatasetError(
            f"The classes of {where} cannot be told apart: {why}. Classes of {where}: {_listed(names)}. Classes that "
            f"the model is trained on: {_listed(known)}. Spell each class in one way (in folders' names or in a "
            "manifest), or let its dataset declare the other spelling as an alias."
        )
    return {name: matched[name] for name in names if name in matched}


def _doubt(doubtful: Mapping[str, Sequence[str]], matched: Mapping[str, str]) -> str:
    """Return which class may be two, or which two may be one; nothing where there is no doubt."""
    for name, fitting in doubtful.items():
        same = next((other for other, taken in matched.items() if taken in fitting), None)
        if same is None:
            return f"'{name}' may be {' or '.join(map(repr, fitting))}"
        return f"'{name}' and {same!r} may both be {matched[same]!r}"
    return ""


def _likeness(names: Sequence[str], known: Sequence[str], matched: Mapping[str, str]) -> str:
    """Return which classes without a match differ in signs only, and so may be one, or nothing."""
    left = {letters: name for name in known if name not in matched.values() and (letters := _letters(name))}
    for name in names:
        if name not in matched and _letters(name) in left:
            return f"'{name}' may be {left[_letters(name)]!r}, spelled otherwise"
    return ""


def _letters(name: str) -> str:
    return "".join(character for character in fold(name) if character.isalnum())


def with_one_spelling(corpus: Corpus) -> Corpus:
    """Return a corpus in which names that differ only in their Unicode form (as file systems differ) are one class."""
    forms: dict[str, list[str]] = {}
    for name in corpus.classes:
        forms.setdefault(unicodedata.normalize("NFC", name), []).append(name)
    spelling = {name: form for form, names in forms.items() if len(names) > 1 for name in names}
    if not spelling:
        return corpus
    said = f"One class each, though spelled in two forms of Unicode: {_listed(dict.fromkeys(spelling.values()))}."
    return _renamed(corpus, spelling, said)


def with_trained_classes(corpus: Corpus, split: Split, aliases: Aliases) -> Corpus:
    """Return a corpus in which held-out tracks have the classes of training tracks, where they are spelled otherwise.

    A class that has no training track all the same is named in the notes.

    Raises:
        DatasetError: where it is in doubt which class is which.
    """
    held_out = {corpus.tracks[index].label for part in (split.validation, split.test) for index in part}
    trained = {corpus.tracks[index].label for index in split.train}
    if held_out <= trained:
        return corpus
    known = [name for name in corpus.classes if name in trained]
    heard = [name for name in corpus.classes if name in held_out]
    matched = match_classes(heard, known, [aliases], where="the held-out parts")
    spelling = {name: same for name, same in matched.items() if name != same}
    said = [
        f"In the held-out parts, class '{name}' is taken for '{same}'." for name, same in spelling.items()
    ]
    counts = Counter(corpus.tracks[index].label for part in (split.validation, split.test) for index in part)
    said += [
        f"Class '{name}' stands only in the held-out parts ({_tracks(counts[name])}): the model is never trained on it."
        for name in heard
        if name not in matched
    ]
    return _renamed(corpus, spelling, *said)


def known_tracks(
    name: str, corpus: Corpus, classes: Sequence[str], aliases: Iterable[Aliases]
) -> tuple[Corpus, dict[str, str]]:
    """Return the tracks of an evaluation set whose class the model knows, as the model spells it, and notes.

    Returns:
        The corpus of these tracks, whose notes say what was taken for what and which classes are none of the model's;
        and the ids of the other tracks with the reason.

    Raises:
        DatasetError: where it is in doubt which class is which, or the model knows none of them.
    """
    where = f"evaluation set '{name}'"
    matched = match_classes(corpus.classes, classes, aliases, where=where)
    counts = Counter(track.label for track in corpus.tracks)
    if not any(counts[label] for label in matched):
        raise DatasetError(
            f"No class of {where} ({', '.join(corpus.classes)}) is among the classes that the model is trained on "
            f"({', '.join(classes)})."
        )
    unknown = {
        track.id: f"class '{track.label}' is not among those that the model is trained on"
        for track in corpus.tracks
        if track.label not in matched
    }
    notes = [
        f"Of {where}, class '{label}' is taken for '{same}'."
        for label, same in matched.items()
        if label != same
    ]
    notes += [
        f"Of {where}, class '{label}' ({_tracks(counts[label])}) is left out: the model is not trained on it."
        f"{nearest(label, list(classes))}"
        for label in corpus.classes
        if label not in matched and counts[label]
    ]
    tracks = tuple(
        _labelled(track, matched[track.label]) for track in corpus.tracks if track.label in matched
    )
    return replace(corpus, tracks=tracks, classes=tuple(classes), notes=tuple(notes)), unknown


def _renamed(corpus: Corpus, spelling: Mapping[str, str], *said: str) -> Corpus:
    return replace(
        corpus,
        tracks=tuple(_labelled(track, spelling.get(track.label, track.label)) for track in corpus.tracks),
        classes=tuple(dict.fromkeys(spelling.get(name, name) for name in corpus.classes)),
        notes=(*corpus.notes, *said),
    )


def _labelled(track: Track, label: str) -> Track:
    return track if track.label == label else replace(track, label=label)


def _listed(names: Iterable[str]) -> str:
    """Return names in quotes, those that look alike with their code points."""
    names = list(names)
    alike = Counter(unicodedata.normalize("NFC", name) for name in names)
    return ", ".join(
        repr(name) if alike[unicodedata.normalize("NFC", name)] < 2 else ascii(name) for name in names
    )


def _tracks(count: int) -> str:
    return f"{count} track{'' if count == 1 else 's'}"
