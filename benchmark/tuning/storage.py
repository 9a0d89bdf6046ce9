"""Where studies are kept: a journal file beside the results, or whatever an Optuna URL names.

Each line of a journal carries a checksum, by which damage is seen; lines of older versions have none.
"""

from __future__ import annotations

import os
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.exceptions import ResultsError
from benchmark.files import write_bytes
from benchmark.results.store import DAMAGED
from benchmark.suite.storage_url import expanded, without_passwords

if TYPE_CHECKING:
    from optuna.storages import BaseStorage

JOURNAL = "studies.journal"
# A path that begins in a folder of the user's own naming.
_LEADING = re.compile(r"\$(\w+|\{[^}]*\})", re.ASCII)


def storage_place(url: str | None, results: Path, *, by_hand: bool = False) -> str:
    """Return a URL, its environment variables not yet filled in, or the journal file in a suite's results folder.

    An SQLite file lies below the results folder, or below the folder that a variable names, unless the command line
    says where it is (``by_hand``).

    Raises:
        ResultsError: when the suite names an SQLite file that lies elsewhere.
    """
    if url is None:
        return str((results / JOURNAL).resolve())
    kind, _, rest = url.partition("://")
    if by_hand or not kind.startswith("sqlite"):
        return url
    name, mark, query = rest.removeprefix("/").partition("?")
    named = _LEADING.match(name)
    below = Path(named[0]) if named else results.resolve()
    file = Path(os.path.normpath(name)) if named else (below / name).resolve()
    if not name or not file.is_relative_to(below):
        raise ResultsError(
            f"'storage' in the suite names {shown_place(url)}, which does not lie in the results folder. Give it as "
            "sqlite:///studies.db, or say on the command line where it is: --set tune.storage=URL."
        )
    return f"{kind}:///{file}{mark}{query}"


def is_journal(place: str) -> bool:
    """Whether a place is a journal file, which only the run that holds the results writes."""
    return "://" not in place


def shown_place(place: str) -> str:
    """Return a place as people may see it: a journal by its name, a URL without its password.

    Environment variables stand there by their names.
    """
    return Path(place).name if is_journal(place) else without_passwords(place)


def open_storage(place: str) -> BaseStorage:
    """Open a storage, and create it where it is absent. A journal holds JSON lines: nothing is unpickled.

    Raises:
        ResultsError: when it cannot be opened.
    """
    values: dict[str, str] = {}
    try:
        address, values = (place, values) if is_journal(place) else expanded(place)
    except KeyError as error:
        raise ResultsError(
            f"The studies in {shown_place(place)} cannot be opened: {error.args[0]} is not set."
        ) from None
    import optuna
    from optuna.storages import JournalStorage, RDBStorage

    from benchmark.tuning.journal import CheckedJournal

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            return JournalStorage(CheckedJournal(place)) if is_journal(place) else RDBStorage(address)
    except Exception as error:  # Drivers of databases raise errors of their own.
        said = without_passwords(f"{type(error).__name__}: {error}")
        for name, value in values.items():
            said = said.replace(value, f"${{{name}}}") if value else said
        # What was raised is not chained to it: it may hold what the variables hold.
        raise ResultsError(f"The studies in {shown_place(place)} cannot be opened: {said}") from None


def mend_journal(place: str) -> str:
    """Cut a journal off where it is damaged, or where a writer was killed in a line; call while nobody writes.

    Return what is to be said of it: a damaged journal is kept under another name, too.

    Raises:
        ResultsError: when it cannot be written.
    """
    from benchmark.tuning.journal import sound_length

    file = Path(place)
    if not is_journal(place) or not file.is_file():
        return ""
    said = ""
    try:
        content = file.read_bytes()
        length = sound_length(content)
        if b"\n" in content[length:]:
            aside = file.with_name(f"{DAMAGED}{file.name}")
            write_bytes(aside, content)
            said = (
                f"Warning: {file.name} was damaged. It is kept as {aside.name}; what came later is run again."
            )
        if length < len(content):
            write_bytes(file, content[:length])
    except OSError as error:
        raise ResultsError(f"{file} cannot be written: {error}") from error
    # The lock of a writer that was killed would be waited for.
    for lock in file.parent.glob(f"{file.name}.lock*"):
        lock.unlink(missing_ok=True)
    return said
