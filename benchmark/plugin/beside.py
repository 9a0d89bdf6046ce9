"""Modules that lie beside a benchfile, which it may import by name."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import FileFinder, ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

# The finders for the benchfile that was loaded last, and the modules that there were before it.
_current: list[tuple[_Below, _Beside, frozenset[str]]] = []


def make_importable(folder: Path) -> None:
    """Let modules in ``folder`` be imported, after all that is installed, in place of those of the benchfile before.

    What that one imported from its own folder is forgotten: a module of the same name may lie here, or have changed.
    """
    while _current:
        below, beside, known = _current.pop()
        for name in set(sys.modules) - known:
            file = getattr(sys.modules[name], "__file__", None)
            # The benchfile itself stays: its classes look their module up.
            if file and Path(file).is_relative_to(beside.folder) and not name.startswith("benchfile_"):
                del sys.modules[name]
        sys.meta_path.remove(below)
        sys.meta_path.remove(beside)
    below, beside = _Below(folder), _Beside(folder)
    _current.append((below, beside, frozenset(sys.modules)))
    # What packages in the folder hold would be found by others first, who look at compiled code too.
    sys.meta_path.insert(0, below)
    sys.meta_path.append(beside)


def stay_importable(folder: Path) -> None:
    """Do the same, unless modules in ``folder`` can be imported by now."""
    if not _current or _current[-1][1].folder != folder:
        make_importable(folder)


class _Beside(MetaPathFinder):
    """Finds modules and packages in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """See ``importlib.abc.MetaPathFinder``."""
        return _source_in(fullname, [str(self.folder)]) if path is None else None


class _Below(_Beside):
    """Finds what packages hold that lie in a folder."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """See ``importlib.abc.MetaPathFinder``."""
        places = [place for place in path or () if Path(place).resolve().is_relative_to(self.folder)]
        return _source_in(fullname, places)


def _source_in(fullname: str, places: Sequence[str]) -> ModuleSpec | None:
    finders = (FileFinder(place, (_SourceLoader, [".py"])) for place in places)
    return next(filter(None, (finder.find_spec(fullname) for finder in finders)), None)


class _SourceLoader(SourceFileLoader):
    """Compiles the source: compiled code that lies beside it, which nobody can have read, is not even looked at."""

    def get_code(self, fullname: str) -> CodeType:
        """Return the source, compiled."""
        path = self.get_filename(fullname)
        code: CodeType = self.source_to_code(self.get_data(path), path)
        return code
