"""Load a suite: read, merge, check everything, and expand the matrix."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.exceptions import SuiteError
from benchmark.plugin.registry import Registry
from benchmark.settings import LeaderboardSettings
from benchmark.suite.cell import Cell
from benchmark.suite.expand import DEFAULTS, KEYS, REQUIRED, Axes, Expander, read_axes
from benchmark.suite.honours import check_honoured
from benchmark.suite.merge import read_merged
from benchmark.suite.paths import numbers_of
from benchmark.suite.selection import excluded, included, read_exclude, read_include
from benchmark.suite.shapes import check_shapes
from benchmark.suite.source import KeyPath
from benchmark.suite.storage_url import without_passwords
from benchmark.suite.values import Checker
from benchmark.validation import sentence

if TYPE_CHECKING:
    from benchmark.suite.reference import Reference
    from benchmark.suite.tuning.tune import Tune

TOP = (
    "name",
    "description",
    "extends",
    "cell",
    "matrix",
    "include",
    "exclude",
    "leaderboard",
    "reference",
    "tune",
)
LISTS = ("augmentation", "evaluate", "metrics")
NAME_PATTERN = "[A-Za-z0-9][A-Za-z0-9._-]{0,63}"


@dataclass(frozen=True)
class Suite:
    """A checked suite.

    Attributes:
        name: also the name of its results folder.
        description: in words, perhaps empty.
        path: the file.
        text: what the file says, bases and overrides not merged in, and no passwords.
        axes: labels of the values of each axis, in the order of the matrix.
        cells: the cells, the last axis varying fastest.
        leaderboard: how rows are ordered and compared.
        reference: what others reported for some of its rows, or None.
        tune: what studies of its rows have in common, or None. Then each row that has something to tune is there
            twice, on the axis ``tuning``: as it is, and with the values that its study chooses.
        absent_files: files that it names and that are not there, where that was not asked for.
        numbers: of axes whose values are numbers, the number of each label.
        price: by what p values of its table are multiplied, since it is looked at more than once.
    """

    name: str
    description: str
    path: Path
    text: str
    axes: Mapping[str, tuple[str, ...]]
    cells: tuple[Cell, ...]
    leaderboard: LeaderboardSettings
    reference: Reference | None = None
    tune: Tune | None = None
    absent_files: tuple[str, ...] = ()
    price: float = 1.0
    numbers: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


def load_suite(
    path: Path, registry: Registry, overrides: Sequence[str] = (), *, to_report: bool = False
) -> Suite:
    """Load and check a suite file; ``overrides`` are ``key.key=value`` texts.

    ``to_report``: files that components name need not be there, since nothing is to be trained.

    Raises:
        SuiteError: with every problem of the file at once.
    """
    source, text = read_merged(path, overrides)
    content: dict[str, Any] = source.value
    checker = Checker(registry, source, path.resolve().parent, needs_files=not to_report)
    for key in content:
        if key not in TOP:
            checker.unknown((key,), "a suite has no key", key, list(TOP))
    name = _name(checker, content)
    cell = _mapping(checker, content, "cell")
    for key in cell:
        if key not in KEYS:
            checker.unknown(("cell", key), "a cell has no key", key, list(KEYS))
    axes, cells = _expanded(checker, content, cell)
    description = _description(checker, content.get("description"))
    leaderboard = _leaderboard(checker, content.get("leaderboard"))
    reference, tune = None, None
    names = list(axes)
    if cells is not None:
        if content.get("tune") is not None:
            # Most suites tune nothing, and need none of this.
            from benchmark.suite.tuning.tune import (
                AXIS,
                DEFAULT,
                read_tune,
                with_tuned_cells,
                with_tuning_axis,
            )

            tune = read_tune(checker, content["tune"], axes, cells)
        if tune is not None:
            names, cells = with_tuning_axis(axes), with_tuned_cells(tune, cells)
            leaderboard = leaderboard.model_copy(update={"baseline": leaderboard.baseline or {AXIS: DEFAULT}})
        _check_columns(checker, cells, axes)
        _check_leaderboard(checker, leaderboard, names, cells)
        if content.get("reference") is not None:
            from benchmark.suite.reference import read_reference

            reference = read_reference(checker, content["reference"], names, cells)
    if checker.problems:
        raise SuiteError(checker.problems)
    cells = cells or []
    labels = {axis: tuple(dict.fromkeys(cell.labels[axis] for cell in cells)) for axis in names}
    return Suite(
        name=name,
        description=description,
        path=path,
        text=without_passwords(text),
        axes=labels,
        cells=tuple(cells),
        leaderboard=leaderboard,
        reference=reference,
        tune=tune,
        absent_files=tuple(checker.absent_files),
        numbers=numbers_of(cells, axes),
    )


def _expanded(
    checker: Checker, content: Mapping[str, Any], cell: Mapping[str, Any]
) -> tuple[Axes, list[Cell] | None]:
    """Return the axes, and the cells unless something is wrong with what they are made of."""
    before = len(checker.problems)
    matrix = _mapping(checker, content, "matrix")
    axes = read_axes(checker, matrix, cell)
    if len(checker.problems) > before:
        _fixed(checker, cell, matrix)
        return axes, None
    exclusions = read_exclude(checker, content.get("exclude"), axes)
    inclusions = read_include(checker, content.get("include"), axes)
    fixed = _fixed(checker, cell, matrix)
    if len(checker.problems) > before:
        return axes, None
    expander = Expander(checker, fixed, cell)
    cells = excluded(checker, exclusions, list(expander.cells(axes)))
    cells += included(inclusions, expander, cells)
    if not cells and len(checker.problems) == before:
        checker.problem(("exclude",), "no cell is left: 'exclude' takes out all of them.")
    if len(checker.problems) == before:
        check_honoured(checker, axes, cell, cells)
    if len(checker.problems) == before and checker.needs_files:
        check_shapes(checker, axes, cell, cells)
    return axes, cells if len(checker.problems) == before else None


def _name(checker: Checker, content: Mapping[str, Any]) -> str:
    name = content.get("name")
    if isinstance(name, str) and re.fullmatch(NAME_PATTERN, name):
        return name
    allowed = "letters, digits, '.', '_' and '-', at most 64, beginning with a letter or a digit"
    told = f"found {name!r}" if "name" in content else "it has none"
    checker.problem(("name",), f"a suite needs a 'name' of {allowed}; {told}.")
    return ""


def _description(checker: Checker, raw: Any) -> str:
    if raw is not None and not isinstance(raw, str):
        checker.problem(("description",), f"'description' is text, found {raw!r}.")
    return str(raw or "").strip()


def _mapping(checker: Checker, content: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = content.get(key)
    if value is None or isinstance(value, dict):
        return value or {}
    checker.problem((key,), f"'{key}' is a mapping, found {value!r}.")
    return {}


def _fixed(checker: Checker, cell: Mapping[str, Any], matrix: Mapping[str, Any]) -> dict[str, Any]:
    """Return the checked values of the keys that are no axes; a default where nothing is given."""
    fixed: dict[str, Any] = {}
    for key in KEYS:
        if key in matrix:
            continue
        if key not in cell and key in REQUIRED:
            message = f"'{key}' is missing: give it under 'cell', or as an axis under 'matrix'."
            checker.problem(("cell", key), message)
            continue
        raw = cell.get(key, DEFAULTS.get(key))
        if raw is None and key == "fold":
            fixed[key] = None
        elif isinstance(raw, list) and key not in LISTS:
            message = f"'{key}' is one value under 'cell', found a list; to run each, move it under 'matrix'."
            checker.problem(("cell", key), message)
        else:
            value = checker.value(key, raw, ("cell", key))
            fixed[key] = value.value if value is not None else None
    return fixed


def _leaderboard(checker: Checker, raw: Any) -> LeaderboardSettings:
    def by_last_name(detail: Any) -> str:
        """Return what is wrong by the last name of its place, which may be an axis's."""
        last = ("leaderboard", *detail["loc"])[-1]
        return "" if detail["type"] == "extra_forbidden" else sentence(str(last), detail)

    given = {} if raw is None else raw
    made = checker.validated("'leaderboard'", LeaderboardSettings, given, ("leaderboard",), by_last_name)
    return made or LeaderboardSettings()


