"""Find and load plugins, one by one, so that a broken one is named and the rest work."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import pluggy

from benchmark.exceptions import did_you_mean
from benchmark.plugin import hookspecs
from benchmark.plugin.benchfile import BENCHFILE, Benchfile, read_benchfile
from benchmark.plugin.beside import make_importable
from benchmark.plugin.code import is_editable
from benchmark.plugin.component import Component
from benchmark.plugin.registry import BrokenPlugin, Registry, Source

GROUP = "bench"
COMPONENT_HOOKS = (
    "bench_datasets", "bench_audio_formats", "bench_features", "bench_augmentations", "bench_models",
    "bench_metrics",
)  # fmt: skip


class Plugins:
    """The loaded plugins: their components in ``registry``, their event hooks behind ``hook``."""

    def __init__(self, benchfile: Benchfile | Path | None = None, *, run: bool = True) -> None:
        """Load the installed plugins, and run a benchfile, which whoever calls this answers for.

        ``run=False`` only takes note of it: the registry then has stand-ins for whatever it may offer.
        """
        self.manager = pluggy.PluginManager(hookspecs.PROJECT)
        self.manager.add_hookspecs(hookspecs)
        self.registry = Registry()
        for entry_point in sorted(entry_points(group=GROUP), key=lambda e: e.name):
            self._load(_source_of(entry_point), entry_point.load)
        found = read_benchfile(benchfile) if isinstance(benchfile, Path) else benchfile
        if found is not None and run:
            self.registry.benchfile = found
            make_importable(found.path.resolve().parent)
            self._load(Source(BENCHFILE, str(found.path), found.version, "file"), found.load)
        elif found is not None:
            self.registry.unopened = found

    @property
    def hook(self) -> Any:
        """Call a hook of all plugins: ``plugins.hook.bench_cell_finished(...)``."""
        return self.manager.hook

    def notify(self, event: str, **details: Any) -> Iterator[BrokenPlugin]:
        """Call an event hook of each plugin by itself; yield those that raised, so that no tracker stops a run."""
        for plugin in self.manager.get_plugins():
            others = [other for other in self.manager.get_plugins() if other is not plugin]
            caller = self.manager.subset_hook_caller(event, remove_plugins=others)
            try:
                caller(**details)
            except Exception as error:
                name = self.manager.get_name(plugin) or str(plugin)
                yield BrokenPlugin(Source(name, name, "?"), f"{event} raised {_describe(error)}")

    def _load(self, source: Source, load: Any) -> None:
        try:
            module = load()
            self.manager.register(module, name=source.plugin)
            self._reject_unknown_hooks(module)
            for component in _components(self.manager, module):
                self.registry.add(component, source)
        except (Exception, SystemExit) as error:
            if self.manager.has_plugin(source.plugin):
                self.manager.unregister(name=source.plugin)
            self.registry.broken.append(BrokenPlugin(source, _describe(error), traceback.format_exc()))

    def _reject_unknown_hooks(self, module: ModuleType) -> None:
        known = [name for name in dir(hookspecs) if name.startswith("bench_")]
        for caller in self.manager.get_hookcallers(module) or []:
            if not caller.has_spec():
                raise ValueError(f"there is no hook '{caller.name}'." + did_you_mean(caller.name, known))


@cache
def load_registry(benchfile: Benchfile | Path | None = None) -> Registry:
    """Return the registry, loaded once per process: for workers, which run what their driver has read."""
    return Plugins(benchfile).registry


def _components(manager: pluggy.PluginManager, module: ModuleType) -> list[type[Component]]:
    others = [other for other in manager.get_plugins() if other is not module]
    found: list[type[Component]] = []
    for hook in COMPONENT_HOOKS:
        for offered in manager.subset_hook_caller(hook, remove_plugins=others)():
            for component in offered:
                if not (isinstance(component, type) and issubclass(component, Component)):
                    raise TypeError(f"{hook} must return component classes, and returned {component!r}")
                if not isinstance(getattr(component, "name", None), str):
                    raise TypeError(f"{component.__name__} has no name: give the class name = '…'")
                found.append(component)
    return found


def _source_of(entry_point: EntryPoint) -> Source:
    distribution = entry_point.dist
    if distribution is None:
        return Source(entry_point.name, "unknown distribution", "0")
    code: Literal["installed", "editable"] = "editable" if is_editable(distribution) else "installed"
    return Source(entry_point.name, distribution.name, distribution.version, code)


def _describe(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
