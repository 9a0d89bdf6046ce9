"""How long a recording may be: memory counts."""

from __future__ import annotations

import os
from pathlib import Path

from benchmark.exceptions import PassingAudioError

LONGEST = 3600.0
LONGEST_VARIABLE = "BENCH_LONGEST_SECONDS"
_HIGHEST_RATE = 192_000


def longest_seconds() -> float:
    """Return how long a recording may be, in seconds: ``$BENCH_LONGEST_SECONDS``, or an hour.

    Raises:
        AudioError: when the variable is no number above 0.
    """
    given = os.environ.get(LONGEST_VARIABLE, "")
    try:
        seconds = float(given) if given else LONGEST
    except ValueError:
        seconds = 0.0
    if not seconds > 0:
        raise PassingAudioError(f"{LONGEST_VARIABLE}={given} is no number of seconds above 0.")
    return seconds


def require_short(samples: int, rate: int, path: Path, longest: float) -> None:
    """Raise when so many samples, at a rate in Hz, are more than ``longest`` seconds.

    Raises:
        AudioError: then.
    """
    # Memory counts, and at an unlikely rate there is more of it to a second.
    seconds = samples / min(rate, _HIGHEST_RATE)
    if seconds > longest:
        raise too_long(path, seconds, longest)


def too_long(path: Path, seconds: float, longest: float) -> PassingAudioError:
    """Return what is to be raised of a recording of so many seconds."""
    return PassingAudioError(
        f"{path}: too long: more than {longest:g} s are not read, lest memory runs out, and it has {seconds:.0f} s "
        f"or more. To use it, set {LONGEST_VARIABLE}."
    )
