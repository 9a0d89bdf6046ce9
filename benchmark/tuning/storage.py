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

if TYPE_CHECKING:
    from optuna.storages import BaseStorage

JOURNAL = "studies.journal"


def storage_place(url: str | None, results: Path) -> str:
    """Return a URL, its environment variables filled in, or the journal file in a suite's results folder."""
    return str((results / JOURNAL).resolve()) if url is None else os.path.expandvars(url)


def is_journal(place: str) -> bool:
    """Whether a place is a journal file, which only the run that holds the results writes."""
    return "://" not in place


def shown_place(place: str) -> str:
    """Return a place as people may see it: a journal by its name, a URL without its password."""
    return Path(place).name if is_journal(place) else re.sub(r"(://[^:/@]*):[^@]*@", r"\1:***@", place)


def open_storage(place: str) -> BaseStorage:
    """Open a storage, and create it where it is absent. A journal holds JSON lines: nothing is unpickled.

    Raises:
        ResultsError: when it cannot be opened.
    """
    import optuna
    from optuna.storages import JournalStorage, RDBStorage

    from benchmark.tuning.journal import CheckedJournal

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            return JournalStorage(CheckedJournal(place)) if is_journal(place) else RDBStorage(place)
    except Exception as error:  # Drivers of databases raise errors of their own.
        raise ResultsError(
            f"The studies in {shown_place(place)} cannot be opened: {type(error).__name__}: {error}"
        ) from error


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
