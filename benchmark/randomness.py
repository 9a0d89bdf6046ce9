"""Random numbers from names: each consumer derives its own stream, so adding one never shifts another."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

Name = str | int | float | None


def derive_seed(*names: Name) -> int:
    """Return an integer in [0, 2**32) that depends on all of ``names`` and on nothing else.

    The same names give the same number in every process and on every machine (SHA-256 of their JSON form),
    which Python's salted ``hash`` does not.
    """
    text = json.dumps(names, separators=(",", ":"))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def derive_generator(*names: Name) -> np.random.Generator:
    """Return a NumPy generator seeded by ``derive_seed(*names)``."""
    import numpy as np

    return np.random.default_rng(derive_seed(*names))
