"""What can be seen of claims from outside; who looks changes nothing."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from benchmark.claims.owner import OWNER, Owner, owner_files, read_owner


@dataclass(frozen=True)
class Holding:
    """A claim as others see it: its name, who holds it, and since when (seconds since the epoch, for people)."""

    name: str
    owner: Owner
    since: float


def is_held(claim: Path) -> bool:
    """Whether a claim, as ``Claims.take`` returned it, was not taken from its owner."""
    return claim.is_dir() and (claim.parents[1] / claim.name).exists()


def is_living(folder: Path, owner: str) -> bool | None:
    """Whether an owner has its file in a folder of claims, and is not known to be dead; None if it has none."""
    try:
        content = (folder / owner).read_bytes()
    except OSError:
        return None
    return not read_owner(owner, content).is_gone()


def holdings(folder: Path) -> list[Holding]:
    """Return the claims in a folder, by name; who looks changes nothing."""
    held = []
    with suppress(OSError):
        owners = {name: read_owner(name, content) for name, content in owner_files(folder)}
        for name in sorted(os.listdir(folder)):
            if name.startswith((".", OWNER)):
                continue
            with suppress(OSError):
                since = os.stat(folder / name).st_mtime
                held += [Holding(name, owners[o], since) for o in os.listdir(folder / name) if o in owners]
    return held


def owners(folder: Path) -> list[Owner]:
    """Return who takes part in a folder of claims, the first to come first; who looks changes nothing."""
    try:
        known = [read_owner(name, content) for name, content in owner_files(folder)]
    except OSError:
        return []
    return sorted(known, key=lambda owner: (owner.since, owner.name))
