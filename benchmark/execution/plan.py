"""What a suite asks for, what of it is done, and what the rest needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmark.data.corpora import CorpusOf, corpus_loader
from benchmark.data.tracks import Corpus
from benchmark.exceptions import DatasetError
from benchmark.locations import Locations
from benchmark.plugin.benchfile import BENCHFILE
from benchmark.plugin.registry import ComponentSpec, Registry
from benchmark.suite.cell import Cell
from benchmark.suite.identity import Identifier
from benchmark.suite.load import Suite


@dataclass(frozen=True)
class Plan:
    """A suite whose datasets have been looked up.

    ``ids`` has the identity of each cell of ``suite.cells``, None where a dataset that it needs is absent, or where
    it is pending, or something else of it is not known here.
    ``corpora`` and ``absent`` hold, by the datasets' labels, what was found and why what was not. ``notes`` are what
    must be said of results that were found for such cells.
    """

    suite: Suite
    ids: tuple[str | None, ...]
    corpora: Mapping[str, Corpus]
    absent: Mapping[str, DatasetError]
    corpus_of: CorpusOf
    identifier: Identifier
    notes: tuple[str, ...] = ()

    @property
    def cells(self) -> list[tuple[Cell, str]]:
        """The cells whose identity is known, with it; cells of equal identity appear once."""
        known = {id_: cell for cell, id_ in zip(self.suite.cells, self.ids, strict=True) if id_ is not None}
        return [(cell, id_) for id_, cell in known.items()]


@dataclass
class _Lookup:
    corpus_of: CorpusOf
    corpora: dict[str, Corpus] = field(default_factory=dict)
    absent: dict[str, DatasetError] = field(default_factory=dict)

    def revision(self, spec: ComponentSpec) -> str | None:
        """Return the dataset's revision, or None where it is absent; remember which."""
        if spec.label in self.absent:
            return None
        try:
            self.corpora[spec.label] = self.corpus_of(spec)
        except DatasetError as error:
            self.absent[spec.label] = error
            return None
        return self.corpora[spec.label].revision


def make_plan(suite: Suite, registry: Registry, locations: Locations) -> Plan:
    """Look up the datasets of a suite and identify its cells. Decodes only audio never seen before."""
    lookup = _Lookup(corpus_loader(registry, locations))
    identifier = Identifier(registry, lookup.revision)
    ids = identities(suite, identifier)
    return Plan(suite, ids, lookup.corpora, lookup.absent, lookup.corpus_of, identifier)


def identities(suite: Suite, identifier: Identifier) -> tuple[str | None, ...]:
    """Return the identity of each cell; None for one that is not known yet, or lacks a dataset."""
    return tuple(None if cell.pending else identifier.identity(cell.spec) for cell in suite.cells)


def benchfile_of(suite_path: Path) -> Path:
    """Return where a suite's own plugin code would be."""
    return suite_path.resolve().parent / BENCHFILE
