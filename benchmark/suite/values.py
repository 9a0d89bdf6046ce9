"""From the plain values of a suite to checked ones: components, recipes, settings, evaluation sets."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import ConfigDict, TypeAdapter, ValidationError

from benchmark.exceptions import PluginError, PluginFailure, Problem, did_you_mean, nearest
from benchmark.plugin.augmentation import chain_problem
from benchmark.plugin.component import Component, Kind, Parts
from benchmark.plugin.declared import check_declared
from benchmark.plugin.parameters import AbsentFile, check_parameters, map_parts, parameters_of
from benchmark.plugin.registry import ComponentSpec, Registry
from benchmark.settings import SETTINGS, Settings, SplitSettings, TrainingShare
from benchmark.suite.cell import REPEATED, Chain
from benchmark.suite.source import KeyPath, PlacedValue
from benchmark.validation import sentence

COMPONENTS: dict[str, Kind] = {"dataset": "dataset", "features": "features", "model": "model"}
ORIGINAL = "original"
# What it is called that there are no such settings.
ABSENT = {"clips": "whole tracks", "duplicates": "kept"}
OwnPart = Literal["validation", "test"]
TrainingSize: TypeAdapter[float] = TypeAdapter(TrainingShare, config=ConfigDict(defer_build=True))
PARTS: tuple[OwnPart, ...] = get_args(OwnPart)


@dataclass(frozen=True)
class Value:
    """A checked value of a cell's key, how tables call it, and where it stands."""

    label: str
    value: Any
    path: KeyPath


@dataclass(frozen=True)
class Own:
    """A part of the cell's own dataset, as an evaluation set; ``name`` is None if none was written."""

    name: str | None
    part: OwnPart
    path: KeyPath


@dataclass(frozen=True)
class Other:
    """Another dataset, taken whole, as an evaluation set."""

    dataset: ComponentSpec
    path: KeyPath


