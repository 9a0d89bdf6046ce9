"""From the plain values of a suite to checked ones: components, recipes, settings, evaluation sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from benchmark.exceptions import PluginError, Problem, did_you_mean
from benchmark.plugin.component import Kind
from benchmark.plugin.parameters import check_parameters
from benchmark.plugin.registry import ComponentSpec, Registry
from benchmark.suite.cell import Chain, Part
from benchmark.suite.settings import ClipSettings, Settings, SplitSettings, TrainingSettings
from benchmark.suite.source import Path_, Source

COMPONENTS: dict[str, Kind] = {"dataset": "dataset", "features": "features", "model": "model"}
SETTINGS: dict[str, type[Settings]] = {"split": SplitSettings, "training": TrainingSettings, "clips": ClipSettings}
PARTS = tuple(part for part in get_args(Part) if part != "all")
Recipe = tuple[Chain, ...]


@dataclass(frozen=True)
class Value:
    """A checked value of a cell's key, and how tables call it."""

    label: str
    value: Any


@dataclass(frozen=True)
class Own:
    """A part of the cell's own dataset, as an evaluation set; ``name`` is None if none was written."""

    name: str | None
    part: Part
    where: str


@dataclass(frozen=True)
class Other:
    """Another dataset, taken whole, as an evaluation set."""

    dataset: ComponentSpec
    where: str


