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


def portable(returned: Returned) -> Returned:
    """Return it with an error that another process can read: not every class can be made again from its arguments."""
    import cloudpickle

    if returned.error is None:
        return returned
    try:
        same = cloudpickle.loads(cloudpickle.dumps(returned.error))
        if type(same) is type(returned.error) and str(same) == str(returned.error):
            return returned
    except BaseException:  # noqa: S110
        pass
    return Returned(error=TaskError(error_text(returned.error)))
