"""A disk as system calls change it: what programs see in files, and what a power cut leaves of them.

What was written and not synced is lost. Of names there are two kinds of disk: one keeps all names, so that a file which
was renamed and not synced is empty (as ext4 may leave it); the other loses each name that was given, changed or taken
since its folder was synced (as POSIX allows).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_PLACED = re.compile(r'(?:AT_FDCWD|\d+)<((?:\\x[0-9a-f]{2})*)>[^,]*, "((?:\\x[0-9a-f]{2})*)"')


@dataclass
class Call:
    """A system call that went well: of which thread, with which arguments as strace shows them, and its result."""

    thread: int
    name: str
    arguments: str
    result: int


@dataclass(eq=False)
class Content:
    """A file: what programs read from it, and what of that is on the disk."""

    now: bytearray = field(default_factory=bytearray)
    synced: bytes = b""


@dataclass(eq=False)
class Folder:
    """A folder: its names as programs see them, and as they are on the disk."""

    now: dict[str, Content | Folder] = field(default_factory=dict)
    synced: dict[str, Content | Folder] = field(default_factory=dict)


@dataclass
class Opened:
    """A file that a process has open, and where it reads and writes next."""

    node: Content | Folder
    offset: int = 0
    appends: bool = False


class Disk:
    """A folder and what is below it, while calls are played."""

    def __init__(self, root: Path) -> None:
        self.root = os.path.normpath(root)
        self.top = Folder()
        self.told = ""
        self._open: dict[int, dict[int, Opened]] = {}
        self._process: dict[int, int] = {}

    def play(self, call: Call) -> None:
        """Do what a call does."""
        process = self._process.setdefault(
            call.thread, call.thread if not self._process else min(self._process)
        )
        files = self._open.setdefault(process, {})
        if call.name in ("clone", "clone3", "fork", "vfork"):
            is_thread = "CLONE_THREAD" in call.arguments
            self._process[call.result] = process if is_thread else call.result
            if not is_thread:
                self._open[call.result] = dict(files)
            return
        if call.name in ("openat", "open", "creat"):
            self._opens(call, files)
        elif call.name in ("rename", "renameat", "renameat2"):
            self._renames(*self._paths(call))
        elif call.name in ("mkdir", "mkdirat"):
            self._put(self._paths(call)[0], Folder())
        elif call.name in ("unlink", "unlinkat", "rmdir"):
            self._take(self._paths(call)[0])
        else:
            self._uses(call, files)

    def tree(self, *, undone: bool) -> dict[str, bytes | None]:
        """Return what a power cut leaves, by path: the content of files, None for folders."""
        return dict(_left(self.top, "", undone=undone))

    def now(self) -> dict[str, bytes]:
        """Return what programs see in files."""
        return dict(_seen(self.top, ""))

    def _opens(self, call: Call, files: dict[int, Opened]) -> None:
        files.pop(call.result, None)
        path = self._paths(call)[0]
        node = self._find(path)
        if node is None and "O_CREAT" in call.arguments and path is not None:
            node = Content()
            self._put(path, node)
        if node is not None:
            if "O_TRUNC" in call.arguments and isinstance(node, Content):
                node.now.clear()
            files[call.result] = Opened(node, appends="O_APPEND" in call.arguments)

    def _uses(self, call: Call, files: dict[int, Opened]) -> None:
        """Play a call on something that is open."""
        number = int(call.arguments.partition("<")[0].partition(",")[0])
        if call.name in ("write", "writev") and number == 2:
            self.told += written(call).decode(errors="replace")
        opened = files.get(number)
        if call.name == "close":
            files.pop(number, None)
        elif opened is None:
            return
        elif call.name in ("dup", "dup2", "dup3") or (call.name == "fcntl" and "F_DUPFD" in call.arguments):
            files[call.result] = opened
        elif call.name == "lseek":
            opened.offset = call.result
        elif call.name in ("fsync", "fdatasync"):
            if isinstance(opened.node, Folder):
                opened.node.synced = dict(opened.node.now)
            else:
                opened.node.synced = bytes(opened.node.now)
        elif isinstance(opened.node, Content):
            self._changes(call, opened, opened.node)

    def _changes(self, call: Call, opened: Opened, node: Content) -> None:
        if call.name == "ftruncate":
            length = int(call.arguments.rpartition(",")[2])
            node.now[:] = node.now[:length].ljust(length, b"\0")
        elif call.name in ("write", "writev", "pwrite64"):
            content = written(call)
            if call.name == "pwrite64":
                start = int(call.arguments.rpartition(",")[2])
            else:
                start = len(node.now) if opened.appends else opened.offset
                opened.offset = start + len(content)
            if len(node.now) < start:
                node.now.extend(bytes(start - len(node.now)))
            node.now[start : start + len(content)] = content

    def _renames(self, source: str | None, target: str | None) -> None:
        node = self._find(source)
        if node is not None:
            self._take(source)
            self._put(target, node)

    def _paths(self, call: Call) -> list[str | None]:
        """Return the paths in a call's arguments, relative to the root; None for those elsewhere."""
        placed = [(_bytes(place), _bytes(name)) for place, name in _PLACED.findall(call.arguments)]
        if not placed:
            placed = [(self.root.encode(), _bytes(name)) for name in _TEXT.findall(call.arguments)]
        paths: list[str | None] = []
        for place, name in placed:
            path = os.path.normpath(os.path.join(place.decode(), name.decode()))
            paths.append(path[len(self.root) + 1 :] if f"{path}/".startswith(f"{self.root}/") else None)
        return paths

    def _find(self, path: str | None) -> Content | Folder | None:
        if path is None:
            return None
        node: Content | Folder | None = self.top
        for name in filter(None, path.split("/")):
            node = node.now.get(name) if isinstance(node, Folder) else None
        return node

    def _put(self, path: str | None, node: Content | Folder) -> None:
        parent = self._find(os.path.dirname(path)) if path else None
        if path and isinstance(parent, Folder):
            parent.now[os.path.basename(path)] = node

    def _take(self, path: str | None) -> None:
        parent = self._find(os.path.dirname(path)) if path else None
        if path and isinstance(parent, Folder):
            parent.now.pop(os.path.basename(path), None)


def _left(folder: Folder, path: str, *, undone: bool) -> Iterator[tuple[str, bytes | None]]:
    for name, node in (folder.synced if undone else folder.now).items():
        if isinstance(node, Folder):
            yield f"{path}{name}", None
            yield from _left(node, f"{path}{name}/", undone=undone)
        else:
            yield f"{path}{name}", node.synced


def _seen(folder: Folder, path: str) -> Iterator[tuple[str, bytes]]:
    for name, node in folder.now.items():
        if isinstance(node, Folder):
            yield from _seen(node, f"{path}{name}/")
        else:
            yield f"{path}{name}", bytes(node.now)


def written(call: Call) -> bytes:
    """Return what a call wrote."""
    return b"".join(_bytes(text) for text in _TEXT.findall(call.arguments))[: call.result]


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))
