"""Seeds that were added to a suite's own, and how often its table was looked at for that: ``decide.json``.

Rows are known by what they are: a hash of their specification without seed, fold and revisions of data.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.digests import is_intact, sealed
from benchmark.exceptions import ResultsError
from benchmark.files import make_folder, write_text
from benchmark.suite.cell import Cell
from benchmark.suite.identity import Identifier

if TYPE_CHECKING:
    from benchmark.plugin.registry import Registry
    from benchmark.suite.load import Suite

FILE, FORMAT = "decide.json", 1
_MOST_BYTES = 50_000_000


@dataclass(frozen=True)
class AddedSeeds:
    """The seeds that a row was given beyond the suite's list; ``labels`` are what the row was called then."""

    seeds: tuple[int, ...]
    labels: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Race:
    """What is recorded of a race.

    Attributes:
        looks: of each look, a digest of the finished cells that it saw.
        rows: the seeds that were added to rows, by the row's key.
        price: by what p values of the table are multiplied since it is looked at more than once; 1 before any look.
    """

    looks: tuple[str, ...] = ()
    rows: Mapping[str, AddedSeeds] = field(default_factory=dict)
    price: float = 1.0

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        rows = {key: {"labels": dict(row.labels), "seeds": list(row.seeds)} for key, row in self.rows.items()}
        return {"format": FORMAT, "looks": list(self.looks), "price": self.price, "rows": rows}

    def plus(self, seeds: Mapping[str, AddedSeeds]) -> Race:
        """Return the record with more seeds of rows, by their keys."""
        rows = dict(self.rows)
        for key, added in seeds.items():
            before = rows[key].seeds if key in rows else ()
            rows[key] = AddedSeeds(tuple(dict.fromkeys((*before, *added.seeds))), added.labels)
        return replace(self, rows=rows)


def read_race(folder: Path) -> Race:
    """Return what is recorded in a suite's results folder; nothing where there was no race.

    Raises:
        ResultsError: when the record is there and cannot be believed.
    """
    file = folder / FILE
    try:
        if not file.exists():
            return Race()
        if not file.is_file() or file.stat().st_size > _MOST_BYTES:
            raise ValueError("it is no record")
        content = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(content, dict) or not is_intact(content):
            raise ValueError("it is not what was filed")
        if content["format"] != FORMAT:
            raise ValueError(f"its format is {content['format']!r}, and this program knows {FORMAT}")
        rows = {
            str(key): AddedSeeds(
                tuple(map(int, row["seeds"])),
                tuple((str(axis), str(label)) for axis, label in row["labels"].items()),
            )
            for key, row in content["rows"].items()
        }
        return Race(tuple(map(str, content["looks"])), rows, float(content["price"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ResultsError(
            f"{file} cannot be read ({error}). It says which seeds 'bench run --decide' added, and how often the table "
            "was looked at, without which no verdict is right. Restore it; or remove it, and the table has the suite's "
            "own seeds only."
        ) from error


def write_race(folder: Path, race: Race) -> None:
    """Record a race.

    Raises:
        ResultsError: when the folder cannot be written.
    """
    try:
        make_folder(folder)
        write_text(folder / FILE, json.dumps(sealed(race.to_json()), indent=1) + "\n")
    except OSError as error:
        raise ResultsError(f"{folder / FILE} cannot be written: {error.strerror or error}.") from error


class RowKeys:
    """Keys of rows, which no label, seed, fold or revision of data changes."""

    def __init__(self) -> None:
        # Most suites were never raced, and need none of this.
        from benchmark.results.matching import UNKNOWN, without_revisions

        self._identifier = Identifier(lambda spec: UNKNOWN)
        self._key_of = without_revisions

    def of(self, cell: Cell) -> str:
        """Return the key of a cell's row."""
        canonical = self._identifier.canonical(cell.spec)
        assert canonical is not None
        return self._key_of({**canonical, "seed": None, "fold": None})


def with_added(suite: Suite, race: Race, registry: Registry) -> tuple[Suite, tuple[str, ...]]:
    """Return the suite with the cells of added seeds, and what must be said of them.

    A seed that the suite's own list has by now is no added one. Where something of a row is not known here (a benchfile
    that was not run, a file that is absent), it is found by its labels, as its results are.
    """
    if not race.looks and not race.rows:
        return suite, ()
    keys = RowKeys()
    rows: dict[tuple[tuple[str, str], ...], list[Cell]] = {}
    for cell in suite.cells:
        rows.setdefault(cell.row, []).append(cell)
    is_partly_known = registry.unopened is not None or bool(suite.absent_files)
    by_labels = {row.labels: key for key, row in race.rows.items()} if is_partly_known else {}
    added: list[Cell] = []
    known = set()
    for row, cells in rows.items() if "seed" in suite.axes else ():
        key = keys.of(cells[0])
        key = key if key in race.rows else by_labels.get(row, key)
        known.add(key)
        if key in race.rows:
            added += _added(cells, race.rows[key].seeds)
    lost = [key for key, row in race.rows.items() if row.seeds and key not in known]
    notes = []
    if lost:
        rows_have = "1 row has" if len(lost) == 1 else f"{len(lost)} rows have"
        notes.append(f"{rows_have} added seeds and is not in this suite as it is now: these are not shown.")
    labels = dict.fromkeys((*suite.axes.get("seed", ()), *(cell.labels["seed"] for cell in added)))
    axes = {axis: tuple(labels) if axis == "seed" else own for axis, own in suite.axes.items()}
    return replace(suite, axes=axes, cells=(*suite.cells, *added), price=race.price), tuple(notes)


def _added(cells: Sequence[Cell], seeds: Sequence[int]) -> list[Cell]:
    own = {cell.spec.seed for cell in cells}
    first = [cell for cell in cells if cell.spec.seed == cells[0].spec.seed]
    return [
        replace(
            cell,
            labels={**cell.labels, "seed": str(seed)},
            spec=replace(cell.spec, seed=seed),
            added=True,
        )
        for seed in seeds
        if seed not in own
        for cell in first
    ]
