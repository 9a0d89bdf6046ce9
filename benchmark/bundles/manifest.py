"""The manifest of a bundle: what is in it, with a digest of everything."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from benchmark.digests import is_intact, sealed
from benchmark.exceptions import BundleError
from benchmark.suite.load import NAME_PATTERN
from benchmark.text import visible
from benchmark.validation import sentence

MANIFEST, FORMAT = "manifest.json", 1
MOST_BYTES = 200_000_000
SUITE, WRITTEN, BENCHFILE, RESULTS = "suite/suite.yaml", "suite/written", "suite/benchfile.py", "results"


@dataclass(frozen=True)
class File:
    """A member: its size in bytes, and its SHA-256 in hexadecimal digits."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Listed:
    """A cell of the suite: its labels by axis, and the id and status of its result, empty where there is none."""

    labels: dict[str, str]
    id: str = ""
    status: str = ""


@dataclass(frozen=True)
class Manifest:
    """What a bundle holds.

    Attributes:
        suite: the suite's name, which its results lie under.
        description: of the suite, in words.
        lab: who vouches for it, as they call themselves; perhaps empty.
        date: when the last of its cells was started, ISO 8601; perhaps empty.
        cells: all cells of the suite, in its order, also those without a result.
        metrics: by label: the ``name`` and ``parameters`` of what tables compute.
        environment: what the results were made with: each distinct answer of the records once.
        members: all other members, by name, in their order.
        rehearsal: whether its results are of the suite's rehearsal.
        format: version of the bundle's form.
    """

    suite: str
    cells: list[Listed]
    members: dict[str, File]
    description: str = ""
    lab: str = ""
    date: str = ""
    metrics: dict[str, dict[str, Any]] = field(default_factory=dict)
    environment: dict[str, list[str]] = field(default_factory=dict)
    rehearsal: bool = False
    format: int = FORMAT

    def to_bytes(self) -> bytes:
        """Return it as JSON that carries its own digest."""
        return (json.dumps(sealed(asdict(self)), indent=1, ensure_ascii=False) + "\n").encode()


def read_manifest(content: bytes) -> Manifest:
    """Return the manifest that ``to_bytes`` gave.

    Raises:
        BundleError: when it is not what was written, or of a later version.
    """
    try:
        plain = json.loads(content)
        if not isinstance(plain, dict) or not is_intact(plain):
            raise BundleError(f"member '{MANIFEST}' is not what was written.")
        if type(plain.get("format")) is int and plain["format"] > FORMAT:
            raise BundleError(
                f"it was written by a later version of genrebench: it is of version {plain['format']}, and this "
                f"program reads versions up to {FORMAT}."
            )
        manifest = _adapter().validate_python(plain)
    except ValidationError as error:
        detail = error.errors()[0]
        where = ".".join(map(str, detail["loc"]))
        raise BundleError(f"member '{MANIFEST}' is not one: {sentence(where, detail)}") from error
    except (ValueError, RecursionError) as error:
        raise BundleError(f"member '{MANIFEST}' is not what was written.") from error
    # Names become paths.
    if not re.fullmatch(f"{NAME_PATTERN}(-rehearsal)?", manifest.suite):
        raise BundleError(
            f"member '{MANIFEST}' is refused: '{visible(manifest.suite)[:80]}' is no name of a suite."
        )
    if not all(re.fullmatch(r"([0-9a-f]{12})?", cell.id) for cell in manifest.cells):
        raise BundleError(f"member '{MANIFEST}' is refused: it lists cells without an id.")
    return manifest


@cache
def _adapter() -> TypeAdapter[Manifest]:
    return TypeAdapter(Manifest)
