"""Any folder of recordings: one folder per class, or a manifest that says what is what."""

from __future__ import annotations

import os
import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from benchmark import (
    MANIFEST,
    Candidate,
    Dataset,
    DatasetError,
    Found,
    LeftOut,
    Location,
    build_corpus,
    find_root,
    holds_audio,
    leaves_root,
    look_into,
    others_text,
    read_manifest,
    reasons_text,
    recall_files,
    shown,
)

if TYPE_CHECKING:
    from benchmark import Corpus, Locations, Role

LAYOUT = (
    f"a folder with a {MANIFEST} (columns path, label and, if known, track_id, group, split, licence; "
    "`bench data scan DIR` writes one), or with one folder of recordings per class."
)

_NAMED = 5


class Folder(Dataset):
    """Any folder of recordings with a manifest, or with one folder per class; may be trained on."""

    name = "folder"
    role: ClassVar[Role] = "train"
    licence = "that of the recordings"
    citation = "that of the recordings"

    def __init__(
        self,
        *,
        root: Annotated[str | None, Location()] = None,
        manifest: str | None = None,
        min_seconds: Annotated[float, Field(gt=0)] = 1.0,
    ) -> None:
        self.root = root
        self.manifest = manifest
        self.min_seconds = min_seconds

    def load(self, locations: Locations) -> Corpus:
        """Return the usable recordings; classes are sorted. ``manifest`` is a path below the root."""
        root = find_root(self.name, self.root, locations, self._recognise, layout=LAYOUT)
        listing = list_folder(root, locations.cache, self.manifest or MANIFEST)
        return build_corpus(
            root,
            listing.candidates,
            classes=sorted({candidate.label for candidate in listing.candidates}),
            min_seconds=self.min_seconds,
            cache=locations.cache,
            left_out=listing.left_out,
            notes=listing.notes,
            others=listing.others,
        )

    def _recognise(self, folder: Path) -> Path | None:
        if self.manifest is None:
            return folder if os.path.lexists(folder / MANIFEST) or holds_audio(folder) else None
        if leaves_root(self.manifest):
            raise DatasetError(
                f"manifest '{self.manifest}' leaves the dataset's folder; give a path below its root."
            )
        if folder.is_dir() and not os.path.lexists(folder / self.manifest):
            raise DatasetError(
                f"{folder} holds no file '{self.manifest}', which the parameter 'manifest' names."
            )
        return folder if folder.is_dir() else None


class FolderTest(Folder):
    """As ``folder``, for evaluation only."""

    name = "folder-test"
    role = "test"


@dataclass(frozen=True)
class Listing:
    """What a folder is said to hold, or holds: see ``build_corpus`` for the parts."""

    candidates: list[Candidate]
    left_out: list[LeftOut]
    notes: tuple[str, ...] = ()
    others: str = ""


def list_folder(root: Path, cache: Path, manifest: str = MANIFEST) -> Listing:
    """Return what a folder's manifest lists and what it does not, or what its class folders hold.

    Raises:
        DatasetError: for wrong lines in the manifest.
    """
    content = look_into(root)
    if not os.path.lexists(root / manifest):
        candidates, left_out = _from_folders(content)
        return Listing(candidates, left_out, others=others_text(content.others))
    candidates = candidates_from_manifest(root / manifest, root)
    others = Counter(content.others)
    others[Path(manifest).suffix.lower()] -= 1
    listed = {candidate.name for candidate in candidates}
    unlisted = [name for name in content.audio if name not in listed]
    return Listing(candidates, [], _unlisted(root, cache, manifest, unlisted, content), others_text(+others))


def candidates_from_manifest(file: Path, root: Path | None = None) -> list[Candidate]:
    """Return what a manifest lists. Raises ``DatasetError`` for wrong lines."""
    entries = read_manifest(file, root)
    return [Candidate(e.track_id, e.path, e.label, e.group, e.split) for e in entries]


def _from_folders(content: Found) -> tuple[list[Candidate], list[LeftOut]]:
    """Return the audio files of each class folder, and what lies beside the class folders or cannot be read.

    Files in a folder of a class (an album, a song cut in pieces) share a group, named by that folder's path.
    """
    candidates: list[Candidate] = []
    left_out = list(content.left_out)
    for name in content.audio:
        label, *inner = PurePosixPath(name).parts[:-1] or ("",)
        if label:
            candidates.append(Candidate(name, name, label, "/".join([label, *inner]) if inner else None))
        else:
            left_out.append(LeftOut(name, "it lies in no class folder"))
    return candidates, left_out


def _unlisted(
    root: Path, cache: Path, manifest: str, names: Sequence[str], content: Found
) -> tuple[str, ...]:
    """Return what lies in the folder and is not in its manifest: recordings that may be added, and the rest."""
    known = recall_files(root, names, cache)
    broken = [
        *content.left_out,
        *(
            LeftOut(name, known[name].unusable(0))
            for name in names
            if name in known and known[name].unusable(0)
        ),
    ]
    broken_names = {out.id for out in broken}
    new = [name for name in names if name not in broken_names]
    notes = []
    if new:
        first = ", ".join(shown(name) for name in new[:_NAMED]) + (", …" if len(new) > _NAMED else "")
        files = "1 recording is" if len(new) == 1 else f"{len(new):,} recordings are"
        notes.append(
            f"{files} in the folder but not in {manifest}, and not used: {first}. "
            f"To add what is missing: bench data scan {shlex.quote(str(root))}"
        )
    if broken:
        files = "1 further file is" if len(broken) == 1 else f"{len(broken):,} further files are"
        notes.append(f"{files} not in {manifest} and cannot be used: {reasons_text(broken)}.")
    return tuple(notes)