class Checker:
    """Checks values against the registry and the settings; collects every problem with its place.

    Methods return None for a value that has a problem, and go on.
    """

    def __init__(self, registry: Registry, source: Source, folder: Path) -> None:
        self.registry = registry
        self.source = source
        self.folder = folder
        self.problems: list[Problem] = []

    def problem(self, path: Path_, message: str) -> None:
        """Note that something is wrong at ``path``."""
        found = Problem(self.source.place(path), message)
        if found not in self.problems:
            self.problems.append(found)

    def value(self, key: str, raw: Any, path: Path_) -> Value | None:
        """Return the checked value of a cell's ``key``."""
        if key in COMPONENTS:
            return self._component_value(COMPONENTS[key], raw, path)
        if key == "augmentation":
            return self._recipe(raw, path)
        if key in SETTINGS:
            return self._settings_value(key, raw, path)
        if key == "evaluate":
            return self._evaluate(raw, path)
        if key == "metrics":
            return self._metrics(raw, path)
        if isinstance(raw, int) and not isinstance(raw, bool) and raw >= 0:
            return Value(str(raw), raw)
        self.problem(path, f"'{key}' is a whole number from 0, found {raw!r}.")
        return None

    def component(self, kind: Kind, raw: Any, path: Path_) -> ComponentSpec | None:
        """Return a component: a name, or one name with parameters, and perhaps a label."""
        parts = self._name_and_parameters(kind, raw, path)
        if parts is None:
            return None
        name, given, label = parts
        below = (*path, name) if isinstance(raw, dict) else path
        try:
            offer = self.registry.offer(kind, name)
            checked, problems = check_parameters(offer.component, given)
        except PluginError as error:
            self.problem(below, str(error))
            return None
        for problem in problems:
            self.problem((*below, *problem.path), problem.message)
        if problems:
            return None
        return ComponentSpec(kind, name, offer.source.version, checked, label or name)

    def settings(self, key: str, raw: Any, path: Path_) -> Any:
        """Return the settings of ``split``, ``training`` or ``clips``."""
        kind = SETTINGS[key]
        if not isinstance(raw, dict):
            self.problem(path, f"'{key}' is a mapping of settings, found {raw!r}.")
            return None
        try:
            made = kind.model_validate(raw)
        except ValidationError as error:
            for detail in error.errors():
                self._settings_problem(key, kind, detail, path)
            return None
        return self._with_files(made, path) if isinstance(made, SplitSettings) else made

    def _settings_problem(self, key: str, kind: type[Settings], detail: Any, path: Path_) -> None:
        name = str(detail["loc"][0]) if detail["loc"] else ""
        if detail["type"] == "extra_forbidden" and len(detail["loc"]) == 1:
            message = f"'{key}' has no setting '{name}'." + did_you_mean(name, list(kind.model_fields))
        elif detail["type"] == "missing":
            message = f"'{key}' needs '{name}'."
        else:
            said = detail["msg"].removeprefix("Value error, ")
            message = f"'{name}': {said[0].lower()}{said[1:]}, found {detail['input']!r}."
        self.problem((*path, *detail["loc"]), message)

    def _with_files(self, split: SplitSettings, path: Path_) -> SplitSettings | None:
        if not split.files:
            return split
        if split.strategy != "predefined":
            self.problem((*path, "files"), "list files belong to 'strategy: predefined'.")
            return None
        files = {}
        for side, name in split.files.items():
            file = (self.folder / name).resolve()
            if not file.is_file():
                self.problem((*path, "files", side), f"there is no list file {file}.")
            files[side] = str(file)
        return split.model_copy(update={"files": files})

    def _settings_value(self, key: str, raw: Any, path: Path_) -> Value | None:
        if raw is None and key == "clips":
            return Value("whole tracks", None)
        label = None
        if isinstance(raw, dict) and "label" in raw:
            raw = dict(raw)
            label = self._label(raw.pop("label"), path)
        made = self.settings(key, raw, path)
        if made is None:
            return None
        return Value(label or ", ".join(f"{name}={value}" for name, value in raw.items()) or "default", made)

    def _component_value(self, kind: Kind, raw: Any, path: Path_) -> Value | None:
        spec = self.component(kind, raw, path)
        if spec is None:
            return None
        if kind == "dataset":
            dataset: Any = self.registry.offer("dataset", spec.name).component
            if dataset.role == "test":
                self.problem(
                    path, f"dataset '{spec.name}' is for testing only and cannot be trained on: put it into 'evaluate'."
                )
                return None
        return Value(spec.label, spec)

    def _name_and_parameters(self, kind: Kind, raw: Any, path: Path_) -> tuple[str, dict[str, Any], str | None] | None:
        if isinstance(raw, str):
            return raw, {}, None
        if isinstance(raw, dict):
            names = [name for name in raw if name != "label"]
            if len(names) == 1 and (raw[names[0]] is None or isinstance(raw[names[0]], dict)):
                label = self._label(raw["label"], path) if "label" in raw else None
                return names[0], raw[names[0]] or {}, label
            if len(names) == 1:
                self.problem((*path, names[0]), f"the parameters of '{names[0]}' are a mapping, found {raw[names[0]]!r}.")
                return None
        self.problem(path, f"a {kind} is a name, or one name with its parameters (and a label), found {raw!r}.")
        return None

    def _label(self, raw: Any, path: Path_) -> str | None:
        if isinstance(raw, str | int | float) and str(raw).strip() and not isinstance(raw, bool):
            return str(raw).strip()
        self.problem((*path, "label"), f"a label is text, found {raw!r}.")
        return None

    def _recipe(self, raw: Any, path: Path_) -> Value | None:
        label = None
        uses, below = raw, path
        if isinstance(raw, dict) and "use" in raw:
            for name in raw:
                if name not in ("use", "label"):
                    self.problem((*path, name), f"a recipe has no key '{name}'." + did_you_mean(name, ["use", "label"]))
            label = self._label(raw["label"], path) if "label" in raw else None
            uses, below = raw["use"], (*path, "use")
        if uses is None or uses == "none":
            uses = []
        listed = isinstance(uses, list)
        chains = []
        for index, use in enumerate(uses if listed else [uses]):
            chains.append(self._chain(use, (*below, index) if listed else below))
        if any(chain is None for chain in chains):
            return None
        recipe: Recipe = tuple(chain for chain in chains if chain is not None)
        name = "+".join(step.label for chain in recipe for step in chain) or "none"
        return Value(label or name, recipe)

    def _chain(self, raw: Any, path: Path_) -> Chain | None:
        steps = raw if isinstance(raw, list) else [raw]
        if not steps:
            self.problem(path, "a chain of augmentations needs at least one.")
        made = [
            self.component("augmentation", step, (*path, index) if isinstance(raw, list) else path)
            for index, step in enumerate(steps)
        ]
        return None if not made or None in made else tuple(spec for spec in made if spec is not None)

    def _evaluate(self, raw: Any, path: Path_) -> Value | None:
        if not isinstance(raw, list) or not raw:
            self.problem(path, f"'evaluate' is a list of at least one evaluation set, found {raw!r}.")
            return None
        made = [self._evaluation(each, (*path, index)) for index, each in enumerate(raw)]
        if None in made:
            return None
        return Value(", ".join(str(each) for each in raw), tuple(made))

    def _evaluation(self, raw: Any, path: Path_) -> Own | Other | None:
        where = self.source.place(path)
        if isinstance(raw, str):
            if raw in PARTS:
                return Own(None, raw, where)  # type: ignore[arg-type]
            name, colon, part = raw.rpartition(":")
            if colon:
                if part not in PARTS:
                    self.problem(path, f"'{raw}': a dataset has no part '{part}'." + did_you_mean(part, PARTS))
                    return None
                return Own(name, part, where)  # type: ignore[arg-type]
        spec = self.component("dataset", raw, path)
        return Other(spec, where) if spec else None

    def _metrics(self, raw: Any, path: Path_) -> Value | None:
        if not isinstance(raw, list) or not raw:
            self.problem(path, f"'metrics' is a list of at least one metric, found {raw!r}.")
            return None
        made = [self.component("metric", each, (*path, index)) for index, each in enumerate(raw)]
        labels = [spec.label for spec in made if spec]
        for index, label in enumerate(labels):
            if label in labels[:index]:
                self.problem((*path, index), f"two metrics are called '{label}': give one a label.")
        return None if None in made else Value(", ".join(labels), tuple(made))


def same(first: Any, second: Any) -> bool:
    """Whether two values differ in nothing but their labels."""
    return _without_labels(first) == _without_labels(second)


def _without_labels(value: Any) -> Any:
    if isinstance(value, ComponentSpec):
        return (value.kind, value.name, value.version, _without_labels(value.parameters))
    if isinstance(value, Other):
        return _without_labels(value.dataset)
    if isinstance(value, Own):
        return (value.name, value.part)
    if isinstance(value, tuple):
        return tuple(_without_labels(each) for each in value)
    if isinstance(value, Mapping):
        return dict(value)
    return value
