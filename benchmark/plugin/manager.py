"""Find and load plugins, one by one, so that a broken one is named and the rest work."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import EntryPoint, entry_points
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

import pluggy

from benchmark.exceptions import BenchError, Interrupted, PluginError, UsageError, did_you_mean, error_text
from benchmark.plugin import hookspecs
from benchmark.plugin.benchfile import BENCHFILE, Benchfile, read_benchfile
from benchmark.plugin.beside import make_importable, stay_importable
from benchmark.plugin.border import output_aside, raised_in, staying_here
from benchmark.plugin.code import is_editable
from benchmark.plugin.component import Component
from benchmark.plugin.registry import BrokenPlugin, Registry, Source
from benchmark.plugin.tracker import Tracker

if TYPE_CHECKING:
    import click

GROUP = "bench"
COMPONENT_HOOKS = (
    "bench_datasets", "bench_audio_formats", "bench_features", "bench_augmentations", "bench_corruptions",
    "bench_models", "bench_metrics",
)  # fmt: skip


class Plugins:
    """The loaded plugins: their components in ``registry``, their event hooks behind ``notify``."""

    def __init__(self, benchfile: Benchfile | Path | None = None, *, run: bool = True) -> None:
        """Load the installed plugins, and run a benchfile, which whoever calls this answers for.

        ``run=False`` only takes note of it: the registry then has stand-ins for whatever it may offer.
        """
        self.manager = pluggy.PluginManager(hookspecs.PROJECT)
        self.manager.add_hookspecs(hookspecs)
        self.registry = Registry()
        # By the names that pluggy knows them by, which are no others' even where their entry points have one name.
        self._sources: dict[str, Source] = {}
        self._named: set[tuple[str, str]] = set()
        installed = sorted(entry_points(group=GROUP), key=lambda e: e.name)
        # Metadata is parsed anew whenever it is asked for, which takes as long as loading a plugin.
        distributions: dict[int, Source] = {}
        for entry_point in installed:
            self._load(_source_of(entry_point, distributions), entry_point.load)
        file = read_benchfile(benchfile) if isinstance(benchfile, Path) else benchfile
        if file is not None and run:
            self.registry.benchfile = file
            make_importable(file.path.resolve().parent)
            self._load(Source(BENCHFILE, str(file.path), file.version, "file"), file.load)
        elif file is not None:
            self.registry.unopened = file

    def notify(self, event: str, **details: Any) -> Iterator[BrokenPlugin]:
        """Call an event hook of each plugin by itself, and yield those that raised: no tracker stops a run.

        What a plugin raises at an event is told once, however often it does.
        """
        for source, returned in self._each(event, **details):
            if isinstance(returned, BrokenPlugin) and (event, str(source)) not in self._named:
                self._named.add((event, str(source)))
                yield returned

    def commands(self) -> Iterator[tuple[click.Command, Source]]:
        """Yield the verbs that plugins offer; a plugin that fails to is added to ``registry.broken``."""
        import click

        for source, returned in self._each("bench_commands"):
            if isinstance(returned, BrokenPlugin):
                self.registry.broken.append(returned)
                continue
            for command in chain.from_iterable(returned):
                if isinstance(command, click.Command) and command.name:
                    yield command, source
                else:
                    told = f"bench_commands must return click commands with names, and returned {command!r}"
                    self.registry.broken.append(BrokenPlugin(source, told))

    def trackers(self) -> dict[str, tuple[type[Tracker], Source]]:
        """Return the trackers that plugins offer, by name; a plugin that fails to is added to ``registry.broken``."""
        trackers: dict[str, tuple[type[Tracker], Source]] = {}
        for source, returned in self._each("bench_trackers"):
            if isinstance(returned, BrokenPlugin):
                self.registry.broken.append(returned)
                continue
            for tracker in chain.from_iterable(returned):
                if not (isinstance(tracker, type) and issubclass(tracker, Tracker)):
                    told = f"bench_trackers must return tracker classes, and returned {tracker!r}"
                    self.registry.broken.append(BrokenPlugin(source, told))
                elif tracker.name in trackers:
                    told = f"its tracker '{tracker.name}' is left out: {trackers[tracker.name][1]} has one of that name"
                    self.registry.broken.append(BrokenPlugin(source, told))
                else:
                    trackers[tracker.name] = tracker, source
        return trackers

    def track(self, name: str) -> None:
        """Have the tracker of that name told of what happens.

        Raises:
            UsageError: when there is none (with the nearest name), or it cannot work here.
            PluginError: when its code fails.
        """
        offered = self.trackers()
        if name not in offered:
            broken = "".join(f"\n  Perhaps it is in a {plugin}" for plugin in self.registry.broken)
            raise UsageError(f"There is no tracker '{name}'." + did_you_mean(name, list(offered)) + broken)
        made, source = offered[name]
        try:
            with output_aside(), staying_here():
                tracker = made()
                reason = tracker.unavailable()
        except (BenchError, Interrupted):
            raise
        except BaseException as error:
            raise PluginError(f"Tracker '{name}' of plugin {source}: {error_text(error)}") from error
        if reason:
            raise UsageError(f"Tracker '{name}' cannot work here: {reason}.")
        key = f"tracker {name}"
        if not self.manager.has_plugin(key):
            self.manager.register(tracker, name=key)
            self._sources[key] = source

    def _each(self, hook: str, **details: Any) -> Iterator[tuple[Source, Any]]:
        """Call a hook of each plugin by itself; yield what it returned, a list, or how it is broken."""
        plugins = self.manager.get_plugins()
        for plugin in sorted(plugins, key=lambda plugin: str(self.manager.get_name(plugin))):
            callers = {caller.name for caller in self.manager.get_hookcallers(plugin) or []}
            if hook not in callers:
                continue
            source = self._sources[str(self.manager.get_name(plugin))]
            caller = self.manager.subset_hook_caller(hook, remove_plugins=plugins - {plugin})
            try:
                with output_aside(), staying_here():
                    returned = caller(**details)
                yield source, returned
            except Interrupted:
                raise
            except BaseException as error:
                place = raised_in(error, _package_of(plugin))
                told = f"{hook} raised {error_text(error)}{place and f' ({place})'}"
                yield source, BrokenPlugin(source, told, "".join(traceback.format_exception(error)))

    def _load(self, source: Source, load: Any) -> None:
        name = f"{source.plugin} ({source.distribution})"
        registered = False
        try:
            with output_aside(), staying_here():
                module = load()
                if self.manager.is_registered(module):
                    same = self._sources[str(self.manager.get_name(module))]
                    raise ImportError(f"its module '{module.__name__}' is that of plugin {same}")
                self.manager.register(module, name=name)
                registered = True
                self._sources[name] = source
                self._reject_unknown_hooks(module)
                components = _components(self.manager, module)
            for component in components:
                self.registry.add(component, source)
        except Interrupted:
            raise
        except BaseException as error:
            if registered:
                self.manager.unregister(name=name)
            self.registry.broken.append(
                BrokenPlugin(source, _describe(error), "".join(traceback.format_exception(error)))
            )

    def _reject_unknown_hooks(self, module: ModuleType) -> None:
        known = [name for name in dir(hookspecs) if name.startswith("bench_")]
        for caller in self.manager.get_hookcallers(module) or []:
            if not caller.has_spec():
                raise ValueError(f"there is no hook '{caller.name}'." + did_you_mean(caller.name, known))


def _package_of(plugin: Any) -> str:
    """Return the package that a plugin's code is in: a module, or an object of a class."""
    module = plugin.__name__ if isinstance(plugin, ModuleType) else type(plugin).__module__
    return str(module).partition(".")[0]


