"""Digests by which damage is seen: of files, of JSON objects that carry their own, and of bytes.

How a digest is computed is the same in every version, so that an older program can tell what is newer from what is
damaged.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import stat
import time
import zlib
from collections.abc import Mapping
from io import BufferedRandom, BufferedReader
from pathlib import Path
from typing import Any

DIGEST = "digest"
_HEAD = b"sha256 "
_HEAD_LENGTH = len(_HEAD) + 64 + 1
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True)
_TICK = 1_000_000_000
_known: dict[str, tuple[tuple[int, ...], str]] = {}


def canonical_json(value: Any) -> str:
    """Return the one JSON text of a value: sorted keys, no spaces."""
    return _CANONICAL.encode(value)


def file_digest(file: str | Path) -> str:
    """Return the SHA-256 of a file, 64 hexadecimal digits.

    Raises:
        OSError: when it cannot be read.
    """
    with open(file, "rb", buffering=0) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def known_digest(file: str | Path) -> str:
    """Return what ``file_digest`` does, computed once per process for as long as nobody writes the file.

    Raises:
        OSError: when it cannot be read.
    """
    status = os.stat(file)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is no file")
    stamp = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    known = _known.get(str(file))
    if known is not None and known[0] == stamp:
        return known[1]
    digest = file_digest(file)
    # What was written just now may be written once more within one tick of the file system's clock.
    if time.time_ns() - status.st_ctime_ns > _TICK:
        _known[str(file)] = (stamp, digest)
    return digest


def sealed(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return a JSON object with the digest of all else in it."""
    plain = json.loads(json.dumps(dict(value)))  # Keys that are numbers sort otherwise than as text.
    return {**plain, DIGEST: _digest(plain)}


def is_intact(value: Mapping[str, Any]) -> bool:
    """Whether a JSON object that was read is what ``sealed`` gave."""
    return value.get(DIGEST) == _digest(value)


def with_digest(content: bytes) -> bytes:
    """Return bytes that begin with the digest of the rest."""
    return _HEAD + hashlib.sha256(content).hexdigest().encode() + b"\n" + content


def without_digest(stored: bytes) -> bytes | None:
    """Return the bytes that ``with_digest`` was given, or None if they are not what they were."""
    content = stored[_HEAD_LENGTH:]
    return content if stored == with_digest(content) else None


def room_for_digest(stream: BufferedRandom) -> None:
    """Leave room at the beginning of a file that is too large for ``with_digest``; see ``put_digest``."""
    stream.write(b" " * _HEAD_LENGTH)


def put_digest(stream: BufferedRandom) -> None:
    """Put the digest of what was written after ``room_for_digest`` in its place: as ``with_digest`` would be."""
    stream.seek(_HEAD_LENGTH)
    digest = hashlib.file_digest(stream, "sha256").hexdigest()
    stream.seek(0)
    stream.write(_HEAD + digest.encode() + b"\n")


def intact_after_digest(stream: BufferedReader) -> bool:
    """Whether a file's content is what ``put_digest`` saw; if so, the content is what is read next."""
    head = stream.read(_HEAD_LENGTH)
    found = _HEAD + hashlib.file_digest(stream, "sha256").hexdigest().encode() + b"\n"
    stream.seek(_HEAD_LENGTH)
    return head == found


def checksum(key: str, content: bytes | memoryview) -> int:
    """Return the CRC-32 of a key and what is stored under it, which sees every change of up to 32 bits in a row."""
    return zlib.crc32(content, zlib.crc32(key.encode()))


def _digest(value: Mapping[str, Any]) -> str:
    rest = {name: part for name, part in value.items() if name != DIGEST}
    return hashlib.sha256(canonical_json(rest).encode()).hexdigest()
