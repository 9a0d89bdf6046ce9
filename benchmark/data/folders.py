"""Find the folder that holds a dataset, and the audio files below it."""

from __future__ import annotations

import errno
import os
import stat
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.data.audio import EXTENSIONS
from benchmark.data.sniff import sniff
from benchmark.exceptions import DatasetError
from benchmark.plugin.tracks import LeftOut

if TYPE_CHECKING:
    from benchmark.locations import Locations

Recognise = Callable[[Path], Path | None]


def find_root(
    name: str,
    root: str | None,
    locations: Locations,
    recognise: Recognise,
    *,
    layout: str,
    telling: bool = False,
) -> Path:
    """Return the folder of a dataset.

    Looks at the ``root`` that a suite gives, else at ``--data NAME=DIR``, else at each folder of
    ``--data DIR`` and ``$BENCH_DATA``: at itself, and at the folders in it that are called like the dataset.

    Args:
        name: of the dataset.
        root: the dataset's ``root`` parameter.
        locations: where the user keeps data.
        recognise: returns the folder with the tracks when a folder has the dataset's layout, else None.
        layout: what the dataset should look like, for the error.
        telling: whether the layout tells this dataset from all others. If not, a folder of ``--data DIR``
            must be called like the dataset to be taken for it.

    Raises:
        DatasetError: when no place has the layout; says where it looked and what to do.
    """
    looked = list(_places(name, root, locations, telling))
    for place in looked:
        tracks_folder = recognise(place)
        if tracks_folder is not None:
            return tracks_folder
    raise DatasetError(_absent(name, looked, layout, locations.named))


@dataclass(frozen=True)
class Found:
    """What lies below a folder. Names are relative to it, with ``/``, and sorted.

    ``audio`` are the files to be looked at; ``left_out`` what cannot be reached or is there twice, with the reason;
    ``others`` counts what is no audio by extension (``""`` for none), and what is hidden as ``hidden``.
    """

    audio: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    others: Mapping[str, int]


def look_into(root: Path, within: Callable[[str], bool] | None = None) -> Found:
    """Return all that lies below a folder: audio, what is left out, and how much else.

    ``within`` says by their names which of the folders in it are looked into; without it, everything is.

    Files called like audio are audio, or are to be named; of others the first bytes are looked at. A folder that can
    be reached in several ways is read once, under its own name; links are followed after all folders, in order of
    their names, so that no order on the disk matters.
    """
    walk = _Walk(root, within)
    walk.run()
    return Found(
        tuple(sorted(walk.audio)),
        tuple(sorted(walk.left_out, key=lambda out: out.id)),
        dict(sorted(walk.others.items())),
    )


def holds_audio(root: Path) -> bool:
    """Return whether there is audio in one of the folders of a folder."""
    for folder in subfolders(root):
        for _, _, files in os.walk(folder):
            if any(is_called_audio(name) for name in files if not name.startswith(".")):
                return True
    return root.is_dir() and any("/" in name for name in look_into(root).audio)


def is_called_audio(name: str) -> bool:
    """Return whether a file has an extension of audio."""
    return os.path.splitext(name)[1].lower() in EXTENSIONS


def others_text(others: Mapping[str, int]) -> str:
    """Return in words what is no audio, or an empty text.

    >>> others_text({"": 1, ".jpg": 12, "hidden": 2})
    'no audio: 12 .jpg, 1 without extension, 2 hidden'
    """
    names = {"": "without extension"}
    shown = [
        f"{count:,} {names.get(kind, kind)}"
        for kind, count in sorted(others.items())
        if kind not in ("", "hidden")
    ]
    shown += [f"{others[kind]:,} {names.get(kind, kind)}" for kind in ("", "hidden") if kind in others]
    return f"no audio: {', '.join(shown)}" if shown else ""


