"""Any folder of recordings: one folder per class, or a manifest that says what is what."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from benchmark import Dataset, Location
from benchmark.data.corpus import Candidate, build_corpus
from benchmark.data.folders import find_audio, find_root
from benchmark.data.manifest import MANIFEST, leaves_root, read_manifest
from benchmark.data.tracks import LeftOut
from benchmark.exceptions import DatasetError

if TYPE_CHECKING:
    from benchmark.data.tracks import Corpus
    from benchmark.locations import Locations
    from benchmark.plugin.dataset import Role

LAYOUT = (
    f"a folder with a {MANIFEST} (columns path, label and, if known, track_id, group, split, licence; "
    "`bench data scan DIR` writes one), or with one folder of recordings per class."
)


class Folder(Dataset):
    """Any folder of recordings with a manifest, or with one folder per class; may be trained on."""

    name = "folder"
    role: ClassVar[Role] = "train"
    licence = "that of the recordings"

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
        left_out: list[LeftOut] = []
        file = root / (self.manifest or MANIFEST)
        if file.is_file():
            candidates = candidates_from_manifest(file)
        else:
            candidates, left_out = candidates_from_folders(root)
        return build_corpus(
            root,
            candidates,
            classes=sorted({candidate.label for candidate in candidates}),
            min_seconds=self.min_seconds,
            cache=locations.cache,
            left_out=left_out,
        )

    def _recognise(self, folder: Path) -> Path | None:
        if self.manifest is None:
            return folder if (folder / MANIFEST).is_file() or find_audio_if_there(folder) else None
        if leaves_root(self.manifest):
            raise DatasetError(
                f"manifest '{self.manifest}' leaves the dataset's folder; give a path below its root."
            )
        if folder.is_dir() and not (folder / self.manifest).is_file():
            raise DatasetError(
                f"{folder} holds no file '{self.manifest}', which the parameter 'manifest' names."
            )
        return folder if folder.is_dir() else None


class FolderTest(Folder):
    """As ``folder``, for evaluation only."""

    name = "folder-test"
    role = "test"


def candidates_from_manifest(file: Path) -> list[Candidate]:
    """Return what a manifest lists. Raises ``DatasetError`` for wrong lines."""
    return [Candidate(e.track_id, e.path, e.label, e.group, e.split) for e in read_manifest(file)]


def candidates_from_folders(root: Path) -> tuple[list[Candidate], list[LeftOut]]:
    """Return the audio files of each class folder, and those that lie beside the class folders.

    Files in a folder of a class (an album, a song cut in pieces) share a group, named by that folder's path.
    """
    candidates: list[Candidate] = []
    left_out: list[LeftOut] = []
    for name in find_audio(root):
        label, *inner = PurePosixPath(name).parts[:-1] or ("",)
        if label:
            candidates.append(Candidate(name, name, label, "/".join([label, *inner]) if inner else None))
        else:
            left_out.append(LeftOut(name, "it lies in no class folder"))
    return candidates, left_out


def find_audio_if_there(folder: Path) -> list[str]:
    """Return the audio files in the folders of ``folder``; none when it is not there."""
    return [name for name in find_audio(folder) if "/" in name] if folder.is_dir() else []
