"""Which stored predictions are those of which evaluation set: by what the set is, and never by what it is called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

from benchmark.record import CellRecord
from benchmark.suite.cell import canonical_json
from benchmark.suite.identity import set_key

_MOST_SETS = 6
AGAIN = "run the cell again with --force"
IdsOf = Callable[[Mapping[str, Any]], "frozenset[str] | None"]


@dataclass(frozen=True)
class FiledSets:
    """What a cell's evaluation sets are filed under, in their order: a name, or None and the reason."""

    names: tuple[str | None, ...]
    problems: tuple[str, ...]


def filed_sets(
    asked: Sequence[Mapping[str, Any]],
    record: CellRecord,
    stored: Mapping[str, frozenset[str]],
    ids_of: IdsOf,
) -> FiledSets:
    """Return what evaluation sets are filed under.

    Args:
        asked: what the sets are (``Identifier.sets``), with a revision of None where their data are absent.
        record: of the cell.
        stored: the tracks of each set that predictions are stored of, by the name they are filed under.
        ids_of: gives the ids of all tracks of the dataset of a set, or None where they are not known; it gets the
            set as it stands in the record.
    """
    recorded = [evaluation for evaluation in record.spec.get("evaluate", []) if isinstance(evaluation, dict)]
    names = _names_by_key(recorded) if record.sets else _names_by_tracks(recorded, record, stored, ids_of)
    filed: list[str | None] = []
    problems: list[str] = []
    for evaluation in asked:
        text = _recorded_as(evaluation, recorded, asked)
        name = names.get(text) if text is not None else None
        filed.append(name if name in stored else None)
        if filed[-1] is not None:
            problems.append("")
        elif text is None:
            problems.append(
                "several evaluation sets of the cell may be it, and its data are not here to tell"
            )
        elif record.sets:
            problems.append("the cell has no predictions of it")
        elif _was_merged(record) and evaluation["dataset"] is not None:
            problems.append(
                "an older version of the program took some of its classes for each other "
                f"({', '.join(_was_merged(record))}); {AGAIN}"
            )
        else:
            problems.append(
                "an older version of the program filed results under labels, and it is not certain which are its "
                f"own; {AGAIN}"
            )
    return FiledSets(tuple(filed), tuple(problems))


def _recorded_as(
    wanted: Mapping[str, Any], recorded: Sequence[Mapping[str, Any]], asked: Sequence[Mapping[str, Any]]
) -> str | None:
    """Return the recorded set that is a wanted one, as text, or None in doubt; of absent data, the only one alike."""
    text = canonical_json(wanted)
    texts = [canonical_json(evaluation) for evaluation in recorded]
    if text in texts:
        return text
    taken = {canonical_json(evaluation) for evaluation in asked}
    alike = {
        known
        for known, plain in zip(texts, recorded, strict=True)
        if _unrevised(plain) == _unrevised(wanted) and known not in taken
    }
    rivals = sum(
        canonical_json(evaluation) not in texts and _unrevised(evaluation) == _unrevised(wanted)
        for evaluation in asked
    )
    return next(iter(alike)) if len(alike) == 1 and rivals == 1 else None


def _unrevised(evaluation: Mapping[str, Any]) -> str:
    dataset = evaluation.get("dataset")
    plain = {**dataset, "revision": None} if isinstance(dataset, dict) else dataset
    return canonical_json({**evaluation, "dataset": plain})


def _names_by_key(recorded: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    return {canonical_json(evaluation): set_key(evaluation) for evaluation in recorded}


def _names_by_tracks(
    recorded: Sequence[Mapping[str, Any]],
    record: CellRecord,
    stored: Mapping[str, frozenset[str]],
    ids_of: IdsOf,
) -> dict[str, str]:
    """Return the label that each recorded set is filed under, as records of format 1 were, where that is certain.

    A part of the cell's own dataset was labelled as such (``gtzan:test``); a set has tracks of its dataset only. What
    is the same in all ways to give each set a label under these rules is certain.
    """
    if len(stored) != len(recorded) or len(recorded) > _MOST_SETS:
        return {}
    fit = {
        canonical_json(evaluation)
        for evaluation in recorded
        if evaluation["dataset"] is None or not _was_merged(record)
    }
    texts = [canonical_json(evaluation) for evaluation in recorded]
    ids = [ids_of(evaluation) for evaluation in recorded]
    possible: dict[str, set[str]] = {}
    for labels in permutations(stored):
        if all(map(_may_be, recorded, ids, labels, (stored[label] for label in labels))):
            for text, label in zip(texts, labels, strict=True):
                possible.setdefault(text, set()).add(label)
    same = Counter(texts)
    return {
        text: sorted(labels)[0]
        for text, labels in possible.items()
        if text in fit and len(labels) == same[text]
    }


def _may_be(
    recorded: Mapping[str, Any], ids: frozenset[str] | None, label: str, tracks: frozenset[str]
) -> bool:
    if recorded["dataset"] is None and not label.endswith(f":{recorded['part']}"):
        return False
    return ids is None or tracks <= ids


def _was_merged(record: CellRecord) -> list[str]:
    """Return classes of the model that format 1 took for each other in other datasets: alike but for signs."""
    plain = {
        name: "".join(letter for letter in name.casefold() if letter.isalnum()) for name in record.classes
    }
    counted = Counter(plain.values())
    return [name for name, letters in plain.items() if counted[letters] > 1]
