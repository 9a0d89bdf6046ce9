from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile

from bench_datasets.gtzan import GENRES, Gtzan
from bench_datasets.music.artists import ASPECTS, WORLDS, artists_of, piece
from bench_datasets.music.band import Band, hits
from bench_datasets.music.sounds import Timbre, pluck, room, tone
from bench_datasets.music.styles import STYLES
from bench_datasets.synthetic import Synthetic, SyntheticShifted
from benchmark.data.audio import load_mono
from benchmark.locations import Locations

RATE = 22050


@pytest.fixture(scope="module")
def locations(tmp_path_factory) -> Locations:
    return Locations(cache=tmp_path_factory.mktemp("cache"))


def play(genre: str, seconds: float = 4.0, difficulty: float = 0.0, track: int = 0) -> np.ndarray:
    style, habits = piece(WORLDS["home"], genre, 0, track, seed=0, difficulty=difficulty)
    return Band(style, habits, RATE, np.random.default_rng(track)).play(seconds, 1)[:, 0]


def test_it_writes_real_files_in_gtzans_layout_that_the_real_loader_reads(locations):
    corpus = Synthetic(tracks_per_class=2, seconds=1.0).load(locations)
    assert Counter(track.label for track in corpus.tracks) == dict.fromkeys(GENRES, 2)
    info = soundfile.info(corpus.tracks[0].path)
    assert (info.samplerate, info.channels, info.subtype, info.frames) == (RATE, 1, "PCM_16", RATE)
    root = str(corpus.tracks[0].path.parents[2])
    read = Gtzan(root=root, min_seconds=1).load(locations)
    assert [(t.id, t.content) for t in read.tracks] == [(t.id, t.content) for t in corpus.tracks]


def test_the_shifted_twin_is_stereo_mp3_at_another_rate(locations):
    corpus = SyntheticShifted(tracks_per_class=1, seconds=1.0).load(locations)
    info = soundfile.info(corpus.tracks[0].path)
    assert (info.samplerate, info.channels, info.format) == (44100, 2, "MP3")
    left, right = soundfile.read(corpus.tracks[0].path)[0].T
    assert np.abs(left - right).max() > 0.01
    assert abs(len(load_mono(corpus.tracks[0].path)) - RATE) <= 1200
    assert SyntheticShifted.role == "test"


@pytest.mark.slow
def test_another_process_makes_the_same_samples(locations, tmp_path):
    script = (
        "import sys; from pathlib import Path\n"
        "from bench_datasets.synthetic import Synthetic, SyntheticShifted\n"
        "from benchmark.locations import Locations\n"
        "for make, tracks in ((Synthetic, 2), (SyntheticShifted, 1)):\n"
        "    dataset = make(tracks_per_class=tracks, seconds=1.0)\n"
        "    print(dataset.load(Locations(cache=Path(sys.argv[1]))).revision)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path], capture_output=True, text=True, check=True
    )
    here = [
        Synthetic(tracks_per_class=2, seconds=1.0).load(locations).revision,
        SyntheticShifted(tracks_per_class=1, seconds=1.0).load(locations).revision,
    ]
    assert done.stdout.split() == here


def test_more_tracks_leave_the_first_ones_as_they_were(locations):
    few = Synthetic(tracks_per_class=2, seconds=1.0).load(locations)
    more = {track.id: track for track in Synthetic(tracks_per_class=3, seconds=1.0).load(locations).tracks}
    assert all((more[t.id].content, more[t.id].group) == (t.content, t.group) for t in few.tracks)


def test_tracks_and_seeds_differ(locations):
    contents = {
        track.content
        for seed in (0, 1)
        for track in Synthetic(tracks_per_class=2, seconds=1.0, seed=seed).load(locations).tracks
    }
    assert len(contents) == 40


def test_a_second_load_makes_nothing_anew(locations):
    dataset = Synthetic(tracks_per_class=1, seconds=1.0)
    times = [[t.path.stat().st_mtime_ns for t in dataset.load(locations).tracks] for _ in range(2)]
    assert times[0] == times[1]


def test_artists_have_two_to_four_tracks_of_one_genre(locations):
    for genre in GENRES:
        numbers = artists_of("home", 0, genre, 40)
        sizes = list(Counter(numbers).values())
        assert all(2 <= size <= 4 for size in sizes[:-1])
        assert numbers == sorted(numbers)
    corpus = Synthetic(tracks_per_class=3, seconds=1.0).load(locations)
    labels = {(track.group, track.label) for track in corpus.tracks}
    assert len(labels) == len({group for group, _ in labels})


def test_the_two_worlds_share_no_artist(locations):
    home = Synthetic(tracks_per_class=3, seconds=1.0).load(locations)
    away = SyntheticShifted(tracks_per_class=1, seconds=1.0).load(locations)
    assert not {t.group for t in home.tracks} & {t.group for t in away.tracks}


def test_tracks_of_an_artist_share_tempo_and_colour_more_than_others_do():
    def habits(artist: int, track: int):
        return piece(WORLDS["home"], "pop", artist, track, seed=0, difficulty=0.0)

    within = [abs(habits(a, 0)[1].tempo - habits(a, 1)[1].tempo) for a in range(20)]
    between = [abs(habits(a, 0)[1].tempo - habits(a + 20, 0)[1].tempo) for a in range(20)]
    assert np.mean(within) < np.mean(between) / 2
    assert habits(0, 0)[0].sound.eq == habits(0, 1)[0].sound.eq != habits(1, 0)[0].sound.eq


