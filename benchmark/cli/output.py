"""Standard output and error as verbs see them: nothing that is printed can fail, or command a terminal."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmark.text import replacing, visible

_STDOUT, _STDERR = 1, 2


class SafeOutput(io.TextIOWrapper):
    """Text to a stream that may lack characters, or be gone.

    Control characters are shown. What the encoding lacks is replaced by what comes nearest. Once nobody reads any
    more (``bench status | head``), what is printed is dropped; any other reason why it cannot be written is kept in
    ``problem``.
    """

    problem: OSError | None = None
    unfiltered: Any = None

    def write(self, text: str) -> int:
        """Write a text; see above."""
        with self._forgiving():
            super().write(visible(text))
        return len(text)

    def flush(self) -> None:
        """Flush; see above."""
        with self._forgiving():
            super().flush()

    @contextmanager
    def _forgiving(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if not isinstance(error, BrokenPipeError) and self.problem is None:
                self.problem = error
            # What is still buffered goes nowhere: at the program's end it would be tried once more.
            with contextlib.suppress(OSError, ValueError):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, self.fileno())
                os.close(nowhere)


@contextmanager
def safe_output() -> Iterator[None]:
    """Make both streams safe for as long as this lasts."""
    streams = {name: getattr(sys, name) for name in ("stdout", "stderr")}
    for name, stream in streams.items():
        safe = _safe(stream)
        if safe is not None:
            setattr(sys, name, safe)
    try:
        yield
    finally:
        for name, stream in streams.items():
            _give_back(name, stream)


@contextmanager
def plain_output() -> Iterator[None]:
    """Give both streams back for a while to somebody who commands the terminal: colours, progress bars."""
    safe = {name: getattr(sys, name) for name in ("stdout", "stderr")}
    for name, stream in safe.items():
        if isinstance(stream, SafeOutput):
            stream.flush()
            setattr(sys, name, stream.unfiltered)
    try:
        yield
    finally:
        for name, stream in safe.items():
            setattr(sys, name, stream)


@contextmanager
def own_output() -> Iterator[None]:
    """Keep standard output for what this program itself says.

    Native code and child processes, of plugins and of libraries, which print past ``sys.stdout``, meanwhile reach
    standard error: what is written to a file may be read by programs.
    """
    stream: Any = sys.stdout
    if not (_is_descriptor(stream, _STDOUT) and _is_descriptor(sys.stderr, _STDERR)):
        yield
        return
    stream.flush()
    kept = os.dup(_STDOUT)
    ours = SafeOutput(
        io.BufferedWriter(io.FileIO(kept, "wb")),
        stream.encoding,
        stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
    os.dup2(_STDERR, _STDOUT)
    # The second is where the width of a terminal is looked up.
    before = sys.__stdout__
    sys.stdout = sys.__stdout__ = ours  # type: ignore[misc]
    try:
        yield
    finally:
        ours.flush()
        stream.problem = stream.problem or ours.problem
        os.dup2(kept, _STDOUT)
        sys.stdout, sys.__stdout__ = stream, before  # type: ignore[misc]
        with contextlib.suppress(OSError, ValueError):
            ours.close()


def _is_descriptor(stream: Any, number: int) -> bool:
    """Whether a stream is one of ours, on this descriptor: not a test's, and not closed before we began."""
    try:
        return isinstance(stream, SafeOutput) and stream.fileno() == number
    except (OSError, ValueError):
        return False


def output_problem() -> OSError | None:
    """Return why standard output could not be written, or None."""
    stream: Any = sys.stdout
    if isinstance(stream, SafeOutput):
        stream.flush()
        return stream.problem
    return None


def _safe(stream: Any) -> SafeOutput | None:
    """Return a safe stream to the same place; None where there is none, or one that a test put there."""
    if not isinstance(stream, io.TextIOWrapper) or isinstance(stream, SafeOutput):
        return None
    with contextlib.suppress(OSError, ValueError):
        stream.flush()
        # Whoever gets this stream itself, for colours, must not fail either.
        stream.reconfigure(errors=replacing())
        # A pipe that is full is waited for.
        os.set_blocking(stream.fileno(), True)
    # Click writes UTF-8 where Python was told ASCII; so does this.
    encoding = (
        "utf-8" if stream.encoding.lower() in ("ascii", "us-ascii", "ansi_x3.4-1968") else stream.encoding
    )
    safe = SafeOutput(
        stream.buffer,
        encoding,
        replacing(),
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
    safe.unfiltered = stream
    return safe


def _give_back(name: str, stream: Any) -> None:
    safe = getattr(sys, name)
    if isinstance(safe, SafeOutput):
        safe.flush()
        with contextlib.suppress(OSError, ValueError):
            safe.detach()
        setattr(sys, name, stream)
