"""Decode audio files, whatever the container, and bring them to one sample rate and one channel."""

from __future__ import annotations

import hashlib
import re
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, BinaryIO

from benchmark.data.length import longest_seconds, require_short
from benchmark.data.sound import Sound
from benchmark.exceptions import AudioError, PassingAudioError
from benchmark.plugin.waveform import SAMPLE_RATE

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np


# Files that are called so are audio, or are named with the reason why not. What is called otherwise is looked into.
EXTENSIONS = frozenset(
    {
        ".wav",
        ".wave",
        ".mp3",
        ".mp2",
        ".ogg",
        ".oga",
        ".opus",
        ".flac",
        ".au",
        ".snd",
        ".aif",
        ".aiff",
        ".aifc",
        ".caf",
        ".w64",
        ".rf64",
        ".voc",
        ".sph",
        ".m4a",
        ".mp4",
        ".m4b",
        ".aac",
        ".wma",
        ".webm",
        ".mka",
        ".ape",
        ".wv",
        ".tta",
        ".amr",
        ".ac3",
        ".mpc",
        ".dsf",
        ".ra",
    }
)
LOUDEST = 1e4

_DIGEST = re.compile("[0-9a-f]{64}")
_MALFORMED = 3  # libsndfile's number for a known format that is damaged


def decode(path: Path) -> tuple[np.ndarray, int]:
    """Return the samples, float32 in about -1..1 and of shape (n, channels), and the sample rate in Hz.

    Raises:
        AudioError: when the file is missing, not audio, damaged, truncated, empty, or longer than is allowed.
    """
    import numpy as np

    with open_audio(path) as sound:
        return np.concatenate(list(sound.blocks)), sound.sample_rate


def load_mono(
    path: Path,
    sample_rate: int = SAMPLE_RATE,
    start: float = 0.0,
    seconds: float | None = None,
    content: str | None = None,
) -> np.ndarray:
    """Return a recording or a cut of it as one channel, float32, shape (n,).

    Channels are averaged and resampled (soxr, HQ). The whole file is decoded and resampled before it is cut,
    so that a cut holds exactly the samples that the whole would, whatever the container.

    Args:
        path: any file that ``decode`` reads.
        sample_rate: of the result, in Hz.
        start: where the cut begins, in seconds from 0.
        seconds: its length; None for all that follows. The result is shorter where the recording ends.
        content: what the decoded samples must be (see ``Content``); one of another form, as a dataset of somebody
            else may have, is not checked.

    Raises:
        AudioError: as ``decode``, when nothing is left after ``start``, and when the samples are others.
    """
    import numpy as np

    with open_audio(path) as sound:
        rate = sound.sample_rate
        decoded = Content(rate, sound.channels) if _DIGEST.fullmatch(content or "") else None
        pieces = []
        for block in sound.blocks:
            if decoded is not None:
                decoded.add(block)
            pieces.append(to_mono(block))
    if decoded is not None and decoded.digest() != content:
        raise AudioError(
            f"{path}: its audio is not what it was when it was looked at. Leave files as they are while they are "
            "used; the next run looks at it again. (If it never does, this disk does not tell when files change: "
            "remove the folder 'probe' in the cache.)"
        )
    whole = np.concatenate(pieces)
    pieces.clear()  # they take as much memory again
    mono = resample(whole, rate, sample_rate)
    first = round(start * sample_rate)
    last = None if seconds is None else first + round(seconds * sample_rate)
    cut = mono[first:last]
    if not len(cut):
        length = len(mono) / sample_rate
        raise AudioError(f"{path}: nothing to cut at {start:g} s, the recording ends at {length:.2f} s.")
    return cut


class Content:
    """The SHA-256 of a sample rate in Hz, a number of channels, and samples as little-endian float32."""

    def __init__(self, sample_rate: int, channels: int) -> None:
        self._hash = hashlib.sha256(f"{sample_rate} {channels} ".encode())

    def add(self, block: np.ndarray) -> None:
        """Go on with samples of shape (n, channels)."""
        import numpy as np

        self._hash.update(np.ascontiguousarray(block, dtype="<f4").data)

    def digest(self) -> str:
        """Return 64 hexadecimal digits."""
        return self._hash.hexdigest()


