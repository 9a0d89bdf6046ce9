"""Identities of cells: what counts, and what is decoration."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmark.exceptions import DatasetError
from benchmark.plugin.parameters import UNKNOWN, AbsentFile
from benchmark.plugin.registry import ComponentSpec
from benchmark.settings import Settings, SplitSettings
from benchmark.suite.cell import CellSpec, Chain, Corrupted, Evaluation, canonical_json, identity

_UNKNOWN = canonical_json(UNKNOWN)
_KEYS = (
    "audio", "augmentation", "clips", "dataset", "duplicates", "evaluate", "features", "fold", "model", "seed", "split",
    "training", "training_size",
)  # fmt: skip
# Left out where they are not given, so that results from before there were such keys stay valid.
_OPTIONAL = ("audio", "duplicates", "training_size")
_DATASETS = ("dataset", "evaluate")
# What stored names call a cell's own dataset; those of others are called as their evaluation set (``set_key``).
OWN = "dataset"


class Identifier:
    """Canonical specifications and identities of cells.

    Metrics take no part: they are pure functions of stored predictions, so adding one trains nothing again. Nor do
    corrupted sets, whose results are stored beside the cell's.
    Labels, the order of keys and of evaluation sets, and locations take none either. ``revision_of`` gives a
    dataset's revision, or None where it is absent; then the cell has no identity. Nor has one of which something else
    is not known here: what a file holds that is not there, what a component is that was not loaded. In its canonical
    specification ``UNKNOWN`` stands for that.
    """

    def __init__(self, revision_of: Callable[[ComponentSpec], str | None]) -> None:
        self.revision_of = revision_of
        # By the id of a cell's part, which many cells share. The part is kept, so that its id stays its own.
        self._seen: dict[int, tuple[Any, Any, str]] = {}
        self._sets: dict[int, tuple[Any, list[dict[str, Any]]]] = {}

    def canonical(self, spec: CellSpec) -> dict[str, Any] | None:
        """Return what of a cell can change its result, as plain JSON, or None if a dataset is absent."""
        parts = {key: self._part(key, getattr(spec, key))[0] for key in _keys(spec)}
        return None if any(parts[key] is None for key in _DATASETS) else parts

    def identity(self, spec: CellSpec) -> str | None:
        """Return the hash of ``canonical(spec)``, put together from texts, or None if a dataset is absent."""
        texts = {key: self._part(key, getattr(spec, key))[1] for key in _keys(spec)}
        if any(texts[key] == "null" for key in _DATASETS) or any(_UNKNOWN in text for text in texts.values()):
            return None
        # The keys are sorted, so this is what canonical_json would give.
        text = ",".join([f'"{key}":{part}' for key, part in texts.items()])
        return hashlib.sha256(f"{{{text}}}".encode()).hexdigest()[:12]

    def sets(self, evaluate: Sequence[Evaluation]) -> list[dict[str, Any]]:
        """Return what each evaluation set is, as in ``canonical``; the revision of an absent dataset is None."""
        found = self._sets.get(id(evaluate))
        if found is None:
            found = self._sets[id(evaluate)] = (evaluate, [self._set(evaluation) for evaluation in evaluate])
        return found[1]

    def _part(self, key: str, value: Any) -> tuple[Any, str]:
        if value is None or isinstance(value, int | float):
            return value, canonical_json(value)
        found = self._seen.get(id(value))
        if found is None:
            plain = self._plain(key, value)
            found = self._seen[id(value)] = (value, plain, canonical_json(plain))
        return found[1], found[2]

    def _plain(self, key: str, value: Any) -> Any:
        if key == "evaluate":
            return self._evaluations(value)
        if key == "augmentation":
            return recipe_identity(value)
        if key == "dataset":
            return self._dataset(value)
        if isinstance(value, Settings):
            return _settings(value)
        return value.identity()

    def _dataset(self, dataset: ComponentSpec) -> dict[str, Any] | None:
        revision = self.revision_of(dataset)
        return None if revision is None else {**dataset.identity(), "revision": revision}

    def _evaluations(self, evaluate: Sequence[Evaluation]) -> list[dict[str, Any]] | None:
        plain = self.sets(evaluate)
        if any(
            evaluation["dataset"] is not None and evaluation["dataset"]["revision"] is None
            for evaluation in plain
        ):
            return None
        return sorted(plain, key=canonical_json)

    def _set(self, evaluation: Evaluation) -> dict[str, Any]:
        dataset = evaluation.dataset
        if dataset is None:
            return {"dataset": None, "part": evaluation.part}
        plain = {**dataset.identity(), "revision": self.revision_of(dataset)}
        return {"dataset": plain, "part": evaluation.part}


def recipe_identity(recipe: Sequence[Chain]) -> list[list[dict[str, Any]]]:
    """Return what augmentations are, as plain JSON."""
    return [[step.identity() for step in chain] for chain in recipe]


def check_revisions(planned: Mapping[str, Any], now: Mapping[str, Any] | None) -> None:
    """Do nothing if the datasets of a cell, by its canonical specifications, are still those that it was planned with.

    Raises:
        DatasetError: when one has another revision, which names it: the result would be filed as one of other data.
    """
    before, after = _revisions(planned), {} if now is None else _revisions(now)
    for dataset, (name, revision) in after.items():
        was = before.get(dataset, (name, revision))[1]
        if revision != was:
            raise DatasetError(
                f"Dataset '{name}' gives other tracks than when this cell was planned (revision {revision} instead of "
                f"{was}). Either its files were changed since, or its 'load' does not give the same each time: ids, "
                "labels, groups, splits and audio must not vary, or its cells would be missing for ever. "
                f"'bench data check {name}' shows the revision; run it twice."
            )


def _revisions(canonical: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Return name and revision of each dataset, by all that it is but its revision."""
    datasets = [*(evaluation["dataset"] for evaluation in canonical["evaluate"]), canonical["dataset"]]
    return {
        canonical_json({**dataset, "revision": None}): (dataset["name"], dataset["revision"])
        for dataset in datasets
        if dataset is not None
    }


