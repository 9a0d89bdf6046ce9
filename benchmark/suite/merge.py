"""``extends`` and ``--set``: one suite out of a file, the files it builds on, and the command line."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmark.exceptions import Problem, SuiteError
from benchmark.suite.source import Path_, Source, parse, read_file, subtree

# Below these, a mapping is one choice and is replaced as a whole; elsewhere mappings merge key by key.
_CHOICES = ("dataset", "features", "model", "augmentation", "clips")


def read_merged(file: Path, overrides: Sequence[str] = ()) -> tuple[Source, str]:
    """Return a suite's content with its bases and the overrides merged in, and the text of the file itself.

    Raises:
        SuiteError: when a file cannot be read, bases go in a circle, or an override does not fit.
    """
    source, text = _with_bases(file, ())
    problems: list[Problem] = []
    for override in overrides:
        try:
            source = _override(source, override)
        except SuiteError as error:
            problems += error.problems
    if problems:
        raise SuiteError(problems)
    return source, text


def _with_bases(file: Path, seen: tuple[Path, ...]) -> tuple[Source, str]:
    source, text = read_file(file)
    if "extends" not in source.value:
        return source, text
    where = source.place(("extends",))
    base = source.value.pop("extends")
    if not isinstance(base, str):
        raise SuiteError([Problem(where, f"'extends' is the name of a file, found {base!r}.")])
    base_file = (file.parent / base).resolve()
    chain = (*seen, file.resolve())
    if base_file in chain:
        circle = " -> ".join(path.name for path in (*chain, base_file))
        raise SuiteError([Problem(where, f"'extends' goes in a circle: {circle}.")])
    if not base_file.is_file():
        raise SuiteError([Problem(where, f"'extends' names {base}, and there is no such file in {file.parent}.")])
    below, _ = _with_bases(file.parent / base, chain)
    return merge(below, source), text


def merge(base: Source, over: Source) -> Source:
    """Return ``base`` changed by ``over``: mappings merge, null deletes, everything else replaces.

    A key given under ``cell`` above and ``matrix`` below, or the other way round, moves.
    """
    merged = Source(copy.deepcopy(base.value), dict(base.places))
    for here, there in (("cell", "matrix"), ("matrix", "cell")):
        moved = over.value.get(here)
        for key in moved if isinstance(moved, dict) else ():
            if isinstance(merged.value.get(there), dict) and key in merged.value[there]:
                _delete(merged, (there, key))
    _merge_into(merged, over, over.value, ())
    return merged


def _merge_into(merged: Source, over: Source, value: Any, path: Path_) -> None:
    for key, child in value.items():
        here = (*path, key)
        target = _get(merged.value, path)
        if child is None and path:
            _delete(merged, here)
        elif isinstance(child, dict) and isinstance(target.get(key), dict) and key not in _CHOICES:
            _merge_into(merged, over, child, here)
        else:
            if key in target:
                _delete(merged, here)
            target[key] = copy.deepcopy(child)
            merged.places.update(subtree(over.places, here))


def _override(source: Source, text: str) -> Source:
    """Apply one ``path.to.key=value``."""
    where = f"--set {text.partition('=')[0]}"
    dotted, equals, given = text.partition("=")
    if not equals or not dotted:
        raise SuiteError([Problem(f"--set {text}", "write it as key.key=value, for example cell.training.epochs=2.")])
    value = parse(given, where).value if given.strip() else None
    result = Source(copy.deepcopy(source.value), dict(source.places))
    steps: list[str | int] = []
    target = result.value
    names = dotted.split(".")
    for position, name in enumerate(names):
        step: str | int = int(name) if isinstance(target, list) and name.lstrip("-").isdigit() else name
        last = position == len(names) - 1
        if isinstance(target, list) and not (isinstance(step, int) and 0 <= step < len(target)):
            raise SuiteError([Problem(where, f"'{name}' is no index of the list {'.'.join(names[:position])}.")])
        if not isinstance(target, dict | list):
            raise SuiteError([Problem(where, f"{'.'.join(names[:position])} is a single value and has no '{name}'.")])
        if isinstance(target, dict) and not last and target.get(name) is None:
            target[name] = {}
        steps.append(step)
        if last:
            _put(target, step, value)
        else:
            target = target[step]  # type: ignore[index]
    for path in subtree(result.places, tuple(steps)):
        del result.places[path]
    result.places[tuple(steps)] = where
    return result


def _put(target: Any, step: str | int, value: Any) -> None:
    if value is None and isinstance(target, dict):
        target.pop(step, None)
    else:
        target[step] = value


def _get(value: Any, path: Path_) -> Any:
    for step in path:
        value = value[step]
    return value


def _delete(source: Source, path: Path_) -> None:
    _get(source.value, path[:-1]).pop(path[-1], None)
    for key in subtree(source.places, path):
        del source.places[key]
