"""Where studies are kept: a journal file beside the results, or whatever an Optuna URL names."""

from __future__ import annotations

import os
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.exceptions import ResultsError

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
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            return JournalStorage(JournalFileBackend(place)) if is_journal(place) else RDBStorage(place)
    except Exception as error:  # Drivers of databases raise errors of their own.
        raise ResultsError(
            f"The studies in {shown_place(place)} cannot be opened: {type(error).__name__}: {error}"
        ) from error


def mend_journal(place: str) -> None:
    """Cut off what a writer left that was killed in the middle of a line; call while nobody writes."""
    file = Path(place)
    if not is_journal(place) or not file.is_file() or not file.stat().st_size:
        return
    with file.open("r+b") as stream:
        content = stream.read()
        if not content.endswith(b"\n"):
            stream.truncate(content.rfind(b"\n") + 1)
    # The lock of a writer that was killed would be waited for.
    for lock in file.parent.glob(f"{file.name}.lock*"):
        lock.unlink(missing_ok=True)