class Checker:
    """Checks values against the registry and the settings; collects every problem with its place.

    Methods return None for a value that has a problem, and go on.
    """

    def __init__(
        self, registry: Registry, source: PlacedValue, folder: Path, *, needs_files: bool = True
    ) -> None:
        self.registry = registry
        self.source = source
        self.problems: list[Problem] = []
        # By the whole path, in the order in which they are named.
        self.absent_files: dict[str, None] = {}
        self.needs_files = needs_files
        self._folder = folder

    def problem(self, path: KeyPath, message: str) -> None:
        """Note that something is wrong at ``path``; the same thing is noted once."""
        found = Problem(str(self.source.place(path)), message)
        if found not in self.problems:
            self.problems.append(found)

    def unknown(self, path: KeyPath, what: str, found: str, allowed: list[str]) -> None:
        """Note that ``found`` is not among ``allowed``, with the nearest of them."""
        self.problem(path, f"{what} '{found}'.{did_you_mean(found, allowed)}")

    def value(self, key: str, raw: Any, path: KeyPath) -> Value | None:
        """Return the checked value of a cell's ``key``."""
        if key in COMPONENTS:
            return self._component_value(COMPONENTS[key], raw, path)
        if key in SETTINGS:
            return self._settings_value(key, raw, path)
        if key in REPEATED:
            return self._number(key, raw, path)
        if key == "training_size":
            return self._training_size(raw, path)
        read = {
            "audio": self._audio,
            "augmentation": self._recipe,
            "evaluate": self._evaluate,
            "metrics": self._metrics,
        }
        return read[key](raw, path)

    def component(self, kind: Kind, raw: Any, path: KeyPath) -> ComponentSpec | None:
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
        placed = self._with_places(offer.component, checked, below)
        if problems or placed is None:
            return None
        whole = self._with_parts(offer.component, placed, below)
        if whole is None:
            return None
        spec = offer.spec(whole, label)
        return None if self._create(spec, below) is None else spec

    def settings(self, key: str, raw: Any, path: KeyPath) -> Any:
        """Return the settings of a key of ``SETTINGS``."""
        if not isinstance(raw, dict):
            self.problem(path, f"'{key}' is a mapping of settings, found {raw!r}.")
            return None
        try:
            made = SETTINGS[key].model_validate(raw)
        except ValidationError as error:
            for detail in error.errors():
                self._settings_problem(key, detail, (*path, *detail["loc"]))
            return None
        return self._with_files(made, path) if isinstance(made, SplitSettings) else made

    def setting(self, key: str, name: str, raw: Any, path: KeyPath) -> bool:
        """Check one setting by itself; return whether it is right."""
        try:
            SETTINGS[key].model_validate({name: raw})
        except ValidationError as error:
            found = [detail for detail in error.errors() if detail["loc"][0] == name]
            for detail in found:
                self._settings_problem(key, detail, (*path, *detail["loc"][1:]))
            return not found
        return True

    def label(self, raw: Any, path: KeyPath) -> str | None:
        """Return the text of a label: one line."""
        if isinstance(raw, str | int | float) and not isinstance(raw, bool) and str(raw).strip():
            return " ".join(str(raw).split())
        self.problem((*path, "label"), f"a label is text, found {raw!r}.")
        return None

    def _create(self, spec: ComponentSpec, path: KeyPath) -> Any:
        """Return an instance, or None where parameters that are right one by one do not go together."""
        try:
            made = spec.create(self.registry)
        except PluginError as error:
            why = error.refusal if isinstance(error, PluginFailure) else str(error)
            self.problem(path, f"{spec.kind} '{spec.name}' refuses its parameters: {why}")
            return None
        try:
            # What depends on a file is not known where the file is not there.
            if self.needs_files:
                check_declared(made)
        except PluginError as error:
            self.problem(path, str(error))
            return None
        return made

    def _settings_problem(self, key: str, detail: Any, path: KeyPath) -> None:
        key, kind, name = _owner(key, SETTINGS[key], detail["loc"])
        if detail["type"] == "extra_forbidden":
            self.unknown(path, f"'{key}' has no setting", name, list(kind.model_fields))
        elif detail["type"] == "missing":
            self.problem(path, f"'{key}' needs '{name}'.")
        else:
            self.problem(path, sentence(name, detail))

    def _with_files(self, split: SplitSettings, path: KeyPath) -> Settings | None:
        if not split.files:
            return split
        if split.strategy != "predefined":
            self.problem((*path, "files"), "list files belong to 'strategy: predefined'.")
            return None
        files = {side: self._file(name, (*path, "files", side)) for side, name in split.files.items()}
        return split.model_copy(update={"files": {side: file for side, file in files.items() if file}})

    def _with_places(
        self, component: type[Component], parameters: Mapping[str, Any], path: KeyPath
    ) -> dict[str, Any] | None:
        """Return the parameters with whole paths of files, or None if there is none at one of them."""
        known = parameters_of(component)
        named = {
            name: self._file(value, (*path, name), folder=known[name].may_be_folder)
            for name, value in parameters.items()
            if name in known and known[name].is_file(value)
        }
        return None if None in named.values() else {**parameters, **named}

    def _with_parts(
        self, component: type[Component], parameters: Mapping[str, Any], path: KeyPath
    ) -> dict[str, Any] | None:
        """Return the parameters with the components that are its parts, or None if one of them has a problem."""
        known = parameters_of(component)
        whole = dict(parameters)
        found: list[ComponentSpec | None] = []
        for name, value in parameters.items():
            mark = known[name].mark if name in known else None
            if isinstance(mark, Parts):
                whole[name] = map_parts(value, partial(self._part, mark.kind, (*path, name)))
                map_parts(whole[name], lambda part, _: found.append(part))
        return None if None in found else whole

    def _part(self, kind: Kind, path: KeyPath, raw: Any, place: tuple[int, ...]) -> ComponentSpec | None:
        return self.component(kind, raw, (*path, *place))

    def _file(self, name: str, path: KeyPath, *, folder: bool = False) -> str | None:
        """Return the whole path of a file (or ``folder``), given from the place of the suite file that names it."""
        place = self.source.place(path)
        base = self._folder if place.line is None else Path(place.name).resolve().parent
        file = base / os.path.expanduser(name)  # of an unknown user it makes nothing, where pathlib raises
        if file.is_file() or (folder and file.is_dir()):
            return str(file.resolve())
        if not self.needs_files:
            self.absent_files[str(file)] = None
            return AbsentFile(file)
        where = "" if Path(name).is_absolute() else f" in {base}"
        self.problem(path, f"there is no file {'or folder ' if folder else ''}{name!r}{where}.")
        return None

    def _settings_value(self, key: str, raw: Any, path: KeyPath) -> Value | None:
        if raw is None and key in ABSENT:
            return Value(ABSENT[key], None, path)
        label = None
        if isinstance(raw, dict):
            label = self.label(raw["label"], path) if "label" in raw else None
            raw = {name: value for name, value in raw.items() if name != "label"}
        made = self.settings(key, raw, path)
        if made is None:
            return None
        written = ", ".join(f"{name}={value}" for name, value in raw.items())
        return Value(label or written or "default", made, path)

    def _number(self, key: str, raw: Any, path: KeyPath) -> Value | None:
        if isinstance(raw, int) and not isinstance(raw, bool) and raw >= 0:
            return Value(str(raw), raw, path)
        self.problem(path, f"'{key}' is a whole number from 0, found {raw!r}.")
        return None

    def _training_size(self, raw: Any, path: KeyPath) -> Value | None:
        """Return a share of the training part; all of it is None, which is what cells without this key have."""
        try:
            found = TrainingSize.validate_python(raw)
        except ValidationError:
            message = f"'training_size' is a share above 0 and up to 1, such as 0.25 or 25 %, found {raw!r}."
            self.problem(path, message)
            return None
        return Value(str(raw), None if found == 1 else float(found), path)

    def _component_value(self, kind: Kind, raw: Any, path: KeyPath) -> Value | None:
        spec = self.component(kind, raw, path)
        if spec is None:
            return None
        component: Any = self.registry.offer(kind, spec.name).component
        if kind == "dataset" and component.role == "test":
            self.problem(
                path,
                f"dataset '{spec.name}' is for testing only and cannot be trained on; 'evaluate' it.",
            )
            return None
        return Value(spec.label, spec, path)

    def _audio(self, raw: Any, path: KeyPath) -> Value | None:
        """Return a format, or None for the audio as it is, which may have a label too."""
        if raw == ORIGINAL:
            return Value(ORIGINAL, None, path)
        if (
            isinstance(raw, dict)
            and raw.get(ORIGINAL, True) in (None, {})
            and raw.keys() <= {ORIGINAL, "label"}
        ):
            label = self.label(raw["label"], path) if "label" in raw else ORIGINAL
            return None if label is None else Value(label, None, path)
        if isinstance(raw, str) and not self.registry.knows("audio", raw) and not self.registry.unopened:
            self.unknown(path, "there is no audio", raw, [ORIGINAL, *self.registry.names("audio")])
            return None
        return self._component_value("audio", raw, path)

    def _name_and_parameters(
        self, kind: Kind, raw: Any, path: KeyPath
    ) -> tuple[str, dict[str, Any], str | None] | None:
        if isinstance(raw, str):
            return raw, {}, None
        names = [name for name in raw if name != "label"] if isinstance(raw, dict) else []
        if len(names) != 1:
            shape = "a name, or one name with its parameters (and a 'label')"
            self.problem(path, f"a component (here: {kind}) is {shape}; found {raw!r}.")
            return None
        (name,) = names
        given = {} if raw[name] is None else raw[name]
        if not isinstance(given, dict):
            self.problem((*path, name), f"the parameters of '{name}' are a mapping, found {given!r}.")
            return None
        return name, given, self.label(raw["label"], path) if "label" in raw else None

    def _recipe(self, raw: Any, path: KeyPath) -> Value | None:
        label = None
        uses, below = raw, path
        if isinstance(raw, dict) and "use" in raw:
            for name in raw.keys() - {"use", "label"}:
                self.unknown((*path, name), "a recipe has no key", name, ["use", "label"])
            label = self.label(raw["label"], path) if "label" in raw else None
            uses, below = raw["use"], (*path, "use")
        if uses is None or uses == "none":
            uses = []
        listed = isinstance(uses, list)
        chains: list[Chain] = []
        whole = True
        for index, use in enumerate(uses if listed else [uses]):
            chain = self._chain(use, (*below, index) if listed else below)
            whole = whole and chain is not None
            chains.append(chain or ())
        name = "+".join(step.label for chain in chains for step in chain) or "none"
        return Value(label or name, tuple(chains), path) if whole else None

    def _chain(self, raw: Any, path: KeyPath) -> Chain | None:
        if raw == []:
            self.problem(path, "a chain of augmentations needs at least one.")
            return None
        if isinstance(raw, list):
            made = [self.component("augmentation", step, (*path, index)) for index, step in enumerate(raw)]
        else:
            made = [self.component("augmentation", raw, path)]
        steps = tuple(spec for spec in made if spec is not None)
        if len(steps) < len(made):
            return None
        known = [spec for spec in steps if self.registry.knows("augmentation", spec.name)]
        problem = chain_problem([(spec.label, spec.create(self.registry)) for spec in known])
        if problem:
            self.problem(path, problem)
        return None if problem else steps

    def _evaluate(self, raw: Any, path: KeyPath) -> Value | None:
        if not isinstance(raw, list) or not raw:
            self.problem(path, f"'evaluate' is a list of at least one evaluation set, found {raw!r}.")
            return None
        made = [self._evaluation(each, (*path, index)) for index, each in enumerate(raw)]
        if None in made:
            return None
        labels = [
            each.dataset.label if isinstance(each, Other) else str(raw[i]) for i, each in enumerate(made)
        ]
        return Value(", ".join(labels), tuple(made), path)

    def _evaluation(self, raw: Any, path: KeyPath) -> Own | Other | None:
        name, colon, part = raw.rpartition(":") if isinstance(raw, str) else ("", "", "")
        if colon or part in PARTS:
            for known in PARTS:
                if part == known:
                    return Own(name or None, known, path)
            self.unknown(path, f"'{raw}': a dataset has no part", part, list(PARTS))
            return None
        if isinstance(raw, str) and raw not in self.registry.names("dataset") and nearest(raw, PARTS):
            self.unknown(path, "there is no evaluation set", raw, [*PARTS, *self.registry.names("dataset")])
            return None
        spec = self.component("dataset", raw, path)
        return Other(spec, path) if spec else None

    def _metrics(self, raw: Any, path: KeyPath) -> Value | None:
        if not isinstance(raw, list) or not raw:
            self.problem(path, f"'metrics' is a list of at least one metric, found {raw!r}.")
            return None
        made = [self.component("metric", each, (*path, index)) for index, each in enumerate(raw)]
        labels = [spec.label if spec else "" for spec in made]
        for index, label in enumerate(labels):
            if label and label in labels[:index]:
                self.problem((*path, index), f"two metrics are called '{label}'; give one a label.")
        return None if None in made else Value(", ".join(labels), tuple(made), path)


def _owner(key: str, kind: type[Settings], where: Any) -> tuple[str, type[Settings], str]:
    """Return the innermost settings that a place is in, what they are called, and the name of the setting."""
    name, *rest = map(str, where)
    field = kind.model_fields.get(name)
    inner = [each for each in get_args(field.annotation) if _is_settings(each)] if field and rest else []
    return _owner(name, inner[0], rest) if inner else (key, kind, name)


def _is_settings(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Settings)


def content_key(value: Any) -> str:
    """Return a text that two checked values share only if they differ in nothing but labels and places."""
    return json.dumps(value, sort_keys=True, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, ComponentSpec):
        return value.key
    if isinstance(value, Other):
        return value.dataset
    if isinstance(value, Own):
        return [value.name, value.part]
    return value.model_dump(exclude=set(value.decoration)) if isinstance(value, Settings) else repr(value)
