"""What goes to a worker that shares no file system with its driver, and what comes back.

To compute features, a track's file goes there. To run a cell, its corpora go there, and of its features those rows that
the worker's own cache lacks; the result's files come back, and the driver files them under its claim.
"""

from __future__ import annotations

import platform
import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.data.corpora import CorpusOf, bring_corpora
from benchmark.data.prepare import Computed, Failure, Request, compute, open_store
from benchmark.digests import file_digest
from benchmark.exceptions import BenchError, ResultsError, TaskError
from benchmark.execution.cell import CellTask, run_cell
from benchmark.execution.features import cell_requests
from benchmark.locations import Locations, default_cache
from benchmark.plugin.manager import load_registry
from benchmark.record import CellRecord
from benchmark.results.corrupted import packed_folders, unpack_folders
from benchmark.results.folder import CELL
from benchmark.results.provenance import provenance
from benchmark.results.store import ResultsStore
from benchmark.suite.cell import CellSpec, canonical_json
from benchmark.suite.identity import Identifier

if TYPE_CHECKING:
    import numpy as np

    from benchmark.plugin.benchfile import Benchfile
    from benchmark.plugin.registry import ComponentSpec, Registry
    from benchmark.plugin.tracks import Corpus

# Calls a function with arguments in a worker, and returns what that returns; what it raises is raised.
Call = Callable[..., Any]
# Of rows that are sent at once.
_MOST_BYTES = 32_000_000
_OF_THE_MACHINE = ("python", "platform", "cpu", "cores", "versions")


@dataclass(frozen=True)
class Home:
    """What a driver has and workers may not: its plugins, its corpora, and its folders."""

    registry: Registry
    corpus_of: CorpusOf
    locations: Locations


@dataclass(frozen=True)
class Parcel:
    """A result as a worker made it: its record, and the files beside it by their names, with their digests.

    ``corrupted`` are its results on corrupted sets (see ``packed_folders``).
    """

    record: CellRecord
    files: Mapping[str, bytes]
    digests: Mapping[str, str]
    corrupted: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)


class Journey:
    """One task, and all that is carried for it: ``carry`` in any thread, then ``arrive`` in the driver's own."""

    def carry(self, call: Call) -> Any:
        """Have it done through ``call``; return what came back."""
        raise NotImplementedError

    def arrive(self, carried: Any) -> Any:
        """Return the task's value, for what ``carry`` returned."""
        return carried


class FeaturesJourney(Journey):
    """Features of a track: its file goes there."""

    def __init__(
        self, home: Home, request: Request, features: ComponentSpec, benchfile: Benchfile | None
    ) -> None:
        self._task = (request, features, benchfile)

    def carry(self, call: Call) -> Computed:
        """See ``Journey.carry``."""
        track = self._task[0].track
        try:
            content = track.path.read_bytes()
        except OSError as error:
            return Computed((), Failure(track.id, f"{track.path} cannot be read: {error.strerror or error}"))
        computed: Computed = call(compute_away, *self._task, content)
        return computed


