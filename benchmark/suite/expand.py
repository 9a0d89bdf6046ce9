"""The matrix: from the values of each axis to cells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from math import prod
from typing import Any

from benchmark.exceptions import did_you_mean
from benchmark.plugin.registry import ComponentSpec
from benchmark.settings import SETTINGS
from benchmark.suite.cell import Cell, CellSpec, Corrupted, Evaluation
from benchmark.suite.corrupt import Corrupt, corrupted_sets
from benchmark.suite.paths import PATH_KEYS, check_path, is_path, with_parameter
from benchmark.suite.source import KeyPath
from benchmark.suite.values import ORIGINAL, Checker, Other, Own, Value, content_key

KEYS = (
    "dataset", "audio", "duplicates", "clips", "split", "features", "augmentation", "model", "training", "evaluate",
    "metrics", "seed", "fold", "training_size",
)  # fmt: skip
REQUIRED = ("dataset", "features", "model")
DEFAULTS: dict[str, Any] = {
    "audio": ORIGINAL, "duplicates": None, "clips": None, "split": {}, "augmentation": "none", "training": {},
    "evaluate": ["test"], "metrics": ["top1", "top2", "macro-f1"], "seed": 0, "fold": None,
    "training_size": 1,
}  # fmt: skip
MAX_CELLS = 1_000_000
Axes = Mapping[str, tuple[Value, ...]]


def read_axes(checker: Checker, matrix: Mapping[str, Any], cell: Mapping[str, Any]) -> Axes:
    """Return the checked values of each axis; an axis is a cell's key, or one setting."""
    axes: dict[str, tuple[Value, ...]] = {}
    for axis, raw in matrix.items():
        path = ("matrix", axis)
        if not _check_axis_name(checker, axis, path):
            continue
        _check_only_place(checker, axis, matrix, cell)
        if not isinstance(raw, list) or not raw:
            checker.problem(path, f"the axis '{axis}' is a list of at least one value, found {raw!r}.")
            continue
        values = [read_axis_value(checker, axis, each, (*path, index)) for index, each in enumerate(raw)]
        axes[axis] = tuple(value for value in values if value is not None)
        _check_distinct(checker, axis, axes[axis])
    return axes


def read_axis_value(checker: Checker, axis: str, raw: Any, path: KeyPath) -> Value | None:
    """Return one checked value of an axis; one of a setting may be ``{value: …, label: …}``."""
    key, dot, name = axis.partition(".")
    if not dot:
        return checker.value(key, raw, path)
    label, is_setting = None, key in SETTINGS
    if isinstance(raw, dict) and raw.keys() == {"value", "label"}:
        label, raw, path = checker.label(raw["label"], path), raw["value"], (*path, "value")
    text = "none" if raw is None else str(raw).lower() if isinstance(raw, bool) else str(raw)
    if isinstance(raw, dict):
        text = ", ".join(f"{setting}={each}" for setting, each in raw.items())
    # Of a component's parameter the cell decides: another model may have another one of that name.
    known = not is_setting or checker.setting(key, name, raw, path)
    return Value(label or text, raw, path) if known else None


def _check_axis_name(checker: Checker, axis: str, path: KeyPath) -> bool:
    key, dot, name = axis.partition(".")
    if axis in KEYS or (key in SETTINGS and name in SETTINGS[key].model_fields) or is_path(axis):
        return True
    if dot and key in SETTINGS:
        checker.unknown(path, f"'{key}' has no setting", name, list(SETTINGS[key].model_fields))
    else:
        if dot and key in PATH_KEYS:
            example = "augmentation.frequency-mask.width" if key == "augmentation" else f"{key}.width"
            checker.problem(path, f"'{axis}' cannot be an axis: a parameter is named as in '{example}'.")
            return False
        fields = [f"{group}.{each}" for group, kind in SETTINGS.items() for each in kind.model_fields]
        near_or_all = did_you_mean(axis, [*KEYS, *fields] if dot else KEYS)
        checker.problem(path, f"'{axis}' cannot be an axis.{near_or_all}")
    return False


def _check_only_place(
    checker: Checker, axis: str, matrix: Mapping[str, Any], cell: Mapping[str, Any]
) -> None:
    key, dot, name = axis.partition(".")
    path = ("matrix", axis)
    settings = cell.get(key)
    fixed = name in settings if dot and isinstance(settings, dict) else axis in cell
    if fixed:
        other = checker.source.place(("cell", *axis.split(".")))
        checker.problem(path, f"'{axis}' is an axis here and has a fixed value too, at {other}; remove one.")
    if is_path(axis):
        check_path(checker, axis, cell, path)
    elif dot and key in matrix:
        other = checker.source.place(("matrix", key))
        checker.problem(path, f"'{axis}' is an axis here and a part of the axis '{key}' too, at {other}.")


