"""Leaks planted into a synthetic corpus are found, and its clean twin gives no alarm."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import soundfile

from benchmark.audit.checks import Part, Sides, audit_sides, tuned_on_held_out
from benchmark.audit.findings import UNKNOWN, Finding, audit_record, verdict
from benchmark.audit.near import NearDuplicates, find_near_duplicates
from benchmark.data.clips import Clip
from benchmark.data.items import Item
from benchmark.plugin.tracks import Track

RATE = 22050


def tune(seed: int, seconds: float = 2.0) -> np.ndarray:
    """Return a drum loop of one style under a melody of its own, float32."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * RATE)) / RATE
    beat = np.exp(-40 * (time % 0.25)) * np.random.default_rng(7).standard_normal(len(time))
    notes = 220 * 2 ** (rng.integers(0, 24, 16) / 12)
    pitch = notes[(time / 0.125).astype(int) % 16]
    melody = sum(np.sin(2 * np.pi * np.cumsum(pitch * k) / RATE + rng.random()) / k for k in (1, 2, 3))
    return (0.1 * beat + 0.1 * melody + 0.01 * rng.standard_normal(len(time))).astype(np.float32)


def save(folder: Path, name: str, samples: np.ndarray, **how: object) -> Track:
    path = folder / name
    soundfile.write(path, samples, RATE, **how)
    label = ("jazz", "rock")[len(name) % 2]
    return Track(name, path, label, name, len(samples) / RATE, group=f"artist of {name}")


def near(tracks: list[Track], cache: Path) -> NearDuplicates:
    return find_near_duplicates(tracks, cache, lambda done, of: None)


def sides(train: list[Track], validation: list[Track], test: list[Track], **more: object) -> Sides:
    items = tuple(Item(index, Clip(0.0, None)) for index in range(len(train)))
    held = (Part("validation", "own", tuple(validation)), Part("own:test", "own", tuple(test)))
    return replace(Sides(Part("train", "own", tuple(train)), held, items, tuple(train)), **more)  # type: ignore[arg-type]


def kinds(findings: list[Finding]) -> dict[str, tuple[str, int]]:
    return {finding.kind: (finding.severity, finding.count) for finding in findings}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> list[Track]:
    """Two hundred short tracks that all differ."""
    folder = tmp_path_factory.mktemp("corpus")
    return [save(folder, f"{i:04d}.wav", tune(i, 1.5 + i % 3 / 2)) for i in range(200)]


