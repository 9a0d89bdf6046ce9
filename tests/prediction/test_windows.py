from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from benchmark.data.clips import WHOLE, cut
from benchmark.plugin.tracks import Track
from benchmark.prediction.windows import windows_of
from benchmark.settings import ClipSettings


def recording(seconds: float) -> Track:
    return Track("song", Path("song.wav"), "", "content", seconds)


@pytest.mark.parametrize("seconds", [0.5, 2.0, 2.9, 3.1, 7.0])
def test_a_model_of_clips_gets_the_clips_of_an_evaluation(seconds: float) -> None:
    clips = ClipSettings(seconds=2.0, hop=1.0)
    assert windows_of(recording(seconds), clips, 2.0) == cut(recording(seconds), clips)


@pytest.mark.parametrize("seconds", [3.0, 29.9, 30.6, 37.0])
def test_a_track_about_as_long_as_the_training_tracks_is_taken_whole(seconds: float) -> None:
    assert windows_of(recording(seconds), None, 30.0) == (WHOLE,)


@pytest.mark.parametrize("seconds", [38.0, 60.0, 60.1, 241.3])
def test_windows_of_a_long_recording_cover_it_from_end_to_end(seconds: float) -> None:
    windows = windows_of(recording(seconds), None, 30.0)
    assert {window.seconds for window in windows} == {30.0}
    assert windows[0].start == 0
    assert windows[-1].start + 30.0 == pytest.approx(seconds, abs=1e-5)
    steps = [after.start - before.start for before, after in pairwise(windows)]
    assert max(steps) <= 30.0 + 1e-5
    assert len(windows) == -(-seconds // 30)


def test_without_a_known_length_a_recording_is_taken_whole() -> None:
    assert windows_of(recording(600), None, None) == (WHOLE,)