def _check_distinct(checker: Checker, axis: str, values: tuple[Value, ...]) -> None:
    labels: dict[str, Value] = {}
    contents: dict[str, Value] = {}
    for value in values:
        same_label = labels.setdefault(value.label, value)
        same_content = contents.setdefault(content_key(value.value), value)
        if same_content is not value:
            how = "" if same_content.label == value.label else " in all but its label"
            place = checker.source.place(same_content.path)
            checker.problem(
                value.path,
                f"on axis '{axis}', '{value.label}' is the same as '{same_content.label}' at {place}{how}.",
            )
        elif same_label is not value:
            place = checker.source.place(same_label.path)
            checker.problem(
                value.path,
                f"two values of axis '{axis}' are labelled '{value.label}', the other at {place}; "
                "give each a 'label' of its own.",
            )


class Expander:
    """Makes cells from the values of axes; what cells share is one object, so that 100,000 are cheap."""

    def __init__(self, checker: Checker, fixed: Mapping[str, Any], cell: Mapping[str, Any]) -> None:
        self._checker = checker
        self._fixed = fixed
        self._cell = cell
        # By identity of their parts, which are kept here so that no other object gets the same one.
        self._settings: dict[tuple[int, ...], tuple[Any, Any]] = {}
        self._evaluations: dict[tuple[int, int], tuple[Any, Any]] = {}
        self._parameters: dict[tuple[int, int], tuple[Any, Any]] = {}
        self._folds: dict[tuple[int, int | None], Any] = {}
        self._datasets: dict[str, ComponentSpec] = {}

    def cells(self, axes: Axes) -> Iterator[Cell]:
        """Yield the cells of the cross-product of ``axes``, the last axis varying fastest."""
        count = prod(len(values) for values in axes.values())
        if count > MAX_CELLS:
            message = f"the axes have {count:,} combinations, and a suite at most {MAX_CELLS:,}."
            self._checker.problem(("matrix",), message)
            return
        for values in product(*axes.values()):
            chosen = dict(zip(axes, values, strict=True))
            spec = self._spec(chosen)
            if spec is not None:
                yield Cell({axis: value.label for axis, value in chosen.items()}, spec)

    def _spec(self, chosen: Mapping[str, Value]) -> CellSpec | None:
        parts = dict(self._fixed)
        single: dict[str, list[tuple[str, Value]]] = {}
        paths: list[tuple[str, Value]] = []
        for axis, value in chosen.items():
            key, dot, name = axis.partition(".")
            if is_path(axis):
                paths.append((axis, value))
            elif dot:
                single.setdefault(key, []).append((name, value))
            else:
                parts[key] = value.value
        for key, changes in single.items():
            parts[key] = self._changed(key, changes)
            if parts[key] is None:
                return None
        for axis, value in paths:
            key = axis.partition(".")[0]
            parts[key] = self._with_parameter(parts[key], axis, value)
            if parts[key] is None:
                return None
        parts["evaluate"], parts["corrupted"] = self._resolved(parts["evaluate"], parts["dataset"], chosen)
        self._check_fold(parts["split"], parts["fold"], chosen)
        self._check_validation(parts["split"], parts["evaluate"], parts["training"], chosen)
        self._check_training_size(parts["split"], parts["training_size"], chosen)
        return None if parts["evaluate"] is None else CellSpec(**parts)

    def _with_parameter(self, part: Any, axis: str, value: Value) -> Any:
        memo = (id(part), id(value))
        if memo not in self._parameters:
            self._parameters[memo] = ((part, value), with_parameter(self._checker, part, axis, value))
        return self._parameters[memo][1]

    def _changed(self, key: str, changes: list[tuple[str, Value]]) -> Any:
        """Return the settings of the cell with single ones changed by axes."""
        memo = tuple(id(value) for _, value in changes)
        if memo not in self._settings:
            raw = {name: value for name, value in (self._cell.get(key) or {}).items() if name != "label"}
            raw |= {name: value.value for name, value in changes}
            self._settings[memo] = (changes, self._checker.settings(key, raw, changes[0][1].path))
        return self._settings[memo][1]

    def _resolved(self, evaluate: Any, dataset: ComponentSpec, chosen: Mapping[str, Value]) -> Any:
        """Return the evaluation sets, and those of them that are corrupted."""
        memo = (id(evaluate), id(dataset))
        if memo not in self._evaluations:
            self._check_name(dataset, _path("dataset", chosen))
            clean = [each for each in evaluate if not isinstance(each, Corrupt)]
            found = [self._evaluation(each, dataset) for each in clean]
            labels = [each.label for each in found if each]
            for index, label in enumerate(labels):
                if label in labels[:index]:
                    message = f"two evaluation sets are called '{label}'; give one a 'label', or remove it."
                    self._checker.problem(clean[index].path, message)
            resolved = (
                (None, ()) if None in found else (tuple(found), self._corrupted(evaluate, found, dataset))
            )
            self._evaluations[memo] = ((evaluate, dataset), resolved)
        return self._evaluations[memo][1]

    def _corrupted(
        self, evaluate: Any, found: Sequence[Evaluation | None], dataset: ComponentSpec
    ) -> tuple[Corrupted, ...]:
        """Return the sets that are corrupted; a part of the cell's own dataset goes by several names."""
        names: dict[str, Evaluation] = {}
        for each in found:
            if each is not None:
                names[each.label] = each
                own = (each.part, f"{dataset.name}:{each.part}") if each.dataset is None else ()
                names |= dict.fromkeys(own, each)
        entries = [each for each in evaluate if isinstance(each, Corrupt)]
        return corrupted_sets(self._checker, entries, names)

    def _evaluation(self, each: Own | Other, dataset: ComponentSpec) -> Evaluation | None:
        if isinstance(each, Own):
            if each.name in (None, dataset.name, dataset.label):
                return Evaluation(f"{dataset.label}:{each.part}", None, each.part)
            message = (
                f"'{each.name}:{each.part}' is a part of another dataset than the cell's own, which is "
                f"'{dataset.label}'. Write '{each.part}' for a part of the cell's own dataset, and "
                f"'{each.name}' for the whole of another one."
            )
        elif content_key(each.dataset) == content_key(dataset):
            message = (
                f"'{each.dataset.label}' is what the cell is trained on, so it cannot be evaluated whole. "
                f"Write '{dataset.label}:test' for its test part."
            )
        else:
            self._check_name(each.dataset, each.path)
            return Evaluation(each.dataset.label, each.dataset, "all")
        self._checker.problem(each.path, message)
        return None

    def _check_name(self, dataset: ComponentSpec, path: KeyPath) -> None:
        """Refuse two datasets that tables could not tell apart."""
        other = self._datasets.setdefault(dataset.label, dataset)
        if other is not dataset and content_key(other) != content_key(dataset):
            self._checker.problem(path, f"two datasets are called '{dataset.label}'; give one a 'label'.")

    def _check_fold(self, split: Any, fold: int | None, chosen: Mapping[str, Value]) -> None:
        if (id(split), fold) in self._folds:
            return
        self._folds[id(split), fold] = split
        path = _path("fold", chosen)
        if fold is None and split.folds is not None:
            folds = ", ".join(map(str, range(split.folds)))
            message = f"with 'folds' each cell needs a fold: put 'fold: [{folds}]' into the matrix."
            self._checker.problem(_path("split", chosen, "folds"), message)
        elif fold is not None and split.folds is None:
            message = "'fold' is given, and the split has no 'folds': give 'folds: 5', say."
            self._checker.problem(path, message)
        elif fold is not None and fold >= split.folds:
            message = f"there is no fold {fold}: the {split.folds} folds are 0 to {split.folds - 1}."
            self._checker.problem(path, message)

    def _check_training_size(self, split: Any, size: float | None, chosen: Mapping[str, Value]) -> None:
        if size is not None and split.augment == "before":
            message = (
                "'training_size' takes a share of the training part, and with 'augment: before' copies of all tracks "
                "are trained on: augment after the split."
            )
            self._checker.problem(_path("training_size", chosen), message)

    def _check_validation(
        self, split: Any, evaluate: Any, training: Any, chosen: Mapping[str, Value]
    ) -> None:
        if split.strategy == "predefined" or split.fractions[1]:
            return
        if any(each.part == "validation" for each in evaluate or ()):
            message = "'validation' cannot be evaluated: the split's fractions give it nothing."
            self._checker.problem(_path("evaluate", chosen), message)
        if training.early_stopping is not None:
            message = (
                "early stopping looks at the validation part, and the split's fractions give it nothing."
            )
            self._checker.problem(_path("training", chosen, "early_stopping"), message)


def _path(key: str, chosen: Mapping[str, Value], setting: str = "") -> KeyPath:
    """Return where the value of a cell's key, or of a setting of it, stands."""
    if setting and f"{key}.{setting}" in chosen:
        return chosen[f"{key}.{setting}"].path
    path = chosen[key].path if key in chosen else ("cell", key)
    return (*path, setting) if setting else path
