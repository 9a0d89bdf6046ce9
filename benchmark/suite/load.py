"""Load a suite: read, merge, check everything, and expand the matrix."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from benchmark.exceptions import SuiteError, did_you_mean
from benchmark.plugin.registry import Registry
from benchmark.suite.cell import Cell
from benchmark.suite.expand import DEFAULTS, KEYS, REQUIRED, Axes, Expander, excluded, included, read_axes
from benchmark.suite.merge import read_merged
from benchmark.suite.settings import LeaderboardSettings
from benchmark.suite.values import Checker

TOP = ("name", "description", "extends", "cell", "matrix", "include", "exclude", "leaderboard", "reference")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Suite:
    """A checked suite.

    Attributes:
        name: also the name of its results folder.
        description: in words, perhaps empty.
        path: the file.
        text: what the file says, bases and overrides not merged in.
        axes: labels of the values of each axis, in the order of the matrix.
        cells: the cells, the last axis varying fastest.
        leaderboard: how rows are ordered and compared.
        reference: expected values, as they stand in the file.
    """

    name: str
    description: str
    path: Path
    text: str
    axes: Mapping[str, tuple[str, ...]]
    cells: tuple[Cell, ...]
    leaderboard: LeaderboardSettings
    reference: Any = None


def load_suite(path: Path, registry: Registry, overrides: Sequence[str] = ()) -> Suite:
    """Load and check a suite file; ``overrides`` are ``key.key=value`` texts.

    Raises:
        SuiteError: with every problem of the file at once.
    """
    source, text = read_merged(path, overrides)
    content: dict[str, Any] = source.value
    checker = Checker(registry, source, path.resolve().parent)
    for key in content:
        if key not in TOP:
            checker.problem((key,), f"a suite has no key '{key}'." + did_you_mean(key, TOP))
    name = _name(checker, content)
    cell = _mapping(checker, content, "cell")
    matrix = _mapping(checker, content, "matrix")
    for key in cell:
        if key not in KEYS:
            checker.problem(("cell", key), f"a cell has no key '{key}'." + did_you_mean(key, KEYS))
    axes = read_axes(checker, matrix, cell)
    fixed = _fixed(checker, cell, matrix)
    cells: list[Cell] = []
    leaderboard = LeaderboardSettings()
    usable = all(axes.get(name) for name in matrix)
    if usable and all(fixed.get(key) is not None or key in axes for key in (*REQUIRED, "evaluate", "metrics")):
        expander = Expander(checker, fixed, cell)
        cells = list(expander.cells(axes))
        cells = excluded(checker, content.get("exclude"), axes, cells)
        cells += included(checker, content.get("include"), axes, expander, cells)
        if not cells and not checker.problems:
            checker.problem(("matrix",), "no cell is left.")
        leaderboard = _leaderboard(checker, content.get("leaderboard"), axes, cells)
    if checker.problems:
        raise SuiteError(checker.problems)
    labels = {axis: tuple(dict.fromkeys(cell.labels[axis] for cell in cells)) for axis in axes}
    description = str(content.get("description") or "")
    return Suite(name, description, path, text, labels, tuple(cells), leaderboard, content.get("reference"))


def _name(checker: Checker, content: Mapping[str, Any]) -> str:
    name = content.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        allowed = "letters, digits, '.', '_' and '-', at most 64, beginning with a letter or a digit"
        checker.problem(("name",), f"a suite needs a 'name' of {allowed}; found {name!r}.")
        return ""
    return name


def _mapping(checker: Checker, content: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = content.get(key) or {}
    if not isinstance(value, dict):
        checker.problem((key,), f"'{key}' is a mapping, found {value!r}.")
        return {}
    return value


def _fixed(checker: Checker, cell: Mapping[str, Any], matrix: Mapping[str, Any]) -> dict[str, Any]:
    """Return the checked values of the keys that are no axes; a default where nothing is given."""
    fixed: dict[str, Any] = {}
    for key in KEYS:
        if key in matrix:
            continue
        if key not in cell and key in REQUIRED:
            checker.problem(("cell",), f"'{key}' is missing: give it under 'cell', or as an axis under 'matrix'.")
            continue
        raw = cell.get(key, DEFAULTS.get(key))
        if key == "fold" and raw is None:
            fixed[key] = None
            continue
        value = checker.value(key, raw, ("cell", key))
        fixed[key] = value.value if value is not None else None
    return fixed


def _leaderboard(checker: Checker, raw: Any, axes: Axes, cells: Sequence[Cell]) -> LeaderboardSettings:
    if raw is None:
        return LeaderboardSettings()
    try:
        settings = LeaderboardSettings.model_validate(raw)
    except ValidationError as error:
        for detail in error.errors():
            message = f"{detail['msg'][0].lower()}{detail['msg'][1:]}, found {detail['input']!r}."
            if detail["type"] == "extra_forbidden":
                name = str(detail["loc"][-1])
                message = f"'leaderboard' has no setting '{name}'." + did_you_mean(name, ["sort", "baseline"])
            checker.problem(("leaderboard", *detail["loc"]), message)
        return LeaderboardSettings()
    specs = {id(cell.spec.evaluate): cell.spec for cell in cells}.values()
    columns = {f"{each.label}/{metric.label}": None for spec in specs for each in spec.evaluate for metric in spec.metrics}
    if settings.sort is not None and cells and settings.sort not in columns:
        message = f"there is no column '{settings.sort}' to sort by." + did_you_mean(settings.sort, list(columns))
        checker.problem(("leaderboard", "sort"), message)
    for axis, label in (settings.baseline or {}).items():
        path = ("leaderboard", "baseline", axis)
        known = list(dict.fromkeys(cell.labels[axis] for cell in cells if axis in cell.labels))
        if axis not in axes:
            checker.problem(path, f"'{axis}' is no axis." + did_you_mean(axis, list(axes)))
        elif str(label) not in known:
            checker.problem(path, f"axis '{axis}' has no value labelled '{label}'." + did_you_mean(str(label), known))
    return settings
