"""Ogg page by page: where one stream after another begins, as in joined files and recorded radio."""

from __future__ import annotations

from typing import BinaryIO

_PAGE = b"OggS\0"
_BEGINS = 2  # the bit of a page's type that marks the first page of a stream
_CHUNK = 1 << 20


def chain_of(file: BinaryIO) -> list[int]:
    """Return where a file's streams begin that follow one another; its place stays as it was.

    Streams that are interleaved, as of pictures and sound, begin together and count as one.
    """
    place = file.tell()
    begins: list[int] = []
    going_on = True
    for at, kind in _pages(file):
        if kind & _BEGINS:
            if going_on:
                begins.append(at)
            going_on = False
        else:
            going_on = True
    file.seek(place)
    return begins


def _pages(file: BinaryIO) -> list[tuple[int, int]]:
    """Return the places and types of pages. A file is read in pieces: it may be large."""
    pages: list[tuple[int, int]] = []
    start, kept = 0, b""
    file.seek(0)
    while piece := file.read(_CHUNK):
        data = kept + piece
        at = data.find(_PAGE)
        while 0 <= at < len(data) - len(_PAGE):
            pages.append((start + at, data[at + len(_PAGE)]))
            at = data.find(_PAGE, at + len(_PAGE))
        kept = data[-len(_PAGE) :]
        start += len(data) - len(kept)
    return pages
