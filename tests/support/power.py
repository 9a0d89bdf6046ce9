"""What a power cut leaves of a run, or of a program: its system calls are recorded, and played again up to one of them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from disk import Call, Content, Disk, written
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
_REPORTED = re.compile(r"\[\d+/\d+\] (.+): ok")


@dataclass(frozen=True)
class Recording:
    """A run of a suite in ``project``: its calls, and the values that it gave."""

    project: Finished
    calls: list[Call]
    values: dict[str, pd.DataFrame]


def record(folder: Path) -> Recording:
    """Run a suite from nothing below ``folder``, and return what it did."""
    place = folder / "project"
    place.mkdir(parents=True)
    (place / "suite.yaml").write_text(SUITE)
    (place / "benchfile.py").write_text(BENCHFILE)
    trace = folder / "trace"
    _run_traced(_strace(trace), place)
    project = Finished(place, folder / "none")
    calls = [call for call in _calls(trace) if _concerns(call, place)]
    trace.unlink()
    recording = Recording(project, calls, project.values())
    _check(recording)
    return recording


def calls_of(program: str, place: Path) -> list[Call]:
    """Run a Python program in a new folder ``place``, and return the calls by which it changed files there, or told."""
    place.mkdir()
    trace = place.with_name("trace")
    command = [*_strace(trace), sys.executable, "-B", "-c", program]
    ran = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False, timeout=120)
    assert ran.returncode == 0, ran.stderr
    return [call for call in _calls(trace) if _concerns(call, place)]


def _strace(trace: Path) -> list[str]:
    return ["strace", "-f", "-y", "-xx", "-s", "100000000", "-e", f"trace={_TRACED}", "-o", str(trace)]


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
    points = set()
    for number, call in enumerate(recording.calls):
        if call.name in names or (
            call.name == "write" and _REPORTED.search(written(call).decode(errors="replace"))
        ):
            points |= {number, number + 1}
    return sorted(points)


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
