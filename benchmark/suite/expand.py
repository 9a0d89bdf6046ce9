"""The matrix: from the values of each axis to cells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from benchmark.exceptions import did_you_mean
from benchmark.suite.cell import Cell, CellSpec, Evaluation
from benchmark.suite.source import Path_
from benchmark.suite.values import SETTINGS, Checker, Other, Own, Value, same

KEYS = (
    "dataset", "clips", "split", "features", "augmentation", "model", "training", "evaluate", "metrics", "seed", "fold",
)  # fmt: skip
REQUIRED = ("dataset", "features", "model")
DEFAULTS: dict[str, Any] = {
    "clips": None, "split": {}, "augmentation": "none", "training": {}, "evaluate": ["test"],
    "metrics": ["top1", "top2", "macro-f1"], "seed": 0, "fold": None,
}  # fmt: skip
Axes = Mapping[str, tuple[Value, ...]]


def read_axes(checker: Checker, matrix: Any, cell: Mapping[str, Any]) -> dict[str, tuple[Value, ...]]:
    """Return the checked values of each axis; an axis is a cell's key, or ``training.epochs`` and the like."""
    axes: dict[str, tuple[Value, ...]] = {}
    for name, raw in matrix.items():
        path = ("matrix", name)
        key, dot, _ = name.partition(".")
        if key not in KEYS or (dot and key not in SETTINGS):
            fields = [f"{group}.{each}" for group, kind in SETTINGS.items() for each in kind.model_fields]
            checker.problem(path, f"'{name}' cannot be an axis." + did_you_mean(name, [*KEYS, *fields]))
            continue
        if (not dot and name in cell) or (dot and name.partition(".")[2] in (cell.get(key) or {})):
            other = checker.source.place(("cell", *name.split(".")))
            checker.problem(path, f"'{name}' is an axis here and is given under 'cell' too ({other}).")
        if dot and key in matrix:
            checker.problem(path, f"'{name}' is an axis, and all of '{key}' is one too: an axis is named twice.")
        if not isinstance(raw, list) or not raw:
            checker.problem(path, f"the axis '{name}' is a list of at least one value, found {raw!r}.")
            continue
        values = [read_axis_value(checker, name, each, (*path, index), cell) for index, each in enumerate(raw)]
        _check_distinct(checker, name, values, path)
        axes[name] = tuple(value for value in values if value is not None)
    return axes


def read_axis_value(checker: Checker, axis: str, raw: Any, path: Path_, cell: Mapping[str, Any]) -> Value | None:
    """Return one checked value of an axis."""
    key, dot, name = axis.partition(".")
    if not dot:
        return checker.value(key, raw, path)
    given = raw
    if isinstance(raw, dict) and set(raw) == {"label", "value"}:
        given = raw["value"]
    base = cell.get(key) if isinstance(cell.get(key), dict) else {}
    before = len(checker.problems)
    checker.settings(key, {**base, name: given}, path)
    label = str(raw["label"]) if given is not raw else str(given)
    return Value(label, given) if len(checker.problems) == before else None


def _check_distinct(checker: Checker, axis: str, values: list[Value | None], path: Path_) -> None:
    for index, value in enumerate(values):
        for earlier, other in enumerate(values[:index]):
            if value is None or other is None:
                continue
            first = checker.source.place((*path, earlier))
            if value.label == other.label:
                checker.problem(
                    (*path, index),
                    f"two values of axis '{axis}' are labelled '{value.label}' (the other: {first}): give one a "
                    "label of its own.",
                )
            elif same(value.value, other.value):
                checker.problem(
                    (*path, index), f"'{value.label}' is the same as '{other.label}' ({first}) in all but its label."
                )