def _check_columns(checker: Checker, cells: Sequence[Cell], axes: Axes) -> None:
    """Refuse two metrics, or two evaluation sets, of different cells that tables could not tell apart."""
    metrics = {id(cell.spec.metrics): cell.spec.metrics for cell in cells}.values()
    _check_names(
        checker, axes, "metrics", ((metric.label, metric.key) for several in metrics for metric in several)
    )
    shared = {(id(cell.spec.evaluate), id(cell.spec.dataset)): cell.spec for cell in cells}.values()
    sets = ((evaluation, spec.dataset) for spec in shared for evaluation in spec.evaluate)
    _check_names(
        checker,
        axes,
        "evaluate",
        (
            (evaluation.label, f"{(evaluation.dataset or own).key} {evaluation.part}")
            for evaluation, own in sets
        ),
    )


def _check_names(checker: Checker, axes: Axes, key: str, named: Iterable[tuple[str, str]]) -> None:
    known: dict[str, str] = {}
    for label, content in named:
        if known.setdefault(label, content) != content:
            what = "metrics" if key == "metrics" else "evaluation sets"
            message = f"two {what} are called '{label}'; give one a 'label'."
            checker.problem(("matrix" if key in axes else "cell", key), message)


def _check_leaderboard(
    checker: Checker, settings: LeaderboardSettings, axes: Sequence[str], cells: Sequence[Cell]
) -> None:
    specs = {(id(cell.spec.evaluate), id(cell.spec.metrics)): cell.spec for cell in cells}.values()
    columns = [
        f"{evaluation.label}/{metric.label}"
        for s in specs
        for evaluation in s.evaluate
        for metric in s.metrics
    ]
    if settings.sort is not None and settings.sort not in columns:
        message = "there is no column (evaluation set/metric)"
        checker.unknown(("leaderboard", "sort"), message, settings.sort, list(dict.fromkeys(columns)))
    _check_labels(checker, ("leaderboard", "baseline"), settings.baseline or {}, axes, cells)
    for number, wanted in enumerate(settings.shown or ()):
        path: KeyPath = ("leaderboard", "shown", number)
        before = len(checker.problems)
        _check_labels(checker, path, wanted, axes, cells)
        if len(checker.problems) == before and not any(
            wanted.items() <= cell.labels.items() for cell in cells
        ):
            checker.problem(path, f"there is no row with {', '.join(map(': '.join, wanted.items()))}.")


def _check_labels(
    checker: Checker, path: KeyPath, wanted: Mapping[str, str], axes: Sequence[str], cells: Sequence[Cell]
) -> None:
    """Find axes and labels that do not exist."""
    for axis, label in wanted.items():
        if axis not in axes:
            checker.unknown((*path, axis), "there is no axis", axis, list(axes))
            continue
        known = list(dict.fromkeys(cell.labels[axis] for cell in cells))
        if label not in known:
            checker.unknown((*path, axis), f"axis '{axis}' has no value labelled", label, known)
