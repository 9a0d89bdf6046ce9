"""The real-world test set: clips that the user has, by genre, for evaluation only."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from bench_datasets.folder import list_folder
from bench_datasets.gtzan import GENRES
from benchmark import (
    MANIFEST,
    Candidate,
    Dataset,
    LeftOut,
    Location,
    build_corpus,
    find_root,
    look_into,
    subfolders,
)

if TYPE_CHECKING:
    from benchmark import Corpus, Locations

LAYOUT = (
    "one folder of clips (MP3 or any other audio) per genre, called "
    + ", ".join(GENRES)
    + " (spellings such as "
    f"hip-hop or Hip Hop will do), or a {MANIFEST} with columns path and label."
)


class Spotify(Dataset):
    """Clips of current music by playlist genre, the paper's real-world test. Nothing is downloaded."""

    name = "spotify"
    role = "test"
    licence = "the owners'; the service's terms forbid training on its content, hence evaluation only"
    citation = (
        "D. Blašković and M. Oreški, Exploring CNNs and Mel Spectrograms for Music Genre Classification"
    )

    def __init__(
        self,
        *,
        root: Annotated[str | None, Location()] = None,
        min_seconds: Annotated[float, Field(gt=0)] = 10.0,
    ) -> None:
        self.root = root
        self.min_seconds = min_seconds

    def load(self, locations: Locations) -> Corpus:
        """Return the usable clips, with GTZAN's classes; other genres are left out by name."""
        root = find_root(self.name, self.root, locations, _recognise, layout=LAYOUT)
        listing = list_folder(root, locations.cache)
        left_out = list(listing.left_out)
        known: list[Candidate] = []
        for candidate in listing.candidates:
            genre = genre_of(candidate.label)
            if genre is None:
                reason = f"genre '{candidate.label}' is none of {', '.join(GENRES)}"
                left_out.append(LeftOut(candidate.name, reason))
            else:
                known.append(replace(candidate, label=genre))
        return build_corpus(
            root,
            known,
            classes=GENRES,
            min_seconds=self.min_seconds,
            cache=locations.cache,
            left_out=left_out,
            notes=listing.notes,
            others=listing.others,
        )


def genre_of(text: str) -> str | None:
    """Return the genre that a spelling means (``Hip Hop``, ``hip-hop``, ``HipHop``: hiphop), or None."""
    letters = re.sub(r"[\W_]+", "", text).lower()
    return letters if letters in GENRES else None


def _recognise(folder: Path) -> Path | None:
    if os.path.lexists(folder / MANIFEST):
        return folder
    by_genre = any(genre_of(child.name) and look_into(child).audio for child in subfolders(folder))
    return folder if by_genre else None
