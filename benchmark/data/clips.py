"""Cut tracks into clips. A clip is part of its track: clips are never split apart, and are judged together."""

from __future__ import annotations

from dataclasses import dataclass

from benchmark.plugin.tracks import Track
from benchmark.settings import ClipSettings


@dataclass(frozen=True, slots=True)
class Clip:
    """A piece of a track: from ``start``, for ``seconds``; None means to the end."""

    start: float = 0.0
    seconds: float | None = None


WHOLE = Clip()


def cut(track: Track, settings: ClipSettings | None) -> tuple[Clip, ...]:
    """Return the clips of a track: whole ones only, unless the track is shorter than one."""
    if settings is None:
        return (WHOLE,)
    hop = settings.hop or settings.seconds
    count = (
        int((track.seconds - settings.seconds) / hop + 1e-9) + 1 if track.seconds >= settings.seconds else 0
    )
    if count < 1:
        return (Clip(0.0, settings.seconds),)
    return tuple(Clip(round(number * hop, 6), settings.seconds) for number in range(count))
