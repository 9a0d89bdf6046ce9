"""Whether stored predictions are of the tracks that a cell is evaluated on, as its datasets have them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.data.assemble import evaluated_tracks
from benchmark.exceptions import DatasetError, ResultsError, SplitError

if TYPE_CHECKING:
    from benchmark.plugin.registry import ComponentSpec, Registry
    from benchmark.plugin.tracks import Corpus
    from benchmark.record import CellRecord
    from benchmark.results.plan import Plan
    from benchmark.results.predictions import SetPredictions
    from benchmark.settings import DuplicateSettings
    from benchmark.suite.cell import CellSpec

Tracks = Mapping[str, Mapping[str, str]]


class ExpectedTracks:
    """What cells are evaluated on; cells that share their data are looked at once."""

    def __init__(self, plan: Plan, registry: Registry) -> None:
        """``plan`` knows which datasets are here."""
        self._corpora = plan.corpora_by_key
        self._registry = registry
        self._known: dict[tuple[Any, ...], Tracks | None] = {}

    def check(self, spec: CellSpec, record: CellRecord, stored: Mapping[str, SetPredictions]) -> None:
        """Compare a finished cell's predictions with its data; where those are not here, nothing is known.

        Raises:
            ResultsError: when tracks are missing, others are there, or one has another label.
        """
        expected = self._of(spec)
        for name, tracks in (expected or {}).items():
            if name not in stored:
                continue
            problem = _difference(tracks, stored[name], record)
            if problem:
                raise ResultsError(
                    f"its predictions are not of the tracks in the data: {name} {problem}. Remove its folder, and run "
                    "the suite again"
                )

    def _of(self, spec: CellSpec) -> Tracks | None:
        key = (id(spec.dataset), id(spec.split), id(spec.evaluate), spec.seed, spec.fold)
        if key not in self._known:
            try:
                # To find copies may take hours; a cell that had some removed has fewer tracks.
                self._known[key] = (
                    None if spec.duplicates else evaluated_tracks(spec, self._registry, self._corpus)
                )
            except (DatasetError, SplitError):
                self._known[key] = None
        return self._known[key]

    def _corpus(self, spec: ComponentSpec, duplicates: DuplicateSettings | None = None, /) -> Corpus:
        if spec.key not in self._corpora:
            raise DatasetError(f"Dataset {spec.label} is not here.")
        return self._corpora[spec.key]


def _difference(expected: Mapping[str, str], stored: SetPredictions, record: CellRecord) -> str:
    labels = dict(zip(stored.tracks.tolist(), np.array(record.classes)[stored.labels].tolist(), strict=True))
    left_out = {name.partition(": ")[2] for name in record.left_out}
    for track in expected.keys() - labels.keys() - left_out:
        return f"lacks track '{track}'"
    for track in labels.keys() - expected.keys():
        return f"has track '{track}', which is none of them"
    for track, label in labels.items():
        if label != expected[track]:
            return f"calls track '{track}' {label}, which is {expected[track]}"
    return ""
