"""How much processor time the tests take, each with the processes that it starts; a busy machine changes that little.

Run: python benchmarks/tests.py [ARGUMENTS OF PYTEST]..., such as -m "not slow" --numprocesses 2 (on Linux)

The total has what belongs to no test, too: pytest and its workers, the imports, and processes that outlive their test.
"""

from __future__ import annotations

import ctypes
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

_TOLD = "BENCH_TESTS_TOLD"
_SHOWN = 25
_PR_SET_CHILD_SUBREAPER = 36


def main(arguments: list[str]) -> int:
    """Run pytest; print seconds of all, fast and slow tests, and the folders, files and tests that take most."""
    # Processes that lose their parents become this one's children, so that their time is known too.
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    began = time.monotonic()
    here = Path(__file__).resolve()
    with tempfile.NamedTemporaryFile("r", suffix=".tsv") as told:
        path = os.pathsep.join(filter(None, [str(here.parent), os.environ.get("PYTHONPATH")]))
        started = subprocess.Popen(
            [sys.executable, "-m", "pytest", "-q", "-p", here.stem, *arguments],
            env={**os.environ, "PYTHONPATH": path, _TOLD: told.name},
            cwd=here.parents[1],
        )
        code = _ending(started.pid)
        rows = [line.rstrip("\n").split("\t") for line in told]
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = {name: float(took) for took, _, name in rows}
    slow = sum(float(took) for took, mark, _ in rows if mark)
    print(
        f"\n{len(rows)} tests, {sum(seconds.values()):.0f} s of processor time, {slow:.0f} s of them slow ones; "
        f"{usage.ru_utime + usage.ru_stime:.0f} s with all else, {time.monotonic() - began:.0f} s by the clock; "
        f"the largest process had {usage.ru_maxrss / 1e6:.1f} GB"
    )
    files: Counter[str] = Counter()
    folders: Counter[str] = Counter()
    for name, took in seconds.items():
        file = name.partition("::")[0]
        files[file] += took  # type: ignore[assignment]
        folders[file.rpartition("/")[0]] += took  # type: ignore[assignment]
    for entries in (folders, files, Counter(seconds)):
        print()
        for name, took in entries.most_common(_SHOWN):
            print(f"{took:7.1f} s  {name[:150]}")
    if code in (pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.INTERRUPTED):
        print("\nNot all tests were run.")
    return code


def _ending(process: int) -> int:
    """Wait for a process, and for whichever other ones end before it; return its exit code."""
    while True:
        ended, status = os.wait()
        if ended == process:
            return os.waitstatus_to_exitcode(status)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """As a plugin of pytest: write down what a test takes."""
    before = _used()
    ended = yield
    if _TOLD in os.environ:
        with open(os.environ[_TOLD], "a", encoding="utf-8") as file:
            mark = "slow" if item.get_closest_marker("slow") else ""
            file.write(f"{_used() - before:.2f}\t{mark}\t{item.nodeid}\n")
    return ended


def _used() -> float:
    """Return user and system time of this process, of its children that have ended, and of what those that fork did."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages) + _of_warm_servers()


def _of_warm_servers() -> float:
    """Return what tests/support/warm_server.py and its children took, which end with the tests only."""
    ticks = 0
    for listed in Path("/proc/self/task").glob("*/children"):
        # Threads and processes end while they are looked at.
        with suppress(OSError):
            for child in listed.read_text().split():
                with suppress(OSError):
                    ticks += _ticks(Path("/proc", child))
    return ticks / os.sysconf("SC_CLK_TCK")


def _ticks(process: Path) -> int:
    """Return what a process took if it is such a server, see proc(5): utime, stime, cutime and cstime."""
    if b"warm_server" not in (process / "cmdline").read_bytes():
        return 0
    return sum(map(int, (process / "stat").read_text().rpartition(")")[2].split()[11:15]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
