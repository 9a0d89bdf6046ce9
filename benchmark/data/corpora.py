"""The corpora that cells use, each loaded once: by a plan, and by each process that works for it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Protocol

from benchmark.data.classes import with_one_spelling
from benchmark.data.duplicates import with_duplicates
from benchmark.data.looking import Looker, current_looker, looking_by
from benchmark.exceptions import BrokenDatasetError, PluginFailure
from benchmark.locations import Locations
from benchmark.plugin.border import calling
from benchmark.plugin.registry import ComponentSpec, Registry
from benchmark.plugin.supplied import checked_corpus
from benchmark.plugin.tracks import Corpus
from benchmark.settings import DuplicateSettings

if TYPE_CHECKING:
    from benchmark.plugin.dataset import Dataset

logger = logging.getLogger(__name__)


class CorpusOf(Protocol):
    """Returns the corpus of a dataset; with ``duplicates``, with what is said there done about copies."""

    def __call__(self, spec: ComponentSpec, duplicates: DuplicateSettings | None = None, /) -> Corpus:
        """Return the corpus; loaded, and searched for copies, on first use only."""
        ...


def load_corpus(dataset: Dataset, locations: Locations) -> Corpus:
    """Return what a dataset supplies.

    Raises:
        DatasetError: when the data are not there.
        BrokenDatasetError: when its code fails, or gives no corpus.
    """
    try:
        with calling(dataset, "load"):
            made = dataset.load(locations)
    except PluginFailure as error:
        raise BrokenDatasetError(str(error)) from error
    return checked_corpus(dataset, made)


def corpus_loader(registry: Registry, locations: Locations, looker: Looker | None = None) -> CorpusOf:
    """Return a function from a dataset's specification to its corpus; each is loaded on first use only.

    ``looker`` is what looks at the files, now or later; by default what is set for all files now.
    """
    looker = looker or current_looker()
    specs: dict[str, ComponentSpec] = {}

    @cache
    def load(key: str) -> Corpus:
        dataset: Dataset = specs[key].create(registry)
        with looking_by(looker):
            corpus = load_corpus(dataset, locations)
        return with_one_spelling(replace(corpus, name=specs[key].name))

    @cache
    def searched(key: str, action: str) -> Corpus:
        from benchmark.data.recordings.find import find_recordings

        corpus = load(key)
        logger.info("looking for duplicates among %d tracks", len(corpus.tracks))
        recordings = find_recordings(corpus.tracks, locations.cache, looker=looker)
        sets, parts = recordings.sets(corpus.tracks), recordings.partly(corpus.tracks)
        unheard = {
            track.id: recordings.unheard[track.content]
            for track in corpus.tracks
            if track.content in recordings.unheard
        }
        return with_duplicates(corpus, sets, remove=action == "remove", parts=parts, unheard=unheard)

    def corpus_of(spec: ComponentSpec, duplicates: DuplicateSettings | None = None, /) -> Corpus:
        specs.setdefault(spec.key, spec)
        return load(spec.key) if duplicates is None else searched(spec.key, duplicates.action)

    return corpus_of


# Of a process that works for a run: what it has loaded, and where that came from; None where nothing is kept.
_kept: ContextVar[list[tuple[Registry, Locations, CorpusOf]] | None] = ContextVar("kept", default=None)


@contextmanager
def keeping_corpora() -> Iterator[None]:
    """Have ``kept_corpora`` load each corpus once inside, for one run."""
    token = _kept.set([])
    try:
        yield
    finally:
        _kept.reset(token)


def kept_corpora(registry: Registry, locations: Locations) -> CorpusOf:
    """Return what ``corpus_loader`` does; inside ``keeping_corpora`` it is the same for all tasks of a run.

    What changes on the disk meanwhile is not seen there; whoever decodes a file sees whether it is the one it was.
    """
    kept = _kept.get()
    for known, places, loader in kept or ():
        if known is registry and places == locations:
            return loader
    loader = corpus_loader(registry, locations)
    if kept is not None:
        # A process has one run at a time, and room for what that needs.
        kept[:] = [(registry, locations, loader)]
    return loader


def bring_corpora(registry: Registry, locations: Locations, corpus_of: CorpusOf) -> None:
    """Have ``kept_corpora`` return ``corpus_of`` for this run, inside ``keeping_corpora``: what a driver has loaded."""
    kept = _kept.get()
    if kept is not None:
        kept[:] = [(registry, locations, corpus_of)]
