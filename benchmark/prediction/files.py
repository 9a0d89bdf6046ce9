"""Files that a cell's components were made with: records keep a hash of each, and a user says where it lies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmark.exceptions import UsageError
from benchmark.plugin.component import File, Parts
from benchmark.plugin.parameters import file_identity, is_file_identity
from benchmark.plugin.registry import ComponentSpec


def with_files(spec: Mapping[str, Any], files: Sequence[Path]) -> dict[str, Any]:
    """Return a recorded specification with the places of ``files`` instead of what they hold.

    Raises:
        UsageError: when a file cannot be read, or is none that the specification names.
    """
    named = set(_named(spec))
    places: dict[str, str] = {}
    for file in files:
        try:
            content = file_identity(file)
        except OSError as error:
            raise UsageError(f"--file {file}: it cannot be read ({error.strerror}).") from error
        if content not in named:
            wanted = f" It was made with {', '.join(sorted(named))}." if named else " It was made with none."
            raise UsageError(
                f"--file {file}: the cell was made with no file that holds the same ({content}).{wanted}"
            )
        places[content] = str(file.resolve())
    return {key: _replaced(value, places) for key, value in spec.items()}


def missing_files(spec: ComponentSpec) -> tuple[str, ...]:
    """Return the parameters of a component, and of its parts, that are hashes of files whose place is unknown."""
    return tuple(_missing(spec))


def _missing(spec: ComponentSpec) -> Iterator[str]:
    for name, value in spec.parameters.items():
        mark = spec.marks.get(name)
        if isinstance(mark, File) and is_file_identity(value):
            yield f"{name}: {value}"
        elif isinstance(mark, Parts):
            for part in _flat(value):
                yield from _missing(part)


def _flat(parts: Any) -> Iterator[ComponentSpec]:
    if isinstance(parts, list):
        for part in parts:
            yield from _flat(part)
    else:
        yield parts


def _named(value: Any) -> Iterable[str]:
    """Yield all hashes of files in a recorded specification."""
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _named(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _named(inner)
    elif is_file_identity(value):
        yield value


def _replaced(value: Any, places: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {key: _replaced(inner, places) for key, inner in value.items()}
    if isinstance(value, list):
        return [_replaced(inner, places) for inner in value]
    return places.get(value, value) if isinstance(value, str) else value
