"""The suite language as JSON Schema, with the components of the installed plugins, for editors to complete."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from pydantic.errors import PydanticInvalidForJsonSchema

from benchmark.exceptions import PluginError
from benchmark.plugin.component import Component, Kind, Parts
from benchmark.plugin.parameters import Parameter, parameters_of, takes_further
from benchmark.plugin.registry import Registry
from benchmark.settings import SETTINGS, LeaderboardSettings, Settings
from benchmark.suite.expand import KEYS
from benchmark.suite.load import NAME_PATTERN, TOP
from benchmark.suite.paths import PATTERN
from benchmark.suite.tuning.searching import PRUNERS, SAMPLERS
from benchmark.suite.tuning.space import TUNABLE
from benchmark.suite.tuning.tune import TuneSettings
from benchmark.suite.values import ABSENT, ORIGINAL, PARTS

Schema = dict[str, Any]

_DESCRIPTIONS = {
    "name": "Name of the suite and of its results folder: letters, digits, '.', '_' and '-'.",
    "description": "What the suite is for, in words.",
    "extends": "Another suite, relative to this file, that this one builds on. A key set to null is taken away.",
    "cell": "What all cells have in common.",
    "matrix": "The axes: each is a list of values of a cell's key, or of one setting; their cross-product is run.",
    "include": "Cells beside the cross-product: values of some axes, combined with all values of the others.",
    "exclude": "Cells to leave out: labels of values of axes; a cell that has all of them is not run.",
    "leaderboard": "How rows are ordered and compared.",
    "reference": "What others reported for rows of this suite; tables show it beside what is measured.",
    "tune": "A study for each row: the values that are best on validation data are run beside the row as it is.",
    "dataset": "The recordings to train and test on.",
    "audio": "A format that the dataset's tracks are encoded in and decoded from first; 'original' leaves them.",
    "duplicates": "What becomes of tracks that are the same recording; null to look for none.",
    "clips": "Cut each track into clips; null for whole tracks.",
    "augmentation": "A recipe: 'none', one augmentation, a list of them, or {label, use}. An inner list is a chain.",
    "features": "What a waveform becomes before a model sees it.",
    "model": "What is trained.",
    "evaluate": "What trained models are evaluated on: 'test', 'validation', or another dataset.",
    "metrics": "What is measured on each evaluation set.",
    "seed": "What all random numbers are derived from.",
    "fold": "Which of the split's folds is the test part, from 0.",
    "training_size": "Share of the training part that is trained on; smaller shares are parts of larger ones.",
}
_LABEL: Schema = {"type": ["string", "number"], "description": "What tables call it."}
_NULL: Schema = {"type": "null"}


def suite_schema(registry: Registry) -> Schema:
    """Return the JSON Schema (draft 2020-12) of suite files.

    It takes every suite that loads. It is for completion and first checks: what it cannot say, such as that a
    label must exist or that fractions add up to 1, only ``load_suite`` checks.
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "genrebench suite",
        "type": "object",
        "additionalProperties": False,
        "properties": {key: {"description": _DESCRIPTIONS[key], **_top(key)} for key in TOP},
        "anyOf": [{"required": ["name"]}, {"required": ["extends"]}],
        "$defs": _definitions(registry),
    }


def _top(key: str) -> Schema:
    """Return the schema of a top-level key; null stands for its absence, and takes away what a base says."""
    values = {name: _reference(name) for name in _axis_names()}
    labels: Schema = {"type": ["string", "number"]}
    # Values of a component's parameter, by its path: which one it is depends on the suite.
    any_values, any_value, any_labels = (
        {PATTERN: each} for each in (_or_null(_list_of({})), {}, _one_or_more(labels))
    )
    shapes: dict[str, Schema] = {
        "name": {"type": "string", "pattern": f"^{NAME_PATTERN}$"},
        "extends": {"type": "string"},
        "description": {"type": ["string", "null"]},
        "cell": _object({key: _or_null(_reference(key)) for key in KEYS}, nullable=True),
        "matrix": _object({name: _or_null(_list_of(value)) for name, value in values.items()}, nullable=True)
        | {"patternProperties": any_values},
        "include": _or_null(
            _list_of(
                _object({n: {"anyOf": [value, labels]} for n, value in values.items()})
                | {"patternProperties": any_value}
            )
        ),
        "exclude": _or_null(
            _list_of(
                _object({name: _one_or_more(labels) for name in values}) | {"patternProperties": any_labels}
            )
        ),
        "leaderboard": _or_null({"$ref": "#/$defs/leaderboard"}),
        "tune": _or_null({"$ref": "#/$defs/tune"}),
        "reference": _or_null(
            _object(
                {
                    "source": {"type": "string", "description": "Who reported the values."},
                    "values": _list_of(
                        {"type": "object", "description": "Labels of axes, and set/metric: number."}
                    ),
                },
                ["source", "values"],
            )
        ),
    }
    return shapes[key]


