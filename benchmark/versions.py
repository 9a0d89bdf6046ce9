"""Records of older versions, step by step, as the newest version has them.

A version of the schema has a number, which a record says as ``format``. Whoever changes what a record holds raises
``NEWEST`` and adds the step that leads there from the one before; steps are never changed or removed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

NEWEST = 2
Step = Callable[[dict[str, Any]], dict[str, Any]]


def _without_digests(record: dict[str, Any]) -> dict[str, Any]:
    """1 to 2: nothing is known of what the files were."""
    return {**record, "files": {}}


STEPS: Mapping[int, Step] = {1: _without_digests}


def version_of(record: Mapping[str, Any]) -> int:
    """Return the version of a record's schema.

    Raises:
        ValueError: when it says none that can be.
    """
    version = record.get("format", 1)
    if type(version) is not int or version < 1:
        raise ValueError("'format' is no number of a version")
    return version


def upgraded(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record of version ``NEWEST`` or older as the newest version has it.

    Raises:
        ValueError: when it says no version, or a later one.
    """
    version = version_of(record)
    if version > NEWEST:
        raise ValueError(f"it is of version {version}, and {NEWEST} is the latest that is known")
    current = dict(record)
    while version < NEWEST:
        current = STEPS[version](current)
        version += 1
    return {**current, "format": NEWEST}
