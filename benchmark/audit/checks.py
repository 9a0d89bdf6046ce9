"""The checks of an audit: pure functions from the parts of a split to findings.

Normalisation cannot be looked at, only asked for: nothing is fitted outside a model's ``fit``, which sees training and
validation examples only, and features are given one clip at a time. Features that come with statistics of a whole
corpus say so (``Features.fitted_on``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmark.audit.findings import MOST_EXAMPLES, Finding, SetAudit, Severity, leaking
from benchmark.data.duplicates import reasoned
from benchmark.results.standing import SHARED, UNGROUPED, UNHEARD

if TYPE_CHECKING:
    from benchmark.audit.near import NearDuplicates
    from benchmark.data.items import Item
    from benchmark.plugin.tracks import Track


# What mends a split, as it is written below 'cell'.
REMOVE, GROUP, AFTER = (
    "duplicates: {action: remove}",
    "split: {strategy: grouped}",
    "split: {augment: after}",
)
# Of a pair, what people read of both, and the part and the id of the one that is held out.
Pair = tuple[str, str, tuple[str, str]]


@dataclass(frozen=True)
class Part:
    """The tracks of one side of a split: its ``name`` in words, and the ``dataset`` that they are of."""

    name: str
    dataset: str
    tracks: tuple[Track, ...]

    def where(self, track: Track) -> str:
        """Return a track's name for people."""
        return f"{self.name}: {track.id}"


@dataclass(frozen=True)
class Sides:
    """What a cell is trained on and what is held out from that.

    ``items`` are all training items and refer to ``sources``; ``train`` has the tracks that are in training as they
    are. ``held_out`` has the validation part first, then the evaluation sets that are not that.
    """

    train: Part
    held_out: tuple[Part, ...]
    items: tuple[Item, ...]
    sources: tuple[Track, ...]


def audit_sides(sides: Sides, near: NearDuplicates) -> list[Finding]:
    """Return all findings on a split, the gravest first."""
    findings = [
        *copied_items(sides),
        *same_audio(sides),
        *near_duplicates_across(sides, near),
        *shared_groups(sides),
        *contradictory_labels(sides, near),
        *unheard_tracks(sides, near),
    ]
    return sorted(findings, key=lambda finding: ("leak", "warning", "note").index(finding.severity))


def copied_items(sides: Sides) -> Iterator[Finding]:
    """Find training items whose track is held out, through any chain of augmentation, format or clipping."""
    held = {(part.dataset, track.id): part.name for part in sides.held_out for track in part.tracks}
    count = 0
    concerned: set[tuple[str, str]] = set()
    examples: list[tuple[str, str]] = []
    for item in sides.items:
        track = sides.sources[item.track].id
        part = held.get((sides.train.dataset, track))
        if part is not None:
            count += 1
            concerned.add((part, track))
            if len(examples) < MOST_EXAMPLES:
                examples.append((f"train: {item.lineage(sides.sources)}", f"{part}: {track}"))
    if count:
        message = f"{count} training items are made of held-out tracks: {_pairs_text(examples)}."
        yield Finding(
            "leak",
            "copies of held-out tracks",
            count,
            message,
            tuple(examples),
            frozenset(concerned),
            AFTER,
        )


def same_audio(sides: Sides) -> Iterator[Finding]:
    """Find tracks of equal samples under two names, in training and held out, or in two held-out parts."""
    for severity, parts, others in _oppositions(sides):
        own: list[Pair] = []
        foreign: list[Pair] = []
        trained = _by_content(parts)
        for part in others:
            for track in part.tracks:
                for other, twin in trained.get(track.content, ()):
                    if (other.dataset, twin.id) != (part.dataset, track.id):
                        pair = (other.where(twin), part.where(track), (part.name, track.id))
                        (own if other.dataset == part.dataset else foreign).append(pair)
        text = "held-out tracks are there under another name too"
        yield from _finding(severity, "same audio", own, text, REMOVE)
        yield from _finding(
            severity,
            "overlapping corpora",
            foreign,
            "tracks of a test corpus are in the corpus that is trained on",
        )


def near_duplicates_across(sides: Sides, near: NearDuplicates) -> Iterator[Finding]:
    """Find recordings that are in training and held out, in part or as an encoded, trimmed or altered copy."""
    for severity, parts, others in _oppositions(sides):
        trained, tested = _by_content(parts), _by_content(others)
        pairs: list[Pair] = []
        own = True
        for first, second in (*near.pairs, *near.parts):
            for content, twin_content in ((first, second), (second, first)):
                for part, track in trained.get(content, ()):
                    for other, twin in tested.get(twin_content, ()):
                        pairs.append((part.where(track), other.where(twin), (other.name, twin.id)))
                        own = own and part.dataset == other.dataset
        text = "pairs of a held-out track and another one are the same recording"
        yield from _finding(severity, "near-duplicates", pairs, text, REMOVE if own else "")


def shared_groups(sides: Sides) -> Iterator[Finding]:
    """Find held-out tracks whose artist or source recording is trained on too.

    A warning, not a leak: other music of an artist is no copy, though a model may know the artist by it. Names of
    groups say something within one dataset only: two may each have a "speaker 1".
    """
    example = {track.group: track for track in sides.train.tracks if track.group}
    if not example:
        message = (
            f"{sides.train.dataset} knows no artists or source recordings, so nobody can say whether one is on "
            "two sides of the split."
        )
        yield Finding("note", UNGROUPED, len(sides.train.tracks), message)
    pairs = [
        (sides.train.where(example[track.group]), part.where(track), (part.name, track.id))
        for part in sides.held_out
        if part.dataset == sides.train.dataset
        for track in part.tracks
        if track.group in example
    ]
    text = "held-out tracks share their artist or source recording with training tracks"
    yield from _finding("warning", SHARED, pairs, text, GROUP)


