"""Who works at what: claims that any number of processes, on any number of machines, make in one folder.

``folder/<name>/<owner>/`` is the claim of ``owner`` on ``name``, and the place in which it makes what it is to file.
``folder/<owner>`` is a file that says who the owner is; its first bytes are a counter, which the owner turns.

- *One holder*. A claim is made by renaming a folder that holds the owner's name to ``<name>``. Renaming onto a folder
  that is not empty fails (POSIX, rename: EEXIST or ENOTEMPTY), in one step, on the server too where the file system is
  NFS (RFC 1813, 3.3.14; RFC 8881, 18.26). There a call may fail whose first sending did it (rename(2), BUGS; link(2)
  and open(2), O_EXCL, say the same of their ways): whether the owner's name is there afterwards decides.
- *Names are used once*. An owner's name is drawn, so that whoever is late with removing a claim of one owner cannot
  remove that of another: a folder is only removed when it is empty.
- *Leases*. An owner is dead when its counter did not turn for its lease, by the clock of the one who looks, and only
  while that one was awake: no two clocks are ever compared. On one machine its process is asked for, too: one that is
  gone, or was there before the machine started, is dead at once.
- *Fences*. Whoever finds an owner dead removes its file, then takes out of its claims what is being made there, piece
  by piece, then removes the empty folder. What is filed is renamed out of that folder: it is either the owner that
  takes it out or the other, and what is not there any more cannot be filed. So an owner that was stopped for longer
  than its lease learns of it at the latest when it files.

Readers of NFS see what was written before they opened a file (close-to-open consistency, nfs(5)), which is all that
counters need.
"""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from benchmark.clock import awake_seconds
from benchmark.exceptions import UsageError
from benchmark.files import TEMPORARY, make_folder, replaced_name

FOLDER = ".claims"
LEASE_SECONDS = 60.0
BEATS_PER_LEASE = 10
_OWNER = "owner-"
_MADE_BY = re.compile(rf"{re.escape(TEMPORARY)}({_OWNER}[0-9a-f]{{16}})-.*", re.DOTALL)
_COUNTER = 12
_TAKEN = (errno.EEXIST, errno.ENOTEMPTY, errno.EBUSY)
_LONGEST_WAIT = 1.0
_MOST_TRIES = 1000


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


@dataclass(frozen=True)
class Holding:
    """A claim as others see it: its name, who holds it, and since when (seconds since the epoch, for people)."""

    name: str
    owner: Owner
    since: float


