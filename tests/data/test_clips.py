from __future__ import annotations

import random
from pathlib import Path

import pytest

from benchmark.data.clips import WHOLE, Clip, cut
from benchmark.plugin.tracks import Track
from benchmark.settings import ClipSettings


def track(seconds: float) -> Track:
    return Track("t", Path("t.wav"), "rock", "content", seconds)


def test_a_track_without_settings_is_one_clip() -> None:
    assert cut(track(30.0), None) == (WHOLE,)


def test_a_track_is_cut_into_whole_clips_and_the_rest_is_dropped() -> None:
    assert cut(track(10.5), ClipSettings(seconds=3)) == (Clip(0, 3), Clip(3, 3), Clip(6, 3))
    assert [clip.start for clip in cut(track(10.5), ClipSettings(seconds=3, hop=2.5))] == [0, 2.5, 5, 7.5]


def test_a_track_shorter_than_a_clip_is_one_clip_of_what_is_there() -> None:
    assert cut(track(10.5), ClipSettings(seconds=20)) == (Clip(0, 20),)


@pytest.mark.parametrize(("seconds", "clip", "count"), [(30.0, 3.0, 10), (0.3, 0.1, 3), (29.99, 3.0, 9)])
def test_a_track_that_is_filled_exactly_loses_no_clip_to_rounding(
    seconds: float, clip: float, count: int
) -> None:
    assert len(cut(track(seconds), ClipSettings(seconds=clip))) == count


def test_every_clip_that_fits_is_cut_and_no_other() -> None:
    generator = random.Random(0)
    for _ in range(300):
        length, clip, hop = (generator.randint(1, 400) for _ in range(3))
        expected = [start / 10 for start in range(0, length, hop) if start + clip <= length] or [0.0]
        found = cut(track(length / 10), ClipSettings(seconds=clip / 10, hop=hop / 10))
        assert [each.start for each in found] == pytest.approx(expected)
