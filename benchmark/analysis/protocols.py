"""Which rows are competitors on an evaluation set: decided by what they are tested on. Pure functions.

What differs in training only (augmentation, audio format of the training data, its size) is a treatment, and compared.
What changes the test (a split, a dataset, duplicates that were removed, a leak) is a protocol, and no model.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmark.results.predictions import SetPredictions
from benchmark.results.standing import HONEST
from benchmark.suite.cell import canonical_json
from benchmark.suite.identity import set_key


@dataclass(frozen=True)
class Block:
    """Rows that may be ranked against each other on an evaluation set, by number.

    ``standing`` is what an audit allows of them: ``honest``, or the reason why they stand by themselves.
    """

    rows: tuple[int, ...]
    standing: str = HONEST


def competitors(
    tested: Mapping[int, Mapping[str, Hashable]], standing: Mapping[int, str] | None = None
) -> list[Block]:
    """Return the blocks of rows that are tested alike, in the order of their first rows.

    Args:
        tested: what each cell of each row is tested on, by row and the cell's name (seed and fold). Rows that are
            tested on the same in all cells are alike whatever their seeds; all others need the same seed by seed.
        standing: of each row; rows of different standing are no competitors.
    """
    blocks: dict[Hashable, list[int]] = {}
    for row, cells in tested.items():
        content = set(cells.values())
        alike: Hashable = next(iter(content)) if len(content) == 1 else frozenset(cells.items())
        blocks.setdefault(((standing or {}).get(row, HONEST), alike), []).append(row)
    return [Block(tuple(rows), str(key[0])) for key, rows in blocks.items() if isinstance(key, tuple)]


class Contents:
    """What cells are tested on, as short digests; tracks and labels that cells share are read once."""

    def __init__(self) -> None:
        # The arrays are kept, so that no others get their ids.
        self._known: dict[tuple[int, int], tuple[Any, str]] = {}

    def of(self, cell: SetPredictions, spec: Mapping[str, Any], evaluation: str) -> str:
        """Return a digest of the tracks, their true classes, and how their audio comes to the model.

        Args:
            cell: what was predicted on the set.
            spec: the cell's canonical specification, as its record has it.
            evaluation: what the set is filed under.
        """
        key = (id(cell.tracks), id(cell.labels))
        if key not in self._known:
            digest = hashlib.blake2b("\n".join(cell.tracks.tolist()).encode(), digest_size=12)
            digest.update(cell.labels.tobytes())
            self._known[key] = ((cell.tracks, cell.labels), digest.hexdigest())
        return f"{self._known[key][1]} {canonical_json(_content(spec, evaluation))}"


def _content(spec: Mapping[str, Any], evaluation: str) -> dict[str, Any]:
    """Return what of a specification changes the content of a set's tracks.

    A cell's own dataset is put through its ``audio``; another one is taken as it is. ``duplicates`` and ``split`` say
    which tracks there are, and the tracks themselves say that.
    """
    content = {"clips": spec.get("clips")}
    entry = _set(spec.get("evaluate", ()), evaluation)
    if entry is not None and entry.get("dataset") is None:
        content |= {"dataset": spec.get("dataset"), "audio": spec.get("audio")}
    elif entry is not None:
        content |= {"dataset": entry["dataset"]}
    return content


def _set(evaluate: Sequence[Mapping[str, Any]], name: str) -> Mapping[str, Any] | None:
    """Return the evaluation set that is filed under a name, or None where that is not certain.

    Results of old are filed under labels, which end with the part where it is one of the cell's own dataset.
    """
    keyed = next((entry for entry in evaluate if set_key(entry) == name), None)
    if keyed is not None:
        return keyed
    part = name.rpartition(":")[2]
    own = [entry for entry in evaluate if entry.get("dataset") is None and entry.get("part") == part]
    others = [entry for entry in evaluate if entry.get("dataset") is not None]
    return own[0] if own else others[0] if len(others) == 1 else None
