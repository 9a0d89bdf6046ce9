"""Where the trainings of a suite leave their checkpoints, and of what these must be to be used."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from benchmark import training
from benchmark.checkpoints import NEVER, CheckpointPlace, checkpoint_file

# Another machine may go on, which is told; other versions, or another number of threads, begin anew.
_SAME = ("python", "versions", "threads", "benchfile")
_TOLD = ("cpu", "platform")


def checkpoint_place(
    results: Path, id_: str, made_with: Mapping[str, Any], every: float | None
) -> CheckpointPlace | None:
    """Return the place of the cell or trial ``id_`` in a suite's folder of ``results``; None for ``NEVER``.

    ``made_with`` is the provenance of its result.
    """
    if every == NEVER:
        return None
    identity = {"id": id_, "code": _code(), **{name: made_with.get(name) for name in _SAME}}
    where = {name: made_with[name] for name in _TOLD if name in made_with}
    return CheckpointPlace(checkpoint_file(results, id_), identity, where, every)


@cache
def _code() -> str:
    """Return a digest of the code that trains: a version says little of what is worked on."""
    digest = hashlib.sha256()
    for file in sorted(Path(training.__path__[0]).glob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()
