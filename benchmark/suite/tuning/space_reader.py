"""Read the ``space`` of a ``tune`` block, and check it against every row of the suite."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from pydantic import ValidationError

from benchmark.exceptions import PluginError, did_you_mean
from benchmark.plugin.border import calling, described, type_name
from benchmark.plugin.model import Model
from benchmark.plugin.parameters import parameters_of
from benchmark.settings import SETTINGS
from benchmark.suite.cell import REPEATED, Cell, CellSpec
from benchmark.suite.expand import Axes
from benchmark.suite.source import KeyPath
from benchmark.suite.tuning.space import (
    TUNABLE,
    Dimension,
    changed_parts,
    components,
    own_values,
    refusal,
    split_path,
    tunable_values,
)
from benchmark.suite.values import Checker, content_key
from benchmark.validation import sentence

PATH = ("tune", "space")
RANGE = ("low", "high", "step", "log")
_FORM = "a parameter's space is a list of values, or {low: …, high: …} with perhaps 'step' or 'log: true'"


class SpaceReader:
    """Reads spaces of the rows of a suite, and notes every problem."""

    def __init__(self, checker: Checker, axes: Axes, cells: Sequence[Cell]) -> None:
        self._checker = checker
        self._axes = axes
        self._rows = list({cell.row: cell for cell in reversed(cells)}.values())[::-1]
        models = {cell.spec.model.name for cell in self._rows}
        offers = {name: checker.registry.offer("model", name).component for name in models}
        self.untrained = frozenset(name for name, model in offers.items() if not model.uses_training)  # type: ignore[attr-defined]

    def read(self, raw: Any) -> tuple[tuple[Dimension, ...], dict[str, tuple[Dimension, ...]]]:
        """Return the suite's space, or by model the spaces that the models bring."""
        before = len(self._checker.problems)
        space: tuple[Dimension, ...] = ()
        by_model: dict[str, tuple[Dimension, ...]] = {}
        if raw == "default":
            by_model = dict(self._of_models())
        elif not isinstance(raw, dict) or not raw:
            message = (
                f"'space' is a mapping from parameters to their spaces, or 'default'; {_FORM}; found {raw!r}."
            )
            self._checker.problem(PATH, message)
        else:
            space = tuple(self._dimensions(raw, self._rows, named=True))
        if len(self._checker.problems) == before:
            self._check_rows(space, by_model)
        return space, by_model

    def _of_models(self) -> Iterator[tuple[str, tuple[Dimension, ...]]]:
        by_model: dict[str, list[Cell]] = {}
        for cell in self._rows:
            by_model.setdefault(cell.spec.model.name, []).append(cell)
        brought = 0
        for name, rows in by_model.items():
            model: Any = self._checker.registry.offer("model", name).component
            raw = self._brought(model)
            brought += len(raw)
            yield name, tuple(self._dimensions(raw, rows, named=False))
        if not brought and self._checker.registry.unopened is None:
            models = ", ".join(by_model)
            self._checker.problem(
                PATH, f"none of the models brings a space of its own ({models}): give one here."
            )

    def _brought(self, model: type[Model]) -> Mapping[Any, Any]:
        """Return the space that a model brings; nothing where its code fails, which is a problem."""
        try:
            with calling(model, "space"):
                raw = model.space()
            if not isinstance(raw, Mapping):
                raise PluginError(
                    f"{described(model, 'space')}: space gave {type_name(raw)} instead of a mapping."
                )
        except PluginError as error:
            self._checker.problem(PATH, str(error))
            return {}
        return raw

    def _dimensions(
        self, raw: Mapping[Any, Any], rows: Sequence[Cell], *, named: bool
    ) -> Iterator[Dimension]:
        """Yield the dimensions that have no problem; ``named``: they stand in the suite by their names."""
        for name, given in raw.items():
            path: KeyPath = (*PATH, str(name)) if named else PATH
            owners = self._owners(str(name), rows, path)
            if not owners:
                continue
            before = len(self._checker.problems)
            dimension = self._dimension(str(name), given, owners, path)
            if dimension is not None and len(self._checker.problems) == before:
                self._check_owners(dimension, owners, path)
                yield dimension

    def _owners(self, name: str, rows: Sequence[Cell], path: KeyPath) -> list[Cell]:
        """Return the rows that have the parameter."""
        key, _, setting = split_path(name)
        if key not in TUNABLE:
            what = f"'{name}' cannot be tuned: only what begins with one of {', '.join(TUNABLE)} can."
            self._checker.problem(path, what)
            return []
        if name in self._axes or self._set_by_axis(key, setting):
            axis = name if name in self._axes else key
            place = self._checker.source.place(("matrix", axis))
            self._checker.problem(
                path, f"'{name}' is set by the axis '{axis}' at {place}, and cannot be tuned too."
            )
            return []
        owners = [cell for cell in rows if tunable_values(cell.spec, name, self.untrained)]
        # Of a plugin that was not loaded nobody knows what can be tuned: such rows are shown as they are.
        if not owners and self._checker.registry.unopened is None:
            self._checker.problem(path, self._ownerless(name, rows))
        return owners

    def _ownerless(self, name: str, rows: Sequence[Cell]) -> str:
        """Return why no row has a parameter."""
        key, _, setting = split_path(name)
        if key == "clips" and setting in SETTINGS[key].model_fields:
            return f"'{name}' cannot be tuned: no row has 'clips'."
        if key == "training" and setting in SETTINGS[key].model_fields:
            models = ", ".join(dict.fromkeys(cell.spec.model.name for cell in rows))
            return f"'{name}' cannot be tuned: settings of training mean nothing to these models ({models})."
        return f"no row has a parameter '{name}'.{did_you_mean(name, self._names(rows))}"

    def _set_by_axis(self, key: str, setting: str) -> bool:
        values = self._axes.get(key, ()) if key in SETTINGS else ()
        return any(value.value is not None and setting in value.value.model_fields_set for value in values)

    def _names(self, rows: Iterable[Cell]) -> list[str]:
        """Return what could be tuned in these rows."""
        names: dict[str, None] = {}
        if any(cell.spec.model.name not in self.untrained for cell in rows):
            names |= {f"training.{name}": None for name in SETTINGS["training"].model_fields}
        for spec in {id(cell.spec.model): cell.spec for cell in rows}.values():
            names |= {f"model.{name}": None for name in spec.model.parameters}
        for spec in {id(cell.spec.augmentation): cell.spec for cell in rows}.values():
            for step in (step for chain in spec.augmentation for step in chain):
                names |= {f"augmentation.{step.label}.{name}": None for name in step.parameters}
        for spec in {id(cell.spec.features): cell.spec for cell in rows}.values():
            names |= {f"features.{name}": None for name in spec.features.parameters}
        if any(cell.spec.clips for cell in rows):
            names |= {f"clips.{name}": None for name in SETTINGS["clips"].model_fields}
        return list(names)

    def _dimension(self, name: str, raw: Any, owners: Sequence[Cell], path: KeyPath) -> Dimension | None:
        if isinstance(raw, list) and raw:
            return self._choices(name, raw, owners, path)
        if isinstance(raw, dict) and "low" in raw and "high" in raw:
            return self._range(name, raw, owners, path)
        self._checker.problem(path, f"{_FORM}; found {raw!r}.")
        return None

    def _choices(self, name: str, raw: list[Any], owners: Sequence[Cell], path: KeyPath) -> Dimension:
        seen: dict[str, int] = {}
        for index, value in enumerate(raw):
            self._check_value(name, value, owners, (*path, index))
            if seen.setdefault(content_key(value), index) != index:
                self._checker.problem((*path, index), f"'{name}' has {value!r} twice.")
        return Dimension(name, choices=tuple(raw))

    def _range(
        self, name: str, raw: dict[str, Any], owners: Sequence[Cell], path: KeyPath
    ) -> Dimension | None:
        before = len(self._checker.problems)
        for key in raw.keys() - set(RANGE):
            self._checker.unknown((*path, key), "a range has no key", str(key), list(RANGE))
        low, high, step, log = (raw.get(key) for key in RANGE)
        for key, value in (("low", low), ("high", high), ("step", step)):
            if not (_is_number(value) or (key == "step" and value is None)):
                self._checker.problem((*path, key), f"'{key}' is a number, found {value!r}.")
        if log is not None and not isinstance(log, bool):
            self._checker.problem((*path, "log"), f"'log' is true or false, found {log!r}.")
        if len(self._checker.problems) > before:
            return None
        dimension = Dimension(name, low=raw["low"], high=raw["high"], step=step, log=bool(log))
        for problem in _range_problems(dimension):
            self._checker.problem(path, problem)
        for key in ("low", "high"):
            self._check_value(name, raw[key], owners, (*path, key))
        if len(self._checker.problems) > before:
            return None
        halfway = dimension.low + min(0.5, (dimension.high - dimension.low) / 2)
        whole = any(_complaints(cell.spec, name, halfway, self._checker) for cell in _distinct(owners, name))
        if whole and not all(
            isinstance(number, int) for number in (dimension.low, dimension.high, dimension.step or 1)
        ):
            self._checker.problem(path, f"'{name}' takes whole numbers only, and so does its range.")
        return replace(dimension, whole=whole)

    def _check_value(self, name: str, value: Any, owners: Sequence[Cell], path: KeyPath) -> None:
        """Note why a value is refused: by itself, or together with the row's other parameters."""
        parameter = split_path(name)[2]
        for cell in _distinct(owners, name):
            details = _complaints(cell.spec, name, value, self._checker)
            for detail in details:
                self._checker.problem(path, sentence(parameter, detail))
            if not details:
                changed = replace(
                    cell.spec, **changed_parts(cell.spec, {name: value}, self._checker.registry)
                )
                refused = refusal(changed, name, self._checker.registry)
                if refused:
                    self._checker.problem(path, f"{value!r} is refused: {refused}")

    def _check_owners(self, dimension: Dimension, owners: Sequence[Cell], path: KeyPath) -> None:
        """Refuse a space without the row's own value, which trial 0 has, or of which one name means two values."""
        for cell in owners:
            own = own_values(cell.spec, dimension.name)
            outside = next((value for value in own if not dimension.holds(value)), dimension)
            if outside is not dimension:
                self._checker.problem(
                    path,
                    f"'{dimension.name}' is {outside!r} in the row '{cell.label}', and the space does not hold it. A "
                    "study begins with the row as it is: let the space hold that value, or give the row another one.",
                )
                return
            if any(value != own[0] for value in own):
                values = " and ".join(map(repr, own))
                self._checker.problem(
                    path,
                    f"'{dimension.name}' is several parameters in the row '{cell.label}', {values}: give its "
                    "augmentations labels, and use those.",
                )
                return

    def _check_rows(self, space: Sequence[Dimension], by_model: Mapping[str, Sequence[Dimension]]) -> None:
        """Refuse rows without validation part, rows with a leak, and rows that tuning would make the same."""
        alike: dict[tuple[str, ...], Cell] = {}
        for cell in self._rows:
            varied = [*space, *by_model.get(cell.spec.model.name, ())]
            names = [
                dimension.name
                for dimension in varied
                if tunable_values(cell.spec, dimension.name, self.untrained)
            ]
            if not names:
                continue
            self._check_split(cell)
            other = alike.setdefault(_rest(cell.spec, names), cell)
            if other is not cell:
                self._checker.problem(
                    PATH,
                    f"the rows '{other.label}' and '{cell.label}' differ only in what is tuned "
                    f"({', '.join(names)}): leave one out, or do not tune it.",
                )

    def _check_split(self, cell: Cell) -> None:
        split = cell.spec.split
        if split.strategy != "predefined" and not split.fractions[1]:
            message = "values are chosen on the validation part, and the split's fractions give it nothing."
            self._checker.problem(("tune",), message)
        if split.augment == "before" and cell.spec.augmentation:
            message = (
                f"the row '{cell.label}' has 'augment: before', which trains on copies of held-out tracks: a study "
                "of it would see validation and test data. Leave it out, or augment after the split."
            )
            self._checker.problem(("tune",), message)


