"""Decode what libsndfile cannot (m4a, AAC, WMA, …) by FFmpeg's libraries, where PyAV is installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO

from benchmark.data.sound import Sound
from benchmark.exceptions import AudioError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from av import AudioFrame
    from av.container import InputContainer

    from benchmark.data.sniff import Kind

BLOCK = 1 << 16
EXTRA = 'pip install "genrebench[codecs]"'


def installed() -> bool:
    """Return whether PyAV is there; it is not imported."""
    return find_spec("av") is not None


@contextmanager
def open_by_av(file: BinaryIO, kind: Kind, path: Path) -> Iterator[Sound]:
    """Open a file of a kind that is known; delay and padding that its container speaks of are taken out.

    Raises:
        AudioError: when the file cannot be opened, or holds no audio; from ``blocks``, when decoding fails.
    """
    import av

    av.logging.set_level(None)
    try:
        container = av.open(file, format=kind.demuxer, metadata_errors="ignore")
    except av.FFmpegError as error:
        raise AudioError(f"{path}: damaged, or not {kind.name} ({error.strerror}).") from error
    with container:
        if not container.streams.audio:
            raise AudioError(f"{path}: {kind.name} without audio.")
        frames = _frames(container, path)
        first = next(frames, None)
        if first is None:
            raise AudioError(f"{path}: holds no samples.")
        # The header's rate and channels may be half of what is decoded (HE-AAC).
        yield Sound(first.sample_rate, first.layout.nb_channels, _floats(first, frames))


def _frames(container: InputContainer, path: Path) -> Iterator[AudioFrame]:
    import av

    done = 0.0
    try:
        for frame in container.decode(container.streams.audio[0]):
            yield frame
            done += frame.samples / frame.sample_rate
    except av.FFmpegError as error:
        raise AudioError(
            f"{path}: truncated or damaged: decoding fails after {done:.2f} s ({error.strerror})."
        ) from error


def _floats(first: AudioFrame, frames: Iterator[AudioFrame]) -> Iterator[np.ndarray]:
    """Yield the samples of frames, joined to blocks of about a second and more."""
    import av
    import numpy as np

    converter = av.AudioResampler(format="flt", layout=first.layout, rate=first.sample_rate)
    waiting: list[np.ndarray] = []
    for frame in chain([first], frames, [None]):
        waiting += [
            part.to_ndarray().reshape(-1, part.layout.nb_channels) for part in converter.resample(frame)
        ]
        if waiting and (frame is None or sum(map(len, waiting)) >= BLOCK):
            yield np.concatenate(waiting)
            waiting = []
