"""Artists: who plays in a style, with habits that all their tracks share, and with tastes from elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from bench_datasets.music.sounds import EQ_BANDS, Timbre
from bench_datasets.music.styles import STYLES, Style
from benchmark import derive_generator, derive_seed

if TYPE_CHECKING:
    import numpy as np

# At half the difficulty a fifth of the aspects is borrowed: a model of MFCC statistics is right for about two
# thirds of the tracks (benchmarks/synthetic_difficulty.py).
BORROWING = 2.3
ASPECTS = tuple(field.name for field in fields(Style))
FEWEST, MOST = 2, 4


@dataclass(frozen=True, slots=True)
class World:
    """What sets one collection of music apart from another.

    Attributes:
        name: takes part in every random number, so that two worlds share no artist.
        pace: factors that tempi are drawn between.
        colour: spread of harmonics' rolloff between artists, and its ``shift`` from the styles' own.
        eq: spread of the artists' equalisers, in dB.
        tilt: change of level from lowest to highest band, in dB, drawn between these per artist.
        hiss: amplitude of noise relative to full scale, at difficulty 0.5; proportional to difficulty.
    """

    name: str
    pace: tuple[float, float] = (0.96, 1.04)
    colour: float = 0.15
    shift: float = 0.0
    eq: float = 1.5
    tilt: tuple[float, float] = (-1.0, 1.0)
    hiss: float = 0.004


WORLDS = {
    world.name: world
    for world in (
        World("home"),
        World("shifted", pace=(0.8, 1.25), colour=0.4, shift=0.6, eq=4.5, tilt=(-18.0, 0.0), hiss=0.025),
    )
}


@dataclass(frozen=True, slots=True)
class Habits:
    """How one piece is played: tempo in beats a minute, key in semitones above C, and levels of the parts."""

    tempo: float
    key: int
    levels: dict[str, float]
    wet: float
    hiss: float


def artists_of(world: str, seed: int, genre: str, tracks: int) -> list[int]:
    """Return the number of the artist of each of a genre's tracks; artists have two to four tracks.

    A longer list begins as a shorter one does.
    """
    rng = derive_generator("artists", world, seed, genre)
    numbers: list[int] = []
    while len(numbers) < tracks:
        number = numbers[-1] + 1 if numbers else 0
        numbers += [number] * int(rng.integers(FEWEST, MOST + 1))
    return numbers[:tracks]


def piece(
    world: World, genre: str, artist: int, track: int, *, seed: int, difficulty: float
) -> tuple[Style, Habits]:
    """Return what a track is made of: its artist's version of the genre's style, and the habits.

    ``difficulty`` 0..1 says how many of a track's aspects come from any genre instead of its own: at 0 all
    are the genre's own, at 1 none has to do with it. Half of what is borrowed is the same in all tracks of
    an artist.
    """
    names = (world.name, seed, genre, artist)
    share = difficulty**BORROWING
    style = _borrow(STYLES[genre], share, names, track)
    own = derive_generator("habits", *names)
    colour = float(own.normal(world.shift, world.colour))
    tilt = float(own.uniform(*world.tilt))
    eq = own.normal(0, world.eq, len(EQ_BANDS)) + [
        tilt * i / (len(EQ_BANDS) - 1) for i in range(len(EQ_BANDS))
    ]
    position, pace = float(own.uniform()), float(own.uniform(*world.pace))
    key = int(own.integers(12))
    levels = {part: float(own.lognormal(0, 0.25)) for part in ("drums", "bass", "harmony", "lead")}
    wet = float(own.uniform(0.7, 1.4))
    here = derive_generator("track", *names, track)
    slow, fast = style.feel.tempo
    tempo = (slow + (fast - slow) * position) * pace * float(here.uniform(0.97, 1.03))
    key = (key + int(here.choice((0, 0, 5, 7)))) % 12
    hiss = style.sound.hiss + world.hiss * 2 * difficulty * float(here.lognormal(0, 0.7))
    return _coloured(style, colour, eq), Habits(tempo, key, levels, wet, hiss)


def _borrow(style: Style, share: float, names: tuple[str, int, str, int], track: int) -> Style:
    """Take each aspect from any genre with the probability ``share``, half of it by the artist's taste."""
    taken: dict[str, Any] = {}
    for aspect in ASPECTS:
        of_artist = derive_seed("whose", aspect, *names, track) % 2 == 0
        rng = derive_generator("borrow", aspect, *names, *(() if of_artist else (track,)))
        if rng.uniform() < share:
            other = list(STYLES.values())[int(rng.integers(len(STYLES)))]
            taken[aspect] = getattr(other, aspect)
    return replace(style, **taken)


def _coloured(style: Style, colour: float, eq: np.ndarray) -> Style:
    def tint(timbre: Timbre) -> Timbre:
        return replace(timbre, rolloff=max(0.0, timbre.rolloff + colour))

    return replace(
        style,
        bass=replace(style.bass, timbre=tint(style.bass.timbre)),
        harmony=replace(style.harmony, timbre=tint(style.harmony.timbre)),
        lead=replace(style.lead, timbre=tint(style.lead.timbre)),
        sound=replace(style.sound, eq=tuple(a + float(b) for a, b in zip(style.sound.eq, eq, strict=True))),
    )
