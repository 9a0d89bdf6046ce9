"""Spellings of one name: what file systems and people make of it."""

from __future__ import annotations

import unicodedata


def fold(name: str) -> str:
    """Return a name without what Unicode forms and case make of it.

    >>> fold("Cafe\\u0301") == fold("CAF\\u00c9")
    True
    """
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
