"""Claims that this process makes, keeps alive by a thread, and frees where others have died."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

from benchmark.claims.owner import (
    COUNTER,
    OWNER,
    Owner,
    lease_seconds,
    owner_files,
    read_owner,
    this_job,
    this_process,
)
from benchmark.clock import awake_seconds
from benchmark.files import TEMPORARY, make_folder, replaced_name

BEATS_PER_LEASE = 10
_MADE_BY = re.compile(rf"{re.escape(TEMPORARY)}({OWNER}[0-9a-f]{{16}})-.*", re.DOTALL)
_TAKEN = (errno.EEXIST, errno.ENOTEMPTY, errno.EBUSY)
_LONGEST_WAIT = 1.0
_MOST_TRIES = 1000


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
            for name, content in owner_files(self.folder):
                if name == self._name:
                    continue
                owner = read_owner(name, content)
                if self._is_dead(owner, content):
                    (self.folder / name).unlink(missing_ok=True)
                    self._seen.pop(name, None)
                else:
                    living.append(owner)
            self._sweep()
        return living

    def _begin(self) -> None:
        """Take a new name, and write who that is."""
        owner = Owner(f"{OWNER}{uuid4().hex[:16]}", lease=self._lease, job=this_job(), **this_process())
        content = f"{0:>{COUNTER}}\n{json.dumps(asdict(owner))}\n".encode()
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
                    os.write(descriptor, f"{count:>{COUNTER}}".encode())
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
            if name.startswith((".", OWNER)):
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


def _remove_tree(folder: Path) -> None:
    if folder.is_dir() and not folder.is_symlink():
        shutil.rmtree(folder, ignore_errors=True)
    else:
        with suppress(OSError):
            folder.unlink(missing_ok=True)
