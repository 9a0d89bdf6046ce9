"""Decode audio files, whatever the container, and bring them to one sample rate and one channel."""

from __future__ import annotations

import hashlib
import io
import os
import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO

from benchmark.data.sound import Sound
from benchmark.exceptions import AudioError, PassingAudioError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import soundfile

    from benchmark.data.mpeg import Stream
    from benchmark.data.source import AudioSource

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
SAMPLE_RATE = 22050
BLOCK = 1 << 18
LOUDEST = 1e4
LONGEST = 3600.0
LONGEST_VARIABLE = "BENCH_LONGEST_SECONDS"

# libsndfile's log names both sizes where a header and its file disagree.
_PROMISE = re.compile(
    r"^\s*(?:data|Data Size|SSND|BODY|riff|Riff size)\s*:\s*(\d+) \(should be (\d+)\)", re.MULTILINE
)
_DIGEST = re.compile("[0-9a-f]{64}")
_UNKNOWN_SIZE = (
    0x7FFF0000  # streaming encoders write sizes from here on in place of one that they do not know
)
_MALFORMED = 3  # libsndfile's number for a known format that is damaged
_UNKNOWN_FRAMES = 1 << 62
_HIGHEST_RATE = 192_000
_HIGHEST_BYTES = 56_000  # a second of MPEG audio
_MOST_TAGS = 64_000_000  # pictures and the like
_HEARD = 0.9  # of a counted length; less of it decoded is no longer an encoder's delay and padding


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


def longest_seconds() -> float:
    """Return how long a recording may be, in seconds: ``$BENCH_LONGEST_SECONDS``, or an hour.

    Raises:
        AudioError: when the variable is no number above 0.
    """
    given = os.environ.get(LONGEST_VARIABLE, "")
    try:
        seconds = float(given) if given else LONGEST
    except ValueError:
        seconds = 0.0
    if not seconds > 0:
        raise PassingAudioError(f"{LONGEST_VARIABLE}={given} is no number of seconds above 0.")
    return seconds


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
    from benchmark.data.sniff import sniff

    kind = sniff(file)
    why = "no header"
    if kind is None or kind.decoder == "sndfile":
        try:
            sound = _by_sndfile(file, path, longest, stack)
        except soundfile.LibsndfileError as error:
            if error.code == _MALFORMED:
                # Another decoder might make do with what is left of it.
                raise AudioError(f"{path}: truncated or damaged {kind.name if kind else 'audio'}.") from error
            sound, why = None, _words(error)
        if sound is not None:
            return sound
        file.seek(0)
    if kind is None:
        raise AudioError(f"{path}: not audio, or of a kind that is not known ({why}).")
    if not installed():
        but = f", and libsndfile cannot read it ({why})" if kind.decoder == "sndfile" else ""
        raise PassingAudioError(f"{path}: {kind.name}{but}: needs a decoder that is not installed. {EXTRA}")
    return stack.enter_context(open_by_av(file, kind, path))


def _by_sndfile(file: BinaryIO, path: Path, longest: float, stack: ExitStack) -> Sound | None:
    """Return what libsndfile reads; None for what it would take for samples without a header."""
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
        _require_short(length, sound.samplerate, path, longest)
    return Sound(sound.samplerate, sound.channels, _blocks(sound, source, path, expected))


def _chained(file: BinaryIO, starts: Sequence[int], path: Path, longest: float, stack: ExitStack) -> Sound:
    """Read one stream after another, of which libsndfile would read the first only."""
    ends = [*starts[1:], file.seek(0, io.SEEK_END)]
    sounds = []
    for start, end in zip(starts, ends, strict=True):
        file.seek(start)
        sound = _by_sndfile(io.BytesIO(file.read(end - start)), path, longest, stack)
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
        raise _too_long(path, size / _HIGHEST_BYTES, longest)
    file.seek(0)
    data = file.read()
    file.seek(place)
    return data, count_frames(data)


def _whole_mpeg(file: BinaryIO, data: bytes, stream: Stream, frames: int) -> AudioSource | None:
    """Return what to read an MP3 file from, if libsndfile would stop too early, which means to read ``frames``."""
    from benchmark.data.mpeg import with_true_length
    from benchmark.data.source import Called, Lengthened

    if stream.promised is None:
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
        _require_short(done, sound.sample_rate, path, longest)
        yield block
    if not done:
        raise AudioError(f"{path}: holds no samples.")


def _require_short(samples: int, rate: int, path: Path, longest: float) -> None:
    # Memory counts, and at an unlikely rate there is more of it to a second.
    seconds = samples / min(rate, _HIGHEST_RATE)
    if seconds > longest:
        raise _too_long(path, seconds, longest)


def _too_long(path: Path, seconds: float, longest: float) -> PassingAudioError:
    return PassingAudioError(
        f"{path}: too long: more than {longest:g} s are not read, lest memory runs out, and it has {seconds:.0f} s "
        f"or more. To use it, set {LONGEST_VARIABLE}."
    )


def _is_truncated(log: str) -> bool:
    if "truncated file" in log:
        return True
    return "should be" in log and any(
        int(promised) < _UNKNOWN_SIZE and int(promised) > int(present)
        for promised, present in _PROMISE.findall(log)
    )


def _words(error: soundfile.LibsndfileError) -> str:
    text = str(error.error_string).strip().rstrip(".")
    # libsndfile has no better word for bytes that its MP3 decoder does not know.
    return "no audio format recognised" if not text or "does not exist" in text else text.lower()
