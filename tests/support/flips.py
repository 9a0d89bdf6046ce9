"""One bit of one file is flipped, as a disk may do it; then the suite is run."""

from __future__ import annotations

import os
import random
import shutil
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from finished import Finished, same


@dataclass(frozen=True)
class Flip:
    """A bit of a file; ``told`` says that the file's time of change tells of it, as it does not when a disk decays."""

    file: Path
    position: int
    bit: int
    told: bool

    def __str__(self) -> str:
        return (
            f"{self.file.name}, byte {self.position}, bit {self.bit}{'' if self.told else ', time unchanged'}"
        )


def random_flip(file: Path, rng: random.Random) -> Flip:
    """Draw a bit of a file."""
    return Flip(file, rng.randrange(file.stat().st_size), rng.randrange(8), rng.random() < 0.5)


def flip(chosen: Flip) -> None:
    """Flip a bit on the disk."""
    before = chosen.file.stat()
    with chosen.file.open("r+b") as stream:
        stream.seek(chosen.position)
        byte = stream.read(1)[0]
        stream.seek(chosen.position)
        stream.write(bytes([byte ^ 1 << chosen.bit]))
    if not chosen.told:
        os.utime(chosen.file, ns=(before.st_atime_ns, before.st_mtime_ns))


def fault_after(project: Finished, chosen: Flip, expected: dict[str, pd.DataFrame]) -> str:
    """Flip a bit, run the suite, and say what is wrong then, or nothing.

    Where the bit is in the cache, a cell is lost first, so that what is damaged is used.
    """
    project.restore()
    before = chosen.file.read_bytes()
    flip(chosen)
    if chosen.file.is_relative_to(project.folder / "cache"):
        shutil.rmtree(project.cells()[-1])
    ran = project.run()
    if ran.code != 0:
        return f"exit code {ran.code}: {ran.said[-500:]}"
    if not same(project.values(), expected):
        return "other values"
    is_report = chosen.file.is_relative_to(project.results / "report")
    if is_report and chosen.file.name != "made-from.json" and chosen.file.read_bytes() != before:
        return "the report is still damaged"
    return ""
