"""What a module that offers components promises."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from benchmark.contract.rules import NotTriedError, Rule
from benchmark.exceptions import did_you_mean
from benchmark.plugin import hookspecs
from benchmark.plugin.benchfile import Benchfile
from benchmark.plugin.beside import make_importable

# What takes long to import, and is for the functions that use it.
HEAVY = (
    "tensorflow", "keras", "torch", "jax", "librosa", "matplotlib", "pandas", "sklearn", "scipy", "transformers",
)  # fmt: skip
_PREFIX = "bench_"


@dataclass
class ModuleTrial:
    """A module by its name, or a benchfile."""

    module: str | Benchfile
    imported: ModuleType | None = None


def imports(trial: ModuleTrial) -> Iterator[str]:
    """Yield heavy libraries that importing a module brings with it."""
    before = set(sys.modules)
    if isinstance(trial.module, Benchfile):
        make_importable(trial.module.path.resolve().parent)
        trial.imported = trial.module.load()
    else:
        trial.imported = importlib.import_module(trial.module)
    new = set(sys.modules) - before
    heavy = [name for name in HEAVY if name in new]
    if heavy:
        yield f"importing it imports {', '.join(heavy)}: do so inside functions, as 'bench plan' loads all plugins"


def hooks(trial: ModuleTrial) -> Iterator[str]:
    """Yield functions that are called like hooks, and are none."""
    if trial.imported is None:
        raise NotTriedError("it cannot be imported")
    known = [name for name in dir(hookspecs) if name.startswith(_PREFIX)]
    marked = 0
    for name, value in list(vars(trial.imported).items()):
        if not callable(value) or not name.startswith(_PREFIX) or isinstance(value, ModuleType):
            continue
        if not is_marked(value):
            if name in known:
                yield f"{name} is not marked with @hookimpl, so nobody calls it"
        elif name not in known:
            yield f"there is no hook '{name}'." + did_you_mean(name, known)
        else:
            marked += 1
            yield from _offered(name, value)
    if not marked:
        yield "it offers nothing: no function is marked with @hookimpl"


def is_marked(function: Any) -> bool:
    """Whether a function is marked with ``@hookimpl``."""
    return hasattr(function, f"{hookspecs.PROJECT}_impl")


def _offered(name: str, hook: Any) -> Iterator[str]:
    """Yield when a hook that gives components or verbs gives something else than a list."""
    specified: Any = getattr(hookspecs, name)
    if specified.__code__.co_argcount:
        return  # an event
    offered = hook()
    if not isinstance(offered, list | tuple):
        yield f"{name} gave {type(offered).__name__} instead of a list"


PLUGIN = (
    Rule("plugin-imports", "importing it is cheap", imports),
    Rule("plugin-hooks", "its hooks are marked, known, and give lists", hooks),
)