def audit_sets(
    sides: Sides, findings: Iterable[Finding], evaluated: Mapping[str, str]
) -> dict[str, SetAudit]:
    """Return what ``findings`` mean for each evaluation set; ``evaluated`` maps their labels to names of parts."""
    listed = list(findings)
    groups = {track.group for track in sides.train.tracks if track.group}
    parts = {part.name: part for part in sides.held_out}
    return {
        label: SetAudit(
            tracks=len(parts[name].tracks),
            leaking=leaking(listed, name),
            shared=sum(
                track.group in groups and parts[name].dataset == sides.train.dataset
                for track in parts[name].tracks
            ),
            ungrouped=sum(not groups or not track.group for track in parts[name].tracks),
        )
        for label, name in evaluated.items()
    }


def contradictory_labels(sides: Sides, near: NearDuplicates) -> Iterator[Finding]:
    """Find copies of one recording that are labelled differently, wherever they are."""
    every = _by_content((sides.train, *sides.held_out))
    twins = [
        (first, second)
        for copies in every.values()
        for index, first in enumerate(copies)
        for second in copies[index + 1 :]
    ]
    twins += [
        (first, second)
        for content, twin_content in near.pairs
        for first in every.get(content, ())
        for second in every.get(twin_content, ())
    ]
    pairs = {
        (f"{a.where(track)} ({track.label})", f"{b.where(twin)} ({twin.label})", (b.name, twin.id))
        for (a, track), (b, twin) in twins
        if plain_label(track.label) != plain_label(twin.label)
    }
    text = "pairs of equal recordings are labelled differently"
    yield from _finding("warning", "contradictory labels", sorted(pairs), text)


def unheard_tracks(sides: Sides, near: NearDuplicates) -> Iterator[Finding]:
    """Say which tracks could not be compared with others by ear, and why."""
    unheard = {
        part.where(track): near.unheard[track.content]
        for part in (sides.train, *sides.held_out)
        for track in part.tracks
        if track.content in near.unheard
    }
    if unheard:
        tracks = "1 track was" if len(unheard) == 1 else f"{len(unheard)} tracks were"
        message = f"{tracks} not looked into, so that nobody can say whether others are the same: {reasoned(unheard)}."
        yield Finding("note", UNHEARD, len(unheard), message)


def tuned_on_held_out(sides: Sides, seen: Iterable[Track], study: str) -> Iterator[Finding]:
    """Find test tracks on which values were chosen: those ``seen`` by the study of another seed or fold.

    A warning, not a leak: no model was trained on them, but its settings were preferred for doing well on them.
    """
    known = {track.id: track for track in seen}
    pairs = [
        (f"{study}: {track.id}", part.where(track), (part.name, track.id))
        for part in sides.held_out[1:]
        if part.dataset == sides.train.dataset
        for track in part.tracks
        if track.id in known
    ]
    text = "test tracks were among those that tuned values were chosen on, with another seed or fold"
    yield from _finding("warning", "tuned on held-out tracks", pairs, text)


def fitted_on_held_out(sides: Sides, features: str) -> Iterator[Finding]:
    """Find held-out tracks of the cell's dataset, all of which ``features`` were fitted on."""
    pairs = [
        (f"features: {features}", part.where(track), (part.name, track.id))
        for part in sides.held_out
        if part.dataset == sides.train.dataset
        for track in part.tracks
    ]
    text = "held-out tracks are of what the features say that they were fitted on"
    yield from _finding("leak", "fitted on held-out tracks", pairs, text)


def plain_label(label: str) -> str:
    """Return a label without what spellings differ in."""
    return "".join(character for character in label.casefold() if character.isalnum())


def _oppositions(sides: Sides) -> Iterator[tuple[Severity, Sequence[Part], Sequence[Part]]]:
    """Yield what must have nothing in common: training and the rest; validation, which chooses, and test."""
    yield "leak", (sides.train,), sides.held_out
    yield "warning", sides.held_out[:1], sides.held_out[1:]


def _by_content(parts: Iterable[Part]) -> Mapping[str, list[tuple[Part, Track]]]:
    by_content: defaultdict[str, list[tuple[Part, Track]]] = defaultdict(list)
    for part in parts:
        for track in part.tracks:
            by_content[track.content].append((part, track))
    return by_content


def _finding(
    severity: Severity, kind: str, pairs: Sequence[Pair], text: str, mend: str = ""
) -> Iterator[Finding]:
    if pairs:
        examples = tuple((first, second) for first, second, _ in pairs[:MOST_EXAMPLES])
        message = f"{len(pairs)} {text}: {_pairs_text(examples)}."
        concerned = frozenset(track for _, _, track in pairs)
        yield Finding(severity, kind, len(pairs), message, examples, concerned, mend)


def _pairs_text(pairs: Sequence[tuple[str, str]]) -> str:
    return "; ".join(f"{first} = {second}" for first, second in pairs[:2])
