"""Files as people have them, each with its right answer: what is decoded, or why nothing is.

Nothing here is stored: files are made by soundfile, by hand, and by FFmpeg where there is one.
"""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np
import soundfile

RATE = 44100
SECONDS = 1.2
FFMPEG = shutil.which("ffmpeg")

Make = Callable[[Path], object]
# Made when they are needed: nobody wants to wait for them who only collects tests.
Samples = Callable[[], np.ndarray]


@dataclass(frozen=True)
class Nasty:
    """A file that ``make`` writes, whatever it is called.

    ``problem`` are words of the reason why it cannot be used; without it, it decodes to ``samples`` (n, channels) at
    ``rate``: within ``tolerance`` at every sample, or if that is None, to sound of that length that resembles it.
    ``short`` says that this is less than a recording must have, ``av`` that PyAV is needed.
    """

    name: str
    make: Make
    problem: str = ""
    samples: Samples | None = None
    rate: int = RATE
    tolerance: float | None = 2**-15
    slack: int = 0
    short: bool = False
    av: bool = False

    def __str__(self) -> str:
        return self.name


def music(seconds: float = SECONDS, channels: int = 2, rate: int = RATE, seed: int = 0) -> np.ndarray:
    """Return a chord with a little noise, different in each channel, as float64 (n, channels)."""
    return _music(seconds, channels, rate, seed).copy()


@cache
def _music(seconds: float, channels: int, rate: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * rate)) / rate
    tones = [
        sum(np.sin(2 * np.pi * f * (1 + 0.1 * channel) * t) for f in (220, 277, 330))
        for channel in range(channels)
    ]
    return 0.12 * np.stack(tones, axis=1) + rng.uniform(-0.02, 0.02, (len(t), channels))


def written(
    container: str,
    subtype: str | None = None,
    *,
    endian: str | None = None,
    samples: Samples = music,
    rate: int = RATE,
) -> Make:
    """Return what writes music, or other ``samples`` at ``rate``, with soundfile."""
    return lambda file: soundfile.write(file, samples(), rate, subtype, endian, container)


def encoded(options: str, samples: Samples = music, rate: int = RATE, form: str = "") -> Make:
    """Return what writes music with FFmpeg; ``form`` is the container if the file's name does not say it."""

    def make(file: Path) -> None:
        wave = io.BytesIO()
        soundfile.write(wave, samples(), rate, "PCM_16", format="WAV")
        command = [str(FFMPEG), "-loglevel", "error", "-y", "-i", "-", *options.split()]
        target = ["-f", form, "-"] if form else [str(file)]
        done = subprocess.run([*command, *target], input=wave.getvalue(), capture_output=True, check=True)
        if form:
            file.write_bytes(done.stdout)

    return make


def data(make: Make, suffix: str, folder: Path) -> bytes:
    """Return what a maker writes."""
    file = folder / f"made{suffix}"
    make(file)
    content = file.read_bytes()
    file.unlink()
    return content


def changed(make: Make, suffix: str, change: Callable[[bytes], bytes]) -> Make:
    """Return what writes what another maker would, changed."""
    return lambda file: file.write_bytes(change(data(make, suffix, file.parent)))


def first(share: float) -> Callable[[bytes], bytes]:
    return lambda content: content[: int(len(content) * share)]


def promising(size: int) -> Callable[[bytes], bytes]:
    """Return what makes the header of a WAV file say another size of its samples."""

    def change(content: bytes) -> bytes:
        at = content.index(b"data") + 4
        return content[:at] + struct.pack("<I", size) + content[at + 4 :]

    return change


def tagged(content: bytes) -> bytes:
    """Put a large picture before an MP3 file, and an old tag behind it."""
    size = 300_000
    length = bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x04\x00\x00" + length + bytes(size) + content + b"TAG" + b"x" * 125


def flac_of_length(samples: int) -> Callable[[bytes], bytes]:
    """Return what makes a FLAC file's header promise a number of samples; 0 means that it is not known."""

    def change(content: bytes) -> bytes:
        at = 8 + 10  # the block's own header, then sizes of blocks and frames
        word = int.from_bytes(content[at : at + 8], "big")
        return content[:at] + (word >> 36 << 36 | samples).to_bytes(8, "big") + content[at + 8 :]

    return change


