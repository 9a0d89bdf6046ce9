"""What a power cut leaves of a run: its system calls are recorded, and played again up to one of them.

What was written and not synced is lost. Of names there are two kinds of disk: one keeps all names, so that a file which
was renamed and not synced is empty (as ext4 may leave it); the other loses each name that was given, changed or taken
since its folder was synced (as POSIX allows).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from finished import BENCHFILE, SUITE, Finished, same
from warm import BENCH, WarmProcess, can_be_warm

from benchmark.record import CellRecord
from benchmark.results.store import ResultsStore

_TRACED = (
    "openat,open,creat,close,dup,dup2,dup3,fcntl,lseek,write,writev,pwrite64,ftruncate,rename,renameat,renameat2,"
    "unlink,unlinkat,mkdir,mkdirat,rmdir,fsync,fdatasync,clone,clone3,fork,vfork"
)
# Runs ``bench`` as soon as a tracer is there, and really syncs, which no other process does that was forked for tests.
_WHEN_TRACED = f"""
import ctypes, os, posix, sys, time
os.fsync, sys.dont_write_bytecode = posix.fsync, True
PR_SET_PTRACER, ANY = 0x59616d61, ctypes.c_ulong(-1)
ctypes.CDLL(None).prctl(PR_SET_PTRACER, ANY, 0, 0, 0)
while not os.path.exists(os.environ["TRACED"]):
    time.sleep(0.01)
{BENCH}
"""
_CALL = re.compile(r"(\w+)\((.*)\)\s+= (-?\d+)", re.DOTALL)
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_PLACED = re.compile(r'(?:AT_FDCWD|\d+)<((?:\\x[0-9a-f]{2})*)>[^,]*, "((?:\\x[0-9a-f]{2})*)"')
_REPORTED = re.compile(r"\[\d+/\d+\] (.+): ok")


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


@dataclass(frozen=True)
class Recording:
    """A run of a suite in ``project``: its calls, and the values that it gave."""

    project: Finished
    calls: list[Call]
    values: dict[str, pd.DataFrame]


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
            self.told += _written(call).decode(errors="replace")
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
            content = _written(call)
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
        found: list[str | None] = []
        for place, name in placed:
            path = os.path.normpath(os.path.join(place.decode(), name.decode()))
            found.append(path[len(self.root) + 1 :] if f"{path}/".startswith(f"{self.root}/") else None)
        return found

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


def record(folder: Path) -> Recording:
    """Run a suite from nothing below ``folder``, and return what it did."""
    place = folder / "project"
    place.mkdir(parents=True)
    (place / "suite.yaml").write_text(SUITE)
    (place / "benchfile.py").write_text(BENCHFILE)
    trace = folder / "trace"
    strace = ["strace", "-f", "-y", "-xx", "-s", "100000000", "-e", f"trace={_TRACED}", "-o", str(trace)]
    _run_traced(strace, place)
    project = Finished(place, folder / "none")
    calls = [call for call in _calls(trace) if _concerns(call, place)]
    trace.unlink()
    recording = Recording(project, calls, project.values())
    _check(recording)
    return recording


def _run_traced(strace: list[str], place: Path) -> None:
    """Run the suite in a folder as ``strace`` sees it: in a process that has imported all, or else in a new one."""
    arguments = ("run", "suite.yaml", "--executor", "inline")
    traced = place.with_name("traced")
    variables = {
        **os.environ, "BENCH_CACHE": str(place / "cache"), "BENCH_ENERGY": "off", "BENCH_TRUST": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3", "TRACED": str(traced),
    }  # fmt: skip
    if can_be_warm(variables):
        process = WarmProcess(arguments, place, variables, program=_WHEN_TRACED)
        tracer = subprocess.Popen([*strace, "-p", str(process.pid)], stderr=subprocess.PIPE, text=True)
        assert tracer.stderr is not None
        if any("attached" in line for line in iter(tracer.stderr.readline, "")):
            traced.touch()
            _, err = process.communicate(timeout=300)
            tracer.communicate(timeout=60)
            assert process.returncode == 0, err
            return
        process.kill()
    command = [*strace, sys.executable, "-B", "-c", BENCH, *arguments]
    ran = subprocess.run(command, cwd=place, env=variables, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


def fault_after_cut(recording: Recording, point: int, *, undone: bool) -> str:
    """Leave the project as a power cut after so many calls does, go on, and say what is wrong then, or nothing."""
    disk = _played(recording, point)
    place = recording.project.folder
    for part in ("results", "cache"):
        shutil.rmtree(place / part, ignore_errors=True)
    for path, content in sorted(disk.tree(undone=undone).items()):
        if content is None:
            (place / path).mkdir(parents=True, exist_ok=True)
        else:
            (place / path).write_bytes(content)
    reported = set(_REPORTED.findall(disk.told))
    records = ResultsStore(place / "results", "trial").records().values()
    there = {" · ".join(r.labels.values()) for r in records if isinstance(r, CellRecord) and r.status == "ok"}
    if not reported <= there:
        return f"lost {', '.join(sorted(reported - there))}"
    ran = recording.project.run()
    if ran.code != 0:
        return f"exit code {ran.code}: {ran.said[-500:]}"
    return "" if same(recording.project.values(), recording.values) else "other values"


def moments(recording: Recording) -> list[int]:
    """Return the points just before and after what matters most: syncs, renames, removals, and reports of cells."""
    names = ("fsync", "fdatasync", "rename", "renameat", "renameat2", "unlink", "unlinkat", "mkdir")
    found = set()
    for number, call in enumerate(recording.calls):
        if call.name in names or (
            call.name == "write" and _REPORTED.search(_written(call).decode(errors="replace"))
        ):
            found |= {number, number + 1}
    return sorted(found)


def reported_before(recording: Recording, point: int) -> int:
    """Return how many cells were reported as finished in the first so many calls."""
    return len(_REPORTED.findall(_played(recording, point).told))


def first_moment_with(recording: Recording, reported: int) -> int:
    """Return the first of the ``moments`` before which so many cells were reported as finished."""
    disk, points = _empty(recording), {*moments(recording)}
    for number, call in enumerate(recording.calls, 1):
        disk.play(call)
        if number in points and len(_REPORTED.findall(disk.told)) >= reported:
            return number
    raise ValueError(f"{reported} cells were not reported")


def _played(recording: Recording, point: int) -> Disk:
    disk = _empty(recording)
    for call in recording.calls[:point]:
        disk.play(call)
    return disk


def _empty(recording: Recording) -> Disk:
    """Return a disk on which nothing has happened yet."""
    disk = Disk(recording.project.folder)
    for name in ("suite.yaml", "benchfile.py"):
        content = (recording.project.folder / name).read_bytes()
        disk.top.now[name] = disk.top.synced[name] = Content(bytearray(content), content)
    return disk


def _check(recording: Recording) -> None:
    """Make sure that what is played is what happened."""
    seen = _played(recording, len(recording.calls)).now()
    place = recording.project.folder
    there = {f.relative_to(place).as_posix(): f.read_bytes() for f in place.rglob("*") if f.is_file()}
    assert seen == there, sorted(
        name for name in seen.keys() | there.keys() if seen.get(name) != there.get(name)
    )


def _calls(trace: Path) -> Iterator[Call]:
    """Yield the calls that went well, in the order in which they ended."""
    begun: dict[str, str] = {}
    with trace.open() as lines:
        for line in lines:
            thread, _, text = line.rstrip("\n").partition(" ")
            text = text.strip()
            if text.endswith("<unfinished ...>"):
                begun[thread] = text.removesuffix("<unfinished ...>").rstrip()
                continue
            if text.startswith("<... "):
                text = begun.pop(thread, "") + text.partition("resumed>")[2]
            match = _CALL.match(text)
            if match and int(match[3]) >= 0:
                yield Call(int(thread), match[1], match[2], int(match[3]))


def _concerns(call: Call, place: Path) -> bool:
    """Whether a call may change files below a folder, what is open, or what was told."""
    if call.name in ("write", "writev") and call.arguments.startswith("2<"):
        return True
    if call.name in ("clone", "clone3", "fork", "vfork", "mkdir", "rmdir", "rename", "unlink"):
        return True
    return "".join(f"\\x{byte:02x}" for byte in os.fsencode(place)) in call.arguments


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


def _written(call: Call) -> bytes:
    return b"".join(_bytes(text) for text in _TEXT.findall(call.arguments))[: call.result]


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))
