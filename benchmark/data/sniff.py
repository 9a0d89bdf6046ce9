"""Tell from a file's first bytes what kind of audio it holds; what it is called says little."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Literal

HEAD = 4096


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of audio file.

    ``decoder`` reads it: libsndfile, or FFmpeg's libraries. ``demuxer`` is its name there, which is always given:
    left to guess, FFmpeg may take a file for a playlist and follow it elsewhere.
    """

    name: str
    decoder: Literal["sndfile", "av"]
    demuxer: str


_WAVE = Kind("WAV", "sndfile", "wav")
_MPEG = Kind("MP3", "sndfile", "mp3")
_FLAC = Kind("FLAC", "sndfile", "flac")
_AAC = Kind("AAC", "av", "aac")

Test = Callable[[bytes], bool]


def _starts(*marks: bytes) -> Test:
    return lambda head: head.startswith(marks)


def _within(mark: bytes, form: bytes) -> Test:
    """An IFF-like file: a mark, a size, and what it is."""
    return lambda head: head.startswith(mark) and head[8 : 8 + len(form)] == form


_KINDS: tuple[tuple[Test, Kind], ...] = (
    (_within(b"RIFF", b"WAVE"), _WAVE),
    (_within(b"RIFX", b"WAVE"), _WAVE),
    (_within(b"RF64", b"WAVE"), _WAVE),
    (_starts(b"fLaC"), _FLAC),
    (_starts(b"OggS"), Kind("Ogg", "sndfile", "ogg")),
    (_starts(b".snd", b"dns."), Kind("AU", "sndfile", "au")),
    (_within(b"FORM", b"AIF"), Kind("AIFF", "sndfile", "aiff")),
    (_within(b"FORM", b"8SVX"), Kind("IFF", "sndfile", "iff")),
    (_within(b"FORM", b"16SV"), Kind("IFF", "sndfile", "iff")),
    (_starts(b"caff"), Kind("CAF", "sndfile", "caf")),
    (_starts(b"riff\x2e\x91\xcf\x11"), Kind("W64", "sndfile", "w64")),
    (_starts(b"NIST_1A"), Kind("NIST", "sndfile", "nistsphere")),
    (_starts(b"Creative Voice File"), Kind("VOC", "sndfile", "voc")),
    (
        _starts(b"\x64\xa3\x01\x00", b"\x64\xa3\x02\x00", b"\x64\xa3\x03\x00", b"\x00\x01\xa3\x64"),
        Kind("IRCAM", "sndfile", "ircam"),
    ),
    (_starts(b" paf", b"fap "), Kind("PAF", "sndfile", "epaf")),
    (_starts(b"PVF1\n"), Kind("PVF", "sndfile", "pvf")),
    (_starts(b"2BIT"), Kind("AVR", "sndfile", "avr")),
    (_starts(b"Extended Instrument:"), Kind("XI", "sndfile", "xi")),
    (_starts(b"ALawSoundFile**"), Kind("WVE", "sndfile", "wve")),
    (lambda head: head[4:8] in (b"ftyp", b"moov", b"mdat"), Kind("MP4", "av", "mov")),
    (_starts(b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"), Kind("WMA", "av", "asf")),
    (_starts(b"\x1a\x45\xdf\xa3"), Kind("Matroska", "av", "matroska")),
    (_starts(b"wvpk"), Kind("WavPack", "av", "wv")),
    (_starts(b"MAC "), Kind("Monkey's Audio", "av", "ape")),
    (_starts(b"TTA1", b"TTA2"), Kind("TTA", "av", "tta")),
    (_starts(b"MPCK"), Kind("Musepack", "av", "mpc8")),
    (_starts(b"MP+"), Kind("Musepack", "av", "mpc")),
    (_starts(b"DSD "), Kind("DSF", "av", "dsf")),
    (_starts(b"#!AMR"), Kind("AMR", "av", "amr")),
    (_starts(b"\x0b\x77"), Kind("AC-3", "av", "ac3")),
    (_starts(b".RMF"), Kind("RealAudio", "av", "rm")),
)


def sniff(file: BinaryIO) -> Kind | None:
    """Return what kind of audio an open file holds, or None if its first bytes are those of none that is known.

    Tags before the audio (ID3) are passed over. The file is left at its beginning.
    """
    from benchmark.data.mpeg import after_id3, is_adts, is_mpeg

    file.seek(0)
    head = file.read(HEAD)
    tagged = head.startswith(b"ID3")
    if tagged:
        file.seek(after_id3(head))
        head = file.read(HEAD)
        # Some writers pad a tag beyond the length that it states.
        head = head.lstrip(b"\0") or head
    file.seek(0)
    for test, kind in _KINDS:
        if test(head):
            return kind
    if is_adts(head):
        return _AAC
    return _MPEG if tagged or is_mpeg(head) else None
