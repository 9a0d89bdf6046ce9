"""The ten styles, as data: how each genre moves, drums, walks, harmonises, sings and sounds.

Rhythms are sixteen sixteenths of a 4/4 bar. A letter is a hit, ``-`` holds it, ``.`` is a rest.
"""

from __future__ import annotations

from dataclasses import dataclass

from bench_datasets.music.sounds import Timbre


@dataclass(frozen=True, slots=True)
class Feel:
    """Tempo in beats a minute, and how late the second half of a beat comes, in beats (1/6 is a triplet)."""

    tempo: tuple[float, float]
    swing: float = 0.0


@dataclass(frozen=True, slots=True)
class Drums:
    """What the drummer plays; an empty rhythm is silence. ``dry`` 0..1 makes drums shorter and snappier."""

    kick: str = ""
    snare: str = ""
    hat: str = ""
    open_hat: str = ""
    ride: str = ""
    kick_pitch: float = 55.0
    brightness: float = 0.6
    dry: float = 0.5
    level: float = 1.0


@dataclass(frozen=True, slots=True)
class Bass:
    """A bass line. Letters: r root, t third, f fifth, s seventh, o octave, w a step of a walk."""

    rhythm: str
    timbre: Timbre
    level: float = 1.0


@dataclass(frozen=True, slots=True)
class Harmony:
    """Chords, one a bar as (semitones above the key, quality); ``a`` in a rhythm is one note of the chord."""

    progression: tuple[tuple[int, str], ...]
    rhythm: str
    timbre: Timbre
    octave: int = 4
    level: float = 1.0


@dataclass(frozen=True, slots=True)
class Lead:
    """A melody: its scale, how many of the eighths it plays (0..1), and how many eighths it holds a note."""

    scale: tuple[int, ...]
    density: float
    hold: float
    timbre: Timbre
    octave: int = 5
    level: float = 1.0


@dataclass(frozen=True, slots=True)
class Sound:
    """Production: gains in dB at ``EQ_BANDS``, reverberation, saturation of the whole mix, and hiss."""

    eq: tuple[float, ...]
    wet: float = 0.2
    seconds: float = 0.4
    drive: float = 0.0
    hiss: float = 0.001


@dataclass(frozen=True, slots=True)
class Style:
    """All aspects of a genre. A track may take any aspect from another genre."""

    feel: Feel
    drums: Drums
    bass: Bass
    harmony: Harmony
    lead: Lead
    sound: Sound


QUALITIES = {
    "maj": (0, 4, 7),
    "min": (0, 3, 7),
    "7": (0, 4, 7, 10),
    "maj7": (0, 4, 7, 11),
    "min7": (0, 3, 7, 10),
    "9": (0, 4, 10, 14),
    "5": (0, 7, 12),
}
MAJOR = (0, 2, 4, 5, 7, 9, 11)
MINOR = (0, 2, 3, 5, 7, 8, 10)
PENTATONIC = (0, 2, 4, 7, 9)
BLUES = (0, 3, 5, 6, 7, 10)
BEBOP = (0, 2, 4, 5, 7, 8, 9, 10, 11)

_STRINGS = Timbre(rolloff=1.3, attack=0.12, vibrato=0.12)
_PIANO = Timbre(rolloff=1.8, decay=0.6)
_ACOUSTIC = Timbre(rolloff=0.5, decay=1.2, plucked=True)
_UPRIGHT = Timbre(rolloff=3.0, decay=0.5, plucked=True)
_ELECTRIC_BASS = Timbre(rolloff=2.0, decay=0.8)
_SUB = Timbre(rolloff=4.0, attack=0.01, decay=1.5)
_CRUNCH = Timbre(rolloff=1.2, decay=0.8, drive=2.0, vibrato=0.05)
_FUZZ = Timbre(rolloff=1.0, decay=2.5, drive=6.0)
_SAW = Timbre(rolloff=1.0, attack=0.02)
_ORGAN = Timbre(rolloff=1.6, even=0.3, attack=0.01)
_REED = Timbre(rolloff=0.9, even=0.4, attack=0.03, vibrato=0.2)

_TWELVE_BARS = tuple((r, "7") for r in (0, 0, 0, 0, 5, 5, 0, 0, 7, 5, 0, 7))

