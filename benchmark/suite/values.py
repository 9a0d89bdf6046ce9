"""From the plain values of a suite to checked ones: components, recipes, settings, evaluation sets."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal, get_args

from pydantic import ConfigDict, TypeAdapter, ValidationError

from benchmark.exceptions import nearest
from benchmark.plugin.augmentation import chain_problem
from benchmark.plugin.component import Kind
from benchmark.plugin.registry import ComponentSpec
from benchmark.settings import SETTINGS, Settings, TrainingShare
from benchmark.suite.cell import REPEATED, Chain
from benchmark.suite.checker import ComponentChecker
from benchmark.suite.corrupt import CORRUPT, Corrupt, read_corrupt
from benchmark.suite.source import KeyPath

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


class Checker(ComponentChecker):
    """Checks the values of a cell's keys, which are made of components and settings."""

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
        if not isinstance(raw, list) or all(isinstance(each, dict) and CORRUPT in each for each in raw):
            self.problem(path, f"'evaluate' is a list of at least one evaluation set, found {raw!r}.")
            return None
        made = [
            read_corrupt(self, each[CORRUPT], (*path, index, CORRUPT))
            if isinstance(each, dict) and CORRUPT in each
            else self._evaluation(each, (*path, index))
            for index, each in enumerate(raw)
        ]
        if None in made:
            return None
        labels = [
            each.dataset.label
            if isinstance(each, Other)
            else each.label
            if isinstance(each, Corrupt)
            else str(raw[i])
            for i, each in enumerate(made)
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
    if isinstance(value, Corrupt):
        return [value.set, value.by, value.severities]
    return value.model_dump(exclude=set(value.decoration)) if isinstance(value, Settings) else repr(value)
