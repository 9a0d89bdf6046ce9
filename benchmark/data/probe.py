"""Look at each audio file once: decode it, note what it holds, and remember that until the file changes."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from benchmark.digests import DIGEST, is_intact, sealed
from benchmark.exceptions import AudioError
from benchmark.files import make_folder, write_text

FORMAT = 1
SILENT_BELOW = 1e-4

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Probe:
    """What a file holds: its length, form, largest absolute sample, and the SHA-256 of its decoded samples.

    ``problem`` says why it cannot be decoded, and is empty when it can; then only it has a meaning.
    """

    seconds: float = 0.0
    sample_rate: int = 0
    channels: int = 0
    peak: float = 0.0
    content: str = ""
    problem: str = ""

    def unusable(self, min_seconds: float) -> str:
        """Return in words why a recording of at least ``min_seconds`` is not to be had, or an empty text."""
        if self.problem:
            return self.problem
        if self.peak < SILENT_BELOW:
            return f"silent (peak {self.peak:.1g})"
        if self.seconds < min_seconds:
            return f"too short: {self.seconds:.2f} s, and at least {min_seconds:g} s are asked for"
        return ""


def probe_files(root: Path, names: Sequence[str], cache: Path) -> dict[str, Probe]:
    """Return what each file holds, by name.

    Args:
        root: the folder that ``names`` are relative to (with ``/``).
        names: the files; one that is not there gets a ``problem``.
        cache: the cache folder; what is remembered lies in ``probe/`` below it and counts for a file as long
            as its size and its time of change stay the same.
    """
    memory = _memory_file(root, cache)
    known = _remembered(memory)
    found: dict[str, Probe] = {}
    stamps: dict[str, tuple[int, int]] = {}
    for name in names:
        try:
            status = os.stat(f"{root}/{name}")
        except OSError as error:
            found[name] = Probe(problem=f"cannot be read: {error.strerror}")
            continue
        stamps[name] = (status.st_size, status.st_mtime_ns)
        entry = known.get(name)
        if entry is not None and (entry[0], entry[1]) == stamps[name]:
            found[name] = Probe(*entry[2:])
    new = [name for name in stamps if name not in found]
    if new:
        logger.info("looking at %d audio files below %s for the first time", len(new), root)
        try:
            _probe_all(root, new, found)
        finally:
            fresh = {name: [*stamps[name], *astuple(found[name])] for name in new if name in found}
            kept = {name: entry for name, entry in known.items() if (root / name).exists()}
            _remember(memory, root, {**kept, **fresh})
    return found


def probe_file(path: Path) -> Probe:
    """Decode one file, block by block, and return what it holds; nothing is cached.

    The content hash covers sample rate, channel count and the samples as little-endian float32.
    """
    import numpy as np

    from benchmark.data.audio import blocks_of, open_audio

    try:
        with open_audio(path) as sound:
            digest = hashlib.sha256(f"{sound.samplerate} {sound.channels} ".encode())
            frames, peak = 0, 0.0
            for block in blocks_of(sound, path):
                digest.update(np.ascontiguousarray(block, dtype="<f4").data)
                frames += len(block)
                peak = max(peak, float(block.max()), -float(block.min()))
            seconds = frames / sound.samplerate
            return Probe(seconds, sound.samplerate, sound.channels, peak, digest.hexdigest())
    except AudioError as error:
        return Probe(problem=str(error).removeprefix(f"{path}: ").rstrip("."))


def _probe_all(root: Path, names: Iterable[str], found: dict[str, Probe]) -> None:
    """Add to ``found`` as results come, so that an interruption loses little. libsndfile releases the GIL."""
    names = list(names)
    pool = ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1))
    try:
        for name, probe in zip(names, pool.map(lambda n: probe_file(root / n), names), strict=True):
            found[name] = probe
    finally:
        pool.shutdown(cancel_futures=True)


def _memory_file(root: Path, cache: Path) -> Path:
    key = hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:16]
    return cache / "probe" / f"{key}.json"


def _remembered(memory: Path) -> dict[str, list[Any]]:
    """Return the entries of a cache file; none if it is absent, damaged or of another format."""
    try:
        data = json.loads(memory.read_bytes())
        if data["format"] != FORMAT or (DIGEST in data and not is_intact(data)):
            return {}
        return {name: entry for name, entry in data["files"].items() if _well_formed(entry)}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _well_formed(entry: Any) -> bool:
    if not isinstance(entry, list) or len(entry) != 8:
        return False
    *numbers, content, problem = entry
    # type() and not isinstance(): it is called for every file, and JSON makes no subclasses.
    return type(content) is str and type(problem) is str and all(type(n) in (int, float) for n in numbers)


def _remember(memory: Path, root: Path, entries: dict[str, list[Any]]) -> None:
    content = sealed({"format": FORMAT, "root": str(root), "files": entries})
    try:
        make_folder(memory.parent)
        write_text(memory, json.dumps(content, separators=(",", ":")))
    except OSError as error:
        # Only time is lost: the files are looked at again next time.
        logger.warning("cannot remember what the audio files hold, in %s: %s", memory, error)
