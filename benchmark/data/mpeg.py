"""MPEG audio (MP3) frame by frame: how long a stream is, whatever its headers say.

Decoders guess the length of a stream without a table of contents from its size and its first frame. Where the bit
rate varies, that is wrong, and libsndfile reads no further than the guess. Counting frames takes a thousandth of the
time that decoding takes. Sizes of frames are those of ISO/IEC 11172-3 and 13818-3; the header that encoders put into
the first frame is Xing's, with LAME's extension.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

_RATES = {
    3: (44100, 48000, 32000),
    2: (22050, 24000, 16000),
    0: (11025, 12000, 8000),
}  # by the version's bits
_FIRST = {  # kbit/s of MPEG-1, by layer
    1: (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    2: (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    3: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
}
_SECOND = {  # of MPEG-2 and 2.5
    1: (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    2: (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    3: (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_SIDE = 40  # the mark of a header lies among a frame's first bytes
_CHAIN = 3  # frames in a row that no chance makes


@dataclass(frozen=True, slots=True)
class Stream:
    """The frames of a stream.

    ``frames`` counts those that hold audio, each of ``samples`` samples a channel. ``promised`` is how many the
    header in the first frame speaks of, None without such a header. ``headers`` are the places of all such headers:
    where files were joined, there are more than one. ``smallest`` is the size of the smallest frame, in bytes.
    ``gaps`` are places between frames that hold none, such as the tags of a file that was joined.
    """

    frames: int
    samples: int
    promised: int | None
    headers: tuple[tuple[int, int], ...]
    smallest: int
    gaps: tuple[tuple[int, int], ...] = ()

    @property
    def length(self) -> int:
        """Samples a channel, encoder's delay and padding included."""
        return self.frames * self.samples

    @property
    def bears_seeking(self) -> bool:
        """Whether a decoder that takes up the stream in its midst hears what it would have heard.

        A frame of Layer III may lean on up to 511 bytes of those before it (255 in MPEG-2), and mpg123 goes back no
        further than three frames of MPEG-1, or two of MPEG-2: where frames are small, it begins with silence.
        """
        back, reservoir, overhead = (3, 511, 36) if self.samples == 1152 else (2, 255, 21)
        return (self.smallest - overhead) * back >= reservoir


def count_frames(data: bytes) -> Stream:
    """Return the frames of a stream; none of them for what is no MPEG audio, or has frames of free size."""
    sizes = _frame_sizes()
    place, end = after_id3(data), len(data)
    frames = samples = smallest = 0
    promised: int | None = None
    headers: list[tuple[int, int]] = []
    gaps: list[tuple[int, int]] = []
    last = 0
    marks = _marks(data)
    while place + 4 <= end:
        size = sizes[data[place + 1] << 8 | data[place + 2]] if data[place] == 0xFF else 0
        if not size or place + size > end:
            place = data.find(b"\xff", place + 1)
            if place < 0:
                break
            continue
        if last and place > last:
            gaps.append((last, place - last))
        while marks and marks[-1] < place:
            marks.pop()
        mark = _header(data, place) if marks and marks[-1] < place + _SIDE else 0
        if mark:
            if not frames and not headers:
                promised = _promised(data, mark)
            headers.append((place, size))
        else:
            frames += 1
            smallest = min(smallest or size, size)
        samples = samples or _samples(data[place + 1])
        place += size
        last = place
    return Stream(frames, samples, promised, tuple(headers), smallest, tuple(gaps))


def with_true_length(data: bytes, stream: Stream) -> bytes:
    """Return joined streams as one: its first header promises all frames, and further headers are gone.

    So are all other bytes between frames: a decoder that meets them begins anew, and what the frame before leaves to
    be added to the next one is lost.
    """
    (first, size), *others = stream.headers
    mark = _header(data, first)
    header = bytearray(data[first : first + size])
    at = mark - first
    header[at + 8 : at + 12] = stream.frames.to_bytes(4, "big")
    flags = int.from_bytes(header[at + 4 : at + 8], "big")
    lame = at + 8 + 4 * bool(flags & 1) + 4 * bool(flags & 2) + 100 * bool(flags & 4) + 4 * bool(flags & 8)
    if len(header) >= lame + 24:
        # Delay and padding have 12 bits each; the padding was that of the end of the first part.
        header[lame + 22] &= 0xF0
        header[lame + 23] = 0
    return without(data[:first] + bytes(header) + data[first + size :], [*others, *stream.gaps])