def set_key(canonical: Mapping[str, Any]) -> str:
    """Return the name that results of an evaluation set are filed under, which says what it is.

    A part of the cell's own dataset is called as it is (``test``); another dataset has a name of its content
    (``spotify-0a1b2c3d4e5f``).
    """
    dataset = canonical["dataset"]
    return str(canonical["part"]) if dataset is None else f"{dataset['name']}-{identity(dataset)}"


def corrupted_key(corrupted: Corrupted, clean: str) -> str:
    """Return the name that results of a corrupted set are filed under; ``clean`` is that of the set itself.

    It says what the set is and what wears it, by content, as ``test-noise-0a1b2c3d4e5f``.
    """
    what = {"corruption": corrupted.corruption.identity(), "amount": corrupted.amount}
    return f"{clean}-{corrupted.corruption.name}-{identity(what)}"


def _keys(spec: CellSpec) -> tuple[str, ...]:
    absent = [key for key in _OPTIONAL if getattr(spec, key) is None]
    return tuple(key for key in _KEYS if key not in absent) if absent else _KEYS


def _settings(settings: Settings) -> dict[str, Any]:
    """Return plain settings, without those that were added later and are at their defaults.

    Otherwise each new setting would make all results that there are anew, though nothing of them has changed. The
    price is that the default of such a setting can never be changed: it says what a result was made with.
    """
    plain = settings.model_dump(mode="json", exclude_none=True, exclude=set(settings.decoration))
    for name in settings.later:
        if getattr(settings, name) == type(settings).model_fields[name].default:
            plain.pop(name, None)
    if isinstance(settings, SplitSettings) and settings.files:
        plain["files"] = {side: _content(file) for side, file in settings.files.items()}
    return plain


def _content(file: str) -> str:
    return (
        UNKNOWN if isinstance(file, AbsentFile) else hashlib.sha256(Path(file).read_bytes()).hexdigest()[:16]
    )
