from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmark.data.corpora import corpus_loader
from benchmark.data.duplicates import copies_of, with_duplicates
from benchmark.locations import Locations
from benchmark.plugin.manager import load_registry
from benchmark.plugin.tracks import Corpus, Track
from benchmark.settings import DuplicateSettings

RATE = 22050


def track(name: str, label: str = "jazz") -> Track:
    return Track(name, Path(name), label, name, 2.0)


def corpus(*tracks: Track) -> Corpus:
    return Corpus(tracks, ("jazz", "rock"))


def test_the_first_of_each_set_of_copies_is_kept_and_the_others_say_which() -> None:
    a, b, c, d = (track(name) for name in "abcd")
    kept = with_duplicates(corpus(a, b, c, d), [[a, c, d]], remove=True)
    assert [each.id for each in kept.tracks] == ["a", "b"]
    assert {out.id: out.reason for out in kept.left_out} == {
        "c": "the same recording as a, which is kept",
        "d": "the same recording as a, which is kept",
    }


def test_of_copies_whose_labels_disagree_none_is_kept() -> None:
    a, b, c = track("a"), track("b", "rock"), track("c")
    kept = with_duplicates(corpus(a, b, c), [[a, b]], remove=True)
    assert [each.id for each in kept.tracks] == ["c"]
    assert [out.reason for out in kept.left_out] == [
        "the same recording as b (rock), and their labels disagree",
        "the same recording as a (jazz), and their labels disagree",
    ]


def test_a_report_keeps_all_and_names_both() -> None:
    a, b = track("a"), track("b")
    found = with_duplicates(corpus(a, b), [[a, b]], remove=False)
    assert found.tracks == (a, b)
    assert not found.left_out
    assert found.notes == ("1 recording is there more than once, kept: a = b.",)


def test_a_medley_goes_and_its_songs_stay_whatever_their_labels() -> None:
    a, b, medley, z = track("a"), track("b", "rock"), track("m", "rock"), track("z")
    kept = with_duplicates(corpus(a, b, medley, z), [], remove=True, parts=[(a, medley), (b, medley)])
    assert [each.id for each in kept.tracks] == ["a", "b", "z"]
    assert [(out.id, out.reason) for out in kept.left_out] == [("m", "it has parts of a, b")]
    assert "m" in kept.notes[-1]


def test_of_two_with_a_part_in_common_the_first_is_kept_and_copies_are_removed_first() -> None:
    a, b, c = track("a"), track("b"), track("c")
    assert [t.id for t in with_duplicates(corpus(a, b), [], remove=True, parts=[(a, b)]).tracks] == ["a"]
    kept = with_duplicates(corpus(a, b, c), [[a, b]], remove=True, parts=[(b, c)])
    assert [each.id for each in kept.tracks] == ["a", "c"], "c has a part of b only, which is gone"


def test_a_corpus_without_copies_says_so() -> None:
    assert with_duplicates(corpus(track("a")), [], remove=True) == replace(
        corpus(track("a")), notes=("No duplicates were found.",)
    )


def test_names_of_equal_content_belong_together() -> None:
    assert copies_of({"a": "1", "b": "2", "c": "1", "d": "2", "e": "3"}) == [["a", "c"], ["b", "d"]]


def melody(seed: int, seconds: float = 3.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * RATE)) / RATE
    notes = 220 * 2 ** (rng.integers(0, 36, 32) / 12)
    pitch = notes[(time / 0.1).astype(int) % 32]
    tones = sum(np.sin(2 * np.pi * np.cumsum(pitch * k) / RATE + rng.random()) / k for k in range(1, 6))
    return (0.1 * tones + 0.02 * rng.standard_normal(len(time))).astype(np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes of eight tracks; two more are copies: one as MP3, trimmed and louder, one softer in the other class."""
    place = tmp_path_factory.mktemp("music")
    for number in range(16):
        (place / ("jazz", "rock")[number % 2]).mkdir(exist_ok=True)
        soundfile.write(place / ("jazz", "rock")[number % 2] / f"{number:02d}.wav", melody(number), RATE)
    louder = np.clip(2.5 * melody(4)[round(0.4 * RATE) :], -1, 1)
    soundfile.write(place / "jazz" / "copy.mp3", louder, RATE)
    soundfile.write(place / "jazz" / "softer.ogg", 0.3 * melody(5), RATE)
    return place


def test_copies_are_found_in_a_corpus_across_formats_and_classes(folder: Path, tmp_path: Path) -> None:
    corpus_of = corpus_loader(load_registry(None), Locations(cache=tmp_path, named={"folder": folder}))
    spec = load_registry(None).spec("dataset", "folder")
    assert len(corpus_of(spec).tracks) == 18
    kept = corpus_of(spec, DuplicateSettings(action="remove"))
    assert {out.id: out.reason for out in kept.left_out} == {
        "jazz/copy.mp3": "the same recording as jazz/04.wav, which is kept",
        "jazz/softer.ogg": "the same recording as rock/05.wav (rock), and their labels disagree",
        "rock/05.wav": "the same recording as jazz/softer.ogg (jazz), and their labels disagree",
    }
    assert len(kept.tracks) == 15
    assert len(corpus_of(spec, DuplicateSettings(action="report")).tracks) == 18


@pytest.mark.slow
def test_a_suite_removes_duplicates_before_the_split_and_lists_them(folder: Path, project) -> None:
    project.write(
        """
        name: trial
        cell:
          dataset: folder
          features: {mel: {size: [12, 16], n_mels: 12}}
          split: {fractions: [0.5, 0.2, 0.3]}
          model: majority
          evaluate: [test]
        matrix:
          duplicates: [null, {action: report}, {action: remove, label: removed}]
        """
    )
    ran = project.bench("run", "suite.yaml", "--data", f"folder={folder}", "--executor", "inline")
    assert ran.code == 0, ran.err
    records = {
        record["labels"]["duplicates"]: record
        for record in (json.loads(file.read_text()) for file in project.results.glob("[!.]*/cell.json"))
    }
    tracks = {
        label: sum(record["counts"][f"{part}_tracks"] for part in ("train", "validation", "test"))
        for label, record in records.items()
    }
    assert tracks == {"kept": 18, "action=report": 18, "removed": 15}
    assert any("jazz/copy.mp3" in note for note in records["action=report"]["provenance"]["notes"])
    assert records["removed"]["left_out"]["dataset: jazz/copy.mp3"] == (
        "the same recording as jazz/04.wav, which is kept"
    )
    assert "duplicates" not in records["kept"]["spec"]