def without(data: bytes, places: Iterable[tuple[int, int]]) -> bytes:
    """Return data without what stands at ``places``, each a start and a length; none overlap."""
    pieces, place = [], 0
    for start, length in sorted(places):
        pieces.append(data[place:start])
        place = start + length
    return b"".join([*pieces, data[place:]])


def after_id3(head: bytes) -> int:
    """Return where a file goes on after its ID3v2 tags, the first of which lies at its beginning."""
    place = 0
    while head[place : place + 3] == b"ID3" and len(head) >= place + 10:
        size = 0
        for byte in head[place + 6 : place + 10]:
            size = size << 7 | (byte & 0x7F)
        place += 10 + size + (10 if head[place + 5] & 0x10 else 0)
    return place


def is_mpeg(head: bytes) -> bool:
    """Return whether frames follow each other from the first byte on."""
    sizes = _frame_sizes()
    place = 0
    for _ in range(_CHAIN):
        if place + 4 > len(head):
            return place > 0
        size = sizes[head[place + 1] << 8 | head[place + 2]] if head[place] == 0xFF else 0
        if not size:
            return False
        place += size
    return True


def is_adts(head: bytes) -> bool:
    """Return whether these are frames of AAC: they look like those of MPEG audio, with a layer that it has not."""
    place = 0
    for _ in range(_CHAIN):
        if place + 7 > len(head):
            return place > 0
        if head[place] != 0xFF or head[place + 1] & 0xF6 != 0xF0:
            return False
        size = (head[place + 3] & 3) << 11 | head[place + 4] << 3 | head[place + 5] >> 5
        if size < 7:
            return False
        place += size
    return True


@cache
def _frame_sizes() -> list[int]:
    """Return the size in bytes of a frame by the second and third byte of its header; 0 for no header."""
    sizes = [0] * 65536
    for version, rates in _RATES.items():
        for layer in (1, 2, 3):
            rates_of_bits = (_FIRST if version == 3 else _SECOND)[layer]
            for number, kilobits in enumerate(rates_of_bits, 1):
                for place, rate in enumerate(rates):
                    for rest in range(8):  # unprotected, padding, private
                        protection, padding, private = rest & 1, rest >> 1 & 1, rest >> 2
                        second = 0xE0 | version << 3 | (4 - layer) << 1 | protection
                        third = number << 4 | place << 2 | padding << 1 | private
                        sizes[second << 8 | third] = _size(version, layer, kilobits * 1000, rate, padding)
    return sizes


def _size(version: int, layer: int, bits: int, rate: int, padding: int) -> int:
    if layer == 1:
        return (12 * bits // rate + padding) * 4
    if layer == 3 and version != 3:
        return 72 * bits // rate + padding
    return 144 * bits // rate + padding


def _samples(second: int) -> int:
    layer, version = 4 - (second >> 1 & 3), second >> 3 & 3
    if layer == 1:
        return 384
    return 576 if layer == 3 and version != 3 else 1152


def _marks(data: bytes) -> list[int]:
    """Return where marks of headers are, the last one first."""
    places: list[int] = []
    for mark in (b"Xing", b"Info", b"VBRI"):
        at = data.find(mark)
        while at >= 0:
            places.append(at)
            at = data.find(mark, at + 4)
    return sorted(places, reverse=True)


def _header(data: bytes, place: int) -> int:
    """Return where the mark of a frame's header lies, or 0 if it holds audio."""
    one_channel, first = data[place + 3] >> 6 == 3, data[place + 1] >> 3 & 3 == 3
    side = (17 if one_channel else 32) if first else (9 if one_channel else 17)
    for at in (place + 4 + side, place + 6 + side):  # with a checksum, two bytes later
        if data[at : at + 4] in (b"Xing", b"Info"):
            return at
    return place + 36 if data[place + 36 : place + 40] == b"VBRI" else 0


def _promised(data: bytes, mark: int) -> int | None:
    if data[mark : mark + 4] == b"VBRI":
        return int.from_bytes(data[mark + 14 : mark + 18], "big")
    if not data[mark + 7] & 1:
        return None
    return int.from_bytes(data[mark + 8 : mark + 12], "big")
