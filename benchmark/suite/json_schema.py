"""The JSON Schema of suite files, with the components that are installed: editors complete and check by it."""

from __future__ import annotations

import inspect
from typing import Any

from benchmark.plugin.component import Component, Kind
from benchmark.plugin.parameters import parameters_of
from benchmark.plugin.registry import Registry
from benchmark.suite.settings import LeaderboardSettings, Settings
from benchmark.suite.values import COMPONENTS, SETTINGS

_TEXT = {"type": "string"}
_NUMBER_FROM_0 = {"type": "integer", "minimum": 0}


def suite_schema(registry: Registry) -> dict[str, Any]:
    """Return JSON Schema (draft 2020-12) of a suite: what is allowed, not all that is checked."""
    definitions = {
        kind: _components(kind, registry) for kind in ("augmentation", "metric", *COMPONENTS.values())
    }
    definitions |= {key: _settings(settings) for key, settings in SETTINGS.items()}
    definitions["recipe"] = _recipe()
    keys = _keys()
    axes = {key: _axis(schema) for key, schema in keys.items()}
    for group, settings in SETTINGS.items():
        fields = _settings(settings)["properties"]
        axes |= {f"{group}.{name}": _axis(schema) for name, schema in fields.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "genrebench suite",
        "type": "object",
        "properties": {
            "name": {**_TEXT, "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"},
            "description": _TEXT,
            "extends": {**_TEXT, "description": "a suite that this one builds on"},
            "cell": {"type": "object", "properties": keys, "additionalProperties": False},
            "matrix": {"type": "object", "properties": axes, "additionalProperties": False},
            "include": {"type": "array", "items": {"type": "object"}},
            "exclude": {"type": "array", "items": {"type": "object"}},
            "leaderboard": _settings(LeaderboardSettings),
            "reference": {},
        },
        "required": ["name"],
        "additionalProperties": False,
        "$defs": definitions,
    }


def _keys() -> dict[str, Any]:
    """Return the schema of each key of a cell."""
    return {
        **{key: _reference(kind) for key, kind in COMPONENTS.items()},
        **{key: {"anyOf": [_reference(key), {"type": "null"}]} for key in SETTINGS},
        "augmentation": _reference("recipe"),
        "evaluate": {"type": "array", "minItems": 1, "items": {"anyOf": [_TEXT, _reference("dataset")]}},
        "metrics": {"type": "array", "minItems": 1, "items": _reference("metric")},
        "seed": _NUMBER_FROM_0,
        "fold": {"anyOf": [_NUMBER_FROM_0, {"type": "null"}]},
    }


def _axis(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "minItems": 1, "items": schema}


def _reference(name: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}"}


def _settings(settings: type[Settings]) -> dict[str, Any]:
    """Return the schema of settings; as an axis, they may have a label."""
    schema = settings.model_json_schema()
    schema["properties"] = {**schema["properties"], "label": _TEXT}
    return schema


def _components(kind: Kind, registry: Registry) -> dict[str, Any]:
    """Return the schema of a component: a name, or one name with its parameters and perhaps a label."""
    names = [name for name in registry.names(kind) if len(registry.offers[kind][name]) == 1]
    parts = {name: registry.offer(kind, name).component for name in names}
    chosen = [
        {
            "type": "object",
            "description": _summary(component),
            "properties": {name: _parameters(component), "label": _TEXT},
            "required": [name],
            "additionalProperties": False,
        }
        for name, component in parts.items()
    ]
    named = [{"const": name, "description": _summary(component)} for name, component in parts.items()]
    return {"anyOf": [*named, *chosen]}


def _parameters(component: type[Component]) -> dict[str, Any]:
    parameters = parameters_of(component)
    return {
        "type": ["object", "null"],
        "properties": {name: parameter.json_schema() for name, parameter in parameters.items()},
        "required": [name for name, parameter in parameters.items() if parameter.required],
        "additionalProperties": False,
    }


def _recipe() -> dict[str, Any]:
    use = {"anyOf": [_reference("augmentation"), {"type": "array", "items": _reference("augmentation")}]}
    uses = {"anyOf": [{"type": "array", "items": use}, _reference("augmentation"), {"const": "none"}]}
    labelled = {
        "type": "object",
        "properties": {"label": _TEXT, "use": uses},
        "required": ["use"],
        "additionalProperties": False,
    }
    return {"anyOf": [*uses["anyOf"], labelled]}


def _summary(component: type[Component]) -> str:
    return (inspect.getdoc(component) or "").partition("\n")[0]
