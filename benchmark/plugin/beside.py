"""Modules that lie beside a benchfile, which it may import by name."""

from __future__ import annotations

import sys
from pathlib import Path

# The folder of the benchfile that was loaded last, and the modules that there were before it.
_current: list[tuple[Path, frozenset[str]]] = []


def make_importable(folder: Path) -> None:
    """Let modules in ``folder`` be imported, after all that is installed, in place of those of the benchfile before.

    What that one imported from its own folder is forgotten: a module of the same name may lie here, or have changed.
    """
    while _current:
        older, known = _current.pop()
        for name in set(sys.modules) - known:
            file = getattr(sys.modules[name], "__file__", None)
            # The benchfile itself stays: its classes look their module up.
            if file and Path(file).is_relative_to(older) and not name.startswith("benchfile_"):
                del sys.modules[name]
        if str(older) in sys.path:
            sys.path.remove(str(older))
    if str(folder) not in sys.path:
        _current.append((folder, frozenset(sys.modules)))
        sys.path.append(str(folder))
