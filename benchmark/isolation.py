"""Global random numbers that nobody else draws from.

Keras takes the seeds of its initialisers from Python's global ``random``, and other libraries and plugins draw from it,
or from NumPy's, as if they were alone in the process. They are not: a library's heartbeat draws from ``random`` in a
thread of its own, whenever it is due, and each such draw would give a network other weights.

So the functions of ``random`` and of ``numpy.random`` ask here whose generator is meant. A thread that runs a cell has
the global ones to itself; threads that were there before it draw from others meanwhile; threads that the cell starts
share the cell's, as they would without this. What others took hold of before (``from random import random``) is out of
reach; what the cell's own code took hold of so is the cell's generator all the same.
"""

from __future__ import annotations

import random
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache, wraps
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

# Threads that were there when the cell that runs now began, so that they are none of its own.
_outsiders: set[threading.Thread] = set()
_lease = threading.Lock()
_inside = threading.local()


@contextmanager
def isolated(seed: int) -> Iterator[None]:
    """Seed all global generators, and keep them from other threads, while inside; then leave them as they were.

    They are those of Python, NumPy, and of Keras, TensorFlow and PyTorch: now if they are imported, or else
    when they are. Inside of another ``isolated`` it does nothing. If another thread is in one, this thread has
    generators of Python and of NumPy to itself, and no others.
    """
    if getattr(_inside, "cell", False):
        yield
        return
    _inside.cell = True
    try:
        if not _lease.acquire(blocking=False):
            with reseeded(seed):
                yield
            return
        try:
            _outsiders.update(_other_threads())
            with ExitStack() as stack:
                for library in _libraries():
                    library.wait_for_calls()
                    stack.enter_context(library.lent(library.shared, seed))
                stack.enter_context(_seeded_when_imported(seed))
                yield
        finally:
            _outsiders.clear()
            _lease.release()
    finally:
        _inside.cell = False


def install() -> None:
    """Do what the first ``isolated`` would do once: before there are threads that may be in the middle of a draw."""
    _libraries()


