"""Which alterations of a recording the audit sees through, and whether it takes other music for copies.

Ten songs of a folder are altered in each of many ways and put among all recordings of it; the table says how many are
found, and how many pairs of different songs are taken for one. Without a folder the songs are procedural, of one style
and close to each other, which is harder for false alarms than music is.

Run: python benchmarks/planted.py [--songs 10] [--only WORD] [FOLDER]     (a folder of recordings, or of such folders)
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from scipy.signal import butter, fftconvolve, resample, sosfilt

RATE = 22050
Alter = Callable[[np.ndarray, np.ndarray, np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class Kind:
    """A way to alter a song, given another song too. With ``alone`` the song itself is not among the recordings.

    ``promised``: whether the documentation says that it is found.
    """

    name: str
    alter: Callable[[np.ndarray, np.ndarray, np.random.Generator], list[np.ndarray]]
    alone: bool = False
    promised: bool = True


def kind(name: str, alter: Alter, *, promised: bool = True) -> Kind:
    """Return a kind that makes one track of a song."""
    return Kind(name, lambda song, other, rng: [alter(song, other, rng)], promised=promised)


def encoded(form: str, subtype: str, rate: int = RATE, level: float | None = None) -> Alter:
    """Return an alteration that encodes and decodes."""

    def alter(song: np.ndarray, other: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        file = io.BytesIO()
        sound = soxr.resample(song, RATE, rate) if rate != RATE else song
        soundfile.write(file, sound, rate, format=form, subtype=subtype, compression_level=level)
        file.seek(0)
        decoded, decoded_rate = soundfile.read(file, dtype="float32")
        return soxr.resample(decoded, decoded_rate, RATE)

    return alter


def drifting(ppm: float) -> Alter:
    """Return an alteration by a clock that is so many millionths fast."""

    def alter(song: np.ndarray, other: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        finer = resample(song, 4 * len(song))
        when = np.arange(int(len(song) / (1 + ppm * 1e-6)) - 1) * (1 + ppm * 1e-6)
        return np.interp(4 * when, np.arange(len(finer)), finer)

    return alter


def faster(share: float) -> Alter:
    """Return an alteration that plays a song faster, and thereby higher."""
    return lambda song, other, rng: soxr.resample(song, RATE * (1 + share), RATE)


def transposed(semitones: float) -> Alter:
    """Return the paper's pitch shift."""

    def alter(song: np.ndarray, other: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        from bench_augmentations.waveform import PitchShift

        return PitchShift().apply(song.astype(np.float32), rng, semitones=semitones)

    return alter


def stretched(rate: float) -> Alter:
    """Return the paper's time stretch."""

    def alter(song: np.ndarray, other: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        from bench_augmentations.waveform import TimeStretch

        return TimeStretch().apply(song.astype(np.float32), rng, rate=rate)

    return alter


def filtered(band: float | tuple[float, float], how: str) -> Alter:
    """Return an alteration by a Butterworth filter of order 4."""
    return lambda song, other, rng: sosfilt(butter(4, band, how, fs=RATE, output="sos"), song)


def seconds(count: float) -> int:
    """Return a number of samples."""
    return round(count * RATE)


def noisy(decibels: float) -> Alter:
    """Return an alteration by white noise, so far below the song."""

    def alter(song: np.ndarray, other: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        level = np.sqrt(np.mean(song**2)) * 10 ** (-decibels / 20)
        return song + level * rng.normal(size=len(song))

    return alter


def room(song: np.ndarray, other: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a song with a little reverberation."""
    tail = np.exp(-np.arange(seconds(0.3)) / seconds(0.08)) * rng.normal(size=seconds(0.3)) * 0.02
    return fftconvolve(song, np.concatenate([[1.0], tail]))[: len(song)]


def faded(song: np.ndarray, other: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a song that begins and ends softly."""
    ramp = np.minimum(1, np.arange(len(song)) / seconds(3))
    return song * ramp * ramp[::-1]


def inside(length: float) -> Alter:
    """Return an alteration that puts some seconds of a song into another one."""

    def alter(song: np.ndarray, other: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        mixed, begin = other.copy(), seconds(5)
        mixed[begin : begin + seconds(length)] = song[begin : begin + seconds(length)]
        return mixed

    return alter


def begun(song: np.ndarray, other: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the first 12 of 15 s of a song, then another one."""
    return np.concatenate([song[: seconds(12)], other[seconds(12) : seconds(15)]])


def halves(song: np.ndarray, other: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Return both halves of a song."""
    return [song[: len(song) // 2], song[len(song) // 2 :]]


def kinds() -> list[Kind]:
    """Return all alterations."""
    return [
        kind("as it is", lambda song, other, rng: song),
        kind("MP3", encoded("MP3", "MPEG_LAYER_III")),
        kind("MP3, worst", encoded("MP3", "MPEG_LAYER_III", level=0.99)),
        kind("Ogg Vorbis", encoded("OGG", "VORBIS")),
        kind("Ogg Vorbis, worst", encoded("OGG", "VORBIS", level=0.99)),
        kind("8 bits", encoded("WAV", "PCM_U8")),
        kind("8 kHz", encoded("WAV", "PCM_16", 8000)),
        kind("48 kHz", encoded("WAV", "PCM_16", 48000)),
        kind("louder, clipped", lambda song, other, rng: np.clip(3 * song, -1, 1)),
        kind("30 dB softer", lambda song, other, rng: 0.03 * song),
        kind("inverted", lambda song, other, rng: -song),
        kind("0.31 s trimmed", lambda song, other, rng: song[seconds(0.31) :]),
        kind("5 s trimmed", lambda song, other, rng: song[seconds(5) :]),
        kind("1 s of silence before", lambda song, other, rng: np.concatenate([np.zeros(seconds(1)), song])),
        kind("6 s of it", lambda song, other, rng: song[seconds(4) : seconds(10)]),
        kind("noise 20 dB below", noisy(20)),
        kind("noise 10 dB below", noisy(10)),
        kind("low-pass 1.5 kHz", filtered(1500, "lowpass")),
        kind("high-pass 400 Hz", filtered(400, "highpass")),
        kind("telephone", filtered((300, 3400), "bandpass")),
        kind("compressed", lambda song, other, rng: np.tanh(4 * song)),
        kind("reverberation", room),
        kind("faded in and out", faded),
        *(kind(f"clock {ppm:g} ppm fast", drifting(ppm)) for ppm in (10, 20, 50, 100, 300, 1000)),
        *(kind(f"{100 * share:+g} % faster", faster(share)) for share in (-0.06, -0.03, -0.01, 0.005, 0.02, 0.06)),
        *(kind(f"{semitones:+d} semitones", transposed(semitones)) for semitones in (-2, -1, 1, 2)),
        kind("12 of 15 s, then another", begun),
        kind("5 s inside another", inside(5)),
        kind("4 s inside another", inside(4)),
        Kind("halves of one song", halves, alone=True, promised=False),
        kind("stretched by 0.85", stretched(0.85), promised=False),
        kind("stretched by 1.25", stretched(1.25), promised=False),
    ]  # fmt: skip


def procedural(count: int, length: float = 16.0) -> Iterator[np.ndarray]:
    """Yield songs of one style: the same drums and tempo under melodies of few notes."""
    time = np.arange(seconds(length)) / RATE
    beat = np.exp(-40 * (time % 0.25)) * np.random.default_rng(7).standard_normal(len(time))
    for seed in range(count):
        rng = np.random.default_rng(seed)
        notes = 220 * 2 ** (rng.integers(0, 24, seconds(length) // seconds(0.125) + 1) / 12)
        pitch = notes[(time / 0.125).astype(int)]
        melody = sum(np.sin(2 * np.pi * np.cumsum(pitch * k) / RATE + rng.random()) / k for k in (1, 2, 3))
        yield (0.1 * beat + 0.1 * melody + 0.01 * rng.standard_normal(len(time))).astype(np.float32)


@dataclass(frozen=True)
class Outcome:
    """How one kind ended: of so many songs so many found, and pairs of different songs taken for one."""

    kind: Kind
    songs: int
    found: int
    alarms: list[tuple[str, str]]


def campaign(
    music: Sequence[Path], chosen: Sequence[tuple[Path, Path]], wanted: Sequence[Kind], folder: Path
) -> Iterator[Outcome]:
    """Yield the outcome of each kind. ``chosen`` are songs to alter, each with another one; files go to ``folder``."""
    from benchmark.data.audio import load_mono
    from benchmark.data.recordings.find import find_recordings
    from benchmark.plugin.tracks import Track

    originals = {file: Track(str(file), file, "x", str(file), 15.0) for file in music}
    songs = {file: load_mono(file, RATE) for pair in chosen for file in pair}
    for number, each in enumerate(wanted):
        planted: list[Track] = []
        of: dict[str, set[Path]] = {str(file): {file} for file in music}
        for index, (song, other) in enumerate(chosen):
            rng = np.random.default_rng([number, index])
            for part, samples in enumerate(each.alter(songs[song], songs[other], rng)):
                file = folder / f"{number} {index} {part}.wav"
                soundfile.write(file, samples, RATE, subtype="FLOAT")
                content = f"{each.name} {index} {part}"
                planted.append(Track(content, file, "x", content, 15.0))
                mixed = "another" in each.name
                of[content] = {song, other} if mixed else {song}
        left = [
            t for file, t in originals.items() if not (each.alone and file in {song for song, _ in chosen})
        ]
        tracks = [*left, *planted]
        recordings = find_recordings(tracks, folder / "cache")
        pairs = {
            (one.content, other.content)
            for copies in recordings.sets(tracks)
            for one in copies
            for other in copies
            if one.content < other.content
        } | {(one.content, other.content) for one, other in recordings.partly(tracks)}
        alarms = [pair for pair in pairs if not of[pair[0]] & of[pair[1]]]
        found = {
            song
            for song, _ in chosen
            for pair in pairs
            if song in of[pair[0]] & of[pair[1]] and any(name.startswith(each.name) for name in pair)
        }
        yield Outcome(each, len(chosen), len(found), sorted(alarms))


def pairs_of(music: Sequence[Path], count: int) -> list[tuple[Path, Path]]:
    """Return songs from all over a list, each with the next one."""
    step = max(1, len(music) // count)
    return [(music[i], music[(i + 1) % len(music)]) for i in range(0, len(music), step)][:count]


def main() -> int:
    """Print the table; exit with 1 if something was taken for a copy that is none."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--songs", type=int, default=10)
    parser.add_argument("--only", default="", help="kinds whose name has this")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        if given.folder is None:
            for number, song in enumerate(procedural(40)):
                soundfile.write(folder / f"song {number:02d}.wav", song, RATE)
        music = sorted(
            p for p in (given.folder or folder).rglob("*") if p.suffix in (".wav", ".mp3", ".au", ".ogg")
        )
        wanted = [each for each in kinds() if given.only in each.name]
        print(f"{len(wanted)} kinds, {given.songs} songs, among {len(music)} recordings")
        print("| kind | found | false alarms |\n|---|---|---|")
        alarms = promised = kept = 0
        for outcome in campaign(music, pairs_of(music, given.songs), wanted, folder):
            star = "" if outcome.kind.promised else " (not promised)"
            print(
                f"| {outcome.kind.name}{star} | {outcome.found}/{outcome.songs} | {len(outcome.alarms)} |",
                flush=True,
            )
            alarms += len(outcome.alarms)
            if outcome.kind.promised:
                promised, kept = promised + outcome.songs, kept + outcome.found
    print(f"promised: {kept} of {promised} found; {alarms} false alarms")
    return 1 if alarms else 0


if __name__ == "__main__":
    sys.exit(main())
