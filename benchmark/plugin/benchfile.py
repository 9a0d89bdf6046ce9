"""The plugin code beside a suite: read once, and run from what was read."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass, field
from functools import cached_property
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

from benchmark.exceptions import PluginError
from benchmark.plugin.code import pin

BENCHFILE = "benchfile.py"
MOST_BYTES = 1_000_000


@dataclass(frozen=True)
class Benchfile:
    """A ``benchfile.py`` as it was when it was read.

    Whoever runs it, in whatever process, runs these bytes and nothing else: what the user agreed to, what results
    are filed under, and what workers do stay the same, whatever becomes of the file while a run goes on.
    """

    path: Path
    digest: str
    source: bytes = field(repr=False, compare=False)

    @property
    def version(self) -> str:
        """What takes part in the identity of cells that use its components."""
        return self.digest[:12]

    @cached_property
    def lines(self) -> int:
        """How many lines it has."""
        return len(self.source.splitlines())

    def load(self) -> ModuleType:
        """Run it, and return it as a module. Whatever it raises is raised."""
        pin(self.path, self.source)
        name = f"benchfile_{self.version}"
        spec = spec_from_loader(name, _Loader(name, self), origin=str(self.path))
        if spec is None or spec.loader is None:
            raise ImportError(f"{self.path} cannot be imported")
        module = module_from_spec(spec)
        module.__file__ = str(self.path)
        # Dataclasses and the like look their module up while it is being made.
        sys.modules[name] = module
        complete = False
        try:
            spec.loader.exec_module(module)
            complete = True
        finally:
            if not complete:
                del sys.modules[name]
        return module


def read_benchfile(path: Path) -> Benchfile | None:
    """Return what lies at ``path``, without running any of it; None where there is no such file.

    Raises:
        PluginError: when it cannot be read, or is longer than anybody can have looked at.
    """
    if not path.is_file():
        return None
    try:
        with path.open("rb") as file:
            source = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise PluginError(f"{path} cannot be read: {error.strerror or error}.") from error
    if len(source) > MOST_BYTES:
        raise PluginError(f"{path} is longer than {MOST_BYTES:,} bytes; put such code into a package.")
    return Benchfile(path, hashlib.sha256(source).hexdigest(), source)


class _Loader(SourceFileLoader):
    """Compiles the bytes that were read. Compiled code that lies beside the file is not even looked at."""

    def __init__(self, name: str, benchfile: Benchfile) -> None:
        super().__init__(name, str(benchfile.path))
        self._source = benchfile.source

    def get_data(self, path: str) -> bytes:
        """Return the source, whatever is asked for."""
        return self._source

    def get_code(self, fullname: str) -> object:  # type: ignore[override]
        """Return the source, compiled."""
        return self.source_to_code(self._source, self.path)
