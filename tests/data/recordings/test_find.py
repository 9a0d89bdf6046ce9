"""Fingerprints, the search among many, and the comparison of waveforms that decides."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import scipy
import soundfile

from benchmark.data.audio import load_mono
from benchmark.data.looking import THREADS, Look, Threads
from benchmark.data.recordings.confirm import SAME, agreement, compare
from benchmark.data.recordings.find import Recordings, find_recordings
from benchmark.data.recordings.fingerprint import HOP, SAMPLE_RATE, fingerprint
from benchmark.data.recordings.prints import prints_of
from benchmark.data.recordings.search import candidates
from benchmark.data.recordings.store import PrintStore
from benchmark.exceptions import CacheError
from benchmark.plugin.tracks import Track

RATE = 22050


def drum_loop(pattern: int, tempo: float, seconds: float = 4.0) -> np.ndarray:
    """Return bars of 16 steps with the same kick, snare and hat in all loops; the pattern is its own."""
    sounds, steps = np.random.default_rng(0), np.random.default_rng(pattern)
    kick = np.sin(2 * np.pi * np.cumsum(np.linspace(120, 45, 5000)) / SAMPLE_RATE) * np.exp(
        -np.arange(5000) / 900
    )
    snare = 0.6 * sounds.normal(size=2000) * np.exp(-np.arange(2000) / 400)
    hat = 0.3 * sounds.normal(size=600) * np.exp(-np.arange(600) / 90)
    bars = [steps.random(16) < often for often in (0.35, 0.25, 0.6)]
    loop = np.zeros(round((seconds + 2) * SAMPLE_RATE))
    for step in range(int(seconds * tempo / 15)):
        place = round(step * 15 / tempo * SAMPLE_RATE)
        for bar, sound in zip(bars, (kick, snare, hat), strict=True):
            if bar[step % 16]:
                loop[place : place + len(sound)] += sound
    return (0.3 * loop[: round(seconds * SAMPLE_RATE)]).astype(np.float32)


def same(first: np.ndarray, second: np.ndarray) -> bool:
    """Return whether two recordings are found to be one."""
    found = candidates([fingerprint(first), fingerprint(second)])
    return any(agreement(first, second, match.offset) >= SAME for match in found)


def test_loops_of_the_same_drums_are_different_recordings() -> None:
    loops = [drum_loop(pattern, tempo) for pattern in range(5) for tempo in (100.0, 100.5, 120.0)]
    proposed = candidates([fingerprint(loop) for loop in loops])
    assert proposed, "otherwise this says nothing of the waveforms' part"
    assert not [m for m in proposed if agreement(loops[m.first], loops[m.second], m.offset) >= SAME]


def test_a_loop_and_its_trimmed_and_inverted_copy_are_one() -> None:
    loop = drum_loop(3, 110)
    assert same(loop, -0.4 * loop[round(0.31 * SAMPLE_RATE) :])


def test_silence_and_moments_have_nothing_to_be_recognised_by() -> None:
    silence = np.zeros(3 * SAMPLE_RATE, np.float32)
    assert not fingerprint(silence).any()
    assert len(fingerprint(silence[:1000])) == 0
    assert candidates([fingerprint(silence)] * 3) == []
    assert agreement(silence, silence, 0) == 0.0
    assert candidates([]) == []


def test_an_excerpt_is_found_where_it_begins() -> None:
    music = np.random.default_rng(1).normal(0, 0.1, 20 * SAMPLE_RATE).astype(np.float32)
    words = 200
    (match,) = candidates(
        [fingerprint(music), fingerprint(music[words * HOP : words * HOP + 6 * SAMPLE_RATE])]
    )
    assert (match.first, match.second) == (0, 1)
    assert abs(match.offset - words) <= 1


def test_copies_of_many_tracks_are_found_and_nothing_else() -> None:
    rng = np.random.default_rng(5)
    prints = [rng.integers(1, 1 << 32, 300, dtype=np.uint32) for _ in range(1500)]
    for index in range(20):
        errors = np.packbits(rng.random((300, 32)) < 0.08, axis=1).view(">u4")[:, 0].astype(np.uint32)
        prints[1000 + index] = (prints[index] ^ errors)[5:]
    assert [(m.first, m.second) for m in candidates(prints)] == [(index, 1000 + index) for index in range(20)]


@pytest.mark.slow
def test_of_fifty_real_clips_none_is_a_duplicate_but_those_encoded_trimmed_and_louder(
    shared: Path, tmp_path: Path
) -> None:
    files = sorted((shared / "data" / "gtzan").rglob("*.wav"))[::2]
    tracks = [Track(f"{file.parent.name}/{file.name}", file, "x", file.name, 15.0) for file in files]
    copies = []
    for number, file in enumerate(files[::5]):
        samples, rate = soundfile.read(file, dtype="float32")
        copy = tmp_path / f"{number:02d}.{('mp3', 'ogg')[number % 2]}"
        soundfile.write(
            copy, np.clip((0.3, 1.8)[number % 2] * samples[round(0.04 * number * rate) :], -1, 1), rate
        )
        copies.append(Track(copy.name, copy, "x", copy.name, 15.0))
    found = find_recordings([*tracks, *copies], tmp_path / "cache")
    sets = {tuple(track.id for track in alike) for alike in found.sets([*tracks, *copies])}
    assert sets == {(track.id, copy.id) for track, copy in zip(tracks[::5], copies, strict=True)}


def test_recordings_are_sets_of_tracks_in_their_order() -> None:
    tracks = [
        Track(name, Path(name), "x", content, 1.0) for name, content in zip("abcd", "wxyw", strict=True)
    ]
    found = Recordings({"x": "x", "y": "x"})
    assert [[track.id for track in copies] for copies in found.sets(tracks)] == [["a", "d"], ["b", "c"]]


def test_tracks_with_a_part_in_common_are_no_copies_but_sound_alike() -> None:
    tracks = [Track(name, Path(name), "x", name, 1.0) for name in "abcm"]
    found = Recordings({}, overlaps=(("a", "m"), ("b", "m")))
    assert found.sets(tracks) == []
    assert [(one.id, other.id) for one, other in found.partly(tracks)] == [("a", "m"), ("b", "m")]
    assert [[track.id for track in alike] for alike in found.related(tracks)] == [["a", "b", "m"]]


@pytest.mark.parametrize("ppm", [10, 20, 100, 1000, -300])
def test_a_clock_that_drifts_is_taken_out_before_waveforms_are_compared(ppm: float) -> None:
    music = drum_loop(3, 110, 12.0) + 0.02 * np.random.default_rng(1).normal(size=12 * SAMPLE_RATE)
    finer = scipy.signal.resample(music, 8 * len(music))
    when = np.arange(len(music) - 100) * (1 + ppm * 1e-6)
    copy = np.interp(8 * when, np.arange(len(finer)), finer)
    assert compare(music, copy, 0).level >= 0.95
    assert compare(music, copy, 0).seconds == pytest.approx(12, abs=0.3)


def written(folder: Path, number: int) -> Track:
    noise = np.random.default_rng(number).normal(0, 0.1, 2 * RATE).astype(np.float32)
    soundfile.write(folder / f"{number}.wav", noise, RATE)
    return Track(str(number), folder / f"{number}.wav", "x", f"content {number}", 2.0)


class Losing(Threads):
    """Loses what it is to look at in the folders that are named here; notes what it is given."""

    def __init__(self, *names: str, again: bool = False) -> None:
        self.names, self.again = names, again
        self.given: list[str] = []

    def look(self, function, arguments):
        for index, some in enumerate(arguments):
            names = [track.id for track in some if isinstance(track, Track)]
            self.given += names
            if set(names) & set(self.names):
                yield Look(index, lost="hung for 1 s")
            else:
                yield Look(index, function(*some))


def test_a_track_that_hangs_is_unheard_and_nobody_tries_again_unasked(tmp_path: Path) -> None:
    tracks = [written(tmp_path, number) for number in range(3)]
    looker = Losing("1")
    assert find_recordings(tracks, tmp_path, looker=looker) == Recordings(
        unheard={"content 1": "hung for 1 s"}
    )
    assert sorted(looker.given) == ["0", "1", "2"]
    later = Losing()
    assert find_recordings(tracks, tmp_path, looker=later).unheard == {"content 1": "hung for 1 s"}
    assert later.given == []
    asked = Losing(again=True)
    assert find_recordings(tracks, tmp_path, looker=asked) == Recordings()
    assert asked.given == ["1"]
    assert find_recordings(tracks, tmp_path) == Recordings()


def test_tracks_that_hang_when_they_are_compared_are_unheard(tmp_path: Path) -> None:
    first, second = written(tmp_path, 1), written(tmp_path, 2)
    soundfile.write(tmp_path / "copy.wav", soundfile.read(first.path, dtype="float32")[0][500:], RATE)
    copy = Track("copy", tmp_path / "copy.wav", "x", "content copy", 2.0)
    tracks = [first, second, copy]
    assert find_recordings(tracks, tmp_path / "whole").sets(tracks) == [[first, copy]]
    prints_of({track.content: track for track in tracks}, PrintStore(tmp_path / "lost"), THREADS, print)
    found = find_recordings(tracks, tmp_path / "lost", looker=Losing("copy"))
    assert found.unheard == {
        "content 1": "hung for 1 s when it was compared with copy",
        "content copy": "hung for 1 s when it was compared with 1",
    }
    assert find_recordings(tracks, tmp_path / "lost").unheard == found.unheard


def test_a_damaged_store_is_begun_anew(tmp_path: Path) -> None:
    tracks = [written(tmp_path, number) for number in range(3)]
    find_recordings(tracks, tmp_path)
    (file,) = tmp_path.glob("fingerprints/*/*.sqlite")
    file.write_bytes(b"no database" * 500)
    assert find_recordings(tracks, tmp_path) == Recordings()
    stored = PrintStore(tmp_path).read([track.content for track in tracks])
    expected = fingerprint(load_mono(tracks[1].path, SAMPLE_RATE))
    np.testing.assert_array_equal(stored["content 1"], expected)


def test_a_flipped_bit_in_a_fingerprint_is_seen_and_it_is_made_anew(tmp_path: Path) -> None:
    tracks = [written(tmp_path, number) for number in range(3)]
    find_recordings(tracks, tmp_path)
    (file,) = tmp_path.glob("fingerprints/*/*.sqlite")
    with closing(sqlite3.connect(file)) as base, base:
        (words,) = base.execute("SELECT words FROM prints WHERE content = 'content 1'").fetchone()
        flipped = bytes([words[0] ^ 4]) + words[1:]
        base.execute("UPDATE prints SET words = ? WHERE content = 'content 1'", [flipped])
        base.execute('UPDATE searches SET pairs = \'[["content 0", "content 1"]]\'')
    store = PrintStore(tmp_path)
    contents = [track.content for track in tracks]
    assert sorted(store.read(contents)) == ["content 0", "content 2"]
    assert store.search(contents) is None
    assert find_recordings(tracks, tmp_path) == Recordings()
    np.testing.assert_array_equal(np.frombuffer(words, "<u4"), store.read(contents)["content 1"])
    assert store.search(contents) == []


@pytest.mark.slow
def test_every_flipped_bit_of_the_store_costs_time_at_most(tmp_path: Path) -> None:
    prints = {f"content {number}": np.arange(number, number + 20, dtype=np.uint32) for number in range(5)}
    store = PrintStore(tmp_path)
    store.write(prints)
    store.keep_search(prints, [("content 1", "content 2", True)])
    (file,) = tmp_path.glob("fingerprints/*/*.sqlite")
    content = file.read_bytes()
    written = [number for number, byte in enumerate(content) if byte]
    for position in written[:: max(1, len(written) // 100)]:
        flipped = bytearray(content)
        flipped[position] ^= 1 << position % 8
        file.write_bytes(flipped)
        store = PrintStore(tmp_path)
        for name, words in store.read(list(prints)).items():
            np.testing.assert_array_equal(words, prints[name], str(position))
        assert store.search(prints) in (None, [("content 1", "content 2", True)]), position
        store.write(prints)
        store.keep_search(prints, [("content 1", "content 2", True)])
        assert store.read(list(prints)).keys() == prints.keys(), position
        assert store.search(prints) == [("content 1", "content 2", True)], position
        file.with_name(f"{file.name}-journal").unlink(missing_ok=True)


def test_a_store_of_the_version_before_checksums_is_read_and_written(tmp_path: Path) -> None:
    store = PrintStore(tmp_path)
    store.write({"a": np.arange(3, dtype=np.uint32)})
    (file,) = tmp_path.glob("fingerprints/*/*.sqlite")
    with closing(sqlite3.connect(file)) as base, base:
        base.execute("ALTER TABLE prints DROP COLUMN checksum")
    assert store.read(["a"]).keys() == {"a"}
    store.write({"b": np.arange(4, dtype=np.uint32)})
    assert store.read(["a", "b"]).keys() == {"a", "b"}


def test_a_cache_that_cannot_be_written_is_not_called_full_for_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(folder: Path) -> None:
        raise OSError(30, "Read-only file system", str(folder))

    monkeypatch.setattr("benchmark.data.recordings.store.make_folder", refuse)
    with pytest.raises(CacheError, match=r"cannot be kept .*Read-only file system") as caught:
        PrintStore(tmp_path / "full").read(["a"])
    assert "disk is full" not in str(caught.value)


def test_the_store_forgets_the_oldest_when_it_is_too_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmark.data.recordings.store.MOST_BYTES", 100_000)
    store = PrintStore(tmp_path)
    for number in range(40):
        store.write({str(number): np.full(2000, number, np.uint32)})
    left = store.read([str(number) for number in range(40)])
    assert "39" in left
    assert "0" not in left
    with sqlite3.connect(next(tmp_path.glob("fingerprints/*/*.sqlite"))) as base:
        assert base.execute("SELECT sum(length(words)) FROM prints").fetchone()[0] < 200_000
