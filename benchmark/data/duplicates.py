"""Find recordings that are there more than once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping


def copies_of(contents: Mapping[str, str]) -> list[list[str]]:
    """Return the names that share a content hash, two or more at a time, in the order of ``contents``.

    >>> copies_of({"a": "1", "b": "2", "c": "1"})
    [['a', 'c']]
    """
    names: defaultdict[str, list[str]] = defaultdict(list)
    for name, content in contents.items():
        names[content].append(name)
    return [copies for copies in names.values() if len(copies) > 1]
