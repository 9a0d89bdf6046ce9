"""Other people's text, made harmless: control characters are shown and not obeyed."""

from __future__ import annotations

import codecs
import unicodedata
from typing import TextIO

# What terminals obey (C0 and C1 controls), and what reorders the text around it. Tabs and line ends stay.
_OBEYED = [*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
_SHOWN = {code: ascii(chr(code))[1:-1] for code in _OBEYED if chr(code) not in "\t\n"}
# Stand-ins of the same width, so that tables stay tables.
_PLAIN = {
    **dict.fromkeys("─━┄┅┈┉═╌╍", "-"),
    **dict.fromkeys("│┃┆┇┊┋║╎╏", "|"),
    **dict.fromkeys("–—−‐‑‒―", "-"),
    **dict.fromkeys("‘’‚′", "'"),
    **dict.fromkeys("“”„″«»", '"'),
    "…": "...",
    "·": "*",
    "•": "*",
    "→": "->",
    "←": "<-",
    "≤": "<=",
    "≥": ">=",
    "±": "+/-",
    "×": "x",
    "Δ": "d",
    "α": "a",
    "µ": "u",
    "μ": "u",
}
_REPLACE = "benchmark.replace"


def visible(text: str) -> str:
    r"""Return a text in which control characters are seen (``\x1b``); lines and tabs stay as they are."""
    return text.translate(_SHOWN)


def unfiltered(stream: TextIO) -> TextIO:
    """Return the stream behind one that shows control characters: for what commands the terminal itself."""
    return getattr(stream, "unfiltered", stream)


def _replaced(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    unencodable = error.object[error.start : error.end]
    return "".join(_plain(character) for character in unencodable), error.end


def _plain(letter: str) -> str:
    """Return what an output shows that has no such character."""
    if letter in _PLAIN:
        return _PLAIN[letter]
    if "\u2500" <= letter <= "\u257f":
        return "+"
    if "\ud800" <= letter <= "\udfff":  # A byte of a file name that is no text.
        return ascii(letter)[1:-1]
    return unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode() or "?"


def replacing() -> str:
    """Return the name of the error handler that replaces what an encoding lacks by what comes nearest."""
    codecs.register_error(_REPLACE, _replaced)
    return _REPLACE
