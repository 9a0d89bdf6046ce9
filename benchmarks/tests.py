"""How much processor time the tests take, each with the processes that it starts; a busy machine changes that little.

Run: python benchmarks/tests.py [ARGUMENTS OF PYTEST]..., such as -m "not slow" --numprocesses 2 (on Linux)
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

_TOLD = "BENCH_TESTS_TOLD"
_SHOWN = 25


def main(arguments: list[str]) -> int:
    """Run pytest; print seconds of all, fast and slow tests, and the files and tests that take most."""
    here = Path(__file__).resolve()
    with tempfile.NamedTemporaryFile("r", suffix=".tsv") as told:
        path = os.pathsep.join(filter(None, [str(here.parent), os.environ.get("PYTHONPATH")]))
        ended = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", here.stem, *arguments],
            env={**os.environ, "PYTHONPATH": path, _TOLD: told.name},
            cwd=here.parents[1],
            check=False,
        )
        rows = [line.rstrip("\n").split("\t") for line in told]
    seconds = {name: float(took) for took, _, name in rows}
    slow = sum(float(took) for took, mark, _ in rows if mark)
    print(
        f"\n{len(rows)} tests, {sum(seconds.values()):.0f} s of processor time, {slow:.0f} s of them slow ones"
    )
    files: Counter[str] = Counter()
    for name, took in seconds.items():
        files[name.partition("::")[0]] += took  # type: ignore[assignment]
    for entries in (files, Counter(seconds)):
        print()
        for name, took in entries.most_common(_SHOWN):
            print(f"{took:7.1f} s  {name[:150]}")
    return ended.returncode


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
        for child in listed.read_text().split():
            process = Path("/proc", child)
            try:
                if b"warm_server" in (process / "cmdline").read_bytes():
                    # See proc(5): utime, stime, cutime and cstime, counted from what follows the name.
                    ticks += sum(map(int, (process / "stat").read_text().rpartition(")")[2].split()[11:15]))
            except OSError:
                continue
    return ticks / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
