"""What a suite asks for, what of it is done, and what the rest needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from benchmark.data.corpora import CorpusOf, corpus_loader
from benchmark.data.looking import Looker
from benchmark.exceptions import DatasetError
from benchmark.locations import Locations
from benchmark.plugin.benchfile import BENCHFILE
from benchmark.plugin.registry import ComponentSpec, Registry
from benchmark.plugin.tracks import Corpus
from benchmark.suite.cell import Cell
from benchmark.suite.identity import Identifier
from benchmark.suite.load import Suite


@dataclass(frozen=True)
class Plan:
    """A suite whose datasets have been looked up.

    ``ids`` has the identity of each cell of ``suite.cells``, None where a dataset that it needs is absent, or where
    it is pending, or something else of it is not known here.
    ``corpora_by_key`` and ``lacking`` hold, by the datasets' keys, what was found and why what was not. ``notes`` are
    what must be said of results that were found for such cells.
    """

    suite: Suite
    ids: tuple[str | None, ...]
    corpora_by_key: Mapping[str, Corpus]
    lacking: Mapping[str, DatasetError]
    corpus_of: CorpusOf
    identifier: Identifier
    notes: tuple[str, ...] = ()

    @property
    def corpora(self) -> dict[str, Corpus]:
        """What was found, by what the suite calls it."""
        return {
            label: self.corpora_by_key[spec.key]
            for label, spec in self._datasets.items()
            if spec.key in self.corpora_by_key
        }

    @property
    def absent(self) -> dict[str, DatasetError]:
        """Why datasets were not found, by what the suite calls them."""
        return {
            label: self.lacking[spec.key]
            for label, spec in self._datasets.items()
            if spec.key in self.lacking
        }

    @cached_property
    def _datasets(self) -> dict[str, ComponentSpec]:
        shared = {
            id(part): part for cell in self.suite.cells for part in (cell.spec.dataset, cell.spec.evaluate)
        }
        by_label: dict[str, ComponentSpec] = {}
        for part in shared.values():
            several = (evaluation.dataset for evaluation in part) if isinstance(part, tuple) else (part,)
            by_label |= {spec.label: spec for spec in several if spec is not None}
        return by_label

    @property
    def cells(self) -> list[tuple[Cell, str]]:
        """The cells whose identity is known, with it; cells of equal identity appear once."""
        known: dict[str, Cell] = {}
        for cell, id_ in zip(self.suite.cells, self.ids, strict=True):
            if id_ is not None:
                known[id_] = _with_both(known.get(id_), cell)
        return [(cell, id_) for id_, cell in known.items()]


def _with_both(known: Cell | None, cell: Cell) -> Cell:
    """Return a cell with the corrupted sets that another one of its identity is evaluated on too."""
    if known is None or known.spec.corrupted is cell.spec.corrupted:
        return cell
    more = tuple(corrupted for corrupted in known.spec.corrupted if corrupted not in cell.spec.corrupted)
    return replace(cell, spec=replace(cell.spec, corrupted=cell.spec.corrupted + more)) if more else cell


@dataclass
class _Lookup:
    corpus_of: CorpusOf
    corpora_by_key: dict[str, Corpus] = field(default_factory=dict)
    lacking: dict[str, DatasetError] = field(default_factory=dict)

    def revision(self, spec: ComponentSpec) -> str | None:
        """Return the dataset's revision, or None where it is absent; remember which."""
        if spec.key in self.lacking:
            return None
        try:
            self.corpora_by_key[spec.key] = self.corpus_of(spec)
        except DatasetError as error:
            self.lacking[spec.key] = error
            return None
        return self.corpora_by_key[spec.key].revision


def make_plan(suite: Suite, registry: Registry, locations: Locations, looker: Looker | None = None) -> Plan:
    """Look up the datasets of a suite and identify its cells. Decodes only audio never seen before, by ``looker``."""
    lookup = _Lookup(corpus_loader(registry, locations, looker))
    identifier = Identifier(lookup.revision)
    ids = identities(suite, identifier)
    return Plan(suite, ids, lookup.corpora_by_key, lookup.lacking, lookup.corpus_of, identifier)


def identities(suite: Suite, identifier: Identifier) -> tuple[str | None, ...]:
    """Return the identity of each cell; None for one that is not known yet, or lacks a dataset."""
    return tuple(None if cell.pending else identifier.identity(cell.spec) for cell in suite.cells)


def benchfile_of(suite_path: Path) -> Path:
    """Return where a suite's own plugin code would be."""
    return suite_path.resolve().parent / BENCHFILE
