"""Small components, and a suite without fault that uses them, for tests to break."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field

from benchmark import AudioFormat, Augmentation, Dataset, Features, File, Location, Metric, Model
from benchmark.plugin.registry import Registry, Source
from benchmark.settings import TrainingSettings

GOOD = """\
name: trial
cell:
  dataset: tones
  features: {picture: {size: 32}}
  training: {epochs: 3}
matrix:
  model: [small, {large: {width: 64}}]
  augmentation: [none, {label: both, use: [stretch, mask]}]
  seed: [0, 1]
"""


def dumped(value: Any) -> str:
    """Return a value as YAML, as fast as can be."""
    return yaml.dump(
        value, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), sort_keys=False, allow_unicode=True
    )


def replaced(old: str, new: str) -> str:
    """Return the good suite with one thing written otherwise."""
    assert old in GOOD
    return GOOD.replace(old, new)


def with_cell(line: str) -> str:
    """Return the good suite with a line more under ``cell``: it is line 4."""
    return replaced("  features:", f"  {line}\n  features:")


class Tones(Dataset):
    """Pure tones."""

    name = "tones"

    def __init__(self, *, count: int = 4, root: Annotated[str | None, Location()] = None) -> None: ...


class Noises(Dataset):
    """Noises, for testing only."""

    name = "noises"
    role = "test"


class Telephone(AudioFormat):
    """The band of a telephone."""

    name = "telephone"

    def __init__(self, *, highest: Annotated[int, Field(gt=0)] = 3400) -> None: ...


class Picture(Features):
    """A square picture."""

    name = "picture"
    shape = (16, 16, 1)

    def __init__(self, *, size: Annotated[int, Field(gt=0)] = 16) -> None: ...


class Small(Model):
    """A model without parameters."""

    name = "small"
    honours = frozenset(TrainingSettings.model_fields)


class Large(Model):
    """A model with a width.

    And more to say about it.
    """

    name = "large"
    honours = frozenset(TrainingSettings.model_fields)

    def __init__(
        self,
        *,
        width: Annotated[int, Field(gt=0)] = 8,
        kind: Literal["deep", "flat"] = "deep",
        weights: Annotated[str | None, File("known")] = "known",
    ) -> None: ...


class Stretch(Augmentation):
    name = "stretch"
    acts_on = "waveform"

    def __init__(self, *, rates: list[float] = [1]) -> None: ...  # noqa: B006


class Mask(Augmentation):
    name = "mask"
    acts_on = "features"


class Drift(Augmentation):
    name = "drift"
    acts_on = "features"

    def __init__(self, *, low: int = 0, high: int = 1, each_epoch: bool = False) -> None:
        if low > high:
            raise ValueError(f"'low' is {low} and 'high' only {high}")
        self._each_epoch = each_epoch

    @property
    def fresh(self) -> bool:
        return self._each_epoch


class TopK(Metric):
    """Right among the first k."""

    name = "top-k"

    def __init__(self, *, k: Annotated[int, Field(gt=0)]) -> None: ...


def metric(called: str) -> type[Metric]:
    return type(called, (Metric,), {"name": called})


COMPONENTS = (
    Tones,
    Noises,
    Telephone,
    Picture,
    Small,
    Large,
    Stretch,
    Mask,
    Drift,
    TopK,
    *map(metric, ("top1", "top2", "macro-f1")),
)


def fake_registry() -> Registry:
    registry = Registry()
    for component in COMPONENTS:
        registry.add(component, Source("fakes", "fakes", "1.0"))
    return registry


FULL = yaml.safe_load(
    GOOD.replace("cell:\n", "cell:\n  split: {folds: 2}\n  clips: {seconds: 3, hop: 1.5}\n")
    + """\
  fold: [0, 1]
  training.learning_rate: [0.1, {value: 0.2, label: high}]
include: [{model: {large: {width: 128}, label: huge}, seed: 7}]
exclude: [{model: small, augmentation: [none], seed: 0}]
leaderboard: {sort: tones:test/top1, baseline: {seed: 1}}
"""
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in items:
        yield from places(below, (*path, key))


def put(value: Any, path: tuple[Any, ...], junk: Any) -> None:
    for step in path[:-1]:
        value = value[step]
    value[path[-1]] = copy.deepcopy(junk)