def is_text(name: str) -> bool:
    """Return whether a file's name is text: one in another encoding than the system's can be no identity."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def shown(name: str) -> str:
    """Return a name as it can be printed: bytes that are no text, and characters that act, as escapes.

    >>> shown("caf\\udce9\\n.wav")
    'caf\\\\xe9\\\\n.wav'
    """
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _places(name: str, root: str | None, locations: Locations, telling: bool) -> Iterator[Path]:
    if root is not None:
        yield Path(root).expanduser()
    elif name in locations.named:
        yield locations.named[name]
    else:
        for folder in locations.data:
            if telling or folder.name.lower() == name:
                yield folder
            yield from (child for child in subfolders(folder) if child.name.lower() == name)
            if not telling and folder.name.lower() != name:
                yield folder / name


def subfolders(folder: Path) -> list[Path]:
    """Return the folders in a folder, sorted, hidden ones left out; none when it is not there."""
    try:
        with os.scandir(folder) as entries:
            return sorted(Path(e.path) for e in entries if e.is_dir() and not e.name.startswith("."))
    except OSError:
        return []


class _Walk:
    """One look at a folder and all below it."""

    def __init__(self, root: Path, within: Callable[[str], bool] | None) -> None:
        self.root = root
        self._within = within
        self.audio: list[str] = []
        self.left_out: list[LeftOut] = []
        self.others: Counter[str] = Counter()
        self._seen: dict[tuple[int, int], str] = {}
        self._folders: list[str] = []
        self._links: list[str] = []
        self._above: set[tuple[int, int]] = set()

    def run(self) -> None:
        """Read the folders, and then what links lead to."""
        real = self.root.resolve()
        self._above = {_key(folder.stat()) for folder in real.parents}
        self._reached("", self.root.stat())
        while self._folders or self._links:
            while self._folders:
                self._read(self._folders.pop())
            if self._links:
                self._links.sort(reverse=True)
                self._follow(self._links.pop())

    def _read(self, name: str) -> None:
        """Read a folder; ``name`` is empty for the root."""
        try:
            with os.scandir(self.root / name) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            self._leave_out(f"{name}/", f"cannot be read: {error.strerror}")
            return
        for entry in listed:
            if not name and self._within is not None and not self._within(entry.name):
                continue
            inner = f"{name}/{entry.name}" if name else entry.name
            try:
                self._entry(inner, entry)
            except OSError as error:
                nothing = entry.is_symlink() and error.errno in (errno.ENOENT, errno.ELOOP)
                words = "a link to nothing" if nothing else f"cannot be read: {error.strerror}"
                self._leave_out(inner, words)

    def _entry(self, name: str, entry: os.DirEntry[str]) -> None:
        if entry.name.startswith("."):
            self.others["hidden"] += 1
        elif not is_text(entry.name):
            self._leave_out(name, "its name is not in UTF-8, and so can be written nowhere: rename it")
        elif entry.is_dir(follow_symlinks=False):
            self._reached(name, os.stat(entry.path))
        elif entry.is_dir():
            self._links.append(name)
        else:
            self._file(name, entry)

    def _reached(self, name: str, status: os.stat_result) -> None:
        if _key(status) in self._seen:
            self._leave_out(name, self._twice(self._seen[_key(status)]))
        else:
            self._seen[_key(status)] = name
            self._folders.append(name)

    def _follow(self, name: str) -> None:
        try:
            status = os.stat(self.root / name)
        except OSError as error:
            self._leave_out(name, f"cannot be read: {error.strerror}")
            return
        if _key(status) in self._above:
            self._leave_out(name, "a link to a folder that holds this one, and is not followed")
        else:
            self._reached(name, status)

    def _file(self, name: str, entry: os.DirEntry[str]) -> None:
        if not (entry.is_file(follow_symlinks=False) or stat.S_ISREG(os.stat(entry.path).st_mode)):
            self._leave_out(name, "a pipe, socket or device, not a file")
        elif self._is_audio(entry):
            self.audio.append(name)
        else:
            self.others[os.path.splitext(name)[1].lower()] += 1

    def _is_audio(self, entry: os.DirEntry[str]) -> bool:
        if is_called_audio(entry.name):
            return True
        with open(entry.path, "rb", buffering=0) as file:
            return sniff(file) is not None

    def _leave_out(self, name: str, reason: str) -> None:
        self.left_out.append(LeftOut(shown(name), reason))

    def _twice(self, first: str) -> str:
        return (
            f"the same folder as {shown(first)}, under which it is read"
            if first
            else "the dataset's folder itself"
        )


def _key(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _absent(name: str, looked: list[Path], layout: str, named: Mapping[str, Path]) -> str:
    others = "".join(
        f"\n  (--data {other}={place} is for a dataset called '{other}')"
        for other, place in named.items()
        if other != name
    )
    places = "".join(f"\n  {place}{'' if place.is_dir() else ' (no such folder)'}" for place in looked)
    return (
        f"Dataset '{name}' was not found.\n"
        f"Looked at:{places or ' nothing, as no place for it was given.'}{others}\n"
        f"Expected: {layout}\n"
        f"Say where it is in the suite (dataset: {{{name}: {{root: DIR}}}}), on the command line "
        f"(--data {name}=DIR), or in the environment variable BENCH_DATA (a folder that holds '{name}').\n"
        "To rehearse without it, on synthetic music: bench run SUITE --rehearse"
    )
