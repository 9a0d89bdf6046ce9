from __future__ import annotations

from pathlib import Path

import pytest

from bench_datasets.gtzan import GENRES, Gtzan
from benchmark.exceptions import DatasetError
from benchmark.locations import Locations


@pytest.mark.parametrize(
    "place", ["", "genres/", "genres_original/", "Data/genres_original/", "gtzan/", "GTZAN/genres/"]
)
@pytest.mark.parametrize("suffix", ["wav", "au"])
def test_every_layout_that_is_about_is_read(place, suffix, clip, locations):
    clip(f"{place}blues/blues.00000.{suffix}")
    clip(f"{place}rock/rock.00007.{suffix}")
    corpus = Gtzan(min_seconds=1).load(locations)
    assert [(track.id, track.label) for track in corpus.tracks] == [
        ("blues.00000", "blues"),
        ("rock.00007", "rock"),
    ]
    assert corpus.classes == GENRES
    assert corpus.left_out == ()


def test_junk_beside_the_clips_is_no_part_of_it(clip, locations, tmp_path):
    file = clip("genres/pop/pop.00000.wav")
    (file.parent / "._pop.00000.wav").write_bytes(b"\0\5\x16\7" * 30)
    (file.parent / ".DS_Store").touch()
    (file.parent / "readme.txt").touch()
    corpus = Gtzan(min_seconds=1).load(locations)
    assert len(corpus.tracks) == 1
    assert corpus.left_out == ()


def test_each_unusable_clip_is_left_out_by_name_with_the_reason(clip, locations, tmp_path):
    jazz = tmp_path / "genres/jazz"
    clip("genres/jazz/jazz.00000.wav")
    whole = clip("genres/jazz/jazz.00001.wav").read_bytes()
    (jazz / "jazz.00001.wav").write_bytes(whole[: len(whole) // 2])
    clip("genres/jazz/jazz.00002.wav", peak=0)
    (jazz / "jazz.00003.wav").touch()
    (jazz / "jazz.00054.wav").write_text("not music " * 500)
    clip("genres/jazz/jazz.00005.wav", seconds=0.1)
    clip("genres/jazz/jazz.00000.au")
    clip("genres/jazz/rock.00001.wav")
    corpus = Gtzan(min_seconds=1).load(locations)
    assert [track.id for track in corpus.tracks] == ["jazz.00000"]
    assert corpus.tracks[0].path == jazz / "jazz.00000.wav"
    reasons = {out.id: out.reason for out in corpus.left_out}
    assert {
        name.removeprefix("jazz/"): reason.split(":")[0].split(" (")[0] for name, reason in reasons.items()
    } == {
        "jazz.00000.au": "jazz/jazz.00000.wav is the same clip",
        "jazz.00001.wav": "truncated",
        "jazz.00002.wav": "silent",
        "jazz.00003.wav": "zero bytes",
        "jazz.00005.wav": "too short",
        "jazz.00054.wav": "not audio, or of a kind that is not known",
        "rock.00001.wav": "not called like a clip of GTZAN, jazz.NNNNN.wav or .au",
    }


def test_a_copy_in_which_nothing_is_usable_is_an_error(clip, locations):
    clip("genres/blues/blues.00000.wav", seconds=0.5)
    with pytest.raises(DatasetError, match=r"no usable recording.*\n.*blues\.00000\.wav: too short"):
        Gtzan().load(locations)


def test_genre_folders_of_other_recordings_are_not_taken_for_it(clip, locations):
    clip("rock/Some Song.mp3")
    with pytest.raises(DatasetError, match=r"Dataset 'gtzan' was not found"):
        Gtzan().load(locations)


def test_the_revision_is_of_the_audio_and_not_of_its_place_or_container(clip, tmp_path):
    revisions = set()
    for place in ("one/genres/pop/pop.00000.wav", "two/pop/pop.00000.au"):
        file = clip(place, seed=5)
        root = str(tmp_path / place.partition("/")[0])
        assert file.is_relative_to(root)
        revisions.add(Gtzan(root=root, min_seconds=1).load(Locations(tmp_path / "cache")).revision)
    assert len(revisions) == 1


def test_the_real_clips_are_all_usable(shared: Path, tmp_path):
    corpus = Gtzan().load(Locations(cache=tmp_path, data=(shared / "data",)))
    assert len(corpus.tracks) == 100
    assert corpus.left_out == ()
    assert [track.id for track in corpus.tracks[:2]] == ["blues.00000", "blues.00001"]
    assert all(15 <= track.seconds <= 20 for track in corpus.tracks)