# Of this process, by the benchfile that was run.
_REGISTRIES: dict[Benchfile | Path | None, Registry] = {}


def load_registry(benchfile: Benchfile | Path | None = None) -> Registry:
    """Return the registry, loaded once per process: for workers, which run what their driver has read.

    In a driver that runs cells itself it is the driver's own.
    """
    if benchfile not in _REGISTRIES:
        _REGISTRIES[benchfile] = Plugins(benchfile).registry
    registry = _REGISTRIES[benchfile]
    if registry.benchfile is not None:
        # Another one may have been loaded since, and this one's code may import its neighbours only when it is called.
        stay_importable(registry.benchfile.path.resolve().parent)
    return registry


def keep_registry(registry: Registry) -> None:
    """Have ``load_registry`` return a registry for the benchfile that it was loaded with, if that was run."""
    if registry.unopened is None:
        _REGISTRIES[registry.benchfile] = registry


def _components(manager: pluggy.PluginManager, module: ModuleType) -> list[type[Component]]:
    others = [other for other in manager.get_plugins() if other is not module]
    components: list[type[Component]] = []
    for hook in COMPONENT_HOOKS:
        for offered in manager.subset_hook_caller(hook, remove_plugins=others)():
            for component in offered:
                if not (isinstance(component, type) and issubclass(component, Component)):
                    raise TypeError(f"{hook} must return component classes, and returned {component!r}")
                name = getattr(component, "name", None)
                if not (isinstance(name, str) and name.strip()):
                    raise TypeError(f"{component.__name__} has no name: give the class name = '…'")
                components.append(component)
    return components


def _source_of(entry_point: EntryPoint, distributions: dict[int, Source]) -> Source:
    """Return where a plugin comes from; ``distributions`` has what was found of others, and takes in this one's."""
    distribution = entry_point.dist
    if distribution is None:
        return Source(entry_point.name, "unknown distribution", "0")
    source = distributions.get(id(distribution))
    if source is None:
        code: Literal["installed", "editable"] = "editable" if is_editable(distribution) else "installed"
        source = Source(entry_point.name, distribution.name, distribution.version, code)
        distributions[id(distribution)] = source
    return replace(source, plugin=entry_point.name)


def _describe(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
