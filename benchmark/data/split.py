"""Divide tracks into training, validation and test: the same for all models of a seed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from benchmark.data.spelling import fold
from benchmark.exceptions import SplitError
from benchmark.plugin.tracks import Corpus, Track, reasons_text
from benchmark.randomness import derive_generator
from benchmark.settings import SplitSettings

PARTS = ("train", "validation", "test")
_EXACT, _FOLDED = 0, 1


@dataclass(frozen=True)
class Split:
    """Indices into ``corpus.tracks`` of each part, sorted; ``notes`` say what a reader should know."""

    train: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]
    notes: tuple[str, ...] = ()


def split_tracks(corpus: Corpus, settings: SplitSettings, seed: int, fold: int | None = None) -> Split:
    """Return the split of a corpus; a pure function of the tracks, the settings, the seed and the fold.

    Raises:
        SplitError: when a class has too few tracks or groups, no group or side is known, or a list file does
            not fit the dataset.
    """
    if len(corpus.classes) < 2:
        classes = f"only '{corpus.classes[0]}'" if corpus.classes else "none"
        raise SplitError(
            f"There is nothing to tell apart: a dataset to train on needs two classes, found {classes}."
        )
    if settings.strategy == "predefined":
        return _predefined(corpus, settings, seed)
    if settings.strategy == "grouped" and not any(t.group for t in corpus.tracks):
        raise SplitError(
            "A grouped split was asked for, but the dataset knows no groups (artist or source recording). "
            "Give them in a manifest's 'group' column, or use 'strategy: stratified'."
        )
    units = units_of(corpus.tracks, grouped=settings.strategy == "grouped")
    if settings.folds is None:
        sides = _assign(corpus, units, settings.fractions, seed)
    else:
        if fold is None or not 0 <= fold < settings.folds:
            raise SplitError(
                f"Fold {fold} does not exist: there are {settings.folds}, 0 to {settings.folds - 1}."
            )
        folds = _assign(corpus, units, [1 / settings.folds] * settings.folds, seed)
        held_out = set(folds[fold])
        rest = [unit for unit in units if unit[0] not in held_out]
        shares = settings.fractions[:2]
        sides = [*_assign(corpus, rest, shares, seed), folds[fold]]
    _require_every_class(corpus, sides, settings)
    train, validation, test = (tuple(sorted(side)) for side in sides)
    return Split(train, validation, test)


def units_of(tracks: Sequence[Track], *, grouped: bool) -> list[list[int]]:
    """Return the sets of tracks that must stay together."""
    if not grouped:
        return [[index] for index in range(len(tracks))]
    together: dict[str, list[int]] = defaultdict(list)
    for index, track in enumerate(tracks):
        together[f"group:{track.group}" if track.group else f"track:{track.id}"].append(index)
    return list(together.values())


def _assign(
    corpus: Corpus, units: Sequence[list[int]], fractions: Sequence[float], seed: int
) -> list[list[int]]:
    """Deal out units so that each side comes close to its fraction of every class.

    Units come in random order, large ones first, and each goes to the side whose shortfall of the unit's
    classes is the largest: with units of one track this is an exact stratified split, with groups the usual
    greedy approximation of one.
    """
    tracks = corpus.tracks
    totals = Counter(tracks[index].label for unit in units for index in unit)
    shares = [fraction / sum(fractions) for fraction in fractions]
    targets = [_targets(totals[label], shares, seed, label) for label in corpus.classes]
    wanted = {label: list(target) for label, target in zip(corpus.classes, targets, strict=True)}
    order = derive_generator("split", seed).permutation(len(units))
    sides: list[list[int]] = [[] for _ in shares]
    for position in sorted(order, key=lambda position: -len(units[position])):
        unit = units[position]
        labels = Counter(tracks[index].label for index in unit)
        side = max(
            range(len(shares)),
            key=lambda s: sum(count * wanted[label][s] / totals[label] for label, count in labels.items()),
        )
        sides[side] += unit
        for label, count in labels.items():
            wanted[label][side] -= count
    return sides


def _targets(total: int, shares: Sequence[float], seed: int, label: str) -> list[int]:
    """Return whole numbers that add up to ``total``, as near to the shares as possible (largest remainder).

    Equal remainders are broken at random, lest with many folds the first ones get all the odd tracks.
    """
    exact = [total * share for share in shares]
    counts = [int(number + 1e-9) for number in exact]
    tie_break = derive_generator("split", "remainder", seed, label).permutation(len(shares))
    by_remainder = sorted(range(len(shares)), key=lambda s: (-round(exact[s] - counts[s], 9), tie_break[s]))
    for side in by_remainder[: total - sum(counts)]:
        counts[side] += 1
    return counts


def _require_every_class(corpus: Corpus, sides: Sequence[Sequence[int]], settings: SplitSettings) -> None:
    counted = Counter(track.label for track in corpus.tracks)
    groups = defaultdict(set)
    for track in corpus.tracks:
        groups[track.label].add(track.group or track.id)
    for name, side in zip(PARTS, sides, strict=True):
        if name == "validation" and not settings.fractions[1]:
            continue
        present = {corpus.tracks[index].label for index in side}
        lacking = [label for label in corpus.classes if label not in present]
        if lacking:
            label = lacking[0]
            units = f" in {len(groups[label])} groups" if settings.strategy == "grouped" else ""
            others = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
            shares = f"{settings.folds} folds" if settings.folds else f"fractions {settings.fractions}"
            dataset = f" of dataset '{corpus.name}'" if corpus.name else ""
            raise SplitError(
                f"Class '{label}'{dataset}{others} has too few tracks for the split: it has {counted[label]}{units}, "
                f"and none fell into the {name} part with {shares}.{_left_out(corpus, label)} "
                f"Add tracks, or {'take fewer folds' if settings.folds else 'give that part more'}."
            )


def _left_out(corpus: Corpus, label: str) -> str:
    """Return how many files of a class were left out, and of which no class is known, with the commonest reasons."""
    own = [out for out in corpus.left_out if out.label == label]
    strays = [out for out in corpus.left_out if not out.label]
    said = ""
    if own:
        files = "1 file of that class was" if len(own) == 1 else f"{len(own):,} files of that class were"
        said += f" {files} left out: {reasons_text(own)}."
    if strays:
        files = (
            "1 file of no known class was"
            if len(strays) == 1
            else f"{len(strays):,} files of no known class were"
        )
        said += f" {files} left out: {reasons_text(strays)}."
    return said


def _predefined(corpus: Corpus, settings: SplitSettings, seed: int) -> Split:
    if settings.files:
        sides, notes = _sides_from_files(corpus, settings.files)
    else:
        sides, notes = {track.id: track.split for track in corpus.tracks if track.split}, []
        unknown = sorted({side for side in sides.values() if side not in PARTS})
        if unknown:
            raise SplitError(f"The dataset's split names '{unknown[0]}'; sides are {', '.join(PARTS)}.")
    parts = {
        name: [i for i, track in enumerate(corpus.tracks) if sides.get(track.id) == name] for name in PARTS
    }
    for name in ("train", "test"):
        if not parts[name]:
            source = "list files" if settings.files else "dataset's manifest"
            raise SplitError(
                f"A predefined split was asked for, but the {source} put no track into '{name}'."
            )
    if not parts["validation"] and settings.fractions[1]:
        units = [[index] for index in parts["train"]]
        parts["train"], parts["validation"] = _assign(corpus, units, settings.fractions[:2], seed)
        notes.append("The predefined split has no validation part: it was drawn from the training part.")
    unused = len(corpus.tracks) - sum(len(part) for part in parts.values())
    if unused:
        notes.append(f"{unused} tracks are in no part of the predefined split, and are not used.")
    train, validation, test = (tuple(sorted(parts[name])) for name in PARTS)
    return Split(train, validation, test, tuple(notes))


def _sides_from_files(corpus: Corpus, files: dict[str, str] | dict) -> tuple[dict[str, str], list[str]]:
    """Read list files: one track a line, as an id or a path whose stem, or whose tail, is that of a track.

    What fits exactly goes before what fits but for Unicode form and case.
    """
    known: dict[tuple[int, str], set[str]] = defaultdict(set)
    for track in corpus.tracks:
        for key in _keys(track.id, track.path.as_posix()):
            known[key].add(track.id)
    sides: dict[str, str] = {}
    notes: list[str] = []
    for side, file in files.items():
        absent = []
        otherwise: list[str] = []
        for number, entry in _entries(Path(file)):
            keys = _keys(entry, entry)
            key = next((key for key in keys if key in known), keys[0])
            fitting = known.get(key, set())
            if len(fitting) > 1:
                raise SplitError(
                    f"{file}:{number}: '{entry}' fits several tracks: {', '.join(sorted(fitting))}."
                )
            if not fitting:
                absent.append(entry)
                continue
            (track_id,) = fitting
            if key[0] == _FOLDED:
                otherwise.append(f"'{entry}' for '{track_id}'")
            if sides.setdefault(track_id, side) != side:
                raise SplitError(f"{file}:{number}: '{entry}' is in '{sides[track_id]}' already.")
        if absent:
            notes.append(
                f"{len(absent)} entries of the {side} list are not in the dataset, the first is '{absent[0]}'."
            )
        if otherwise:
            notes.append(
                f"{len(otherwise)} entries of the {side} list are spelled otherwise than their tracks, the first is "
                f"{otherwise[0]}."
            )
    return sides, notes


def _entries(file: Path) -> Iterable[tuple[int, str]]:
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SplitError(f"The split list {file} cannot be read: {error}.") from error
    return [(number, line.strip()) for number, line in enumerate(lines, 1) if line.strip() and line[0] != "#"]


def _keys(name: str, path: str) -> list[tuple[int, str]]:
    """Return the names under which a track may be listed, each with how exact it is, the most exact first."""
    tail = PurePosixPath(path.replace("\\", "/"))
    names = [name, "/".join((*tail.parts[-2:-1], tail.stem)), tail.stem]
    exact = [(_EXACT, text) for text in names]
    folded = [(_FOLDED, fold(text)) for text in names]
    # A file's name alone says less than its folder's name in another spelling.
    return [*exact[:2], *folded[:2], exact[2], folded[2]]
