"""Who makes claims: a process of a machine, and whether it is known to have ended."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from benchmark.exceptions import UsageError

LEASE_SECONDS = 60.0
OWNER = "owner-"
# How many bytes the counter has at the beginning of an owner's file.
COUNTER = 12


@dataclass(frozen=True)
class Owner:
    """Who makes claims, as its file says.

    Attributes:
        name: drawn, and used once.
        host, machine, boot, processes: the machine's name and id, its start, and the namespace of its process ids.
        pid, started: the process, and when it began, in its machine's own measure.
        since: when it began, for people.
        lease: for how many seconds its counter may stand still.
        job: what a scheduler calls it, if one started it.
    """

    name: str
    host: str = ""
    machine: str = ""
    boot: str = ""
    processes: str = ""
    pid: int = 0
    started: str = ""
    since: str = ""
    lease: float = LEASE_SECONDS
    job: str = ""

    def is_gone(self) -> bool:
        """Whether it is known at once that it is dead: its process ran on this machine and is not there any more."""
        here = this_machine()
        if not self.boot or not here["boot"]:
            return False
        if self.boot != here["boot"]:
            same = bool(self.machine) and (self.host, self.machine) == (here["host"], here["machine"])
            return same and self.processes == here["processes"]
        return self.processes == here["processes"] and process_is_gone(self.pid, self.started)


def owner_files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of the file of each owner in a folder of claims."""
    for name in os.listdir(folder):
        if name.startswith(OWNER):
            with suppress(OSError):
                yield name, (folder / name).read_bytes()


def read_owner(name: str, content: bytes) -> Owner:
    """Return what an owner's file says; of one that is not whole, nothing is known but its name."""
    try:
        written = json.loads(content[COUNTER:])
        known = {field.name: written[field.name] for field in fields(Owner) if field.name in written}
        owner = Owner(**{**known, "name": name})
        if isinstance(owner.pid, int) and isinstance(owner.lease, int | float):
            return owner
    except (ValueError, TypeError):
        pass
    return Owner(name)


def lease_seconds() -> float:
    """Return for how long an owner may be silent: ``BENCH_LEASE``, or a minute.

    Raises:
        UsageError: when that is no number from 1 to 86,400.
    """
    said = os.environ.get("BENCH_LEASE", "")
    if not said:
        return LEASE_SECONDS
    try:
        seconds = float(said)
    except ValueError:
        seconds = 0.0
    if not 1 <= seconds <= 86_400:
        raise UsageError(f"BENCH_LEASE={said!r}: write a number of seconds from 1 to 86400, such as 60.")
    return seconds


@cache
def this_machine() -> dict[str, str]:
    """Return the host's name, the machine's id, its start, and the namespace of its process ids; empty where unknown.

    The start is drawn by the kernel, so that machines of one name are not taken for one. Containers share it, and
    have process ids of their own.
    """
    try:
        processes = os.readlink("/proc/self/ns/pid")
    except OSError:
        processes = ""
    return {
        "host": socket.gethostname(),
        "machine": _text("/etc/machine-id"),
        "boot": _text("/proc/sys/kernel/random/boot_id"),
        "processes": processes,
    }


def this_process() -> dict[str, Any]:
    """Return what an owner's file says of this process."""
    since = datetime.now(UTC).isoformat(timespec="seconds")
    return {**this_machine(), "pid": os.getpid(), "started": process_start(os.getpid()), "since": since}


def process_start(pid: int) -> str:
    """Return when a process of this machine began, in clock ticks since the machine did, or an empty text.

    One that has ended, and is only kept for its parent to ask how, has no start.
    """
    try:
        # The second field, the program's name, may hold anything (proc(5)).
        state, *rest = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        return "" if state in "ZX" else rest[18]
    except (OSError, ValueError, IndexError):
        return ""


def process_is_gone(pid: int, started: str) -> bool:
    """Whether a process of this machine has ended; another one may have its number now."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        # It is somebody else's, and may be hidden: what is not known is left to its lease.
        now = process_start(pid)
        return bool(started and now) and now != started
    except OverflowError:
        return False
    return bool(started) and process_start(pid) != started


def this_job() -> str:
    """Return what a scheduler calls this process's job, or an empty text."""
    job = os.environ.get("SLURM_ARRAY_JOB_ID") or os.environ.get("SLURM_JOB_ID", "")
    task = os.environ.get("SLURM_ARRAY_TASK_ID", "")
    return f"{job}_{task}" if job and task else job


def _text(file: str) -> str:
    try:
        return Path(file).read_text().strip()
    except OSError:
        return ""
