"""Files as libsndfile is given them: open files, never names."""

from __future__ import annotations

import io
from typing import BinaryIO

_AHEAD = 1 << 16  # what a decoder may have taken and not used


class Source:
    """A file for libsndfile to read.

    By name, libsndfile would look for a resource fork beside the file (``._name``), and take that for damage where
    another system left one. libsndfile calls from C, where an exception is lost: the first is kept in ``error``.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.error: OSError | None = None

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a place in the file; returns it."""
        try:
            return self._file.seek(offset, whence)
        except OSError as error:
            self.error = self.error or error
            return -1

    def tell(self) -> int:
        """Return the place in the file."""
        return self._file.tell()

    def readinto(self, buffer: memoryview) -> int:
        """Fill ``buffer``; returns how many bytes there were."""
        try:
            return self._file.readinto(buffer)  # type: ignore[attr-defined]
        except OSError as error:
            self.error = self.error or error
            return 0

    def rest_holds(self, mark: bytes) -> bool:
        """Return whether ``mark`` is among the last bytes that a decoder took, or comes after them."""
        self._file.seek(max(len(mark), self._file.tell() - _AHEAD))
        return mark in self._file.read()


class Lengthened(Source):
    """A file that seems to be much longer than it is.

    A decoder that guesses a stream's length from its size, and reads no further, then reads all that there is.
    Reading ends where the file does; places beyond, which decoders look at for tags, hold zeros.
    """

    FACTOR = 64

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self._end = file.seek(0, io.SEEK_END)
        self._seeming = self._end * self.FACTOR
        file.seek(0)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a place in the file, the end of which seems to be far away."""
        if whence == io.SEEK_END:
            offset, whence = offset + self._seeming, io.SEEK_SET
        return super().seek(offset, whence)

    def readinto(self, buffer: memoryview) -> int:
        """Fill ``buffer`` with what is there, or far behind the end with zeros."""
        place = self.tell()
        if place <= self._end:
            return super().readinto(buffer)
        count = max(0, min(len(buffer), self._seeming - place))
        buffer[:count] = bytes(count)
        super().seek(place + count)
        return count
