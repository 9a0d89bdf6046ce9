"""Which windows of a recording a model is given: as long as what it was trained on."""

from __future__ import annotations

import math

from benchmark.data.clips import WHOLE, Clip, cut
from benchmark.plugin.tracks import Track
from benchmark.settings import ClipSettings

# A recording up to this much longer than the training tracks is taken whole, as it is in an evaluation.
TOLERANCE = 1.25


def windows_of(track: Track, clips: ClipSettings | None, trained_on: float | None) -> tuple[Clip, ...]:
    """Return the windows that a recording is judged by.

    A model of clips gets the clips that an evaluation would cut: whole ones only, unless the recording is shorter
    than one. A model of whole tracks gets the whole recording; of one much longer than the training tracks it
    gets windows of their length, evenly spread from the beginning to the end, overlapping as they must: none is
    padded and nothing is dropped.

    Args:
        track: the recording.
        clips: how the cell cuts its tracks; None for a model of whole tracks.
        trained_on: seconds of a usual training track; None where that is not known, and the recording is taken
            whole.
    """
    if clips is not None:
        return cut(track, clips)
    if trained_on is None or track.seconds <= TOLERANCE * trained_on:
        return (WHOLE,)
    count = math.ceil(track.seconds / trained_on - 1e-9)
    step = (track.seconds - trained_on) / (count - 1)
    return tuple(Clip(round(number * step, 6), trained_on) for number in range(count))
