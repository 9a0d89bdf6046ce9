"""A component's keyword-only parameters as a schema: checked, documented, exported as JSON Schema."""

from __future__ import annotations

import hashlib
import inspect
import re
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

from pydantic import ConfigDict, PydanticSchemaGenerationError, TypeAdapter, ValidationError

from benchmark.exceptions import PluginError, did_you_mean
from benchmark.plugin.border import calling
from benchmark.plugin.component import Component, File, Later, Location, Parts
from benchmark.validation import sentence

REQUIRED = inspect.Parameter.empty
_STRICT = ConfigDict(strict=True)
Mark = Location | File | Later | Parts
# Stands in identities for what cannot be known here; nothing that a suite can say is equal to it.
UNKNOWN = "\0unknown"
_FILE_IDENTITY = re.compile("sha256:[0-9a-f]{16}")


class AbsentFile(str):
    """The place of a file that is not there: of a suite that is only to be reported on."""

    __slots__ = ()


@dataclass(frozen=True)
class Parameter:
    """One keyword-only parameter: ``default`` is ``REQUIRED`` where there is none."""

    name: str
    annotation: Any
    default: Any

    @cached_property
    def _adapter(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.annotation, config=_STRICT)

    @property
    def required(self) -> bool:
        """Whether a suite must give it."""
        return self.default is REQUIRED

    @property
    def is_location(self) -> bool:
        """Whether it says where something lies, and so is no part of an identity."""
        return isinstance(self.mark, Location)

    def is_file(self, value: Any) -> bool:
        """Whether ``value`` names a file, whose place a suite gives from its own."""
        return any(isinstance(mark, File) and mark.is_file(value) for mark in self._marks)

    @property
    def may_be_folder(self) -> bool:
        """Whether a value that names a file may name a folder as well."""
        return any(isinstance(mark, File) and mark.folder for mark in self._marks)

    @cached_property
    def mark(self) -> Mark | None:
        """What it is marked as that decides how it counts: as no part of an identity before anything else."""
        for kind in (Location, Later, File, Parts):
            for mark in self._marks:
                if isinstance(mark, kind):
                    return Later(self.default) if isinstance(mark, Later) else mark
        return None

    @property
    def _marks(self) -> tuple[Any, ...]:
        """What its annotation is marked with; the bare class will do as a mark."""
        marks = get_args(self.annotation)[1:] if get_origin(self.annotation) is Annotated else ()
        return tuple(mark() if mark in (Location, File, Later) else mark for mark in marks)

    @property
    def type_text(self) -> str:
        """The type as a person would write it."""
        return _type_text(self.annotation)

    def validate(self, value: Any) -> Any:
        """Return ``value`` as checked by its type; raises pydantic's ``ValidationError``."""
        return self._adapter.validate_python(value)

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of its values, default included."""
        schema = self._adapter.json_schema()
        return schema if self.required else {**schema, "default": self.default}


@dataclass(frozen=True)
class ParameterProblem:
    """What is wrong with given parameters, and at which path below them."""

    path: tuple[str | int, ...]
    message: str


def parameters_of(component: type[Component]) -> Mapping[str, Parameter]:
    """Return the parameters of a component class by name, in the order of its signature.

    Raises:
        PluginError: when a parameter has no annotation or one that cannot be checked.
    """
    return _parameters_of(component)  # type: ignore[arg-type]


@cache
def _parameters_of(component: Any) -> Mapping[str, Parameter]:
    function = component.parameters_from()
    if function is object.__init__:
        return {}
    keyword_only = [
        parameter
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    ]
    hints = _hints(component, function, [parameter.name for parameter in keyword_only])
    annotated = [
        parameter.replace(annotation=hints.get(parameter.name, REQUIRED)) for parameter in keyword_only
    ]
    return {parameter.name: _read(component, parameter) for parameter in annotated}


def _read(component: type[Component], parameter: inspect.Parameter) -> Parameter:
    if parameter.annotation is inspect.Parameter.empty:
        raise PluginError(
            f"{component.kind} '{component.name}': parameter '{parameter.name}' has no type annotation; "
            "annotations are the parameter schema, so every keyword-only parameter needs one."
        )
    made = Parameter(parameter.name, parameter.annotation, parameter.default)
    try:
        _ = made._adapter
    except PydanticSchemaGenerationError as error:
        raise PluginError(
            f"{component.kind} '{component.name}': parameter '{parameter.name}' has a type that a suite "
            f"cannot express ({made.type_text}): {error.message}"
        ) from error
    return _with_checked_default(made)


def takes_further(component: type[Component]) -> bool:
    """Return whether values of its parameters decide which further parameters there are."""
    own: Any = component.further_parameters
    default: Any = Component.further_parameters
    return own.__func__ is not default.__func__


def _with_checked_default(parameter: Parameter) -> Parameter:
    """Return ``parameter`` with its default read like a given value, so that writing it changes nothing."""
    try:
        return replace(parameter, default=parameter.validate(parameter.default))
    except ValidationError:
        return parameter  # none given, or a value that stands for none and that no suite can give


def _hints(component: type[Component], function: Any, names: list[str]) -> dict[str, Any]:
    """Evaluate the annotations of these parameters only: others may name types not imported here."""
    written = {name: text for name, text in function.__annotations__.items() if name in names}
    holder = types.SimpleNamespace(__annotations__=written)
    try:
        return typing.get_type_hints(holder, globalns=function.__globals__, include_extras=True)
    except NameError as error:
        raise PluginError(
            f"{component.kind} '{component.name}': the annotation of a parameter uses {error.name!r}, which "
            "its module does not import (an import under TYPE_CHECKING is not enough)."
        ) from error


def check_parameters(
    component: type[Component], given: Mapping[str, Any]
) -> tuple[dict[str, Any], list[ParameterProblem]]:
    """Check given parameters against a component's signature.

    Returns:
        All parameters with defaults filled in, in the order of the signature, and what is wrong with them;
        the first is complete only if the second is empty.
    """
    parameters = parameters_of(component)
    checked, problems = _check(component, parameters, given)
    if takes_further(component):
        if problems:
            return checked, problems  # what else is given cannot be judged
        with calling(component, "further_parameters"):
            declared = component.further_parameters({**given, **checked})
        further = [_read(component, parameter) for parameter in declared]
        parameters = {**parameters, **{parameter.name: parameter for parameter in further}}
        checked, problems = _check(component, parameters, given)
    unknown = [
        ParameterProblem(
            (name,),
            f"{component.kind} '{component.name}' has no parameter '{name}'."
            + did_you_mean(str(name), list(parameters)),
        )
        for name in given
        if name not in parameters
    ]
    return checked, [*unknown, *problems]


def _check(
    component: type[Component], parameters: Mapping[str, Parameter], given: Mapping[str, Any]
) -> tuple[dict[str, Any], list[ParameterProblem]]:
    """Check the given ones of ``parameters``, whatever else is given."""
    problems: list[ParameterProblem] = []
    checked: dict[str, Any] = {}
    for name, parameter in parameters.items():
        if name not in given:
            if parameter.required:
                message = f"{component.kind} '{component.name}' needs '{name}' ({parameter.type_text})."
                problems.append(ParameterProblem((), message))
            else:
                checked[name] = parameter.default
            continue
        try:
            checked[name] = parameter.validate(given[name])
        except ValidationError as error:
            problems += [
                ParameterProblem((name, *_literal_path(detail["loc"], given[name])), sentence(name, detail))
                for detail in error.errors()
            ]
    return checked, problems


def marks_of(component: type[Component]) -> dict[str, Mark]:
    """Return which of a component's parameters are marked as locations, files or later ones.

    Raises:
        PluginError: as ``parameters_of``.
    """
    marks = {name: parameter.mark for name, parameter in parameters_of(component).items()}
    return {name: mark for name, mark in marks.items() if mark is not None}


def identity_parameters(
    owner: str, marks: Mapping[str, Mark], parameters: Mapping[str, Any]
) -> dict[str, Any]:
    """Return those parameters that can change a result: all but locations, and a hash in place of a file.

    ``owner`` is how errors call the component.

    Raises:
        PluginError: when a file cannot be read.
    """
    identities = {}
    for name, value in parameters.items():
        mark = marks.get(name)
        if isinstance(value, AbsentFile):
            identities[name] = UNKNOWN
        elif isinstance(mark, File) and mark.is_file(value):
            try:
                identities[name] = file_identity(Path(value))
            except OSError as error:
                raise PluginError(
                    f"{owner}: '{name}' names the file {value}, which cannot be read ({error.strerror})."
                ) from error
        elif isinstance(mark, Parts):
            identities[name] = map_parts(value, lambda part, _: part.identity())
        elif not isinstance(mark, Location) and not (isinstance(mark, Later) and mark.default == value):
            identities[name] = value
    return identities


def map_parts(value: Any, make: Callable[[Any, tuple[int, ...]], Any], path: tuple[int, ...] = ()) -> Any:
    """Return the value of a parameter marked ``Parts`` with each part ``make(part, path)``; lists in it stay lists."""
    if isinstance(value, list):
        return [map_parts(part, make, (*path, index)) for index, part in enumerate(value)]
    return make(value, path)


def file_identity(place: Path) -> str:
    """Return what stands in identities for a file, or for a folder of files.

    Raises:
        OSError: when it cannot be read.
    """
    return f"sha256:{_folder_content(place) if place.is_dir() else _content(place)}"


def is_file_identity(value: Any) -> bool:
    """Whether a recorded value is what ``file_identity`` gives."""
    return isinstance(value, str) and _FILE_IDENTITY.fullmatch(value) is not None


def _folder_content(folder: Path) -> str:
    """Return a hash of the names and contents of all files in a folder, and in those in it, but for hidden ones."""
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        name = file.relative_to(folder)
        if file.is_file() and not any(part.startswith(".") for part in name.parts):
            digest.update(f"{name.as_posix()}\0{_content(file)}\0".encode(errors="surrogateescape"))
    return digest.hexdigest()[:16]


def _content(file: Path) -> str:
    state = file.stat()
    return _hash(file, state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino)


@cache
def _hash(file: Path, size: int, modified: int, changed: int, inode: int) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()[:16]


def _type_text(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type_text(arguments[0])
    if origin is typing.Literal:
        return " | ".join(repr(choice) for choice in arguments)
    if origin in (typing.Union, types.UnionType):
        return " | ".join(_type_text(argument) for argument in arguments)
    if arguments:
        return f"{origin.__name__}[{', '.join(_type_text(argument) for argument in arguments)}]"
    return "None" if annotation is type(None) else getattr(annotation, "__name__", str(annotation))


def _literal_path(path: tuple[str | int, ...], value: Any) -> tuple[str | int, ...]:
    """Keep the leading part of pydantic's path that exists in the value (it adds names of union branches)."""
    kept: list[str | int] = []
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            break
        kept.append(step)
    return tuple(kept)
