"""Files as libsndfile is given them: open files, never names."""

from __future__ import annotations

import io
import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO, Protocol, Self

_AHEAD = 1 << 16  # what a decoder may have taken and not used


class AudioSource(Protocol):
    """What libsndfile reads from: ``handle`` is what ``soundfile.SoundFile`` takes.

    It is never a name, by which libsndfile would look for a resource fork beside the file (``._name``), and take for
    damage what another system left there. ``error`` is the first that reading met and libsndfile was not told.
    """

    error: OSError | None

    @property
    def handle(self) -> Any:
        """A descriptor, or an object with the methods of a file."""

    def goes_on_with(self, mark: bytes) -> bool:
        """Return whether ``mark`` is among the last bytes that a decoder took, or comes after them."""


def source_of(file: BinaryIO, path: Path, stack: ExitStack) -> AudioSource:
    """Return how libsndfile may read a file that is open; ``stack`` closes what is opened for it."""
    # On Windows, a library may not know the descriptors of another; and from memory there is none.
    if os.name != "posix" or isinstance(file, io.BytesIO):
        return Called(file)
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    stack.callback(os.close, descriptor)
    return Described(descriptor)


class Described:
    """A file by its descriptor: the fastest way."""

    def __init__(self, descriptor: int) -> None:
        self.handle = descriptor
        self.error: OSError | None = None

    def goes_on_with(self, mark: bytes) -> bool:
        """See ``AudioSource``."""
        place = max(len(mark), os.lseek(self.handle, 0, os.SEEK_CUR) - _AHEAD)
        return mark in os.pread(self.handle, os.fstat(self.handle).st_size, place)


class Called:
    """A file by its methods. libsndfile calls them from C, where an exception is lost: the first is kept."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.error: OSError | None = None
        file.seek(0)

    @property
    def handle(self) -> Self:
        """It has the methods of a file itself."""
        return self

    def goes_on_with(self, mark: bytes) -> bool:
        """See ``AudioSource``."""
        self._file.seek(max(len(mark), self._file.tell() - _AHEAD))
        return mark in self._file.read()

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


class Lengthened(Called):
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
