"""Components and settings as a suite writes them, checked against plugins; every problem with its place."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import ValidationError

from benchmark.exceptions import PluginError, PluginFailure, Problem, did_you_mean
from benchmark.plugin.component import Component, Kind, Parts
from benchmark.plugin.declared import check_declared
from benchmark.plugin.parameters import AbsentFile, check_parameters, map_parts, parameters_of
from benchmark.plugin.registry import ComponentSpec, Registry
from benchmark.settings import SETTINGS, Settings, SplitSettings
from benchmark.suite.source import KeyPath, PlacedValue
from benchmark.validation import sentence

AnySettings = TypeVar("AnySettings", bound=Settings)


class ComponentChecker:
    """Checks components and settings of a suite; collects every problem with its place.

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
        problem = Problem(str(self.source.place(path)), message)
        if problem not in self.problems:
            self.problems.append(problem)

    def unknown(self, path: KeyPath, what: str, given: str, allowed: list[str]) -> None:
        """Note that ``given`` is not among ``allowed``, with the nearest of them."""
        self.problem(path, f"{what} '{given}'.{did_you_mean(given, allowed)}")

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
        made = self.validated(f"'{key}'", SETTINGS[key], raw, path)
        return self._with_files(made, path) if isinstance(made, SplitSettings) else made

    def validated(
        self,
        what: str,
        kind: type[AnySettings],
        raw: Any,
        path: KeyPath,
        own_words: Callable[[Any], str] = lambda detail: "",
    ) -> AnySettings | None:
        """Return settings of a ``kind``, which messages call ``what``; None where something is wrong with them.

        ``own_words`` may say one of pydantic's error details better.
        """
        try:
            return kind.model_validate(raw)
        except ValidationError as error:
            for detail in error.errors():
                below = (*path, *detail["loc"])
                said = own_words(detail)
                if said:
                    self.problem(below, said)
                else:
                    self._wrong_setting(what, kind, detail, below)
        return None

    def setting(self, key: str, name: str, raw: Any, path: KeyPath) -> bool:
        """Check one setting by itself; return whether it is right."""
        try:
            SETTINGS[key].model_validate({name: raw})
        except ValidationError as error:
            details = [detail for detail in error.errors() if detail["loc"][0] == name]
            for detail in details:
                self._wrong_setting(f"'{key}'", SETTINGS[key], detail, (*path, *detail["loc"][1:]))
            return not details
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

    def _wrong_setting(self, what: str, kind: type[Settings], detail: Any, path: KeyPath) -> None:
        """Note one of pydantic's error details about settings, which messages call ``what``."""
        what, kind, name = _owner(what, kind, detail["loc"])
        if detail["type"] == "extra_forbidden":
            self.unknown(path, f"{what} has no setting", name, list(kind.model_fields))
        elif detail["type"] == "missing":
            self.problem(path, f"{what} needs '{name}'.")
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
        parts: list[ComponentSpec | None] = []
        for name, value in parameters.items():
            mark = known[name].mark if name in known else None
            if isinstance(mark, Parts):
                whole[name] = map_parts(value, partial(self._part, mark.kind, (*path, name)))
                map_parts(whole[name], lambda part, _: parts.append(part))
        return None if None in parts else whole

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


def _owner(what: str, kind: type[Settings], where: Any) -> tuple[str, type[Settings], str]:
    """Return the innermost settings that a place is in, what they are called, and the name of the setting."""
    name, *rest = map(str, where)
    field = kind.model_fields.get(name)
    inner = list(filter(_is_settings, get_args(field.annotation))) if field and rest else []
    return _owner(f"'{name}'", inner[0], rest) if inner else (what, kind, name)


def _is_settings(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Settings)