@pytest.mark.slow
def test_each_planted_leak_is_found_and_a_clean_corpus_has_none(corpus: list[Track], tmp_path: Path) -> None:
    train, validation, test = corpus[:120], corpus[120:160], corpus[160:]
    clean = near(corpus, tmp_path)
    assert clean == NearDuplicates()
    assert audit_sides(sides(train, validation, test), clean) == []

    mp3 = {"format": "MP3", "subtype": "MPEG_LAYER_III"}
    ogg = {"format": "OGG", "subtype": "VORBIS"}
    planted = [
        save(tmp_path, "encoded.mp3", tune(1, 2.0), **mp3),
        save(tmp_path, "encoded.ogg", tune(4, 2.0), **ogg),
        save(tmp_path, "trimmed.wav", tune(7, 2.0)[round(0.4 * RATE) :]),
        save(tmp_path, "louder.wav", np.clip(3 * tune(10, 2.0), -1, 1)),
        save(tmp_path, "padded.wav", np.concatenate([np.zeros(RATE // 3, np.float32), tune(13, 2.0)])),
    ]
    found = near([*corpus, *planted], tmp_path)
    pairs = {tuple(sorted(pair)) for pair in found.pairs}
    assert pairs == {
        (f"{number:04d}.wav", copy.id) for number, copy in zip((1, 4, 7, 10, 13), planted, strict=True)
    }
    assert kinds(audit_sides(sides(train, validation, [*test, *planted]), found))["near-duplicates"] == (
        "leak",
        5,
    )

    twin = replace(test[0], content=train[0].content, label="blues")
    found_kinds = kinds(audit_sides(sides(train, validation, [twin, *test[1:]]), NearDuplicates()))
    assert found_kinds == {"same audio": ("leak", 1), "contradictory labels": ("warning", 1)}

    cousin = replace(test[0], group=train[0].group)
    found_kinds = kinds(audit_sides(sides(train, validation, [cousin]), NearDuplicates()))
    assert found_kinds == {"shared groups": ("warning", 1)}

    copied = sides(
        train, validation, test, sources=(*train, test[0]), items=(Item(len(train), Clip(0.5, 1.0)),)
    )
    assert kinds(audit_sides(copied, NearDuplicates())) == {"copies of held-out tracks": ("leak", 1)}
    assert verdict(audit_sides(copied, NearDuplicates())) == "leaky: 1 track"

    other = Part("street", "street", (replace(train[5], id="street/5"),))
    overlapping = sides(train, validation, test)
    overlapping = replace(overlapping, held_out=(*overlapping.held_out, other))
    assert kinds(audit_sides(overlapping, NearDuplicates())) == {"overlapping corpora": ("leak", 1)}

    assert kinds(list(tuned_on_held_out(overlapping, test[:3], "seed 1"))) == {
        "tuned on held-out tracks": ("warning", 3)
    }


def test_silence_and_very_short_tracks_are_like_no_other(tmp_path: Path) -> None:
    tracks = [
        save(tmp_path, "silence a.wav", np.zeros(2 * RATE, np.float32)),
        save(tmp_path, "silence b.wav", np.zeros(3 * RATE, np.float32)),
        save(tmp_path, "short a.wav", tune(1, 0.05)),
        save(tmp_path, "short b.wav", tune(2, 0.05)),
        save(tmp_path, "music.wav", tune(3)),
    ]
    assert near(tracks, tmp_path) == NearDuplicates()


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    track = save(tmp_path, "gone.wav", tune(1))
    track.path.unlink()
    found = near([track], tmp_path)
    assert found.unheard == {track.content: "cannot be read"}
    findings = audit_sides(sides([track], [], []), found)
    assert kinds(findings) == {"not compared": ("note", 1)}
    assert verdict(findings) == UNKNOWN


def test_a_track_that_was_not_looked_into_concerns_the_cells_that_have_it(tmp_path: Path) -> None:
    lost, *others = (save(tmp_path, f"{number}.wav", tune(number)) for number in range(3))
    given_up = NearDuplicates(unheard={lost.content: "hung for 5 s"})
    (finding,) = (
        f for f in audit_sides(sides([others[0]], [], [lost]), given_up) if f.kind == "not compared"
    )
    assert "0.wav (hung for 5 s)" in finding.message
    assert "not compared" not in kinds(audit_sides(sides([others[0]], [], [others[1]]), given_up))


def test_fingerprints_are_made_once(tmp_path: Path) -> None:
    track = save(tmp_path, "once.wav", tune(1))
    near([track], tmp_path)
    track.path.unlink()
    assert near([track], tmp_path).unheard == {}


def test_unknown_artists_are_a_note_and_the_verdict_says_so(tmp_path: Path) -> None:
    track = replace(save(tmp_path, "a.wav", tune(1)), group=None)
    found = audit_sides(sides([track], [], []), NearDuplicates())
    assert kinds(found) == {"unknown groups": ("note", 1)}
    assert verdict(found) == "groups unknown"
    assert audit_record(found)["findings"][0]["kind"] == "unknown groups"


@pytest.fixture(scope="module")
def planting() -> ModuleType:
    """The measurement of the same name, of which this is a part."""
    file = Path(__file__).parents[2] / "benchmarks" / "planted.py"
    spec = importlib.util.spec_from_file_location("planting", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def songs(planting: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Five songs of one style, with the same drums."""
    folder = tmp_path_factory.mktemp("songs")
    for number, song in enumerate(planting.procedural(5)):
        soundfile.write(folder / f"{number}.wav", song, RATE)
    return sorted(folder.iterdir())


# As others are found that are tried each time.
SLOWLY = ("clock 20 ppm fast", "-6 % faster", "+0.5 % faster", "-1 semitones")


@pytest.fixture(scope="module")
def altered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which fingerprints of the songs are made once."""
    return tmp_path_factory.mktemp("altered")


@pytest.mark.parametrize(
    "name",
    [
        "MP3",
        "clock 1000 ppm fast",
        "+2 semitones",
        *(pytest.param(name, marks=pytest.mark.slow) for name in SLOWLY),
        "12 of 15 s, then another",
        "4 s inside another",
    ],
)
def test_what_is_promised_is_found_and_nothing_else(
    planting: ModuleType, songs: list[Path], altered: Path, name: str
) -> None:
    (wanted,) = [kind for kind in planting.kinds() if kind.name == name]
    (outcome,) = planting.campaign(songs, planting.pairs_of(songs, 2), [wanted], altered)
    assert (outcome.found, outcome.alarms) == (outcome.songs, [])


def test_short_songs_over_the_same_drums_are_no_transposed_copies(tmp_path: Path) -> None:
    alike = [save(tmp_path, f"{seed}.wav", tune(seed, 1.5 + seed % 3 / 2)) for seed in (6, 946, 129, 975)]
    assert near(alike, tmp_path) == NearDuplicates()


def test_a_channel_that_cancels_the_other_is_like_no_other(tmp_path: Path) -> None:
    left = tune(1)
    cancelled = save(tmp_path, "cancelled.wav", np.stack([left, -left], axis=1))
    assert near([cancelled, save(tmp_path, "left.wav", left)], tmp_path) == NearDuplicates()


def test_a_medley_is_a_leak_for_each_of_its_songs_and_they_for_none_of_each_other(tmp_path: Path) -> None:
    first, second = (save(tmp_path, f"{seed}.wav", tune(seed, 12.0)) for seed in (1, 2))
    both = np.concatenate([tune(1, 12.0)[2 * RATE : 7 * RATE], tune(2, 12.0)[3 * RATE : 8 * RATE]])
    medley = save(tmp_path, "medley.wav", both)
    found = near([first, second, medley], tmp_path)
    assert found.pairs == ()
    assert {frozenset(pair) for pair in found.parts} == {
        frozenset({"1.wav", "medley.wav"}),
        frozenset({"2.wav", "medley.wav"}),
    }
    assert kinds(audit_sides(sides([first, second], [], [medley]), found))["near-duplicates"] == ("leak", 2)
    assert "near-duplicates" not in kinds(audit_sides(sides([first], [], [second]), found))