def lying_xing(content: bytes) -> bytes:
    """Make the header of an MP3 file promise a third of its frames."""
    at = max(content.find(b"Xing"), content.find(b"Info")) + 8
    frames = int.from_bytes(content[at : at + 4], "big")
    return content[:at] + (frames // 3).to_bytes(4, "big") + content[at + 4 :]


def aside(make: Make) -> Make:
    """Return what writes a file and, beside it, what a Mac leaves on foreign disks."""

    def both(file: Path) -> None:
        make(file)
        (file.parent / f"._{file.name}").write_bytes(
            b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        " + bytes(200)
        )

    return both


def _containers() -> list[Nasty]:
    exact = [
        ("wav", "WAV", "PCM_16"), ("wav", "WAV", "PCM_24"), ("wav", "WAV", "PCM_32"), ("wav", "WAV", "FLOAT"),
        ("wav", "WAV", "DOUBLE"), ("wav", "WAVEX", "PCM_16"), ("wav", "RF64", "PCM_16"), ("w64", "W64", "PCM_16"),
        ("aiff", "AIFF", "PCM_16"), ("aif", "AIFF", "PCM_24"), ("aifc", "AIFF", "FLOAT"), ("au", "AU", "PCM_16"),
        ("snd", "AU", "FLOAT"), ("caf", "CAF", "PCM_16"), ("caf", "CAF", "ALAC_16"), ("flac", "FLAC", "PCM_16"),
        ("flac", "FLAC", "PCM_24"), ("voc", "VOC", "PCM_16"), ("sph", "NIST", "PCM_16"), ("sf", "IRCAM", "PCM_16"),
        ("paf", "PAF", "PCM_16"), ("pvf", "PVF", "PCM_16"), ("avr", "AVR", "PCM_16"),
    ]  # fmt: skip
    rough = [
        ("wav", "WAV", "PCM_U8", 2**-6), ("wav", "WAV", "ULAW", 0.03), ("wav", "WAV", "ALAW", 0.03),
        ("au", "AU", "ULAW", 0.03), ("wav", "WAV", "IMA_ADPCM", None), ("wav", "WAV", "MS_ADPCM", None),
        ("mp3", "MP3", "MPEG_LAYER_III", None), ("ogg", "OGG", "VORBIS", None), ("aiff", "AIFF", "ULAW", 0.03),
    ]  # fmt: skip
    files = [
        Nasty(f"{container}-{kind}.{suffix}", written(container, kind), samples=music)
        for suffix, container, kind in exact
    ]
    files += [
        Nasty(
            f"{container}-{kind}.{suffix}", written(container, kind), samples=music, tolerance=tolerance,
            slack=0 if tolerance else 2400,
        )
        for suffix, container, kind, tolerance in rough
    ]  # fmt: skip
    wide = partial(music, rate=48000)
    files.append(
        Nasty(
            "opus.opus",
            written("OGG", "OPUS", samples=wide, rate=48000),
            samples=wide,
            rate=48000,
            tolerance=None,
        )
    )
    return files


def _forms() -> list[Nasty]:
    files = []
    for rate in (8000, 11025, 12000, 16000, 22050, 24000, 32000, 48000, 88200, 96000, 192000):
        samples = partial(music, rate=rate)
        files.append(
            Nasty(f"{rate}.wav", written("WAV", samples=samples, rate=rate), samples=samples, rate=rate)
        )
    for channels in (1, 3, 6, 8):
        samples = partial(music, channels=channels)
        files.append(Nasty(f"{channels}-channels.flac", written("FLAC", samples=samples), samples=samples))
    big = written("WAV", "PCM_16", endian="BIG")
    files.append(Nasty("big-endian.wav", big, samples=music))
    many = partial(music, 0.1, channels=300)
    files.append(Nasty("300-channels.wav", written("WAV", samples=many), samples=many, short=True))
    return files


def _headers() -> list[Nasty]:
    wave, mp3, flac = written("WAV"), written("MP3"), written("FLAC")
    whole = {"samples": music}
    lossy = {"samples": music, "tolerance": None, "slack": 2400}
    cut = {"problem": "truncated"}
    return [
        Nasty("streamed.wav", changed(wave, ".wav", promising(0xFFFFFFFF)), **whole),
        Nasty("streamed-by-sox.wav", changed(wave, ".wav", promising(0x7FFFFFFF)), **whole),
        Nasty("killed-recorder.wav", changed(wave, ".wav", promising(0)), problem="holds no samples"),
        Nasty("streamed.flac", changed(flac, ".flac", flac_of_length(0)), **whole),
        Nasty("cut.wav", changed(wave, ".wav", first(0.6)), **cut),
        Nasty("cut.flac", changed(flac, ".flac", first(0.6)), **cut),
        Nasty("cut.au", changed(written("AU"), ".au", first(0.6)), **cut),
        Nasty("cut.aiff", changed(written("AIFF"), ".aiff", first(0.6)), **cut),
        Nasty("cut.w64", changed(written("W64"), ".w64", first(0.6)), **cut),
        Nasty("cut-rf64.wav", changed(written("RF64"), ".wav", first(0.6)), **cut),
        Nasty("cut.voc", changed(written("VOC"), ".voc", first(0.6)), **cut),
        Nasty("cut.caf", changed(written("CAF", "PCM_16"), ".caf", first(0.6)), problem="damaged"),
        Nasty("ten-hours.flac", changed(flac, ".flac", flac_of_length(36_000 * RATE)), problem="too long"),
        Nasty("ten-silent-hours.flac", written("FLAC", samples=lambda: np.zeros(3_600_000), rate=100), problem="too long"),
        Nasty("tagged.mp3", changed(mp3, ".mp3", tagged), **lossy),
        Nasty("third.mp3", changed(mp3, ".mp3", lying_xing), **lossy),
        Nasty("beside-a-resource-fork.mp3", aside(mp3), **lossy),
        Nasty("beside-a-resource-fork.wav", aside(wave), **whole),
        Nasty("wave.mp3", wave, **whole),
        Nasty("layer-three.wav", mp3, **lossy),
        Nasty("flac.m4a", flac, **whole),
        Nasty("no extension", wave, **whole),
        Nasty("number.001", flac, **whole),
        Nasty(
            "joined.ogg", changed(written("OGG"), ".ogg", lambda content: content * 2),
            samples=lambda: np.concatenate([music(), music()]), tolerance=None, slack=100,
        ),
        Nasty("joined.flac", changed(flac, ".flac", lambda content: content * 2), problem="several FLAC files in one"),
    ]  # fmt: skip


def _contents() -> list[Nasty]:
    def floats(samples: Samples) -> Make:
        return written("WAV", "FLOAT", samples=samples)

    def holding(value: float, at: int, channel: int) -> Samples:
        def samples() -> np.ndarray:
            made = music()
            made[at, channel] = value
            return made

        return samples

    def upside_down() -> np.ndarray:
        left = music(channels=1)
        return np.concatenate([left, -left], axis=1)

    return [
        Nasty("nan.wav", floats(holding(np.nan, 1000, 1)), problem="not finite numbers"),
        Nasty("infinite.wav", floats(holding(-np.inf, 2000, 0)), problem="not finite numbers"),
        Nasty("loud.wav", floats(holding(3e4, 3000, 1)), problem="beyond 10,000"),
        Nasty("as-integers.wav", floats(lambda: music() * 32768), problem="beyond 10,000"),
        Nasty("hot.wav", floats(lambda: music() * 100), samples=lambda: music() * 100, tolerance=1e-4),
        Nasty("silent.wav", written("WAV", samples=lambda: np.zeros((RATE * 2, 2))), problem="silent"),
        Nasty(
            "upside-down.wav", written("WAV", samples=upside_down),
            problem="silent once its channels are averaged",
        ),
        Nasty("short.wav", written("WAV", samples=partial(music, 0.1)), problem="too short"),
        Nasty("nothing.wav", lambda file: file.touch(), problem="zero bytes"),
        Nasty("header-only.wav", written("WAV", samples=lambda: np.zeros((0, 1))), problem="holds no samples"),
        Nasty("text.wav", lambda file: file.write_text("not music " * 500), problem="not audio"),
        Nasty("text.mp3", lambda file: file.write_text("not music " * 500), problem="not audio"),
        Nasty("page.ogg", lambda file: file.write_text("<html>404</html>"), problem="not audio"),
        Nasty("picture.wav", lambda file: file.write_bytes(b"\xff\xd8\xff\xe0" + bytes(3000)), problem="not audio"),
        Nasty("playlist.m4a", lambda file: file.write_text("#EXTM3U\n/etc/passwd\n"), problem="not audio"),
        Nasty("concat.m4a", lambda file: file.write_text("ffconcat version 1.0\nfile x.wav"), problem="not audio"),
        Nasty("cut-short.flac", lambda file: file.write_bytes(b"fLaC\0\0\0\x22"), problem="FLAC"),
        Nasty("boxes.m4a", lambda file: file.write_bytes(b"\0\0\0\x18ftypM4A " + bytes(16)), problem="MP4"),
    ]  # fmt: skip


def by_soundfile() -> list[Nasty]:
    """Return the files that need nothing but what the harness needs."""
    return [
        *_containers(),
        *_forms(),
        *_headers(),
        *_contents(),
    ]


def by_ffmpeg() -> list[Nasty]:
    """Return the files that FFmpeg makes; what it decodes of them is their right answer."""

    def loud_then_tone() -> np.ndarray:
        samples = music(6.0)
        samples[: 3 * RATE] += np.random.default_rng(1).uniform(-0.3, 0.3, (3 * RATE, 2))
        return samples

    variable = encoded("-c:a libmp3lame -q:a 0 -write_xing 0 -id3v2_version 0", loud_then_tone)
    low = encoded("-c:a libmp3lame -q:a 0 -write_xing 0 -id3v2_version 0 -ar 22050", loud_then_tone)
    joined = changed(
        encoded("-c:a libmp3lame -q:a 2", partial(music, 1.5)), ".mp3", lambda content: content * 3
    )
    joined_loud = changed(
        encoded("-c:a libmp3lame -q:a 6", partial(music, 1.2)), ".mp3", lambda content: content * 3
    )
    return [
        Nasty("variable-rate.mp3", variable),
        Nasty("variable-rate-22050.mp3", low),
        Nasty("variable-rate-with-header.mp3", encoded("-c:a libmp3lame -q:a 3", loud_then_tone)),
        Nasty("constant-rate-without-header.mp3", encoded("-c:a libmp3lame -b:a 128k -write_xing 0")),
        Nasty("tagged-variable.mp3", changed(variable, ".mp3", tagged)),
        Nasty("small-frames.mp3", encoded("-c:a libmp3lame -b:a 40k -ac 1", partial(music, 14.0))),
        Nasty("small-variable-frames.mp3", encoded("-c:a libmp3lame -q:a 4 -ac 1", loud_then_tone)),
        Nasty("joined.mp3", joined),
        Nasty("joined-loud-ends.mp3", joined_loud),
        Nasty("layer-two.mp2", encoded("-c:a mp2")),
        Nasty("piped.wav", encoded("", form="wav")),
        Nasty("piped.flac", encoded("", form="flac")),
        Nasty("piped.au", encoded("", form="au")),
        Nasty("mp3-in.wav", encoded("-c:a libmp3lame")),
        Nasty("yamaha-in.wav", encoded("-c:a adpcm_yamaha"), av=True),
        Nasty("dolby-in.wav", encoded("-c:a ac3"), av=True),
        Nasty("aac.m4a", encoded("-c:a aac"), av=True),
        Nasty("lossless.m4a", encoded("-c:a alac"), av=True),
        Nasty("video.mp4", encoded("-c:a aac -f mp4"), av=True),
        Nasty("frames.aac", encoded("-c:a aac"), av=True),
        Nasty("windows.wma", encoded("-c:a wmav2"), av=True),
        Nasty("opus.webm", encoded("-c:a libopus -ar 48000"), av=True),
        Nasty("flac.mka", encoded("-c:a flac"), av=True),
        Nasty("wavpack.wv", encoded("-c:a wavpack"), av=True),
        Nasty("true.tta", encoded("-c:a tta"), av=True),
        Nasty("dolby.ac3", encoded("-c:a ac3"), av=True),
        Nasty("called.wav", encoded("-c:a aac", form="adts"), av=True),
        Nasty("speex.spx", encoded("-c:a libspeex -ar 16000 -ac 1")),
        Nasty("flac-in.ogg", encoded("-c:a flac")),
    ]


def decoded_by_ffmpeg(file: Path, channels: int) -> np.ndarray:
    """Return what FFmpeg decodes of a file, as float32 (n, channels)."""
    command = [str(FFMPEG), "-loglevel", "error", "-i", str(file), "-f", "f32le", "-"]
    out = subprocess.run(command, capture_output=True, check=True).stdout
    return np.frombuffer(out, "<f4").reshape(-1, channels)
