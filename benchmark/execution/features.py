"""Compute the features that cells need, through an executor."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from benchmark.data.assemble import PartItems, cell_items
from benchmark.data.corrupted import corrupted_parts
from benchmark.data.prepare import Computed, Failure, Request, open_store, prepare, requests
from benchmark.exceptions import CellTimeoutError, PluginError, WorkerDiedError, error_message
from benchmark.execution.events import Event
from benchmark.results.plan import Plan
from benchmark.suite.cell import Cell, CellSpec, canonical_json

if TYPE_CHECKING:
    from benchmark.data.corpora import CorpusOf
    from benchmark.execution.executor import Executor
    from benchmark.execution.progress import Display
    from benchmark.locations import Locations
    from benchmark.plugin.registry import ComponentSpec, Registry

_NAMED = 5


def prepare_features(
    plan: Plan,
    cells: Sequence[Cell],
    registry: Registry,
    locations: Locations,
    executor: Executor,
    display: Display,
    *,
    training: bool = True,
) -> dict[str, str]:
    """Fill the cache with all that the cells need, or without ``training`` with what they are evaluated on.

    Tracks that fail are named, and cells that need them will fail.
    So are tracks that take longer than the executor allows a task, and those that a process dies of. Returned is what
    was said of all of these, by the key of their features.

    Raises:
        CacheError: when the cache cannot be written.
    """

    def run(function: Callable[..., Any], arguments: Iterable[tuple[Any, ...]]) -> Iterator[Any]:
        names: dict[int, str] = {}

        def named() -> Iterator[tuple[Any, ...]]:
            for index, some in enumerate(arguments):
                names[index] = some[0].track.id
                yield some

        for outcome in executor.run(function, named(), _ignore):
            name = names.pop(outcome.index)
            if isinstance(outcome.error, (WorkerDiedError, CellTimeoutError)):
                yield Computed((), Failure(name, error_message(outcome.error)))
            elif outcome.error is not None:
                raise outcome.error
            else:
                yield outcome.value

    unmade: dict[str, str] = {}
    for features, asked in feature_requests(cells, registry, plan, training=training).values():
        try:
            store = open_store(features, registry, locations.cache)
        except PluginError as error:
            # The cells that need them will fail of the same.
            display.note(f"Warning: {error}")
            continue
        failures = prepare(store, asked, features, registry.benchfile, run, display.preparing)
        if failures:
            unmade[features.key] = "\n".join(_said(failures))
            display.note("\n".join(f"Warning: {text}" for text in _said(failures)))
    return unmade


def feature_requests(
    cells: Sequence[Cell], registry: Registry, plan: Plan, *, training: bool = True
) -> dict[str, tuple[ComponentSpec, list[Request]]]:
    """Return, per feature space, what cells need of each track. Cells that share their data are looked at once."""
    spaces: dict[str, tuple[ComponentSpec, list[Request]]] = {}
    asked_of: dict[tuple[Any, ...], list[Request]] = {}
    seen: set[tuple[Any, ...]] = set()
    for cell in cells:
        spec = cell.spec
        # What is needed of a track does not hang on what features are made of it.
        data = (
            id(spec.dataset), id(spec.audio), id(spec.duplicates), id(spec.clips), id(spec.split),
            id(spec.augmentation), id(spec.evaluate), spec.seed, spec.fold, spec.training_size, id(spec.corrupted),
        )  # fmt: skip
        if (id(spec.features), *data) in seen:
            continue
        seen.add((id(spec.features), *data))
        if data not in asked_of:
            asked_of[data] = cell_requests(spec, registry, plan.corpus_of, training)
        space = canonical_json(spec.features.identity())
        _, asked = spaces.setdefault(space, (spec.features, []))
        asked += asked_of[data]
    return spaces


def cell_requests(
    spec: CellSpec, registry: Registry, corpus_of: CorpusOf, training: bool = True
) -> list[Request]:
    """Return what a cell needs of each track: of those that it is trained, validated or evaluated on."""
    items = cell_items(spec, registry, corpus_of)
    parts = [*([items.train, items.validation] if training else []), *items.evaluations]
    return list(_requests([*parts, *corrupted_parts(spec, items)]))


def _requests(parts: Iterable[PartItems]) -> Iterator[Request]:
    for part in parts:
        yield from requests(part.tracks, part.items)


def _said(failures: Sequence[Failure]) -> list[str]:
    """Name the tracks that failed, those with the same reason together."""
    by_reason: dict[str, list[str]] = {}
    for failure in failures:
        by_reason.setdefault(failure.reason.replace(failure.track, "…"), []).append(failure.track)
    return [
        f"no features of {', '.join(tracks[:_NAMED])}"
        f"{f' and {len(tracks) - _NAMED} more' if len(tracks) > _NAMED else ''}: {reason}"
        for reason, tracks in by_reason.items()
    ]


def _ignore(event: Event) -> None:
    """Feature tasks tell nothing."""
