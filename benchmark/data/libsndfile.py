"""What libsndfile reads, with what it would take for whole and is not."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO

from benchmark.data.length import require_short, too_long
from benchmark.data.sound import Sound
from benchmark.exceptions import AudioError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import soundfile

    from benchmark.data.mpeg import Stream
    from benchmark.data.source import AudioSource

BLOCK = 1 << 18
# libsndfile's log names both sizes where a header and its file disagree.
_PROMISE = re.compile(
    r"^\s*(?:data|Data Size|SSND|BODY|riff|Riff size)\s*:\s*(\d+) \(should be (\d+)\)", re.MULTILINE
)
_UNKNOWN_SIZE = (
    0x7FFF0000  # streaming encoders write sizes from here on in place of one that they do not know
)
_UNKNOWN_FRAMES = 1 << 62
_HIGHEST_BYTES = 56_000  # a second of MPEG audio
_MOST_TAGS = 64_000_000  # pictures and the like
_HEARD = 0.9  # of a counted length; less of it decoded is no longer an encoder's delay and padding


def open_by_sndfile(file: BinaryIO, path: Path, longest: float, stack: ExitStack) -> Sound | None:
    """Return what libsndfile reads, open until ``stack`` is; None for what it would take for samples without a header.

    Raises:
        AudioError: as ``audio.open_audio``.
        soundfile.LibsndfileError: when libsndfile cannot open it.
    """
    import soundfile

    from benchmark.data.ogg import chain_of
    from benchmark.data.source import source_of

    source = source_of(file, path, stack)
    sound = stack.enter_context(soundfile.SoundFile(source.handle, closefd=False))
    if sound.frames >= _UNKNOWN_FRAMES:
        _never_seek(sound)
    if sound.format == "RAW":
        return None
    if _is_truncated(sound.extra_info):
        raise AudioError(f"{path}: truncated: its header promises more bytes than are there.")
    expected = sound.frames if sound.format == "FLAC" and sound.frames < _UNKNOWN_FRAMES else 0
    length = sound.frames
    if sound.format == "OGG":
        starts = chain_of(file)
        if len(starts) > 1:
            return _chained(file, starts, path, longest, stack)
    if sound.subtype.startswith("MPEG_LAYER"):
        data, stream = _mpeg_of(file, path, longest)
        better = _whole_mpeg(file, data, stream, sound.frames) if sound.format == "MP3" else None
        if better is not None:
            source, sound = better, stack.enter_context(soundfile.SoundFile(better.handle))
        if sound.format == "MP3":
            length, expected = stream.length, int(stream.length * _HEARD) - 4096
        if not stream.bears_seeking:
            _never_seek(sound)
    if length < _UNKNOWN_FRAMES:
        require_short(length, sound.samplerate, path, longest)
    return Sound(sound.samplerate, sound.channels, _blocks(sound, source, path, expected))


def _chained(file: BinaryIO, starts: Sequence[int], path: Path, longest: float, stack: ExitStack) -> Sound:
    """Read one stream after another, of which libsndfile would read the first only."""
    ends = [*starts[1:], file.seek(0, io.SEEK_END)]
    sounds = []
    for start, end in zip(starts, ends, strict=True):
        file.seek(start)
        sound = open_by_sndfile(io.BytesIO(file.read(end - start)), path, longest, stack)
        assert sound is not None
        sounds.append(sound)
    forms = {(sound.sample_rate, sound.channels) for sound in sounds}
    if len(forms) > 1:
        raise AudioError(f"{path}: holds several streams of different sample rates or numbers of channels.")
    return Sound(*forms.pop(), chain.from_iterable(sound.blocks for sound in sounds))


def _never_seek(sound: soundfile.SoundFile) -> None:
    """Have soundfile go on from where it is: after each block, it seeks the place that it is at."""
    sound.seekable = lambda: False


def _mpeg_of(file: BinaryIO, path: Path, longest: float) -> tuple[bytes, Stream]:
    from benchmark.data.mpeg import count_frames

    place, size = file.tell(), file.seek(0, io.SEEK_END)
    if size > _HIGHEST_BYTES * longest + _MOST_TAGS:
        raise too_long(path, size / _HIGHEST_BYTES, longest)
    file.seek(0)
    data = file.read()
    file.seek(place)
    return data, count_frames(data)


def _whole_mpeg(file: BinaryIO, data: bytes, stream: Stream, frames: int) -> AudioSource | None:
    """Return what to read an MP3 file from, if libsndfile would stop too early, which means to read ``frames``."""
    from benchmark.data.mpeg import with_true_length, without
    from benchmark.data.source import Called, Lengthened

    if stream.promised is None:
        if stream.gaps:
            return Lengthened(io.BytesIO(without(data, stream.gaps)))
        return Lengthened(file) if stream.length > frames else None
    joined = stream.frames > stream.promised + 1  # encoders disagree whether the header counts itself
    return Called(io.BytesIO(with_true_length(data, stream))) if joined else None


def _blocks(
    sound: soundfile.SoundFile, source: AudioSource, path: Path, expected: int
) -> Iterator[np.ndarray]:
    import soundfile

    done = 0
    frames = max(1, BLOCK * 2 // max(2, sound.channels))
    while True:
        try:
            block = sound.read(frames, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError as error:
            # FLAC names its length first, so a decoder that fails on the way has met a cut or a damage.
            promised = (
                f"its header promises {expected / sound.samplerate:.2f} s, and " if expected > 0 else ""
            )
            raise AudioError(
                f"{path}: truncated or damaged: {promised}decoding fails after {done / sound.samplerate:.2f} s."
            ) from error
        if source.error is not None:
            raise AudioError(f"{path}: cannot be read: {source.error.strerror}.") from source.error
        if not len(block):
            break
        done += len(block)
        yield block
    if sound.format == "FLAC" and source.goes_on_with(b"fLaC\0\0\0\x22"):
        raise AudioError(f"{path}: several FLAC files in one, of which only the first could be read.")
    if done and done < expected:
        raise AudioError(
            f"{path}: truncated or damaged: {done:,} of {expected:,} expected samples are there."
        )


def _is_truncated(log: str) -> bool:
    if "truncated file" in log:
        return True
    return "should be" in log and any(
        int(promised) < _UNKNOWN_SIZE and int(promised) > int(present)
        for promised, present in _PROMISE.findall(log)
    )


def words_of(error: soundfile.LibsndfileError) -> str:
    """Return why libsndfile does not open something."""
    text = str(error.error_string).strip().rstrip(".")
    # libsndfile has no better word for bytes that its MP3 decoder does not know.
    return "no audio format recognised" if not text or "does not exist" in text else text.lower()
