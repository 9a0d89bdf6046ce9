"""``tune``: a study for each row, checked against the rows before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Annotated, Any

from pydantic import Field

from benchmark.plugin.registry import ComponentSpec
from benchmark.settings import Settings
from benchmark.suite.cell import REPEATED, Cell, CellSpec, Evaluation
from benchmark.suite.expand import Axes
from benchmark.suite.source import KeyPath
from benchmark.suite.storage_url import variables_problem
from benchmark.suite.tuning.searching import PRUNERS, SAMPLERS
from benchmark.suite.tuning.space import Dimension, own_values, tunable_values
from benchmark.suite.values import Checker

AXIS, DEFAULT, TUNED = "tuning", "default", "tuned"
PENDING = "its study has not been run yet"
KEYS = ("metric", "trials", "timeout", "sampler", "pruner", "storage", "space")


class TuneSettings(Settings):
    """How long a study goes on, and where it is kept.

    ``timeout`` is in seconds; ``storage`` is null for a file beside the results, or any URL that Optuna takes.
    """

    trials: Annotated[int, Field(gt=0)] = 30
    timeout: Annotated[float, Field(gt=0)] | None = None
    storage: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(\+[a-z0-9]+)?://")] | None = None


@dataclass(frozen=True)
class Choice:
    """A sampler or a pruner, by name, with all its settings."""

    name: str
    settings: Settings

    def plain(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {self.name: self.settings.model_dump(mode="json")}


@dataclass(frozen=True)
class Tune:
    """What the studies of a suite have in common.

    ``space`` is given by the suite, ``by_model`` by the models themselves, and one of them is empty. ``metric`` is
    computed on the validation part. ``untrained`` are models that the settings of training mean nothing to.
    ``storage_by_hand``: the command line says where studies are kept, and not the suite.
    """

    metric: ComponentSpec
    settings: TuneSettings
    sampler: Choice
    pruner: Choice
    space: tuple[Dimension, ...] = ()
    by_model: Mapping[str, tuple[Dimension, ...]] = field(default_factory=dict)
    untrained: frozenset[str] = frozenset()
    storage_by_hand: bool = False

    def dimensions(self, spec: CellSpec) -> tuple[Dimension, ...]:
        """Return what a study of this cell's row varies: what the row has and the space holds."""
        every = (*self.space, *self.by_model.get(spec.model.name, ()))
        owned = ((dimension, tunable_values(spec, dimension.name, self.untrained)) for dimension in every)
        return tuple(dimension for dimension, own in owned if own and all(map(dimension.holds, own)))


@dataclass(frozen=True)
class StudySpec:
    """One study: of the row with ``labels``, on the cell ``base`` (the row's first), over ``space``.

    ``base`` is evaluated on its validation part and on nothing else.
    """

    labels: Mapping[str, str]
    base: CellSpec
    space: tuple[Dimension, ...]

    @property
    def label(self) -> str:
        """How people call it."""
        return " · ".join(self.labels.values()) or "study"

    @property
    def defaults(self) -> dict[str, Any]:
        """The row's own values of what is varied: those of trial 0."""
        return {dimension.name: own_values(self.base, dimension.name)[0] for dimension in self.space}


def studies(tune: Tune, cells: Iterable[Cell]) -> list[StudySpec]:
    """Return the studies of a suite's rows, in their order; rows that have nothing to vary have none."""
    by_row: dict[tuple[tuple[str, str], ...], StudySpec] = {}
    for cell in cells:
        row = untuned_row(cell.labels)
        if row not in by_row:
            base = validation_only(cell.spec, tune.metric)
            by_row[row] = StudySpec(dict(row), base, tune.dimensions(cell.spec))
    return [study for study in by_row.values() if study.space]


def validation_only(spec: CellSpec, metric: ComponentSpec) -> CellSpec:
    """Return the cell as studies see it: evaluated by one metric on its validation part, and on nothing else."""
    evaluation = Evaluation(f"{spec.dataset.label}:validation", None, "validation")
    return replace(spec, evaluate=(evaluation,), corrupted=(), metrics=(metric,))