class CellJourney(Journey):
    """A cell: its corpora and features go there, its result comes back."""

    def __init__(self, home: Home, task: CellTask) -> None:
        self._home, self._task = home, task
        keys = (
            key
            for request in cell_requests(task.spec, home.registry, home.corpus_of)
            for key, *_ in request.wanted
        )
        self._keys = list(dict.fromkeys(keys))

    def carry(self, call: Call) -> Parcel:
        """See ``Journey.carry``."""
        task = self._task
        there = (task.spec.features, task.benchfile)
        lacking: list[str] = call(lacking_rows, *there, self._keys)
        for keys, rows in self._rows(lacking):
            call(take_rows, *there, keys, rows)
        files = {side: Path(file).read_bytes() for side, file in (task.spec.split.files or {}).items()}
        parcel: Parcel = call(run_away, task, _corpora(task.spec, self._home.corpus_of), files)
        return parcel

    def arrive(self, carried: Parcel) -> CellRecord:
        """File the result.

        Raises:
            LostClaimError: when others have taken over the cell.
            ResultsError: when it cannot be written.
            TaskError: when its files are not those that the worker wrote.
        """
        if carried.record.id != self._task.id:
            raise TaskError(f"A worker sent a result of {carried.record.id}, which it was not asked for.")
        store = ResultsStore(self._home.locations.results, self._task.suite)

        def unpack(folder: Path) -> None:
            for name, content in carried.files.items():
                place = folder / name
                if not place.resolve().is_relative_to(folder.resolve()):
                    raise TaskError(f"A worker sent a file called {name!r}, which is none of a result.")
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)
                if file_digest(place) != carried.digests.get(name):
                    raise TaskError(f"{name} is not what the worker wrote: it was damaged on its way.")

        store.write(
            carried.record, predictions=None, history=[], metrics=None, extra=unpack, claim=self._task.claim
        )
        unpack_folders(store, self._task.id, carried.corrupted)
        return carried.record

    def _rows(self, keys: Sequence[str]) -> Iterator[tuple[list[str], list[np.ndarray]]]:
        """Yield those features that are here, some at a time."""
        spec = self._task.spec.features
        store = open_store(spec, self._home.registry, self._home.locations.cache)
        known = zip(keys, store.rows(keys, verify=True), strict=True)
        present = [(key, int(row)) for key, row in known if row >= 0]
        stored = store.open_rows()
        step = max(1, _MOST_BYTES // store.row_bytes)
        for start in range(0, len(present), step):
            some = present[start : start + step]
            yield [key for key, _ in some], [stored[row].copy() for _, row in some]


def journeys(home: Home) -> dict[Callable[..., Any], Callable[..., Journey]]:
    """Return what makes a journey of a task's arguments, by the task's function; others cannot be done away."""
    return {
        compute: lambda *arguments: FeaturesJourney(home, *arguments),
        run_cell: lambda *arguments: CellJourney(home, *arguments),
    }


def compute_away(
    request: Request, features: ComponentSpec, benchfile: Benchfile | None, content: bytes
) -> Computed:
    """Compute features of a track whose file is not here, but its ``content``."""
    original = request.track.path
    with tempfile.TemporaryDirectory(prefix="genrebench-") as folder:
        file = Path(folder) / f"track{original.suffix}"
        file.write_bytes(content)
        computed = compute(replace(request, track=replace(request.track, path=file)), features, benchfile)
        failure = computed.failure
        if failure is None:
            return computed
        return replace(
            computed, failure=replace(failure, reason=failure.reason.replace(str(file), str(original)))
        )


def lacking_rows(features: ComponentSpec, benchfile: Benchfile | None, keys: Sequence[str]) -> list[str]:
    """Return the keys whose features the cache of this machine has not."""
    store = open_store(features, load_registry(benchfile), default_cache())
    return [key for key, row in zip(keys, store.rows(keys, verify=True), strict=True) if row < 0]


def take_rows(
    features: ComponentSpec, benchfile: Benchfile | None, keys: Sequence[str], rows: Sequence[np.ndarray]
) -> None:
    """Put features into the cache of this machine.

    Raises:
        CacheError: when it cannot be written.
    """
    store = open_store(features, load_registry(benchfile), default_cache())
    with store.writing():
        store.append(keys, rows)


def run_away(
    task: CellTask, corpora: Mapping[tuple[str, str | None], Corpus], split_files: Mapping[str, bytes]
) -> Parcel:
    """Run a cell whose data are not here, but its corpora, and its features in the cache of this machine.

    Raises:
        TaskError: when the cell is another one here, or its result cannot be kept for the while.
    """
    registry = load_registry(task.benchfile)
    with tempfile.TemporaryDirectory(prefix="genrebench-") as place:
        locations = Locations(cache=default_cache(), results=Path(place) / "results")
        bring_corpora(registry, locations, _brought(corpora))
        spec = _with_split_files(task.spec, split_files, Path(place))
        _check_same(task, Identifier(lambda dataset: corpora[dataset.key, None].revision), spec)
        made_with = {**task.provenance, **_machine()}
        own = replace(task, spec=spec, locations=locations, claim=None, provenance=made_with)
        try:
            record = run_cell(own)
        except ResultsError as error:
            raise TaskError(f"On {socket.gethostname()}: {error}") from error
        store = ResultsStore(locations.results, task.suite)
        folder = store.folder_of(record)
        files = [file for file in sorted(folder.rglob("*")) if file.is_file() and file.name != CELL]
        named = {file.relative_to(folder).as_posix(): file for file in files}
        return Parcel(
            record,
            {name: file.read_bytes() for name, file in named.items()},
            {name: file_digest(file) for name, file in named.items()},
            packed_folders(store),
        )


def _corpora(spec: CellSpec, corpus_of: CorpusOf) -> dict[tuple[str, str | None], Corpus]:
    """Return the corpora that a cell asks for, by their datasets and what is done about copies in them."""
    datasets = [spec.dataset, *(asked.dataset for asked in spec.evaluate if asked.dataset is not None)]
    corpora: dict[tuple[str, str | None], Corpus] = {
        (dataset.key, None): corpus_of(dataset) for dataset in datasets
    }
    if spec.duplicates is not None:
        corpora[spec.dataset.key, spec.duplicates.action] = corpus_of(spec.dataset, spec.duplicates)
    return corpora


def _brought(corpora: Mapping[tuple[str, str | None], Corpus]) -> CorpusOf:
    def corpus_of(dataset: ComponentSpec, duplicates: Any = None, /) -> Corpus:
        return corpora[dataset.key, None if duplicates is None else duplicates.action]

    return corpus_of


def _with_split_files(spec: CellSpec, contents: Mapping[str, bytes], folder: Path) -> CellSpec:
    if not contents:
        return spec
    files: dict[str, str] = {}
    names = spec.split.files or {}
    for side, content in contents.items():
        file = folder / f"{len(files)}{Path(names[side]).suffix}"  # type: ignore[index]
        file.write_bytes(content)
        files[side] = str(file)
    return replace(spec, split=spec.split.model_copy(update={"files": files}))


def _check_same(task: CellTask, identifier: Identifier, spec: CellSpec) -> None:
    """Do nothing if a cell is here what it is for its driver, whose files its parameters may name.

    Raises:
        TaskError: when it is not, with the keys that differ.
    """
    try:
        here = identifier.canonical(spec) or {}
    except BenchError as error:
        raise TaskError(f"On {socket.gethostname()} this cell cannot be run: {error}") from error
    differing = [
        key
        for key in sorted({*here, *task.canonical})
        if canonical_json(here.get(key)) != canonical_json(task.canonical.get(key))
    ]
    if differing:
        raise TaskError(
            f"On {socket.gethostname()} this cell is another one: {', '.join(differing)} differ. Files that parameters "
            "name must be there, under the same path and with the same content."
        )


def _machine() -> dict[str, Any]:
    """Return what a record says of the machine that made a result."""
    here = provenance(Path.cwd())
    return {**{key: here[key] for key in _OF_THE_MACHINE}, "host": platform.node()}
