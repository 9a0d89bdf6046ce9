"""The file that holds a bundle: a ZIP archive in one fixed form, in which every byte is accounted for.

Members are stored as they are (Parquet is compressed in itself), one after another, all of one time, with nothing
between, before or behind them. So the same content is the same bytes whatever wrote them, any program opens the file,
and what is hostile in archives has no place here: nothing unfolds, overlaps, links or leads elsewhere. Whoever reads
goes from front to back, and believes neither a length nor a count before it has seen the bytes.

Source of the layout: PKWARE's APPNOTE.TXT 6.3.10, sections 4.3.7, 4.3.12 and 4.3.14 to 4.3.16.
"""

from __future__ import annotations

import re
import stat
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from benchmark.exceptions import BundleError
from benchmark.text import visible

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
_OFFSET64 = struct.Struct("<2HQ")
_LOCAL_MARK, _CENTRAL_MARK = b"PK\3\4", b"PK\1\2"
# Midnight of 1 January 1980, the earliest that there is.
_TIME, _DATE = 0, 0x21
_VERSION, _VERSION64, _UNIX = 20, 45, 3
_MODE = (stat.S_IFREG | 0o644) << 16
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_MOST_PARTS, _SHOWN = 5, 80
_BLOCK = 1 << 20
# A million files are 250,000 cells; a member is at most what predictions may unfold to.
MOST_MEMBERS, MOST_MEMBER_BYTES = 1_000_000, 2_000_000_000


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive: its name, its size in bytes, its CRC-32, and where its header begins."""

    name: str
    size: int
    crc: int
    offset: int

    @property
    def begin(self) -> int:
        """Where its content begins."""
        return self.offset + _LOCAL.size + len(self.name)

    @property
    def end(self) -> int:
        """Where the next one begins."""
        return self.begin + self.size


def write_archive(stream: BinaryIO, contents: Iterable[tuple[str, bytes | Path]]) -> None:
    """Write members, in this order, from their bytes or from files.

    Raises:
        BundleError: when a name, a size or their number is not allowed.
        OSError: when a file cannot be read, or the archive written.
    """
    members: list[Member] = []
    offset = 0
    for name, content in contents:
        problem = name_problem(name)
        data = content if isinstance(content, bytes) else content.read_bytes()
        if problem or len(data) > MOST_MEMBER_BYTES or len(members) >= MOST_MEMBERS:
            raise BundleError(
                f"'{name}' cannot be a member of a bundle: {problem or 'there is too much of it'}."
            )
        member = Member(name, len(data), zlib.crc32(data), offset)
        stream.write(_header(member))
        stream.write(data)
        members.append(member)
        offset = member.end
    stream.write(_directory(members))


def read_members(stream: BinaryIO) -> list[Member]:
    """Return the members of an archive, from its headers; contents are not read.

    Raises:
        BundleError: when it is not in the one form that ``write_archive`` gives; says which member is not.
    """
    stream.seek(0, 2)
    length = stream.tell()
    members: list[Member] = []
    known: set[str] = set()
    offset = 0
    while True:
        stream.seek(offset)
        head = stream.read(_LOCAL.size)
        if head[:4] == _CENTRAL_MARK and members:
            break
        member = _member(stream, head, offset, length, members)
        if member.name.casefold() in known:
            raise BundleError(f"member '{member.name}' is there twice.")
        if len(members) >= MOST_MEMBERS:
            raise BundleError(f"it has more than {MOST_MEMBERS:,} members, which no bundle has.")
        known.add(member.name.casefold())
        members.append(member)
        offset = member.end
    _check_directory(stream, members, length)
    return members


def read_blocks(stream: BinaryIO, member: Member) -> Iterator[bytes]:
    """Yield a member's content, piece by piece.

    Raises:
        BundleError: at the end, when it is not what its header says.
    """
    stream.seek(member.begin)
    left, crc = member.size, 0
    while left:
        block = stream.read(min(left, _BLOCK))
        if not block:
            raise BundleError(f"member '{member.name}' is cut off.")
        left -= len(block)
        crc = zlib.crc32(block, crc)
        yield block
    if crc != member.crc:
        raise BundleError(f"member '{member.name}' is not what was written.")


def name_problem(name: str) -> str:
    """Return why a name cannot be that of a member, or an empty text.

    >>> name_problem("results/paper/cell.json"), name_problem("../cell.json")
    ('', 'its name leads out of the bundle')
    """
    parts = name.split("/")
    if name.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", name):
        return "its name is that of a place on a disk"
    if any(part in ("..", ".") for part in re.split(r"[/\\]", name)):
        return "its name leads out of the bundle"
    if len(parts) > _MOST_PARTS or not all(_PART.fullmatch(part) for part in parts):
        return "its name is none that a bundle has"
    return ""


def _member(stream: BinaryIO, head: bytes, offset: int, length: int, before: list[Member]) -> Member:
    where = f"after member '{before[-1].name}'" if before else ""
    if len(head) < _LOCAL.size or head[:4] != _LOCAL_MARK:
        what = f"damaged {where}" if before else "no bundle: no 'manifest.json' is at its beginning"
        raise BundleError(f"it is {what}.")
    _, version, flags, method, time, date, crc, size, unfolded, name_length, extra = _LOCAL.unpack(head)
    raw = stream.read(min(name_length, 1000))
    name = visible(raw[:_SHOWN].decode("ascii", "backslashreplace"))
    problem = name_problem(raw.decode("latin-1"))
    if problem:
        raise BundleError(f"member '{name}' is refused: {problem}.")
    if method or flags & ~0x800 or size != unfolded:
        kind = "compressed" if method else "encrypted" if flags & 1 else "not of a size that its header says"
        raise BundleError(f"member '{name}' is refused: it is {kind}, and members of bundles are stored.")
    member = Member(raw.decode("ascii"), size, crc, offset)
    if size > MOST_MEMBER_BYTES or member.end > length:
        raise BundleError(f"member '{name}' is refused: it says that it has {size:,} bytes.")
    if (version, flags, time, date, extra) != (_VERSION, 0, _TIME, _DATE, 0) or len(raw) != name_length:
        raise BundleError(f"the header of member '{name}' is not what was written.")
    return member


def _check_directory(stream: BinaryIO, members: list[Member], length: int) -> None:
    """Compare what follows the members with what must follow."""
    expected = _directory(members)
    stream.seek(members[-1].end)
    directory = stream.read(len(expected) + 1)
    if directory == expected and members[-1].end + len(expected) == length:
        return
    _refuse_links(directory)
    at = 0
    for member in members:
        entry = _entry(member)
        if directory[at : at + len(entry)] != entry:
            raise BundleError(f"the directory's entry of member '{member.name}' is not what was written.")
        at += len(entry)
    raise BundleError("what follows its last member is not what was written: the end of its directory.")


def _refuse_links(directory: bytes) -> None:
    """Name a member that a directory, which is not ours, calls a link or another thing that is no file."""
    at = 0
    while directory[at : at + 4] == _CENTRAL_MARK and len(directory) - at >= _CENTRAL.size:
        facts = _CENTRAL.unpack_from(directory, at)
        name_length, extra, comment, mode = facts[10], facts[11], facts[12], facts[15] >> 16
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            name = directory[at + _CENTRAL.size :][:name_length].decode("ascii", "backslashreplace")
            kind = "a link" if stat.S_ISLNK(mode) else "no file"
            raise BundleError(f"member '{visible(name)[:_SHOWN]}' is refused: it is {kind}.")
        at += _CENTRAL.size + name_length + extra + comment


def _header(member: Member) -> bytes:
    name = member.name.encode("ascii")
    facts = (_VERSION, 0, 0, _TIME, _DATE, member.crc, member.size, member.size, len(name), 0)
    return _LOCAL.pack(_LOCAL_MARK, *facts) + name


def _entry(member: Member) -> bytes:
    name = member.name.encode("ascii")
    is_far = member.offset >= _FULL32
    extra = _OFFSET64.pack(1, 8, member.offset) if is_far else b""
    needed = _VERSION64 if is_far else _VERSION
    facts = (_UNIX << 8 | needed, needed, 0, 0, _TIME, _DATE, member.crc, member.size, member.size)
    place = (len(name), len(extra), 0, 0, 0, _MODE, _FULL32 if is_far else member.offset)
    return _CENTRAL.pack(_CENTRAL_MARK, *facts, *place) + name + extra


def _directory(members: list[Member]) -> bytes:
    entries = b"".join(map(_entry, members))
    begin, count, size = members[-1].end if members else 0, len(members), len(entries)
    far = b""
    if begin >= _FULL32 or count >= _FULL16:
        facts = (_UNIX << 8 | _VERSION64, _VERSION64, 0, 0, count, count, size, begin)
        far = _END64.pack(b"PK\6\6", _END64.size - 12, *facts)
        far += _LOCATOR.pack(b"PK\6\7", 0, begin + size, 1)
    short = min(count, _FULL16)
    return entries + far + _END.pack(b"PK\5\6", 0, 0, short, short, size, min(begin, _FULL32), 0)
