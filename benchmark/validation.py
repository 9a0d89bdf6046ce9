"""What pydantic finds wrong, in words for people."""

from __future__ import annotations

import re
from typing import Any

from benchmark.exceptions import nearest


def sentence(name: str, detail: Any) -> str:
    """Return one of pydantic's error details as a sentence about ``name``, with the nearest choice."""
    said = detail["msg"].removeprefix("Value error, ")
    given = detail["input"]
    choices = re.findall("'([^']*)'", detail["ctx"]["expected"]) if detail["type"] == "literal_error" else []
    hint = nearest(given, choices) if isinstance(given, str) else ""
    return f"'{name}': {said[0].lower()}{said[1:]}, found {given!r}.{hint}"
