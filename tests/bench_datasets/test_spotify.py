from __future__ import annotations

import pytest

from bench_datasets.gtzan import GENRES
from bench_datasets.spotify import Spotify, genre_of
from benchmark.locations import Locations


@pytest.mark.parametrize("spelling", ["hiphop", "hip-hop", "Hip Hop", "HipHop", "HIP_HOP", "Hip–Hop"])
def test_spellings_of_hiphop_are_hiphop(spelling):
    assert genre_of(spelling) == "hiphop"


@pytest.mark.parametrize("spelling", ["r'n'b", "hip", "hard rock", ""])
def test_other_genres_stay_unknown(spelling):
    assert genre_of(spelling) is None


def test_a_folder_of_mp3_by_genre_is_read_and_unknown_genres_are_left_out_by_name(clip, locations):
    clip("spotify/Hip Hop/one.mp3", rate=44100)
    clip("spotify/rock/two.mp3", rate=44100)
    clip("spotify/r'n'b/three.mp3", rate=44100)
    corpus = Spotify(min_seconds=1).load(locations)
    assert {track.id: track.label for track in corpus.tracks} == {
        "Hip Hop/one.mp3": "hiphop",
        "rock/two.mp3": "rock",
    }
    assert corpus.classes == GENRES
    assert [(out.id, out.reason.split(" is none")[0]) for out in corpus.left_out] == [
        ("r'n'b/three.mp3", "genre 'r'n'b'")
    ]


def test_a_manifest_is_read_where_there_is_one(clip, tmp_path):
    clip("mine/x.ogg", rate=44100)
    (tmp_path / "mine/manifest.csv").write_text("path,label,track_id,group\nx.ogg,Hip-Hop,x,Someone\n")
    locations = Locations(tmp_path / "cache", named={"spotify": tmp_path / "mine"})
    (track,) = Spotify(min_seconds=1).load(locations).tracks
    assert (track.id, track.label, track.group) == ("x", "hiphop", "Someone")


def test_it_is_for_evaluation_only():
    assert Spotify.role == "test"
