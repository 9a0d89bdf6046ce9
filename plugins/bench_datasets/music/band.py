"""The band: plays a style, bar by bar, into one track."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from bench_datasets.music import sounds
from bench_datasets.music.styles import QUALITIES

if TYPE_CHECKING:
    import numpy as np

    from bench_datasets.music.artists import Habits
    from bench_datasets.music.styles import Drums, Style

STEPS = 16
PAN = {"drums": 0.5, "bass": 0.5, "harmony": 0.35, "lead": 0.65}
_BASS_NOTES = {"r": 0, "t": 1, "f": 2, "s": 3}

Note = tuple[int, float, "np.ndarray"]


class Band:
    """Plays one piece. Notes are rendered once and reused, as music repeats itself."""

    def __init__(self, style: Style, habits: Habits, rate: int, rng: np.random.Generator) -> None:
        self.style = style
        self.habits = habits
        self.rate = rate
        self.rng = rng
        self.beat = 60 / habits.tempo
        self.rendered: dict[tuple[object, ...], np.ndarray] = {}

    def play(self, seconds: float, channels: int) -> np.ndarray:
        """Return the piece from anywhere in its middle, float32, shape (round(seconds * rate), channels)."""
        import numpy as np

        n = round(seconds * self.rate)
        bar = 4 * self.beat
        start = float(self.rng.uniform(0, bar))
        first = int(self.rng.integers(0, 48))
        parts = {"drums": self.drums, "bass": self.bass, "harmony": self.harmony, "lead": self.lead}
        mix = np.zeros((channels, n), np.float32)
        for name, part in parts.items():
            bus = np.zeros(n, np.float32)
            for number in range(int((seconds + start) / bar) + 1):
                for at, level, sound in part(first + number):
                    time = number * bar - start + self.time_of(at)
                    add(bus, round(time * self.rate), sound, level * float(self.rng.uniform(0.85, 1.0)))
            bus *= np.float32(self.habits.levels[name])
            for channel in range(channels):
                side = PAN[name] if channel else 1 - PAN[name]
                mix[channel] += bus * np.float32(side if channels > 1 else 0.5)
        return np.stack([self.produce(channel) for channel in mix], axis=1)

    def produce(self, mix: np.ndarray) -> np.ndarray:
        """Return a channel as it is released: saturated, with hiss, equalised, in a room; peak below 1."""
        import numpy as np

        sound = self.style.sound
        mix /= np.abs(mix).max() + np.float32(1e-6)
        if sound.drive:
            np.tanh(mix * np.float32(1 + sound.drive), out=mix)
        mix += np.float32(self.habits.hiss) * self.rng.standard_normal(len(mix), dtype=np.float32)
        wet = sound.wet * self.habits.wet
        mix = sounds.room(mix, self.rate, self.rng, eq=sound.eq, wet=wet, seconds=sound.seconds)
        mix *= np.float32(self.rng.uniform(0.6, 0.95)) / (np.abs(mix).max() + np.float32(1e-6))
        return mix

    def time_of(self, step: int) -> float:
        """Return when a sixteenth of the bar comes, in seconds: swung, and as exact as a good player."""
        swing = self.style.feel.swing
        whole, quarter = divmod(step, 4)
        late = (0.0, 0.25 + swing / 2, 0.5 + swing, 0.75 + swing / 2)[quarter]
        return (whole + late) * self.beat + float(self.rng.normal(0, 0.003))

    def drums(self, bar: int) -> Iterator[Note]:
        """Yield the hits of one bar."""
        drums = self.style.drums
        for name, rhythm, level in (
            ("kick", drums.kick, 1.0),
            ("snare", drums.snare, 0.7),
            ("hat", drums.hat, 0.3),
            ("open", drums.open_hat, 0.35),
            ("ride", drums.ride, 0.3),
        ):
            if not rhythm:
                continue
            sound = self.once((name,), lambda name=name: self.drum(name, drums))  # type: ignore[misc]
            for at, _, _ in hits(rhythm):
                yield at, level * drums.level, sound

    def drum(self, name: str, drums: Drums) -> np.ndarray:
        """Render one drum."""
        length = 1.3 - 0.8 * drums.dry
        if name == "kick":
            return sounds.kick(self.rate, drums.kick_pitch, 0.35 * length)
        if name == "snare":
            return sounds.snare(self.rate, drums.brightness, 0.3 * length, self.rng)
        seconds, ring = {"hat": (0.07, 0.1), "open": (0.3, 0.1), "ride": (0.5, 0.5)}[name]
        return sounds.cymbal(self.rate, seconds * length, self.rng, ring)

    def bass(self, bar: int) -> Iterator[Note]:
        """Yield the bass notes of one bar."""
        bass = self.style.bass
        root, quality = self.chord_of(bar)
        chord = QUALITIES[quality]
        following = self.chord_of(bar + 1)[0]
        for at, steps, letter in hits(bass.rhythm):
            if letter == "w":
                # Up the chord, and on the last beat to a half-tone below the next root.
                interval = following - root - 1 if at >= 12 else chord[at // 4 % len(chord)]
            elif letter == "o":
                interval = 12
            else:
                interval = chord[_BASS_NOTES[letter] % len(chord)]
            yield at, 0.8 * bass.level, self.note((28 + fold(root) + interval,), steps, bass.timbre)

    def harmony(self, bar: int) -> Iterator[Note]:
        """Yield the chords of one bar, whole or note by note."""
        harmony = self.style.harmony
        root, quality = self.chord_of(bar)
        low = 12 * (harmony.octave + 1) + fold(root)
        pitches = tuple(low + interval for interval in QUALITIES[quality])
        order = (0, 1, 2, 1) if len(pitches) == 3 else (0, 2, 1, 3)
        for count, (at, steps, letter) in enumerate(hits(harmony.rhythm)):
            played = (pitches[order[count % 4]],) if letter == "a" else pitches
            yield at, 0.5 * harmony.level, self.note(played, steps, harmony.timbre)

    def lead(self, bar: int) -> Iterator[Note]:
        """Yield the melody of one bar: a walk on the scale, on some of the eighths."""
        lead = self.style.lead
        degree = int(self.rng.integers(len(lead.scale)))
        for at in range(0, STEPS, 2):
            if self.rng.uniform() > lead.density / lead.hold**0.5:
                continue
            degree = max(-3, min(len(lead.scale) + 3, degree + int(self.rng.integers(-2, 3))))
            octave, index = divmod(degree, len(lead.scale))
            pitch = 12 * (lead.octave + 1 + octave) + fold(self.habits.key) + lead.scale[index]
            yield at, 0.45 * lead.level, self.note((pitch,), round(2 * lead.hold), lead.timbre)

    def chord_of(self, bar: int) -> tuple[int, str]:
        """Return root (semitones above C) and quality of a bar's chord."""
        progression = self.style.harmony.progression
        above, quality = progression[bar % len(progression)]
        return self.habits.key + above, quality

    def note(self, pitches: tuple[int, ...], steps: int, timbre: sounds.Timbre) -> np.ndarray:
        """Return notes of MIDI numbers ``pitches`` held for some sixteenths."""
        frequencies = tuple(440 * 2 ** ((pitch - 69) / 12) for pitch in pitches)
        seconds = min(4.0, steps * self.beat / 4)
        return self.once(
            (pitches, steps, timbre),
            lambda: sounds.chord(frequencies, seconds, self.rate, timbre, self.rng),
        )

    def once(self, key: tuple[object, ...], render: Callable[[], np.ndarray]) -> np.ndarray:
        """Return what ``render`` gave the first time."""
        if key not in self.rendered:
            self.rendered[key] = render()
        return self.rendered[key]


def hits(rhythm: str) -> Iterator[tuple[int, int, str]]:
    """Yield (step, length in steps, letter) of a rhythm.

    >>> list(hits("x-.o"))
    [(0, 2, 'x'), (3, 1, 'o')]
    """
    for step, letter in enumerate(rhythm):
        if letter not in ".-":
            held = len(rhythm[step + 1 :]) - len(rhythm[step + 1 :].lstrip("-"))
            yield step, 1 + held, letter


def fold(semitones: int) -> int:
    """Return the pitch class as -5..6, so that keys far up the circle do not move a part up by an octave."""
    return (semitones + 5) % 12 - 5


def add(bus: np.ndarray, at: int, sound: np.ndarray, level: float) -> None:
    """Mix a sound into a bus at a sample, cutting off what lies outside."""
    first = max(0, -at)
    last = min(len(sound), len(bus) - at)
    if last > first:
        bus[at + first : at + last] += sound[first:last] * type(bus[0])(level)
