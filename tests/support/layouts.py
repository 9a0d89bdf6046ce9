"""Folders as people have them, each with its right answer: which recordings are used, and what is said of the rest."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import soundfile
from sounds import RATE, Nasty, by_soundfile, encoded, music

GOOD = tuple(f"{label}/{number}.wav" for label in ("blues", "rock") for number in range(6))


@dataclass(frozen=True)
class Layout:
    """A folder that ``make`` fills, beside twelve good recordings in two classes.

    ``used`` are the further recordings that are used. ``left_out`` are words of the reason for each that is not, by
    name. ``says`` is said by ``verify``. ``error`` are words with which everything ends, exit 2. ``workers`` says that
    what is special about it reaches the processes that look at files.
    """

    name: str
    make: Callable[[Path], None]
    used: tuple[str, ...] = ()
    left_out: dict[str, str] = field(default_factory=dict)
    says: tuple[str, ...] = ()
    error: tuple[str, ...] = ()
    manifest: bool = False
    ffmpeg: bool = False
    workers: bool = False

    def __str__(self) -> str:
        return self.name


def sound(file: Path, seed: int, seconds: float = 1.2) -> None:
    """Write a recording of noise that no other has."""
    file.parent.mkdir(parents=True, exist_ok=True)
    samples = np.random.default_rng(seed).uniform(-0.5, 0.5, round(seconds * RATE))
    soundfile.write(file, samples, RATE, format="WAV")


def good(root: Path) -> None:
    for number, name in enumerate(GOOD):
        sound(root / name, number)


def sounds_called(names: Iterable[str]) -> Callable[[Path], None]:
    def make(root: Path) -> None:
        for number, name in enumerate(names, 100):
            sound(root / name, number)

    return make


def manifest(text: str, encoding: str = "utf-8") -> Callable[[Path], None]:
    """Return what writes a manifest of the good recordings, and of those in ``text``."""

    def make(root: Path) -> None:
        lines = "".join(f"{name},{name.partition('/')[0]},\n" for name in GOOD)
        (root / "manifest.csv").write_text(f"path,label,mood\n{lines}{text}", encoding=encoding, newline="")

    return make


def together(*makes: Callable[[Path], None]) -> Callable[[Path], None]:
    def make(root: Path) -> None:
        for maker in makes:
            maker(root)

    return make


ODD_NAMES = (
    "rock/ both ends .wav", "rock/new\nline.wav", "rock/return\rhere.wav", 'rock/"quoted", and comma.wav',
    "rock/semi;colon\ttab.wav", "rock/=1+1.wav", "rock/<b>bold&amp;.wav", "rock/$HOME 100% #1 ~_^{}.wav",
    "rock/back\\slash.wav", "rock/-rf.wav", "rock/\x1b[31mred.wav", "rock/日本語.wav", "rock/🎵.wav", "rock/עברית.wav",
    f"rock/{unicodedata.normalize('NFD', 'Música')}.wav", f"rock/{unicodedata.normalize('NFC', 'Música')}.wav",
    f"rock/{'x' * 240}.wav", "rock/x.wav.wav", "rock/a.b.c", "rock/UPPER.WAV", "rock/UPPER.WAV ", "rock/ünïcödé/and more/x.wav",
    f"rock/{'d/' * 400}x.wav",
)  # fmt: skip


def undecodable(root: Path) -> None:
    sound(root / "rock/tmp.wav", 1)
    os.rename(root / "rock/tmp.wav", os.fsencode(root) + b"/rock/caf\xe9.wav")
    os.mkdir(os.fsencode(root) + b"/m\xfasica")
    sound(root / "rock/tmp.wav", 2)
    os.rename(root / "rock/tmp.wav", os.fsencode(root) + b"/m\xfasica/1.wav")


def links(root: Path) -> None:
    elsewhere = root.parent / "elsewhere"
    sound(elsewhere / "album/1.wav", 50)
    (root / "aaa").symlink_to("rock")
    (root / "zzz").symlink_to(root / "rock")
    (root / "rock/live").symlink_to(elsewhere / "album")
    (root / "rock/loop").symlink_to(root)
    (root / "rock/self").symlink_to(".")
    (root / "up").symlink_to(root.parent)
    (root / "rock/gone.wav").symlink_to("nowhere.wav")
    (root / "rock/round.wav").symlink_to("round.wav")
    (root / "rock/elsewhere.wav").symlink_to(elsewhere / "album/1.wav")
    os.mkfifo(root / "rock/pipe.wav")
    os.mkfifo(root / "rock/pipe")
    (root / "rock/null.wav").symlink_to("/dev/zero")


def junk(root: Path) -> None:
    for name in ("._0.wav", ".DS_Store", "._rock", ".hidden/x.wav"):
        (root / "rock" / name).parent.mkdir(exist_ok=True)
        (root / "rock" / name).write_bytes(b"\x00\x05\x16\x07" + bytes(100))
    for name in ("Thumbs.db", "cover.jpg", "back.JPG", "notes.txt", "README", "desktop.ini", "x.npy"):
        (root / "rock" / name).write_bytes(b"\xff" * 3000)


def nasty_sounds(root: Path) -> None:
    (root / "nasty").mkdir()
    for nasty in by_soundfile():
        nasty.make(root / "nasty" / nasty.name)


def _usable(nasty: Nasty) -> bool:
    return nasty.samples is not None and not nasty.short


def m4a(root: Path) -> None:
    (root / "pop").mkdir()
    for number in range(4):
        encoded("-c:a aac", partial(music, seed=number))(root / f"pop/{number}.m4a")


def few(root: Path) -> None:
    sound(root / "jazz/1.wav", 60)
    for number in range(3):
        soundfile.write(root / f"jazz/silent{number}.wav", np.zeros(2 * RATE), RATE)
    sound(root / "jazz/short.wav", 61, 0.2)


def fifo(root: Path) -> None:
    os.mkfifo(root / "manifest.csv")


SOUNDS = by_soundfile()
LAYOUTS = [
    Layout(
        "all nasty sounds", nasty_sounds,
        used=tuple(f"nasty/{nasty.name}" for nasty in SOUNDS if _usable(nasty)),
        left_out={f"nasty/{nasty.name}": nasty.problem for nasty in SOUNDS if not _usable(nasty)},
        workers=True,
    ),
    Layout("odd names", sounds_called(ODD_NAMES), used=ODD_NAMES, workers=True),
    Layout(
        "names that lead out on Windows", sounds_called(["rock/a\\..\\x.wav", "C:/y.wav"] + [f"C:/{n}.wav" for n in range(5)]),
        used=("rock/a\\..\\x.wav", "C:/y.wav", *(f"C:/{n}.wav" for n in range(5))),
    ),
    Layout(
        "names in another encoding", undecodable,
        left_out={"rock/caf\\xe9.wav": "not in UTF-8", "m\\xfasica": "not in UTF-8"},
    ),
    Layout(
        "links and pipes", links, used=("rock/elsewhere.wav", "rock/live/1.wav"),
        left_out={
            "aaa": "the same folder as rock", "zzz": "the same folder as rock", "rock/loop": "the dataset's folder itself",
            "rock/self": "the same folder as rock", "up": "holds this one", "rock/gone.wav": "a link to nothing",
            "rock/round.wav": "a link to nothing", "rock/pipe.wav": "a pipe", "rock/pipe": "a pipe",
            "rock/null.wav": "a pipe, socket or device",
        },
    ),
    Layout(
        "junk", together(junk, sounds_called(["stray.wav"])), left_out={"stray.wav": "it lies in no class folder"},
        says=("no audio: 1 .db, 1 .ini, 2 .jpg, 1 .npy, 1 .txt, 1 without extension, 4 hidden",),
    ),
    Layout(
        "a class of m4a", m4a, used=tuple(f"pop/{number}.m4a" for number in range(4)), ffmpeg=True,
    ),
    Layout(
        "too few", few, left_out={"jazz/silent0.wav": "silent", "jazz/short.wav": "too short"},
        error=("Class 'jazz' of dataset 'folder' has too few tracks", "4 files of that class were left out: 3 silent, 1 too short"),
    ),
    Layout(
        "a manifest of a spreadsheet",
        together(sounds_called(["more/a, b.wav", "more/c.wav"]), manifest(' "more/a, b.wav"'.strip() + ", rock ,x\r\n  more/c.wav ,rock,\r\n", "utf-8-sig")),
        used=("more/a, b.wav", "more/c.wav"), manifest=True,
    ),
    Layout(
        "a manifest that lists too much",
        together(sounds_called(["rock/new.wav"]), manifest("gone.wav,rock,\nmanifest.csv,rock,\nrock,rock,\n")),
        left_out={"gone.wav": "cannot be read: No such file", "manifest.csv": "not audio", "rock": "a folder, not a file"},
        says=("1 recording is in the folder but not in manifest.csv, and not used: rock/new.wav",), manifest=True,
    ),
    Layout("a manifest that is a pipe", fifo, error=("manifest.csv: a folder, pipe or device",), manifest=True),
    Layout("a manifest that is a folder", lambda root: (root / "manifest.csv").mkdir(), error=("manifest.csv",), manifest=True),
    Layout(
        "a manifest that is a device", lambda root: (root / "manifest.csv").symlink_to("/dev/zero"),
        error=("manifest.csv: a folder, pipe or device",), manifest=True,
    ),
    Layout(
        "a manifest that is a link to nothing", lambda root: (root / "manifest.csv").symlink_to("gone.csv"),
        error=("manifest.csv: cannot be read: No such file",), manifest=True,
    ),
    Layout(
        "a manifest that leads out", manifest("../../secret.wav,rock,\n"),
        error=("manifest.csv:14: path '../../secret.wav' leaves",), manifest=True,
    ),
    Layout(
        "a manifest in UTF-16", manifest("", "utf-16"), error=("manifest.csv: cannot be read as a CSV file in UTF-8",), manifest=True,
    ),
    Layout(
        "a manifest with semicolons", lambda root: (root / "manifest.csv").write_text("path;label\nrock/1.wav;rock\n"),
        error=("Fields are separated by commas",), manifest=True,
    ),
]  # fmt: skip
