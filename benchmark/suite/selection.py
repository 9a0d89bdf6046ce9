"""``exclude`` and ``include``: cells taken out of the cross-product, and cells added to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmark.suite.cell import Cell
from benchmark.suite.expand import Axes, Expander, read_axis_value
from benchmark.suite.source import KeyPath
from benchmark.suite.values import Checker, Value, content_key

Exclusion = tuple[KeyPath, dict[str, set[str]]]


def read_exclude(checker: Checker, raw: Any, axes: Axes) -> list[Exclusion]:
    """Return, for each entry, where it stands and the labels that a cell must have to be excluded by it."""
    exclusions: list[Exclusion] = []
    for path, entry in _entries(checker, "exclude", raw, axes):
        wanted: dict[str, set[str]] = {}
        for axis, given in entry.items():
            labels = [str(label) for label in (given if isinstance(given, list) else [given])]
            known = [value.label for value in axes[axis]]
            for label in labels:
                if label not in known:
                    checker.unknown((*path, axis), f"axis '{axis}' has no value labelled", label, known)
            wanted[axis] = set(labels)
        exclusions.append((path, wanted))
    return exclusions


def excluded(checker: Checker, exclusions: Sequence[Exclusion], cells: list[Cell]) -> list[Cell]:
    """Return the cells that no exclusion matches; one that matches none is a problem."""
    for path, wanted in exclusions:
        kept = [
            cell for cell in cells if not all(cell.labels[axis] in labels for axis, labels in wanted.items())
        ]
        if len(kept) == len(cells):
            checker.problem(
                path, "this excludes no cell: the entries before it took out all that it matches."
            )
        cells = kept
    return cells


def read_include(checker: Checker, raw: Any, axes: Axes) -> list[Axes]:
    """Return, for each entry, a matrix of its own, over the axes that it leaves out."""
    known = {axis: {value.label: value for value in values} for axis, values in axes.items()}
    matrices: list[Axes] = []
    for path, entry in _entries(checker, "include", raw, axes):
        chosen = dict(axes)
        for axis, given in entry.items():
            value = _included_value(checker, axis, given, (*path, axis), known[axis])
            chosen[axis] = (value,) if value is not None else ()
        matrices.append(chosen)
    return matrices


def included(matrices: Sequence[Axes], expander: Expander, cells: Sequence[Cell]) -> list[Cell]:
    """Return the cells of ``matrices`` that are not among ``cells``."""
    present = {tuple(cell.labels.values()) for cell in cells}
    added: list[Cell] = []
    for matrix in matrices:
        for cell in expander.cells(matrix):
            labels = tuple(cell.labels.values())
            if labels not in present:
                present.add(labels)
                added.append(cell)
    return added


def _included_value(
    checker: Checker, axis: str, given: Any, path: KeyPath, known: dict[str, Value]
) -> Value | None:
    """Return the value of ``axis`` that ``given`` names by its label, or a new one, then ``known``."""
    if not isinstance(given, dict | list) and str(given) in known:
        return known[str(given)]
    value = read_axis_value(checker, axis, given, path)
    if value is None:
        return None
    content = content_key(value.value)
    same = next((other for other in known.values() if content_key(other.value) == content), None)
    if same is not None:
        if isinstance(given, dict) and "label" in given and value.label != same.label:
            place = checker.source.place(same.path)
            checker.problem(
                path, f"'{value.label}' is the same as '{same.label}' at {place} in all but its label."
            )
        return same
    if value.label in known:
        place = checker.source.place(known[value.label].path)
        checker.problem(
            path,
            f"axis '{axis}' has another value labelled '{value.label}', at {place}; "
            "give this one a 'label' of its own.",
        )
    return known.setdefault(value.label, value)


def _entries(checker: Checker, key: str, raw: Any, axes: Axes) -> list[tuple[KeyPath, dict[str, Any]]]:
    """Return the entries of a list of mappings from axes to something, and where each stands."""
    if raw is None:
        return []
    if not isinstance(raw, list):
        checker.problem((key,), f"'{key}' is a list of mappings from axes to values, found {raw!r}.")
        return []
    entries: list[tuple[KeyPath, dict[str, Any]]] = []
    for index, entry in enumerate(raw):
        path = (key, index)
        if not isinstance(entry, dict) or not entry:
            checker.problem(path, f"an entry of '{key}' is a mapping from axes to values, found {entry!r}.")
            continue
        for axis in entry.keys() - axes.keys():
            checker.unknown((*path, axis), "there is no axis", axis, list(axes))
        known = {axis: given for axis, given in entry.items() if axis in axes}
        if known:
            entries.append((path, known))
    return entries
