"""The most memory that a command and all its processes take together, and the processor time that they use.

A page that several processes share counts once, in parts (PSS). What is read is what the kernel says while the command
runs, twice a second, so that a peak between two looks is missed.

Run: python benchmarks/memory.py bench run suites/paper.yaml --rehearse
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import subprocess
import sys
import time
from pathlib import Path

PROCESSES = Path("/proc")
_PSS = re.compile(rb"^Pss:\s+(\d+) kB", re.MULTILINE)


def tree_of(root: int) -> list[int]:
    """Return the ids of a process and all that descend from it, or whose group or session it leads."""
    parents: dict[int, int] = {}
    led: set[int] = set()
    for entry in PROCESSES.iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            # After the name, which may have spaces: state, parent, group, session.
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended
        parents[int(entry.name)] = int(fields[1])
        if root in (int(fields[2]), int(fields[3])):
            led.add(int(entry.name))
    known = {root, *led}
    while more := {process for process, parent in parents.items() if parent in known} - known:
        known |= more
    return sorted(known & parents.keys())


def pss(process: int) -> int:
    """Return the memory of a process in bytes, what it shares in parts; 0 when it has ended."""
    try:
        match = _PSS.search((PROCESSES / str(process) / "smaps_rollup").read_bytes())
    except OSError:
        return 0
    return int(match[1]) * 1024 if match else 0


def name_of(process: int) -> str:
    """Return the command line of a process, shortened."""
    try:
        words = (PROCESSES / str(process) / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return "?"
    return b" ".join(words).decode(errors="replace")[:70]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--every", type=float, default=0.5, metavar="SECONDS", help="how often to look")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    if not arguments.command:
        parser.error("say which command")
    started = time.perf_counter()
    command = subprocess.Popen(arguments.command, start_new_session=True)
    peak, at, parts = 0, 0.0, {}
    while command.poll() is None:
        now = {process: pss(process) for process in tree_of(command.pid)}
        if sum(now.values()) > peak:
            peak, at = sum(now.values()), time.perf_counter() - started
            parts = {name_of(process): size for process, size in now.items() if size}
        time.sleep(arguments.every)
    wall = time.perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"peak: {peak / 1e9:.2f} GB over all processes, after {at:.0f} s", file=sys.stderr)
    for name, size in sorted(parts.items(), key=lambda part: -part[1]):
        print(f"  {size / 1e6:6.0f} MB  {name}", file=sys.stderr)
    print(
        f"processor: {used.ru_utime + used.ru_stime:.1f} s ({used.ru_utime:.1f} user, {used.ru_stime:.1f} system); "
        f"wall: {wall:.1f} s; load: {os.getloadavg()[0]:.1f}",
        file=sys.stderr,
    )
    return command.returncode


if __name__ == "__main__":
    sys.exit(main())
