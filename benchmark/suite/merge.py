"""``extends`` and ``--set``: one suite out of a file, the files it builds on, and the command line."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmark.exceptions import Problem, SuiteError
from benchmark.settings import SETTINGS
from benchmark.suite.source import KeyPath, Place, PlacedValue, parse, read_file, subtree

MAX_BASES = 50
# A mapping below these is one choice and is replaced as a whole; all other mappings merge key by key.
_CHOICES = {("cell", key) for key in ("dataset", "audio", "features", "model", "augmentation")}
_CHOICES |= {("tune", key) for key in ("sampler", "pruner")}


def read_merged(file: Path, overrides: Sequence[str] = ()) -> tuple[PlacedValue, str]:
    """Return a suite's content with its bases and the overrides merged in, and the text of the file itself.

    Raises:
        SuiteError: when a file cannot be read, bases go in a circle, or overrides do not fit.
    """
    source, text = _with_bases(file, ())
    problems: list[Problem] = []
    for override in overrides:
        try:
            _override(source, override)
        except SuiteError as error:
            problems += error.problems
    if problems:
        raise SuiteError(problems)
    return source, text


def _with_bases(file: Path, seen: tuple[Path, ...]) -> tuple[PlacedValue, str]:
    source, text = read_file(file)
    if "extends" not in source.value:
        return source, text
    where = str(source.place(("extends",)))
    base = source.value.pop("extends")
    if not isinstance(base, str) or "\0" in base:
        raise SuiteError([Problem(where, f"'extends' is the name of a file, found {base!r}.")])
    base_file = file.parent / base
    chain = (*seen, file.resolve())
    if base_file.resolve() in chain:
        circle = " -> ".join(path.name for path in (*chain, base_file))
        raise SuiteError([Problem(where, f"'extends' goes in a circle: {circle}.")])
    if len(chain) > MAX_BASES:
        raise SuiteError([Problem(where, f"'extends' goes more than {MAX_BASES} files deep.")])
    if base_file.exists() and not base_file.is_file():
        # A pipe would be waited for, and a device may never end.
        raise SuiteError([Problem(where, f"'extends' names {base_file}, which is no file.")])
    try:
        below, _ = _with_bases(base_file, chain)
    except SuiteError as error:
        if error.problems[0].where != str(base_file):
            raise
        raise SuiteError(
            [Problem(where, f"'extends' names {base_file}: {error.problems[0].message}")]
        ) from error
    return merge(below, source), text


def merge(base: PlacedValue, over: PlacedValue) -> PlacedValue:
    """Return ``base`` changed by ``over``: mappings merge, null deletes, everything else replaces.

    What ``over`` makes an axis is no longer fixed, and what it fixes is no longer an axis.
    """
    merged = PlacedValue(copy.deepcopy(base.value), dict(base.places))
    _make_way(merged, over.value)
    _merge_into(merged, over, over.value, ())
    return merged


def _merge_into(merged: PlacedValue, over: PlacedValue, value: Any, path: KeyPath) -> None:
    for key, child in value.items():
        here = (*path, key)
        target = _get(merged.value, path)
        if child is None and path:
            _delete(merged, here)
        elif isinstance(child, dict) and here not in _CHOICES:
            if not isinstance(target.get(key), dict):
                # Null takes away what is below, also where there is nothing below.
                _delete(merged, here)
                target[key] = {}
                merged.places |= {here: over.places[here]} if here in over.places else {}
            _merge_into(merged, over, child, here)
        else:
            _delete(merged, here)
            target[key] = copy.deepcopy(child)
            merged.places.update(subtree(over.places, here))


def _make_way(merged: PlacedValue, over: dict[str, Any]) -> None:
    """Delete from ``merged`` the axes that ``over`` fixes, and the fixed values that it makes axes."""
    fixed, axes = (merged.value.get(key) for key in ("cell", "matrix"))
    new_fixed, new_axes = (over.get(key) for key in ("cell", "matrix"))
    if isinstance(axes, dict) and isinstance(new_fixed, dict):
        for path in _fixed(new_fixed):
            for axis in [axis for axis in axes if _overlap(axis, _dotted(path))]:
                _delete(merged, ("matrix", axis))
    if isinstance(fixed, dict) and isinstance(new_axes, dict):
        for axis in [axis for axis, values in new_axes.items() if values is not None]:
            for path in list(_fixed(fixed)):
                if _dotted(path) == axis or _dotted(path).startswith(axis + "."):
                    _delete(merged, ("cell", *path))
            _delete(merged, ("cell", axis))


def _fixed(cell: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """Yield the paths of what ``cell`` fixes: keys, which may hold dots, and single settings of blocks."""
    for key, value in cell.items():
        if key in SETTINGS and isinstance(value, dict):
            yield from ((key, name) for name in value)
        elif value is not None:
            yield (key,)


def _dotted(path: Sequence[str]) -> str:
    return ".".join(map(str, path))


def _overlap(first: str, second: str) -> bool:
    return first == second or first.startswith(second + ".") or second.startswith(first + ".")


def _override(source: PlacedValue, text: str) -> None:
    """Change ``source`` by one ``path.to.key=value``."""
    dotted, equals, given = text.partition("=")
    if not equals or not dotted:
        message = "write it as KEY=VALUE, for example cell.training.epochs=2."
        raise SuiteError([Problem(f"--set {text}", message)])
    where = Place(f"--set {dotted}")
    if dotted == "extends":
        # Files were merged before: what they say would change under what is already there.
        message = "another suite is built on in a file: write a suite that 'extends' it, and run that."
        raise SuiteError([Problem(where.name, message)])
    value = parse(given, where.name, numbered=False).value if given.strip() else None
    path = _resolve(source.value, dotted, where)
    if isinstance(path[-1], int) and not given.strip():
        raise SuiteError(
            [Problem(where.name, "an item of a list cannot be taken away: give the whole list.")]
        )
    if value is not None and all(isinstance(step, str) for step in path[:2]):
        _make_way(source, _nested(path, value))
    target = source.value
    for position, step in enumerate(path[:-1]):
        if (target.get(step) if isinstance(target, dict) else target[step]) is None:
            target[step] = {}
            source.places[path[: position + 1]] = where
        target = target[step]
    _delete(source, path)
    # As in a suite that extends another, null takes a key away, but is a value as a component's parameter.
    in_a_choice = path[:2] in _CHOICES or any(isinstance(step, int) for step in path)
    if value is not None or (given.strip() and in_a_choice and len(path) > 2):
        target[path[-1]] = value
        source.places[path] = where


def _resolve(value: Any, dotted: str, where: Place) -> KeyPath:
    """Return the path that ``dotted`` names. Keys may hold dots themselves: the longest that is there wins.

    Raises:
        SuiteError: when it leads through a single value or to an item that a list does not have.
    """
    names = dotted.split(".")
    path: list[str | int] = []
    while names:
        above = ".".join(map(str, path))
        if isinstance(value, list):
            if not (names[0].isdecimal() and int(names[0]) < len(value)):
                items = f"its items are 0 to {len(value) - 1}" if value else "it is empty"
                raise SuiteError(
                    [Problem(where.name, f"'{above}' is a list without item '{names[0]}'; {items}.")]
                )
            path.append(int(names[0]))
            taken = 1
        elif isinstance(value, dict) or value is None:
            known = value or {}
            taken = next((n for n in range(len(names), 1, -1) if ".".join(names[:n]) in known), 1)
            if path == ["matrix"] and names[0] in SETTINGS and len(names) > 1 and not names[1].isdecimal():
                taken = 2
            path.append(".".join(names[:taken]))
        else:
            message = f"'{above}' is the single value {value!r} and has no '{names[0]}' in it."
            raise SuiteError([Problem(where.name, message)])
        names = names[taken:]
        value = _get(value, (path[-1],)) if isinstance(value, list) else (value or {}).get(path[-1])
    return tuple(path)


def _nested(path: KeyPath, value: Any) -> dict[str, Any]:
    for step in reversed(path):
        value = {step: value}
    return value


def _get(value: Any, path: KeyPath) -> Any:
    for step in path:
        value = value[step]
    return value


def _delete(source: PlacedValue, path: KeyPath) -> None:
    """Delete a mapping's key, if it is there, and forget its places; a list keeps its item."""
    holder = _get(source.value, path[:-1])
    if isinstance(holder, dict):
        holder.pop(path[-1], None)
    for key in subtree(source.places, path):
        del source.places[key]