def _other_threads() -> Iterator[threading.Thread]:
    """Yield the threads that Python started, but this one; those of native pools work for whoever asks them to."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not isinstance(thread, threading._DummyThread):
            yield thread


@contextmanager
def reseeded(seed: int) -> Iterator[None]:
    """Give this thread global generators of Python and NumPy of its own, seeded, for one call of a plugin inside.

    Whatever the cell drew or will draw, here or in another thread, is not touched.
    """
    with ExitStack() as stack:
        for library in _libraries():
            stack.enter_context(library.lent(None, seed))
        yield


class _Library:
    """A library's global generator, and those that take its place in some threads."""

    def __init__(self, shared: Any, make: Callable[[], Any], state: tuple[str, str]) -> None:
        self.shared = shared
        self._make = make
        self._get, self._set = state
        self._others = make()
        self._thread = threading.local()
        self._calls = threading.RLock()

    def draw(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call a method of the generator that this thread's draws come from."""
        lent = getattr(self._thread, "lent", None)
        if lent:
            return getattr(lent[-1], method)(*args, **kwargs)
        # A thread may be halted in the middle of a call; no cell is to begin before that has ended.
        with self._calls:
            outside = _outsiders and threading.current_thread() in _outsiders
            return getattr(self._others if outside else self.shared, method)(*args, **kwargs)

    def wait_for_calls(self) -> None:
        """Return when nobody is in the middle of a call that began when the shared generator was for all."""
        with self._calls:
            pass

    def seeded(self) -> bool:
        """Return whether ``current`` is a cell's, or a call's, and not the process's."""
        cells = _lease.locked() and threading.current_thread() not in _outsiders
        return cells or bool(getattr(self._thread, "lent", None))

    @contextmanager
    def lent(self, generator: Any, seed: int) -> Iterator[None]:
        """Lend this thread a generator, seeded; None is a spare one."""
        own = self._thread.__dict__
        lent, spare = own.setdefault("lent", []), own.setdefault("spare", [])
        if generator is None:
            used = spare.pop() if spare else self._make()
            before = None
        else:
            used, before = generator, getattr(generator, self._get)()
        used.seed(seed)
        lent.append(used)
        try:
            yield
        finally:
            lent.pop()
            if before is None:
                spare.append(used)
            else:
                getattr(used, self._set)(before)


@cache
def _libraries() -> tuple[_Library, ...]:
    """Have the functions of ``random`` and ``numpy.random`` ask whose generator is meant, from now on."""
    import numpy as np

    python = _Library(random._inst, random.Random, ("getstate", "setstate"))
    numpy = _Library(np.random.mtrand._rand, np.random.RandomState, ("get_state", "set_state"))
    for module, library in ((random, python), (np.random, numpy)):
        methods = {name: name for name, member in vars(module).items() if _bound_to(member, library.shared)}
        if module is np.random:
            methods |= {"seed": "seed", "ranf": "random_sample", "sample": "random_sample"}
        for name, method in methods.items():
            setattr(module, name, _asking(library, module, name, method))
    np.random.default_rng = _seeding(np.random.default_rng, numpy)
    return python, numpy


def _bound_to(function: Any, generator: Any) -> bool:
    return callable(function) and getattr(function, "__self__", None) is generator


def _asking(library: _Library, module: ModuleType, name: str, method: str) -> Callable[..., Any]:
    @wraps(getattr(module, name))
    def draw(*args: Any, **kwargs: Any) -> Any:
        return library.draw(method, *args, **kwargs)

    # It is pickled by its name, as the one whose place it takes.
    draw.__module__, draw.__qualname__ = module.__name__, name
    return draw


def _seeding(default_rng: Callable[..., Any], library: _Library) -> Callable[..., Any]:
    """Return ``default_rng`` such that a generator without a seed gets one from the cell that asks for it."""

    @wraps(default_rng)
    def make(seed: Any = None) -> Any:
        if seed is None and library.seeded():
            seed = library.draw("randint", 2**32, size=4, dtype="uint64").tolist()
        return default_rng(seed)

    make.__module__ = "numpy.random"
    return make


def _seed_network_library(name: str, seed: int) -> None:
    """Seed the state that an imported library keeps for the whole process."""
    module = sys.modules[name]
    if name == "tensorflow":
        module.random.set_seed(seed)
    elif name == "torch":
        module.manual_seed(seed)
    else:
        seed_keras(seed)


def seed_keras(seed: int) -> None:
    """Seed Keras and its backend, as ``keras.utils.set_random_seed`` does.

    That imports TensorFlow, wherever it is installed, only to seed it: on another backend, seconds for nothing.
    Keras has no other way to tell it not to; a Keras without this one is seeded all the same.
    """
    import keras
    from keras.src.utils import module_utils

    lazy = getattr(module_utils, "tensorflow", None)
    is_needed = keras.backend.backend() == "tensorflow" or "tensorflow" in sys.modules
    if is_needed or lazy is None or not hasattr(lazy, "_available"):
        keras.utils.set_random_seed(seed)
        return
    known = lazy._available
    lazy._available = False
    try:
        keras.utils.set_random_seed(seed)
    finally:
        lazy._available = known


# Keras seeds the others too, but a plugin may use one of them without it.
_NETWORK_LIBRARIES = ("tensorflow", "torch", "keras")


@contextmanager
def _seeded_when_imported(seed: int) -> Iterator[None]:
    """Seed libraries of networks that are imported, and others as they are imported inside."""
    for name in _NETWORK_LIBRARIES:
        if name in sys.modules:
            _seed_network_library(name, seed)
    finder = _SeedingFinder(seed, tuple(name for name in _NETWORK_LIBRARIES if name not in sys.modules))
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _SeedingFinder(MetaPathFinder):
    """Finds some libraries as others do, and has them seeded once they are imported."""

    def __init__(self, seed: int, names: tuple[str, ...]) -> None:
        self._seed = seed
        self._names = names

    def find_spec(
        self, fullname: str, path: Any = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """See ``importlib.abc.MetaPathFinder``."""
        if fullname not in self._names:
            return None
        others = (finder for finder in sys.meta_path if finder is not self)
        spec = next(filter(None, (finder.find_spec(fullname, path, target) for finder in others)), None)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def execute_and_seed(module: ModuleType) -> None:
                execute(module)
                _seed_network_library(fullname, self._seed)

            spec.loader.exec_module = execute_and_seed  # type: ignore[method-assign]
        return spec