@dataclass
class Expander:
    """Makes cells from one value per axis; equal parts of cells are one object, so that 100,000 are cheap."""

    checker: Checker
    fixed: Mapping[str, Any]
    cell: Mapping[str, Any]
    _settings: dict[Any, Any] = field(default_factory=dict)
    _evaluations: dict[Any, Any] = field(default_factory=dict)
    _folds: set[Any] = field(default_factory=set)

    def cells(self, axes: Axes) -> Iterable[Cell]:
        """Yield the cells of the cross-product of ``axes``, the last axis varying fastest."""
        names = list(axes)
        for values in product(*axes.values()):
            labels = {name: value.label for name, value in zip(names, values, strict=True)}
            chosen = dict(zip(names, values, strict=True))
            spec = self._spec(chosen)
            if spec is not None:
                yield Cell(labels, spec)

    def _spec(self, chosen: Mapping[str, Value]) -> CellSpec | None:
        parts = dict(self.fixed)
        dotted: dict[str, dict[str, Any]] = {}
        for name, value in chosen.items():
            key, dot, setting = name.partition(".")
            if dot:
                dotted.setdefault(key, {})[setting] = value.value
            else:
                parts[key] = value.value
        for key, changes in dotted.items():
            parts[key] = self._changed(key, changes)
        parts["evaluate"] = self._resolved(parts["evaluate"], parts["dataset"])
        self._check_fold(parts["split"], parts["fold"])
        if any(parts[key] is None for key in ("evaluate", "split", "training")):
            return None
        return CellSpec(**parts)

    def _changed(self, key: str, changes: dict[str, Any]) -> Any:
        memo = (key, repr(changes))
        if memo not in self._settings:
            raw = {**(self.cell.get(key) or {}), **changes}
            raw.pop("label", None)
            self._settings[memo] = self.checker.settings(key, raw, ("matrix", f"{key}.{next(iter(changes))}"))
        return self._settings[memo]

    def _check_fold(self, split: Any, fold: int | None) -> None:
        if split is None or (id(split), fold) in self._folds:
            return
        self._folds.add((id(split), fold))
        path: Path_ = ("matrix", "fold") if "fold" not in self.cell else ("cell", "fold")
        if fold is None and split.folds is not None:
            folds = f"[0, …, {split.folds - 1}]"
            self.checker.problem(("cell", "split"), f"'folds' is given without 'fold': put 'fold: {folds}' into the matrix.")
        elif fold is not None and split.folds is None:
            self.checker.problem(path, "'fold' is given, and the split has no 'folds'.")
        elif fold is not None and fold >= split.folds:
            self.checker.problem(path, f"there is no fold {fold}: with {split.folds} folds they are 0 to {split.folds - 1}.")

    def _resolved(self, evaluate: Any, dataset: Any) -> Any:
        memo = (id(evaluate), id(dataset))
        if memo not in self._evaluations:
            found = [self._evaluation(each, dataset) for each in evaluate]
            labels = [each.label for each in found if each]
            for label in {label for label in labels if labels.count(label) > 1}:
                self.checker.problem(("cell", "evaluate"), f"two evaluation sets are called '{label}': give one a label.")
            self._evaluations[memo] = None if None in found else tuple(found)
        return self._evaluations[memo]

    def _evaluation(self, each: Own | Other, dataset: Any) -> Evaluation | None:
        if isinstance(each, Own):
            if each.name not in (None, dataset.name, dataset.label):
                self._place(
                    each.where,
                    f"'{each.name}:{each.part}' is a part of another dataset than the cell's, which is "
                    f"'{dataset.label}'; another dataset is evaluated whole. Write '{each.part}' for the cell's own.",
                )
                return None
            return Evaluation(f"{dataset.label}:{each.part}", None, each.part)
        if same(each.dataset, dataset):
            self._place(
                each.where,
                f"'{dataset.label}' is what the cell is trained on: evaluate its part, '{dataset.label}:test'.",
            )
            return None
        return Evaluation(each.dataset.label, each.dataset, "all")

    def _place(self, where: str, message: str) -> None:
        from benchmark.exceptions import Problem

        problem = Problem(where, message)
        if problem not in self.checker.problems:
            self.checker.problems.append(problem)


def excluded(checker: Checker, raw: Any, axes: Axes, cells: list[Cell]) -> list[Cell]:
    """Return the cells that no entry of ``exclude`` matches."""
    kept = cells
    for index, entry in enumerate(_entries(checker, "exclude", raw)):
        path = ("exclude", index)
        wanted = _labels_of(checker, entry, axes, path)
        if wanted is None:
            continue
        remaining = [
            cell for cell in kept if not all(cell.labels.get(axis) in labels for axis, labels in wanted.items())
        ]
        if len(remaining) == len(kept):
            checker.problem(path, "this excludes no cell.")
        kept = remaining
    return kept


def included(checker: Checker, raw: Any, axes: Axes, expander: Expander, cells: list[Cell]) -> list[Cell]:
    """Return the cells that ``include`` adds: each entry is a matrix of its own, over the axes that it leaves out."""
    present = {tuple(cell.labels.items()) for cell in cells}
    added = []
    for index, entry in enumerate(_entries(checker, "include", raw)):
        path = ("include", index)
        chosen: dict[str, tuple[Value, ...]] = dict(axes)
        for axis, value in entry.items():
            if axis not in axes:
                checker.problem((*path, axis), f"'{axis}' is no axis." + did_you_mean(axis, list(axes)))
                continue
            known = {known.label: known for known in axes[axis]}
            if not isinstance(value, dict | list) and str(value) in known:
                chosen[axis] = (known[str(value)],)
                continue
            read = read_axis_value(checker, axis, value, (*path, axis), expander.cell)
            if read is not None and read.label in known and not same(read.value, known[read.label].value):
                checker.problem((*path, axis), f"axis '{axis}' has another value labelled '{read.label}'.")
            chosen[axis] = (read,) if read is not None else ()
        for cell in expander.cells(chosen):
            labels = tuple(cell.labels.items())
            if labels not in present:
                present.add(labels)
                added.append(cell)
    return added


def _entries(checker: Checker, key: str, raw: Any) -> list[dict[str, Any]]:
    if raw is None:
        return []
    if not isinstance(raw, list):
        checker.problem((key,), f"'{key}' is a list of mappings from axes to values, found {raw!r}.")
        return []
    for index, entry in enumerate(raw):
        if not isinstance(entry, dict) or not entry:
            checker.problem((key, index), f"an entry of '{key}' is a mapping from axes to values, found {entry!r}.")
    return [entry if isinstance(entry, dict) else {} for entry in raw]


def _labels_of(checker: Checker, entry: dict[str, Any], axes: Axes, path: Path_) -> dict[str, set[str]] | None:
    before = len(checker.problems)
    wanted: dict[str, set[str]] = {}
    for axis, raw in entry.items():
        if axis not in axes:
            checker.problem((*path, axis), f"'{axis}' is no axis." + did_you_mean(axis, list(axes)))
            continue
        labels = [str(each) for each in (raw if isinstance(raw, list) else [raw])]
        known = [value.label for value in axes[axis]]
        for label in labels:
            if label not in known:
                message = f"axis '{axis}' has no value labelled '{label}'." + did_you_mean(label, known)
                checker.problem((*path, axis), message)
        wanted[axis] = set(labels)
    return wanted if wanted and len(checker.problems) == before else None
