"""Every error that a user can meet, in one place.

A ``BenchError`` is a message for a person: what was wrong, where, what is allowed, what to do next. The
command line prints it without a traceback and exits with its ``exit_code``. Anything else that escapes is a
bug of ours, and keeps its traceback.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

# Of what plugins say; an array's text, or a whole file's, may stand in an error.
MESSAGE_LENGTH, TRACEBACK_LENGTH = 10_000, 100_000


class BenchError(Exception):
    """Base of all errors that are the user's to act on; never raised itself."""

    exit_code = 1
    # What 'bench explain' knows it by, for ever; each kind of error has its own.
    code = ""


class UsageError(BenchError):
    """Raised when the command line asks for something that does not exist or does not go together."""

    code = "usage"
    exit_code = 2


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong in a suite: ``where`` is ``file:line`` or an override, as ``--set cell.x``."""

    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message


class SuiteError(BenchError):
    """Raised when a suite file cannot be used; carries every problem of the file at once."""

    code = "suite"
    exit_code = 2

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class PluginError(BenchError):
    """Raised when a component that is asked for is missing, broken, or offered by two plugins."""

    code = "plugin"
    exit_code = 2


class PluginFailure(PluginError):  # noqa: N818
    """Raised in place of whatever a plugin's code raises (``type``): says whose code it is, and where."""

    code = "plugin-failure"

    def __init__(self, where: str, type: str, told: str) -> None:
        self.where, self.type, self.told = where, type, told
        super().__init__(where, type, told)

    def __str__(self) -> str:
        return f"{self.where}: {self.type}: {self.told}" if self.told else f"{self.where}: {self.type}"

    @property
    def refusal(self) -> str:
        """The message alone of a ``ValueError``, by which parameters are refused; all of any other error."""
        return self.told if self.type == "ValueError" else f"{self.type}: {self.told} ({self.where})"


class DatasetError(BenchError):
    """Raised when a dataset is absent, unusable, or used against its role."""

    code = "dataset"
    exit_code = 2


class BrokenDatasetError(DatasetError):
    """Raised when a dataset's own code fails, or hands back what is no corpus; others can be used all the same."""

    code = "broken-dataset"


class AudioError(BenchError):
    """Raised when an audio file cannot be decoded or holds nothing usable."""

    code = "audio"


class PassingAudioError(AudioError):
    """Raised when a whole file is not read as things are: its decoder is not installed, or a limit is too low."""

    code = "passing-audio"


class SplitError(BenchError):
    """Raised when tracks cannot be split as asked, for instance a class with too few tracks."""

    code = "split"
    exit_code = 2


class LeakError(BenchError):
    """Raised when an audit found a leak, and none is to be run with."""

    code = "leak"


class CacheError(BenchError):
    """Raised when the feature cache cannot be read or written."""

    code = "cache"


class ResultsError(BenchError):
    """Raised when a results folder cannot be written, is damaged, or is in use by another run."""

    code = "results"


class LostClaimError(ResultsError):
    """Raised when a result is not filed: while its process was stopped, another one took its cell over."""

    code = "lost-claim"


class BundleError(ResultsError):
    """Raised when a bundle cannot be used: it is damaged, hostile, unsigned, or of a later version."""

    code = "bundle"


class NewerRecordError(ResultsError):
    """Raised when a record was written by a later version of the program, which alone can read it."""

    code = "newer-record"


class WeightsError(BenchError):
    """Raised when a file of pretrained weights is absent, damaged, or of another architecture."""

    code = "weights"


class BackendError(BenchError):
    """Raised when the Keras backend is missing, or cannot do here what a suite asks of it."""

    code = "backend"
    exit_code = 2


class OutOfMemoryError(BenchError):
    """Raised when training or evaluation took more memory than there is; says what to try next."""

    code = "out-of-memory"


class CellTimeoutError(BenchError):
    """Raised inside a cell that has used up the time it was given."""

    code = "timeout"


class TaskError(BenchError):
    """Raised in place of an error of a plugin that cannot leave its process, and of one that would end the program."""

    code = "task"


class Interrupted(KeyboardInterrupt):
    """Raised when the person, or the cluster, that runs a program wants it to stop; a plugin's own is none."""


class WorkerDiedError(BenchError):
    """Raised when worker processes cannot be started, and as a cell's outcome when the one that ran it disappeared."""

    code = "worker-died"


class ClusterError(BenchError):
    """Raised when a Dask cluster cannot be reached any more, or none of its workers can be used."""

    code = "cluster"


def error_text(error: BaseException) -> str:
    """Return an error's type and message, for people; a long one is cut."""
    message = error_message(error)
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def error_message(error: BaseException) -> str:
    """Return an error's message, cut to ``MESSAGE_LENGTH`` characters; that of a plugin's may be none."""
    try:
        message = str(error)
    except Exception:
        message = "(its message cannot be read)"
    return shortened(message, MESSAGE_LENGTH)


def shortened(text: str, length: int) -> str:
    """Return a text of at most about ``length`` characters: its beginning and its end, and how much is not shown.

    >>> shortened("abcdefghij", 6)
    'abc … (4 characters are left out) … hij'
    """
    if len(text) <= length:
        return text
    half = length // 2
    return f"{text[:half]} … ({len(text) - 2 * half:,} characters are left out) … {text[len(text) - half :]}"


def did_you_mean(found: str, allowed: Sequence[str]) -> str:
    """Return the tail of an error message: the nearest allowed name, then all of them, each once.

    >>> did_you_mean("cat", ["car", "bus", "car"])
    " Did you mean 'car'? Available: bus, car."
    """
    return f"{nearest(found, allowed)} Available: {', '.join(sorted({*allowed})) or 'none'}."


def nearest(given: str, allowed: Sequence[str]) -> str:
    """Return a question with the nearest allowed name, or nothing, for messages that list all names."""
    near = get_close_matches(given, allowed, n=1, cutoff=0.6)
    return f" Did you mean '{near[0]}'?" if near else ""