@pytest.mark.parametrize(("difficulty", "low", "high"), [(0.0, 0.0, 0.0), (0.5, 0.1, 0.3), (1.0, 0.8, 1.0)])
def test_difficulty_is_how_much_of_a_piece_comes_from_other_genres(difficulty, low, high):
    foreign = [
        style.feel.tempo != STYLES[genre].feel.tempo
        for genre in GENRES
        for track in range(40)
        for style, _ in [piece(WORLDS["home"], genre, track // 3, track, seed=1, difficulty=difficulty)]
    ]
    assert low <= np.mean(foreign) <= high


@pytest.mark.parametrize("genre", GENRES)
def test_every_style_sounds_without_clipping_and_fits_its_length(genre):
    samples = play(genre, 2.5)
    assert samples.shape == (round(2.5 * RATE),)
    assert samples.dtype == np.float32
    assert 0.55 < np.abs(samples).max() < 0.96
    assert np.sqrt(np.mean(samples**2)) > 0.02


def test_styles_differ_in_what_makes_their_genre():
    played = {genre: play(genre, 6.0) for genre in STYLES}
    brightness = {
        genre: librosa.feature.spectral_centroid(y=samples, sr=RATE).mean()
        for genre, samples in played.items()
    }
    onsets = {
        genre: librosa.onset.onset_strength(y=samples, sr=RATE).std() for genre, samples in played.items()
    }
    assert brightness["metal"] > 1.5 * brightness["reggae"]
    assert brightness["country"] > brightness["hiphop"]
    assert onsets["classical"] < min(onsets["disco"], onsets["hiphop"], onsets["metal"])


def test_disco_has_its_beat_where_it_says():
    style, habits = piece(WORLDS["home"], "disco", 0, 0, seed=0, difficulty=0.0)
    samples = Band(style, habits, RATE, np.random.default_rng(0)).play(12.0, 1)[:, 0]
    strength = librosa.onset.onset_strength(y=samples, sr=RATE, hop_length=128)
    strength -= strength.mean()
    repeats = np.correlate(strength, strength, "full")[len(strength) :]
    tempi = 60 * RATE / 128 / np.arange(1, len(repeats) + 1)
    plausible = (tempi > 90) & (tempi < 150)
    assert tempi[plausible][repeats[plausible].argmax()] == pytest.approx(habits.tempo, rel=0.02)


def test_a_tone_and_a_string_have_the_pitch_that_was_asked_for():
    rng = np.random.default_rng(0)
    for sound in (tone(440.0, RATE, RATE, Timbre()), pluck(440.0, RATE, RATE, Timbre(plucked=True), rng)):
        spectrum = np.abs(np.fft.rfft(sound))
        assert abs(int(spectrum[300:600].argmax()) + 300 - 440) <= 5


def test_a_tone_has_no_harmonics_beyond_what_the_rate_can_hold():
    spectrum = np.abs(np.fft.rfft(tone(3000.0, RATE, RATE, Timbre(rolloff=0.0)) * np.hanning(RATE)))
    harmonics = {3000, 6000, 9000}
    loud = {round(k / 100) * 100 for k in np.flatnonzero(spectrum > 0.01 * spectrum.max())}
    assert loud == harmonics


def test_a_dry_and_flat_room_changes_nothing():
    rng = np.random.default_rng(0)
    mix = rng.standard_normal(5000).astype("f4")
    heard = room(mix, RATE, rng, eq=(0.0,) * 7, wet=0.0, seconds=0.1)
    np.testing.assert_allclose(heard, mix, atol=1e-4)


def test_the_equaliser_gives_each_band_its_decibels():
    t = np.arange(RATE) / RATE
    for frequency, decibels in ((60, -6.0), (1000, 6.0), (6000, -12.0)):
        eq = [
            decibels if band == frequency else 0.0
            for band in (60.0, 150.0, 400.0, 1000.0, 2500.0, 6000.0, 11000.0)
        ]
        mix = np.sin(2 * np.pi * frequency * t).astype("f4")
        heard = room(mix, RATE, np.random.default_rng(0), eq=eq, wet=0.0, seconds=0.1)
        gain = 20 * np.log10(np.std(heard[2000:-2000]) / np.std(mix[2000:-2000]))
        assert gain == pytest.approx(decibels, abs=0.7)


def test_rhythms_are_well_formed():
    assert list(hits("x-.o")) == [(0, 2, "x"), (3, 1, "o")]
    for genre, style in STYLES.items():
        drums = style.drums
        for rhythm in (
            drums.kick,
            drums.snare,
            drums.hat,
            drums.open_hat,
            drums.ride,
            style.bass.rhythm,
            style.harmony.rhythm,
        ):
            assert len(rhythm) in (0, 16), genre
        assert set(style.bass.rhythm) <= set("rtfsow-.")
    assert len(ASPECTS) == 6


def test_planning_with_files_that_are_there_imports_nothing_heavy(locations):
    Synthetic(tracks_per_class=1, seconds=1.0).load(locations)
    script = (
        "import sys; from pathlib import Path; from bench_datasets.synthetic import Synthetic\n"
        "from benchmark.locations import Locations\n"
        "Synthetic(tracks_per_class=1, seconds=1.0).load(Locations(cache=Path(sys.argv[1])))\n"
        "print(*({'numpy', 'soundfile', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, locations.cache],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path.cwd(),
    )
    assert done.stdout.strip() == ""


@pytest.mark.slow
def test_a_disk_that_takes_no_more_is_said_in_words(tmp_path: Path) -> None:
    code = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "from bench_datasets.synthetic import Synthetic\n"
        "from benchmark.exceptions import DatasetError\n"
        "from benchmark.locations import Locations\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))\n"
        "try:\n"
        "    Synthetic(tracks_per_class=1, seconds=1.0).load(Locations(Path(sys.argv[1])))\n"
        "except DatasetError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert "its files cannot be read or written" in done.stdout
    assert "Is the disk full?" in done.stdout
