"""What is kept of what plugins do wrong."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

from benchmark.exceptions import (
    TRACEBACK_LENGTH,
    Interrupted,
    PluginFailure,
    error_message,
    error_text,
    shortened,
)
from benchmark.execution.events import Noted, emit
from benchmark.record import CellError

if TYPE_CHECKING:
    from benchmark.plugin.model import Model


def cell_error(error: BaseException) -> CellError:
    """Return what a record says of an error; long texts are cut."""
    try:
        trace = "".join(traceback.format_exception(error))
    except Exception:
        trace = ""
    if isinstance(error, PluginFailure):
        return CellError(error.type, f"{error.where}: {error.told}", shortened(trace, TRACEBACK_LENGTH))
    return CellError(type(error).__name__, error_message(error), shortened(trace, TRACEBACK_LENGTH))


def close_model(model: Model, cell: str) -> None:
    """Close a model. What that raises is told and does not matter: a result that is filed stays, an error too.

    Raises:
        Interrupted: when the person who runs this wants it to stop.
    """
    try:
        model.close()
    except Interrupted:
        raise
    except BaseException as error:
        emit(Noted(cell, f"closing the model raised {error_text(error)}"))
