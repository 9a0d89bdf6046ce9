"""Identities of cells: what counts, and what is decoration."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmark.plugin.registry import ComponentSpec, Registry
from benchmark.suite.cell import CellSpec, canonical_json
from benchmark.suite.settings import Settings, SplitSettings

KEYS = ("augmentation", "clips", "dataset", "evaluate", "features", "fold", "model", "seed", "split", "training")


class Identifier:
    """Canonical specifications and identities of cells.

    Metrics take no part: they are pure functions of stored predictions, so adding one trains nothing again.
    Labels, the order of keys, and locations take none either. ``revision_of`` gives a dataset's revision, or None
    where it is absent; then the cell has no identity.
    """

    def __init__(self, registry: Registry, revision_of: Callable[[ComponentSpec], str | None]) -> None:
        self._registry = registry
        self._revision_of = revision_of
        # Cells share the objects they are made of; each is looked at once, and kept so that its id stays its own.
        self._seen: dict[int, tuple[Any, Any, str]] = {}

    def canonical(self, spec: CellSpec) -> dict[str, Any] | None:
        """Return what of a cell can change its result, as plain JSON, or None if a dataset is absent."""
        parts = {key: self._part(getattr(spec, key))[0] for key in KEYS}
        return None if parts["dataset"] is None or parts["evaluate"] is None else parts

    def identity(self, spec: CellSpec) -> str | None:
        """Return ``identity(canonical(spec))``, put together from the parts' texts."""
        texts = [self._part(getattr(spec, key))[1] for key in KEYS]
        if texts[KEYS.index("dataset")] == "null" or texts[KEYS.index("evaluate")] == "null":
            return None
        text = ",".join(f'"{key}":{part}' for key, part in zip(KEYS, texts, strict=True))
        return hashlib.sha256(f"{{{text}}}".encode()).hexdigest()[:12]

    def _part(self, value: Any) -> tuple[Any, str]:
        if value is None:
            return None, "null"
        if isinstance(value, int):
            return value, str(value)
        found = self._seen.get(id(value))
        if found is None:
            plain = self._plain(value)
            found = self._seen[id(value)] = (value, plain, canonical_json(plain))
        return found[1], found[2]

    def _plain(self, value: Any) -> Any:
        if isinstance(value, SplitSettings):
            plain = value.model_dump(mode="json", exclude_none=True)
            if value.files:
                plain["files"] = {side: _content(file) for side, file in value.files.items()}
            return plain
        if isinstance(value, Settings):
            return value.model_dump(mode="json", exclude_none=True)
        if isinstance(value, ComponentSpec):
            plain = value.identity(self._registry)
            if value.kind == "dataset":
                revision = self._revision_of(value)
                return None if revision is None else {**plain, "revision": revision}
            return plain
        if value and hasattr(value[0], "part"):
            return self._evaluations(value)
        return [[self._plain(step) for step in chain] for chain in value]

    def _evaluations(self, evaluate: Any) -> list[Any] | None:
        plain = []
        for each in evaluate:
            dataset = None if each.dataset is None else self._plain(each.dataset)
            if each.dataset is not None and dataset is None:
                return None
            plain.append({"dataset": dataset, "part": each.part})
        return plain


def _content(file: str) -> str:
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()[:16]