def to_mono(samples: np.ndarray) -> np.ndarray:
    """Return the mean of the channels: (n, channels) to (n,), float32."""
    # Adding columns is ten times as fast as NumPy's mean over a short last axis.
    total = samples[:, 0].copy()
    for channel in range(1, samples.shape[1]):
        total += samples[:, channel]
    total /= samples.shape[1]
    return total


def resample(mono: np.ndarray, rate: int, to_rate: int) -> np.ndarray:
    """Return ``mono`` (n,) at another sample rate, by soxr's band-limited HQ recipe; untouched if equal."""
    if rate == to_rate:
        return mono
    import soxr

    resampled: np.ndarray = soxr.resample(mono, rate, to_rate, quality="HQ")
    return resampled


@contextmanager
def open_audio(path: Path) -> Iterator[Sound]:
    """Open a file for decoding; it is read as its content says, whatever it is called.

    There is at least one block, and blocks hold nothing but numbers of a likely size.

    Raises:
        AudioError: when it cannot be opened, or its header promises more than the file holds, or more than is
            allowed; from ``blocks``, when decoding fails before the end, a sample is not a number or far out of
            range, there are no samples, or more than are allowed.
    """
    longest = longest_seconds()
    with ExitStack() as stack:
        try:
            _require_file(path)
            sound = _opened(stack.enter_context(path.open("rb")), path, longest, stack)
        except OSError as error:
            raise AudioError(f"{path}: cannot be read: {error.strerror or error}.") from error
        sound.blocks = _checked(sound, sound.blocks, path, longest)
        yield sound


def _require_file(path: Path) -> None:
    """Raise for what is no file: a pipe would block, and a device never ends."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe or device"
        raise AudioError(f"{path}: {kind}, not a file.")
    if status.st_size == 0:
        raise AudioError(f"{path}: zero bytes.")


def _opened(file: BinaryIO, path: Path, longest: float, stack: ExitStack) -> Sound:
    """Open by libsndfile what it reads, and the rest by PyAV."""
    import soundfile

    from benchmark.data.codecs import EXTRA, installed, open_by_av
    from benchmark.data.libsndfile import open_by_sndfile, words_of
    from benchmark.data.sniff import sniff

    kind = sniff(file)
    why = "no header"
    if kind is None or kind.decoder == "sndfile":
        try:
            sound = open_by_sndfile(file, path, longest, stack)
        except soundfile.LibsndfileError as error:
            if error.code == _MALFORMED:
                # Another decoder might make do with what is left of it.
                raise AudioError(f"{path}: truncated or damaged {kind.name if kind else 'audio'}.") from error
            sound, why = None, words_of(error)
        if sound is not None:
            return sound
        file.seek(0)
    if kind is None:
        raise AudioError(f"{path}: not audio, or of a kind that is not known ({why}).")
    if not installed():
        but = f", and libsndfile cannot read it ({why})" if kind.decoder == "sndfile" else ""
        raise PassingAudioError(f"{path}: {kind.name}{but}: needs a decoder that is not installed. {EXTRA}")
    return stack.enter_context(open_by_av(file, kind, path))


def _checked(sound: Sound, blocks: Iterator[np.ndarray], path: Path, longest: float) -> Iterator[np.ndarray]:
    import numpy as np

    done = 0
    for block in blocks:
        highest, lowest = float(block.max()), float(block.min())
        if not (highest <= LOUDEST and lowest >= -LOUDEST):
            if not np.isfinite(block).all():
                raise AudioError(f"{path}: holds samples that are not finite numbers.")
            raise AudioError(
                f"{path}: holds samples beyond {LOUDEST:,.0f} ({max(highest, -lowest):.3g}); full scale is 1."
            )
        sound.peak = max(sound.peak, highest, -lowest)
        done += len(block)
        require_short(done, sound.sample_rate, path, longest)
        yield block
    if not done:
        raise AudioError(f"{path}: holds no samples.")
