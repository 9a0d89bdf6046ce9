"""GTZAN: a local copy, in any of the layouts that are about."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from bench_datasets.groups import read_groups
from benchmark import (
    Candidate,
    Dataset,
    DatasetError,
    File,
    LeftOut,
    Location,
    build_corpus,
    find_root,
    look_into,
    others_text,
    subfolders,
)

if TYPE_CHECKING:
    from benchmark import Corpus, Locations

GENRES = ("blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock")
LAYOUT = (
    "folders genres/<genre>/ or genres_original/<genre>/ or Data/genres_original/<genre>/ or <genre>/, with "
    "files called <genre>.00000.wav (or .au) and so on; the genres are " + ", ".join(GENRES) + "."
)
_PLACES = ("", "genres", "genres_original", "Data/genres_original")
_NAME = re.compile(r"(?P<genre>[a-z]+)\.\d{5}\.(?:wav|au)", re.IGNORECASE)


class Gtzan(Dataset):
    """GTZAN (Tzanetakis & Cook 2002): 1,000 clips of 30 s in ten genres. Read from a local copy."""

    name = "gtzan"
    role = "train"
    licence = "none stated: for research on one's own copy, never to be passed on"
    citation = (
        "G. Tzanetakis and P. Cook, Musical genre classification of audio signals, "
        "IEEE Transactions on Speech and Audio Processing 10(5), 2002"
    )
    expected = dict.fromkeys(GENRES, 100)
    aliases = {"hiphop": ("hip-hop", "hip hop", "hip_hop")}

    def __init__(
        self,
        *,
        root: Annotated[str | None, Location()] = None,
        # No part of an identity where it is not given, as it was not when there were results already.
        groups: Annotated[str | None, File(), Location()] = None,
        min_seconds: Annotated[float, Field(gt=0)] = 10.0,
    ) -> None:
        self.root = root
        self.groups = groups
        self.min_seconds = min_seconds

    def load(self, locations: Locations) -> Corpus:
        """Return the usable clips, ids ``blues.00000``, classes in the order of the genres' names.

        ``groups`` is a list of clips and their artists: Sturm's index, or a CSV or TSV (see ``read_groups``).
        """
        groups = read_groups(Path(self.groups)) if self.groups else {}
        root = find_root(self.name, self.root, locations, _recognise, layout=LAYOUT, telling=True)
        candidates: dict[str, Candidate] = {}
        content = look_into(root, _is_genre)
        left_out = list(content.left_out)
        # Sorted backwards, .wav comes before .au, and so wins where a copy holds both.
        for name in sorted(content.audio, reverse=True):
            genre, _, file = name.partition("/")
            track = file.rpartition(".")[0].lower()
            if not _belongs(genre, file):
                left_out.append(LeftOut(name, f"not called like a clip of GTZAN, {genre}.NNNNN.wav or .au"))
            elif track in candidates:
                left_out.append(LeftOut(name, f"{candidates[track].name} is the same clip"))
            else:
                candidates[track] = Candidate(track, name, genre.lower(), groups.get(track))
        corpus = build_corpus(
            root,
            candidates.values(),
            classes=GENRES,
            min_seconds=self.min_seconds,
            cache=locations.cache,
            left_out=left_out,
            others=others_text(content.others),
        )
        return _with_note(corpus) if groups else corpus


def _with_note(corpus: Corpus) -> Corpus:
    """Return a corpus that says how many clips have no artist.

    Raises:
        DatasetError: when none has one.
    """
    without = [track.id for track in corpus.tracks if track.group is None]
    if len(without) == len(corpus.tracks):
        raise DatasetError(
            f"The list of groups names no clip that is here. A line is '{without[0]}.wav, ARTIST'."
        )
    if not without:
        return corpus
    some = ", ".join(without[:5]) + (", …" if len(without) > 5 else "")
    note = f"{len(without)} of {len(corpus.tracks)} clips have no artist in the list of groups: {some}."
    return replace(corpus, notes=(*corpus.notes, note))


def _is_genre(folder: str) -> bool:
    return folder.lower() in GENRES


def _belongs(genre: str, file: str) -> bool:
    match = _NAME.fullmatch(file)
    return match is not None and match["genre"].lower() == genre.lower()


def _recognise(folder: Path) -> Path | None:
    for place in _PLACES:
        for genre in subfolders(folder / place):
            if _is_genre(genre.name) and any(_belongs(genre.name, child.name) for child in genre.iterdir()):
                return folder / place
    return None