def _definitions(registry: Registry) -> dict[str, Schema]:
    """Return what a cell's keys and single settings may be, by name."""
    use = {"$ref": "#/$defs/augmentations"}
    uses = _list_of(_one_or_more(use), empty=True)
    any_dataset = {"$ref": "#/$defs/datasets"}
    parts = {"enum": list(PARTS), "description": "A part of the cell's own dataset."}
    of_dataset = {"type": "string", "pattern": f":({'|'.join(PARTS)})$"}
    number = {"type": "integer", "minimum": 0}
    definitions: dict[str, Schema] = {
        "dataset": _component(registry, "dataset", role="train"),
        "datasets": _component(registry, "dataset"),
        "audio": {
            "anyOf": [
                {"const": ORIGINAL, "description": "The audio as it is."},
                _object({ORIGINAL: _object({}, nullable=True), "label": _LABEL}, [ORIGINAL]),
                _component(registry, "audio"),
            ]
        },
        "features": _component(registry, "features"),
        "model": _component(registry, "model"),
        "augmentations": _component(registry, "augmentation"),
        "augmentation": {
            "anyOf": [
                {"const": "none"},
                use,
                uses,
                _object({"label": _LABEL, "use": {"anyOf": [{"enum": ["none", None]}, use, uses]}}, ["use"]),
            ]
        },
        "evaluate": _list_of({"anyOf": [parts, of_dataset, any_dataset, _corrupt()]}),
        "corruption": _component(registry, "corruption"),
        "metrics": _list_of(_component(registry, "metric")),
        "seed": number,
        "fold": number,
        "training_size": {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
                {"type": "string", "pattern": "^ *[0-9]{1,3}(\\.[0-9]+)? ?% *$"},
            ]
        },
        "leaderboard": _settings(_unfolded(LeaderboardSettings.model_json_schema())),
        "tune": _tune(registry),
    }
    for key, kind in SETTINGS.items():
        definitions |= _settings_definitions(key, kind.model_json_schema())
    labels = {"type": "object", "additionalProperties": {"type": ["string", "number"]}}
    definitions["leaderboard"]["properties"] |= {
        "baseline": {"anyOf": [labels, _NULL]},
        "shown": {"anyOf": [_list_of(labels), _NULL]},
    }
    return definitions


def _corrupt() -> Schema:
    severity: Schema = {"type": "integer", "minimum": 1}
    wanted = _object(
        {
            "set": {"type": "string", "description": "Which of the evaluation sets; 'test' if not given."},
            "by": _one_or_more({"$ref": "#/$defs/corruption"}),
            "severity": _or_null(_one_or_more(severity)) | {"description": "All, if not given."},
        },
        ["by"],
    )
    return _object({"corrupt": wanted}, ["corrupt"]) | {
        "description": "An evaluation set whose tracks are worn on purpose, beside the clean one."
    }


def _tune(registry: Registry) -> Schema:
    number: Schema = {"type": "number"}
    bounds = _object(
        {"low": number, "high": number, "step": number, "log": {"type": "boolean"}}, ["low", "high"]
    )
    ranges = {"anyOf": [_list_of({}), bounds], "description": "A list of values, or a range."}
    space = {
        "type": "object",
        "propertyNames": {"pattern": rf"^({'|'.join(TUNABLE)})\."},
        "additionalProperties": _or_null(ranges),
        "description": "Parameters by path, as training.learning_rate or augmentation.time-mask.width.",
    }
    settings = _settings(TuneSettings.model_json_schema())["properties"]
    return _object(
        {
            "metric": {"anyOf": [{"type": "string"}, _component(registry, "metric")]},
            **{name: _or_null(each) for name, each in settings.items()},
            "sampler": _or_null(_search(SAMPLERS)),
            "pruner": _or_null(_search(PRUNERS)),
            "space": {"anyOf": [{"const": "default"}, space]},
        }
    )


def _search(kinds: Mapping[str, type[Settings]]) -> Schema:
    """Return the schema of a sampler or a pruner: its name, or one name with settings."""
    choices: list[Schema] = []
    for name, kind in kinds.items():
        schema = kind.model_json_schema()
        required = schema.get("required", [])
        description = {"description": inspect.getdoc(kind) or name}
        given = _object(
            _settings({"properties": {}, **schema})["properties"], required, nullable=not required
        )
        choices += [] if required else [{"const": name, **description}]
        choices.append(_object({name: given}, [name]) | description)
    return {"oneOf": choices}


