"""Look at each audio file once: decode it, note what it holds, and remember that until the file changes."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import time
import zlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import astuple, dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmark.data.looking import Looker, current_looker
from benchmark.exceptions import AudioError, PassingAudioError
from benchmark.files import make_folder, write_bytes

FORMAT = 3
SILENT_BELOW = 1e-4
# A file that is changed twice within one tick of its file system's clock shows no trace of the second time.
_TICK = 0.02
_GLANCE = 4096
# How a person has a file looked at again of which it is remembered that it hung or killed a process.
LOOK_AGAIN = "'bench audit' and 'bench data' look again"

Stamp = tuple[int, int, int, int]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Probe:
    """What a file holds: its length, form, largest absolute sample, and the SHA-256 of its decoded samples.

    ``problem`` says why it cannot be decoded, and is empty when it can; then only the rest has a meaning. ``mixed`` is
    the largest absolute sample after channels are averaged, or one of them that is heard, and None for one channel.
    ``lost`` says that whoever looked hung or died of it, so that nobody tries again unasked. ``passing`` says that the
    problem may go without the file's changing (a decoder that is not installed), so that it is not remembered.
    """

    seconds: float = 0.0
    sample_rate: int = 0
    channels: int = 0
    peak: float = 0.0
    content: str = ""
    problem: str = ""
    mixed: float | None = None
    lost: bool = False
    passing: bool = False

    def unusable(self, min_seconds: float) -> str:
        """Return in words why a recording of at least ``min_seconds`` is not to be had, or an empty text."""
        if self.problem:
            return self.problem
        if self.peak < SILENT_BELOW:
            return f"silent (peak {self.peak:.1g})"
        if self.mixed is not None and self.mixed < SILENT_BELOW:
            return (
                f"silent once its channels are averaged (peak {self.mixed:.1g}): they cancel each other; "
                "one of them is upside down"
            )
        if self.seconds < min_seconds:
            return f"too short: {self.seconds:.2f} s, and at least {min_seconds:g} s are asked for"
        return ""


def probe_files(
    root: Path, names: Sequence[str], cache: Path, looker: Looker | None = None
) -> dict[str, Probe]:
    """Return what each file holds, by name.

    A file that hangs, or kills the process that looks at it, gets a ``problem`` where ``looker`` can end it (see
    ``looking``).

    Args:
        root: the folder that ``names`` are relative to (with ``/``).
        names: the files; one that is not there gets a ``problem``.
        cache: the cache folder; what is remembered lies in ``probe/`` below it and counts for a file as long
            as its size, its place on the disk, and its times of change stay the same.
        looker: what looks at them; by default what was set for all files (``looking_by``).
    """
    looker = looker or current_looker()
    memory = _memory_file(root, cache)
    known = _remembered(memory, root)
    probes, stamps = _recalled(root, names, known)
    if looker.again:
        probes = {name: probe for name, probe in probes.items() if not probe.lost}
    new = [name for name in stamps if name not in probes]
    if new:
        logger.info("looking at %d audio files below %s for the first time", len(new), root)
        _let_clock_tick(stamps[name] for name in new)
        try:
            _probe_all(root, new, probes, looker)
        finally:
            fresh = {
                name: [*stamps[name], *astuple(probes[name])[:-1]]
                for name in new
                if name in probes and not probes[name].passing
            }
            kept = {name: entry for name, entry in known.items() if os.path.exists(f"{root}/{name}")}
            _remember(memory, root, {**kept, **fresh})
    return probes


def recall_files(root: Path, names: Sequence[str], cache: Path) -> dict[str, Probe]:
    """Return what is remembered of files, by name, as ``probe_files`` does; none is decoded."""
    return _recalled(root, names, _remembered(_memory_file(root, cache), root))[0]


def probe_file(path: Path) -> Probe:
    """Decode one file, block by block, and return what it holds; nothing is cached.

    The content hash covers sample rate, channel count and the samples as little-endian float32.
    """
    from benchmark.data.audio import Content, open_audio, to_mono

    try:
        with open_audio(path) as sound:
            content = Content(sound.sample_rate, sound.channels)
            frames, mixed = 0, 0.0
            for block in sound.blocks:
                content.add(block)
                frames += len(block)
                # Heard once is enough to know, and most recordings are heard at once.
                for piece in (block[:_GLANCE], block[_GLANCE:]):
                    if sound.channels > 1 and mixed < SILENT_BELOW and len(piece):
                        mono = to_mono(piece)
                        mixed = max(mixed, float(mono.max()), -float(mono.min()))
            return Probe(
                frames / sound.sample_rate,
                sound.sample_rate,
                sound.channels,
                sound.peak,
                content.digest(),
                mixed=mixed if sound.channels > 1 else None,
            )
    except AudioError as error:
        problem = str(error).removeprefix(f"{path}: ").rstrip(".")
        return Probe(problem=problem, passing=isinstance(error, PassingAudioError))


def _recalled(
    root: Path, names: Iterable[str], known: Mapping[str, list[Any]]
) -> tuple[dict[str, Probe], dict[str, Stamp]]:
    """Return what is remembered of files or wrong with them at sight, and the stamps of those that are there."""
    probes: dict[str, Probe] = {}
    stamps: dict[str, Stamp] = {}
    for name in names:
        try:
            status = os.stat(f"{root}/{name}")
        except (OSError, ValueError) as error:
            probes[name] = Probe(problem=f"cannot be read: {getattr(error, 'strerror', error)}")
            continue
        stamps[name] = stamp = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
        entry = known.get(name)
        if entry is not None and (entry[0], entry[1], entry[2], entry[3]) == stamp:
            probes[name] = Probe(*entry[4:])
    return probes, stamps


def _let_clock_tick(stamps: Iterable[Stamp]) -> None:
    newest = max(max(stamp[1], stamp[2]) for stamp in stamps)
    age = time.time() - newest / 1e9
    if 0 <= age < _TICK:
        time.sleep(_TICK - age)


def _probe_all(root: Path, names: Sequence[str], probes: dict[str, Probe], looker: Looker) -> None:
    """Add to ``probes`` as results come, so that an interruption loses little."""
    with closing(looker.look(probe_file, [(root / name,) for name in names])) as looks:
        for look in looks:
            probes[names[look.index]] = (
                Probe(problem=f"not looked into: {look.lost} ({LOOK_AGAIN})", lost=True)
                if look.lost
                else look.value
            )


def _memory_file(root: Path, cache: Path) -> Path:
    key = hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:16]
    return cache / "probe" / f"{key}.jsonl"


def _remembered(memory: Path, root: Path) -> dict[str, list[Any]]:
    """Return the entries of a cache file; a line that is damaged, or the whole of another format, is none."""
    try:
        header, *lines = [line[9:] for line in memory.read_bytes().split(b"\n") if _is_whole(line)]
        if json.loads(header) != _header(root):
            return {}
        # One text is read faster than many, and each line was written as it is.
        return {name: entry for name, *entry in json.loads(b"[%b]" % b",".join(lines))}
    except (OSError, ValueError, TypeError):
        return {}


def _header(root: Path) -> dict[str, Any]:
    return {"format": FORMAT, "root": str(root.resolve()), "decoders": decoders()}


@cache
def decoders() -> dict[str, str]:
    """Return the versions of what decodes: another one may make other samples of the same bytes."""
    versions = {}
    for package in ("soundfile", "av"):
        with suppress(PackageNotFoundError):
            versions[package] = version(package)
    return versions


def _is_whole(line: bytes) -> bool:
    return line[:9] == b"%08x " % zlib.crc32(line[9:])


def _line(content: Any) -> bytes:
    text = json.dumps(content, separators=(",", ":")).encode()
    return b"%08x %b" % (zlib.crc32(text), text)


def _remember(memory: Path, root: Path, entries: dict[str, list[Any]]) -> None:
    text = b"\n".join([_line(_header(root)), *(_line([name, *entry]) for name, entry in entries.items())])
    try:
        make_folder(memory.parent)
        write_bytes(memory, text)
    except OSError as error:
        # Only time is lost: the files are looked at again next time.
        logger.warning("cannot remember what the audio files hold, in %s: %s", memory, error)