def untuned_row(labels: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return the labels of a row, with and without its tuned values."""
    return tuple((axis, label) for axis, label in labels.items() if axis not in (AXIS, *REPEATED))


def with_tuned_cells(tune: Tune, cells: Sequence[Cell]) -> list[Cell]:
    """Return the cells on one more axis, ``tuning``: as they are, and with the values that studies will choose."""
    varied = {untuned_row(study.labels) for study in studies(tune, cells)}
    made = []
    for cell in cells:
        made.append(replace(cell, labels=_labelled(cell.labels, DEFAULT)))
        if cell.row in varied:
            made.append(Cell(_labelled(cell.labels, TUNED), cell.spec, pending=PENDING))
    return made


def with_tuning_axis(axes: Iterable[str]) -> list[str]:
    """Return the axes with ``tuning`` before seeds and folds."""
    return list(_labelled(dict.fromkeys(axes, ""), ""))


def _labelled(labels: Mapping[str, str], label: str) -> dict[str, str]:
    own = {axis: value for axis, value in labels.items() if axis not in REPEATED}
    return {**own, AXIS: label, **{axis: labels[axis] for axis in REPEATED if axis in labels}}


def read_tune(checker: Checker, raw: Any, axes: Axes, cells: Sequence[Cell]) -> Tune | None:
    """Return the checked ``tune`` block of a suite, or None where there is none or something is wrong with it."""
    from benchmark.suite.tuning.space_reader import SpaceReader

    if raw is None:
        return None
    if not isinstance(raw, dict):
        checker.problem(("tune",), f"'tune' is a mapping with at least a 'space', found {raw!r}.")
        return None
    before = len(checker.problems)
    for key in raw.keys() - set(KEYS):
        checker.unknown(("tune", key), "'tune' has no key", str(key), list(KEYS))
    metric = _metric(checker, raw.get("metric"), cells)
    settings = _settings(checker, raw)
    sampler = _choice(checker, "sampler", raw.get("sampler", "tpe"), SAMPLERS)
    pruner = _choice(checker, "pruner", raw.get("pruner", "median"), PRUNERS)
    reader = SpaceReader(checker, axes, cells)
    space, by_model = reader.read(raw.get("space"))
    if metric is None or settings is None or sampler is None or pruner is None:
        return None
    by_hand = checker.source.place(("tune", "storage")).line is None
    tune = Tune(metric, settings, sampler, pruner, space, by_model, reader.untrained, by_hand)
    if sampler.name == "grid":
        _check_grid(checker, tune)
    return tune if len(checker.problems) == before else None


def _metric(checker: Checker, raw: Any, cells: Sequence[Cell]) -> ComponentSpec | None:
    """Return the metric: given by its name and parameters, or by its label in 'metrics'; the first of those if none."""
    known = {metric.label: metric for cell in cells[:1] for metric in cell.spec.metrics}
    if raw is None:
        return next(iter(known.values()))
    return (
        known[raw]
        if isinstance(raw, str) and raw in known
        else checker.component("metric", raw, ("tune", "metric"))
    )


def _settings(checker: Checker, raw: Mapping[str, Any]) -> TuneSettings | None:
    def no_url(detail: Any) -> str:
        if detail["type"] != "string_pattern_mismatch":
            return ""
        return (
            "'storage' is a URL that Optuna takes, such as sqlite:///studies.db, or null for a file beside "
            f"the results; found {detail['input']!r}."
        )

    given = {key: raw[key] for key in TuneSettings.model_fields if key in raw}
    made = checker.validated("'tune'", TuneSettings, given, ("tune",), no_url)
    problem = variables_problem(made.storage or "") if made is not None else ""
    if problem:
        checker.problem(("tune", "storage"), problem)
    return None if problem else made


def _choice(checker: Checker, key: str, raw: Any, known: Mapping[str, type[Settings]]) -> Choice | None:
    """Return a sampler or a pruner: a name, or one name with settings."""
    path: KeyPath = ("tune", key)
    name: Any = raw
    given: Any = {}
    if isinstance(raw, dict) and len(raw) == 1:
        ((name, given),) = raw.items()
        path = (*path, name)
    if not isinstance(name, str) or not isinstance(given, dict | None):
        checker.problem(path, f"'{key}' is a name, or one name with settings, found {raw!r}.")
        return None
    if name not in known:
        checker.unknown(path, f"there is no {key}", name, list(known))
        return None
    settings = checker.validated(f"{key} '{name}'", known[name], given or {}, path)
    return None if settings is None else Choice(name, settings)


def _check_grid(checker: Checker, tune: Tune) -> None:
    for dimension in chain(tune.space, *tune.by_model.values()):
        if dimension.values() is None:
            message = (
                f"a grid needs values that can be counted: give '{dimension.name}' as a list, or its range a "
                "'step'."
            )
            path = ("tune", "space", dimension.name) if tune.space else ("tune", "space")
            checker.problem(path, message)