class Claims:
    """The claims of this process in a folder. In ``with``, a thread keeps its lease and frees what the dead hold."""

    def __init__(
        self, folder: Path, put_back: Callable[[Path], None] | None = None, lease: float | None = None
    ) -> None:
        """Prepare.

        Args:
            folder: where claims are made.
            put_back: is given what an owner that is dead had put aside (see ``files.replaced_name``) and may move it.
            lease: seconds; by default ``BENCH_LEASE``, else a minute.

        Raises:
            UsageError: when ``BENCH_LEASE`` is no number of seconds.
        """
        self.folder = folder
        self._put_back = put_back
        self._lease = lease or lease_seconds()
        self._name = ""
        self._held: dict[str, Path] = {}
        self._seen: dict[str, tuple[bytes, float]] = {}
        self._naming, self._looking = threading.Lock(), threading.Lock()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        """Begin.

        Raises:
            OSError: when the folder cannot be written.
        """
        self._begin()
        self._ended.clear()
        self._thread = threading.Thread(target=self._beat, name="claims", daemon=True)
        self._thread.start()
        self.reap()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        with suppress(OSError):
            (self.folder / self._name).unlink(missing_ok=True)
            self._held.clear()
            with self._looking:
                self._sweep()
            # Unless somebody else is there.
            self.folder.rmdir()

    @property
    def owner(self) -> str:
        """The name of this process here; another one after others took it for dead."""
        return self._name

    def take(self, name: str) -> Path | None:
        """Claim a name; return the folder in which to make what is to be filed, or None if somebody holds it.

        Raises:
            OSError: when the folder cannot be written.
        """
        if name in self._held:
            return None
        while True:
            owner = self._name
            place = self._claimed(name, owner)
            if place is None:
                return None
            if (self.folder / owner).exists():
                self._held[name] = place
                return place
            # Others took this process for dead, and this claim with it.
            self._renew(owner)
            self._remove(place)

    def is_taken(self, name: str) -> bool:
        """Whether somebody, perhaps this process, has a claim on a name."""
        try:
            return bool(os.listdir(self.folder / name))
        except OSError:
            return False

    def release(self, name: str) -> None:
        """Give a claim back, if it is held."""
        place = self._held.pop(name, None)
        if place is not None:
            with suppress(OSError):
                self._remove(place)

    @contextmanager
    def held(self, name: str) -> Iterator[None]:
        """Hold a name for a short time; wait for others that do.

        Raises:
            OSError: when the folder cannot be written.
        """
        wait = 0.005
        while self.take(name) is None:
            time.sleep(wait)
            wait = min(2 * wait, _LONGEST_WAIT)
            self.reap()
        try:
            yield
        finally:
            self.release(name)

    def reap(self) -> list[Owner]:
        """Free what the dead hold; return the others that live, as far as is known."""
        living = []
        with self._looking, suppress(OSError):
            for name, content in _owners(self.folder):
                if name == self._name:
                    continue
                owner = _read_owner(name, content)
                if self._is_dead(owner, content):
                    (self.folder / name).unlink(missing_ok=True)
                    self._seen.pop(name, None)
                else:
                    living.append(owner)
            self._sweep()
        return living

    def _begin(self) -> None:
        """Take a new name, and write who that is."""
        owner = Owner(f"{_OWNER}{uuid4().hex[:16]}", lease=self._lease, job=_job(), **this_process())
        content = f"{0:>{_COUNTER}}\n{json.dumps(asdict(owner))}\n".encode()
        while True:
            self._make_folder()
            try:
                descriptor = os.open(self.folder / owner.name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
            except FileNotFoundError:
                # Somebody else was the last, and has just removed the folder.
                continue
            break
        try:
            os.write(descriptor, content)
        finally:
            os.close(descriptor)
        self._name = owner.name

    def _make_folder(self) -> None:
        """Make the folder, which need not be there after a power cut."""
        make_folder(self.folder.parent)
        self.folder.mkdir(exist_ok=True)

    def _renew(self, lost: str) -> None:
        with self._naming:
            if self._name == lost:
                self._begin()

    def _beat(self) -> None:
        """Turn the counter until the end, and look at those of others."""
        count = 0
        while not self._ended.wait(self._lease / BEATS_PER_LEASE):
            count += 1
            owner = self._name
            with suppress(OSError):
                try:
                    descriptor = os.open(self.folder / owner, os.O_WRONLY)
                except OSError as error:
                    if error.errno not in (errno.ENOENT, errno.ESTALE):
                        raise
                    self._renew(owner)
                    continue
                try:
                    os.write(descriptor, f"{count:>{_COUNTER}}".encode())
                finally:
                    os.close(descriptor)
            self.reap()

    def _is_dead(self, owner: Owner, content: bytes) -> bool:
        if owner.is_gone():
            return True
        now = awake_seconds()
        known, since = self._seen.get(owner.name, (b"", now))
        if known != content:
            self._seen[owner.name] = (content, now)
            return False
        return now - since >= owner.lease

    def _claimed(self, name: str, owner: str) -> Path | None:
        place = self.folder / name / owner
        made = self.folder / f"{TEMPORARY}{owner}-{name}"
        while True:
            try:
                os.mkdir(made)
                os.mkdir(made / owner)
                break
            except FileExistsError:
                _remove_tree(made)
            except FileNotFoundError:
                # Others took this process for dead.
                self._make_folder()
        try:
            os.rename(made, self.folder / name)
        except OSError as error:
            if place.is_dir():
                return place
            _remove_tree(made)
            if error.errno in _TAKEN or isinstance(error, FileNotFoundError):
                return None
            raise
        return place

    def _sweep(self) -> None:
        """Remove all claims of those who are not there, but for what this process still hopes to file."""
        for name in os.listdir(self.folder):
            made_by = _MADE_BY.fullmatch(name)
            if made_by and not (self.folder / made_by[1]).exists():
                _remove_tree(self.folder / name)
            if name.startswith((".", _OWNER)):
                continue
            with suppress(OSError):
                for owner in os.listdir(self.folder / name):
                    place = self.folder / name / owner
                    if not (self.folder / owner).exists() and self._held.get(name) != place:
                        self._remove(place)
                os.rmdir(self.folder / name)

    def _remove(self, place: Path) -> None:
        """Take out of a claim all that is there, then remove it: from then on nothing of it is filed."""
        for _ in range(_MOST_TRIES):
            try:
                # What is being made first: who cannot file it has no use for what was put aside.
                entries = sorted(os.listdir(place), key=lambda entry: replaced_name(entry) is not None)
            except (FileNotFoundError, NotADirectoryError):
                break
            for entry in entries:
                if self._put_back is not None and replaced_name(entry) is not None:
                    with suppress(FileNotFoundError):
                        self._put_back(place / entry)
                aside = self.folder / f"{TEMPORARY}{self._name}-{uuid4().hex}"
                with suppress(FileNotFoundError):
                    os.rename(place / entry, aside)
                    _remove_tree(aside)
            try:
                os.rmdir(place)
            except FileNotFoundError:
                break
            except OSError as error:
                if error.errno not in _TAKEN:
                    raise
                # Its owner has put something there meanwhile.
                continue
            break
        with suppress(OSError):
            os.rmdir(place.parent)


def is_held(claim: Path) -> bool:
    """Whether a claim, as ``Claims.take`` returned it, was not taken from its owner."""
    return claim.is_dir() and (claim.parents[1] / claim.name).exists()


def is_living(folder: Path, owner: str) -> bool | None:
    """Whether an owner has its file in a folder of claims, and is not known to be dead; None if it has none."""
    try:
        content = (folder / owner).read_bytes()
    except OSError:
        return None
    return not _read_owner(owner, content).is_gone()


def holdings(folder: Path) -> list[Holding]:
    """Return the claims in a folder, by name; who looks changes nothing."""
    held = []
    with suppress(OSError):
        owners = {name: _read_owner(name, content) for name, content in _owners(folder)}
        for name in sorted(os.listdir(folder)):
            if name.startswith((".", _OWNER)):
                continue
            with suppress(OSError):
                since = os.stat(folder / name).st_mtime
                held += [Holding(name, owners[o], since) for o in os.listdir(folder / name) if o in owners]
    return held


def owners(folder: Path) -> list[Owner]:
    """Return who takes part in a folder of claims, the first to come first; who looks changes nothing."""
    try:
        known = [_read_owner(name, content) for name, content in _owners(folder)]
    except OSError:
        return []
    return sorted(known, key=lambda owner: (owner.since, owner.name))


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


def _owners(folder: Path) -> Iterator[tuple[str, bytes]]:
    for name in os.listdir(folder):
        if name.startswith(_OWNER):
            with suppress(OSError):
                yield name, (folder / name).read_bytes()


def _read_owner(name: str, content: bytes) -> Owner:
    """Return what an owner's file says; of one that is not whole, nothing is known but its name."""
    try:
        written = json.loads(content[_COUNTER:])
        known = {field.name: written[field.name] for field in fields(Owner) if field.name in written}
        owner = Owner(**{**known, "name": name})
        if isinstance(owner.pid, int) and isinstance(owner.lease, int | float):
            return owner
    except (ValueError, TypeError):
        pass
    return Owner(name)


def _job() -> str:
    """Return what a scheduler calls this process's job, or an empty text."""
    job = os.environ.get("SLURM_ARRAY_JOB_ID") or os.environ.get("SLURM_JOB_ID", "")
    task = os.environ.get("SLURM_ARRAY_TASK_ID", "")
    return f"{job}_{task}" if job and task else job


def _text(file: str) -> str:
    try:
        return Path(file).read_text().strip()
    except OSError:
        return ""


def _remove_tree(folder: Path) -> None:
    if folder.is_dir() and not folder.is_symlink():
        shutil.rmtree(folder, ignore_errors=True)
    else:
        with suppress(OSError):
            folder.unlink(missing_ok=True)