def _range_problems(dimension: Dimension) -> Iterator[str]:
    low, high, step = dimension.low, dimension.high, dimension.step
    if low >= high:
        yield f"the range of '{dimension.name}' is empty: 'low' ({low}) is to be below 'high' ({high})."
        return
    if dimension.log and low <= 0:
        yield f"'{dimension.name}' has a logarithmic scale, which begins above 0; 'low' is {low}."
    if dimension.log and step is not None:
        yield f"the range of '{dimension.name}' has a step or a logarithmic scale, and not both."
    if step is not None and step <= 0:
        yield f"the step of '{dimension.name}' is above 0, found {step}."
    elif step is not None and not dimension.log and not dimension.holds(high):
        yield f"the range of '{dimension.name}' is no whole number of steps: {low} to {high} by {step}."


def _complaints(spec: CellSpec, name: str, value: Any, checker: Checker) -> list[Any]:
    """Return pydantic's error details of a value of one parameter of a cell."""
    key, _, parameter = split_path(name)
    try:
        if key in SETTINGS:
            SETTINGS[key].model_validate({**getattr(spec, key).model_dump(), parameter: value})
        else:
            for component in components(spec, name):
                schema = parameters_of(checker.registry.offer(component.kind, component.name).component)
                if parameter in schema:
                    schema[parameter].validate(value)
    except ValidationError as error:
        return error.errors()
    return []


def _distinct(cells: Iterable[Cell], name: str) -> Iterable[Cell]:
    """Return one cell for each different part that a path is about."""
    key = split_path(name)[0]
    return {content_key(getattr(cell.spec, key)): cell for cell in cells}.values()


def _rest(spec: CellSpec, names: Sequence[str]) -> tuple[str, ...]:
    """Return a cell in text without the parameters ``names``."""
    parts = []
    for key in (field.name for field in fields(spec) if field.name not in ("metrics", *REPEATED)):
        paths = map(split_path, names)
        here = {(component, parameter) for top, component, parameter in paths if top == key}
        part = getattr(spec, key)
        parts.append(content_key(part) if not here else content_key(_without(part, here)))
    return tuple(parts)


def _without(part: Any, names: set[tuple[str, str]]) -> Any:
    if isinstance(part, tuple):
        return [
            [_without(step, {n for n in names if n[0] in (step.name, step.label)}) for step in c]
            for c in part
        ]
    left = {name for _, name in names}
    if hasattr(part, "parameters"):
        return [part.name, {name: value for name, value in part.parameters.items() if name not in left}]
    return {name: value for name, value in part.model_dump().items() if name not in left}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