STYLES: dict[str, Style] = {
    "blues": Style(
        Feel((82, 124), 1 / 6),
        Drums("x.......x.......", "....x.......x...", "x.x.x.x.x.x.x.x.", brightness=0.5, level=0.8),
        Bass("r---t---f---s---", _ELECTRIC_BASS),
        Harmony(_TWELVE_BARS, "x.x.x.x.x.x.x.x.", Timbre(1.5, decay=0.35, drive=1.2), octave=3, level=0.8),
        Lead(BLUES, 0.45, 2.0, _CRUNCH),
        Sound((0, 2, 3, 1, -1, -5, -10), wet=0.15),
    ),
    "classical": Style(
        Feel((58, 104)),
        Drums(level=0.0),
        Bass("r-------f-------", Timbre(1.8, attack=0.1, vibrato=0.08), level=0.6),
        Harmony(
            ((0, "maj"), (5, "maj"), (2, "min"), (7, "7"), (0, "maj"), (9, "min"), (7, "maj"), (0, "maj")),
            "a-a-a-a-a-a-a-a-",
            Timbre(2.2, attack=0.03, decay=1.0),
            level=0.8,
        ),
        Lead(MAJOR, 0.6, 2.5, _STRINGS, level=0.8),
        Sound((-2, 1, 2, 0, -2, -6, -12), wet=0.6, seconds=1.3, hiss=0.0005),
    ),
    "country": Style(
        Feel((104, 150)),
        Drums("x.......x.......", "....x.......x...", "..x...x...x...x.", brightness=0.8, dry=0.8, level=0.5),
        Bass("r---....f---....", _UPRIGHT),
        Harmony(((0, "maj"), (5, "maj"), (0, "maj"), (7, "maj")), "....x-x-....x-x-", _ACOUSTIC),
        Lead(PENTATONIC, 0.9, 1.0, Timbre(0.2, decay=0.5, plucked=True)),
        Sound((-4, 0, 0, 1, 3, 2, -2), wet=0.15),
    ),
    "disco": Style(
        Feel((112, 126)),
        Drums("x...x...x...x...", "....x.......x...", "xx.xxx.xxx.xxx.x", "..x...x...x...x.", brightness=0.8),
        Bass("r.o.r.o.r.o.r.o.", Timbre(1.4, decay=0.25)),
        Harmony(
            ((0, "min7"), (5, "9"), (10, "maj7"), (3, "maj7")), "x-----..x-x-....", _STRINGS, 5, level=0.8
        ),
        Lead(MINOR, 0.4, 1.5, Timbre(1.0, attack=0.02, decay=0.5), level=0.6),
        Sound((3, 2, -1, 0, 2, 4, 3), wet=0.2),
    ),
    "hiphop": Style(
        Feel((80, 98), 0.06),
        Drums("x.....x...x.....", "....x.......x...", "x.x.x.x.x.x.xxx.", kick_pitch=42, dry=0.3, level=1.3),
        Bass("r-----r---......", _SUB, level=1.5),
        Harmony(((0, "min7"), (0, "min7"), (8, "maj7"), (7, "min7")), "x-----..........", _PIANO, level=0.6),
        Lead(MINOR, 0.15, 1.0, Timbre(2.5, decay=0.4), level=0.5),
        Sound((7, 4, -1, -2, -3, -3, -6), wet=0.08, drive=1.5, hiss=0.004),
    ),
    "jazz": Style(
        Feel((118, 200), 1 / 6),
        Drums(hat="....x.......x...", ride="x...x.x.x...x.x.", dry=0.6, level=0.5),
        Bass("w---w---w---w---", _UPRIGHT, level=1.1),
        Harmony(((2, "min7"), (7, "9"), (0, "maj7"), (9, "9")), "..x.......x-....", _PIANO, level=0.7),
        Lead(BEBOP, 0.75, 1.0, _REED, 4, level=0.8),
        Sound((-1, 2, 2, 0, -2, -3, -8), wet=0.3, seconds=0.6),
    ),
    "metal": Style(
        Feel((140, 196)),
        Drums(
            "x.xxx.xxx.xxx.xx",
            "....x.......x...",
            open_hat="x...x...x...x...",
            brightness=0.8,
            dry=0.8,
            level=0.9,
        ),
        Bass("r.rrr.r.r.rrr.r.", Timbre(1.0, decay=0.4, drive=3.0), level=0.8),
        Harmony(
            ((0, "5"), (0, "5"), (1, "5"), (10, "5")),
            "x.xxx.x-x.xxx.x-",
            Timbre(0.6, drive=12.0),
            2,
            level=1.5,
        ),
        Lead(MINOR, 0.5, 1.0, Timbre(0.9, drive=8.0, vibrato=0.2), level=0.5),
        Sound((2, 2, -3, 0, 5, 6, 2), wet=0.1, drive=2.0),
    ),
    "pop": Style(
        Feel((94, 126)),
        Drums("x.......x.x.....", "....x.......x...", "x.x.x.x.x.x.x.x.", brightness=0.9, dry=0.7),
        Bass("r-r-r-r-r-r-r-r-", Timbre(1.3, decay=0.6)),
        Harmony(((0, "maj"), (7, "maj"), (9, "min"), (5, "maj")), "x---------------", _SAW, level=0.7),
        Lead(PENTATONIC, 0.55, 1.8, Timbre(1.0, even=0.5, attack=0.03, vibrato=0.1), level=1.1),
        Sound((2, 0, -1, 1, 3, 5, 5), wet=0.25, seconds=0.5, drive=1.0),
    ),
    "reggae": Style(
        Feel((66, 84), 0.04),
        Drums("........x.......", "........x.......", "x.x.x.x.x.x.x.x.", brightness=0.4, dry=0.8, level=0.9),
        Bass("r---..t-f---....", _SUB, level=1.5),
        Harmony(((0, "min"), (5, "min"), (0, "min"), (10, "maj")), "..x...x...x...x.", _ORGAN, level=0.9),
        Lead(MINOR, 0.2, 1.5, Timbre(1.5, attack=0.02, decay=0.8), level=0.5),
        Sound((5, 4, 0, 1, 0, -4, -8), wet=0.3, seconds=0.8),
    ),
    "rock": Style(
        Feel((108, 146)),
        Drums("x.....x.x.......", "....x.......x...", "x.x.x.x.x.x.x.x.", brightness=0.7, dry=0.4, level=1.1),
        Bass("r-r-r-r-r-r-r-r-", _ELECTRIC_BASS),
        Harmony(((0, "5"), (10, "5"), (5, "5"), (0, "5")), "x---x-x-x---x-x-", _FUZZ, 3, level=1.2),
        Lead(PENTATONIC, 0.35, 2.0, _CRUNCH, level=0.7),
        Sound((1, 2, 1, 1, 2, 0, -5), wet=0.15, drive=1.0),
    ),
}