def _component(registry: Registry, kind: Kind, role: str | None = None) -> Schema:
    """Return the schema of a component: its name, or one name with parameters and perhaps a label."""
    choices: list[Schema] = []
    for name in registry.names(kind):
        offers = registry.offers[kind][name]
        component: Any = offers[0].component
        if len(offers) > 1 or (role is not None and component.role != role):
            continue
        description = {"description": inspect.getdoc(component) or name}
        parameters = _parameters(component)
        needed = [parameter.name for parameter in parameters.values() if parameter.required]
        if not needed:
            choices.append({"const": name, **description})
        given = _object(
            {each.name: _values(each) for each in parameters.values()}, needed, nullable=not needed
        )
        if takes_further(component):
            given["additionalProperties"] = True
        choices.append(_object({name: given, "label": _LABEL}, [name]) | description)
    return {"oneOf": choices} if choices else {"not": {}}


def _parameters(component: type[Component]) -> Mapping[str, Parameter]:
    try:
        return parameters_of(component)
    except PluginError:
        return {}  # its author's error, said as soon as a suite asks for the component


# What definitions of components are called that are not called by their kind.
_DEFINED = {"augmentation": "augmentations", "dataset": "datasets"}


def _values(parameter: Parameter) -> Schema:
    mark = parameter.mark
    if isinstance(mark, Parts) and mark.kind != "metric":
        part = {"$ref": f"#/$defs/{_DEFINED.get(mark.kind, mark.kind)}"}
        return _list_of(_one_or_more(part) if mark.kind == "augmentation" else part)
    try:
        return parameter.json_schema()
    except PydanticInvalidForJsonSchema:
        return {"description": parameter.type_text}  # a type that JSON Schema cannot express: anything goes


def _settings_definitions(key: str, schema: Schema) -> dict[str, Schema]:
    """Return definitions of all settings of a key, and of each by itself, as a value of an axis."""
    schema = _unfolded(schema)
    whole = _settings(schema)
    whole["properties"] = {"label": _LABEL, **whole["properties"]}
    single = {
        f"{key}.{name}": {"anyOf": [value, _object({"label": _LABEL, "value": value}, ["label", "value"])]}
        for name, value in schema["properties"].items()
    }
    # What is missing may stand in the suite that this one extends.
    whole.pop("required", None)
    return {key: _or_null(whole) if key in ABSENT else whole, **single}


def _unfolded(schema: Schema) -> Schema:
    """Return pydantic's schema with settings that hold settings written out where they are referred to."""
    inner = {f"#/$defs/{name}": _settings(each) for name, each in schema.get("$defs", {}).items()}

    def unfold(value: Any) -> Any:
        if isinstance(value, dict):
            return inner.get(value.get("$ref", "")) or {key: unfold(each) for key, each in value.items()}
        return [unfold(each) for each in value] if isinstance(value, list) else value

    return {key: unfold(value) for key, value in schema.items() if key != "$defs"}


def _settings(schema: Schema) -> Schema:
    """Return pydantic's schema without titles, which only repeat the names; null takes a setting away."""
    properties = {
        name: _or_null({key: value for key, value in each.items() if key != "title"})
        for name, each in schema["properties"].items()
    }
    return {key: value for key, value in schema.items() if key != "title"} | {"properties": properties}


def _axis_names() -> list[str]:
    return [*KEYS, *(f"{key}.{name}" for key, kind in SETTINGS.items() for name in kind.model_fields)]


def _reference(key: str) -> Schema:
    schema: Schema = {"$ref": f"#/$defs/{key}"}
    return schema | {"description": _DESCRIPTIONS[key]} if key in _DESCRIPTIONS else schema


def _object(
    properties: dict[str, Schema], required: list[str] | None = None, *, nullable: bool = False
) -> Schema:
    kind: str | list[str] = ["object", "null"] if nullable else "object"
    schema: Schema = {"type": kind, "properties": properties, "additionalProperties": False}
    return schema | {"required": required} if required else schema


def _list_of(item: Schema, *, empty: bool = False) -> Schema:
    return {"type": "array", "items": item} | ({} if empty else {"minItems": 1})


def _one_or_more(item: Schema) -> Schema:
    return {"anyOf": [item, _list_of(item)]}


def _or_null(schema: Schema) -> Schema:
    return schema if _NULL in schema.get("anyOf", []) else {"anyOf": [schema, _NULL]}
