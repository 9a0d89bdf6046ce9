"""What an executor does with one task, in whichever process: anything that plugins raise is the task's outcome."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmark.exceptions import Interrupted, TaskError, error_text
from benchmark.plugin.border import output_aside, staying_here


@dataclass(frozen=True)
class Returned:
    """What came of a task: a value, or an error."""

    value: Any = None
    error: Exception | None = None


def perform(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Returned:
    """Call a function; whatever it raises, ``sys.exit`` included, is what came of it.

    Raises:
        Interrupted: when the person who runs this process wants it to stop.
    """
    with output_aside(), staying_here():
        try:
            return Returned(function(*arguments))
        except Interrupted:
            raise
        except Exception as error:
            return Returned(error=error)
        except BaseException as error:
            return Returned(error=TaskError(error_text(error)))


def packed(thing: Any) -> bytes:
    """Return what another process of this run can make the same of."""
    import cloudpickle

    content: bytes = cloudpickle.dumps(thing)
    return content


def unpacked(content: bytes) -> Any:
    """Return what ``packed`` was given. It runs what it is told to: never give it what lay on a disk."""
    import cloudpickle

    return cloudpickle.loads(content)


def answered(task: bytes) -> bytes:
    """Do a task, a packed function and its arguments; return what came of it, packed."""
    returned = portable(perform(called, (task,)))
    try:
        return packed(returned)
    # What a task returns may be such that it cannot be sent.
    except BaseException as error:
        return packed(Returned(error=TaskError(error_text(error))))


def read_answer(content: bytes) -> Returned:
    """Return what came of a task that another process has done."""
    try:
        returned: Returned = unpacked(content)
        return returned
    # What a task returns may be such that it cannot be read here.
    except Exception as error:
        return Returned(error=TaskError(error_text(error)))


def portable(returned: Returned) -> Returned:
    """Return it with an error that another process can read: not every class can be made again from its arguments."""
    if returned.error is None:
        return returned
    try:
        same = unpacked(packed(returned.error))
        if type(same) is type(returned.error) and str(same) == str(returned.error):
            return returned
    except BaseException:  # noqa: S110
        pass
    return Returned(error=TaskError(error_text(returned.error)))


def called(task: bytes) -> Any:
    """Return what a packed function returns for the arguments that are packed with it."""
    function, arguments = unpacked(task)
    return function(*arguments)
