"""The content of a component's source: what of a package under development can change what the component does.

A class counts with all that it reaches: names of its own module, and of modules of its own that these import, without
comments, docstrings and layout. Nothing is imported to find out, and what is installed or belongs to the core is left
out: versions stand for that.
"""

from __future__ import annotations

import ast
import hashlib
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import Distribution
from pathlib import Path

CORE = "benchmark"
_INSTALLED = frozenset({"site-packages", "dist-packages"})
_DEFINITIONS = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_REACHING = (ast.Name, ast.Attribute, ast.Import, ast.ImportFrom)
# Fields that say nothing of what runs.
_SILENT = frozenset({"ctx", "kind", "type_comment"})
# Who uses these may reach any name of a module.
_REFLECTION = frozenset({"globals", "eval", "exec", "__import__"})
# What never runs when a module is imported.
_GUARDS = frozenset({"TYPE_CHECKING", "__name__ == '__main__'"})
_COMPOUND = (
    ast.If,
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.With,
    ast.AsyncWith,
    ast.Try,
    ast.TryStar,
    ast.Match,
)
_EVERYTHING, _LOOSE = "*", ""


def code_digest(component: type) -> str:
    """Return twelve hexadecimal digits that change with the source that a class reaches.

    Where its source cannot be followed (a class that a function makes), all of its module counts.
    """
    file = _file_of(component.__module__)
    if file is None:
        return hashlib.sha256(f"{component.__module__}.{component.__qualname__}".encode()).hexdigest()[:12]
    name = component.__module__ if Path(file).stem in (*component.__module__.split("."), "__init__") else ""
    module = _Module(name or Path(file).stem, Path(file))
    reach = _Reach()
    reach.take(module, component.__qualname__.partition(".")[0])
    return reach.digest()


def is_editable(distribution: Distribution) -> bool:
    """Whether a distribution's source lies where it is worked on, so that its version says little."""
    import json

    try:
        if json.loads(distribution.read_text("direct_url.json") or "{}").get("dir_info", {}).get("editable"):
            return True
    except (ValueError, AttributeError):
        pass
    place = Path(str(distribution.locate_file("")))
    return distribution.read_text("RECORD") is None and not _is_installed(place)


@dataclass(frozen=True)
class _Module:
    """A module by its full name, and its file."""

    name: str
    file: Path

    @property
    def package(self) -> str:
        return self.name if self.file.stem == "__init__" else self.name.rpartition(".")[0]

    @property
    def root(self) -> Path:
        """The folder that its top-level package or module lies in."""
        above = list(self.file.parents)
        return above[min(self.name.count(".") + (self.file.stem == "__init__"), len(above) - 1)]


@dataclass
class _Source:
    """A module's statements by the names that they bind; ``raw`` where it is no Python that can be read."""

    bound: dict[str, list[ast.stmt]] = field(default_factory=dict)
    raw: bytes = b""
    _known: dict[str, tuple[str, tuple[ast.AST, ...]]] = field(default_factory=dict)

    def known(self, name: str) -> tuple[str, tuple[ast.AST, ...]]:
        """Return the normalised text of a name's statements, and what of them may reach something.

        Told once: what many components share, such as what runs when a module is imported, is walked for each of them.
        """
        entry = self._known.get(name)
        if entry is None:
            nodes: list[ast.AST] = []
            text = "".join(_text(statement, nodes) for statement in self.bound[name])
            entry = text, tuple(self._mentions(nodes))
            self._known[name] = entry
        return entry

    def _mentions(self, nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
        names: set[str] = set()
        for node in nodes:
            if isinstance(node, ast.Name):
                if node.id not in names and (node.id in self.bound or node.id in _REFLECTION):
                    names.add(node.id)
                    yield node
            elif not isinstance(node, ast.Attribute) or node.attr == "import_module":
                yield node


class _Reach:
    """What has been reached, as normalised text by module and name."""

    def __init__(self) -> None:
        self._texts: dict[tuple[str, str], str] = {}

    def digest(self) -> str:
        """Return a hash of all that was taken, whatever its order."""
        text = "\n".join(f"{module}:{name}:{text}" for (module, name), text in sorted(self._texts.items()))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]

    def take(self, module: _Module, name: str) -> None:
        """Take a name of a module, and all that it reaches; the whole module where it has no such name."""
        waiting = [(module, name)]
        while waiting:
            module, name = waiting.pop()
            if (module.name, name) in self._texts:
                continue
            source = _read(module.file)
            if name in source.bound:
                # What runs when the module is imported may do anything.
                text, mentions = source.known(name)
                waiting += [(module, _LOOSE), *_reached(module, source, mentions)]
                self._texts[module.name, name] = text
            elif name == _EVERYTHING:
                waiting += [(module, bound) for bound in source.bound]
                self._texts[module.name, name] = hashlib.sha256(source.raw).hexdigest()
            else:
                waiting.append((_submodule(module, name) or module, _EVERYTHING))


_pinned: dict[Path, bytes] = {}


@cache
def _parsed(file: Path, stamp: tuple[int, ...]) -> _Source:
    content = file.read_bytes()
    return _Source(raw=content or b"empty") if file.suffix != ".py" else _parsed_content(content)


@cache
def _parsed_content(content: bytes) -> _Source:
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError):
        return _Source(raw=content)
    source = _Source()
    for statement in _flattened(tree.body):
        names = set(_bound_names(statement))
        if isinstance(statement, _COMPOUND) and _acts(statement):
            names.add(_LOOSE)
        for name in names or {_LOOSE}:
            source.bound.setdefault(name, []).append(statement)
    source.bound.setdefault(_LOOSE, [])
    return source


def pin(file: Path, content: bytes) -> None:
    """Have a file count by what was read of it when it was loaded, whatever becomes of it."""
    _pinned[file] = content


def _read(file: Path) -> _Source:
    if file in _pinned:
        return _parsed_content(_pinned[file])
    try:
        state = file.stat()
        return _parsed(file, (state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino))
    except OSError:
        return _Source(raw=b"not there")


def _bound_names(statement: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement at the top of a module gives a value."""
    if isinstance(statement, _DEFINITIONS):
        yield statement.name
        return
    if isinstance(statement, ast.Import | ast.ImportFrom):
        for alias in statement.names:
            if alias.name != "*":
                yield alias.asname or alias.name.partition(".")[0]
        return
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, _DEFINITIONS):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from _bound_names(node)


def _acts(node: ast.AST) -> bool:
    """Return whether a block does more than give names a value: it calls something, or changes what is there."""
    if isinstance(node, (*_DEFINITIONS, ast.Lambda)):
        return False
    if isinstance(node, ast.Expr) and not _is_words(node):
        return True
    if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
        return True
    return any(map(_acts, ast.iter_child_nodes(node)))


def _flattened(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield statements, one for each name of an import, and without what never runs when a module is imported."""
    for statement in body:
        if isinstance(statement, ast.If) and ast.unparse(statement.test) in _GUARDS:
            yield from _flattened(statement.orelse)
        elif _is_words(statement):
            continue
        elif isinstance(statement, ast.Import):
            yield from (ast.Import([alias]) for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom):
            yield from (ast.ImportFrom(statement.module, [a], statement.level) for a in statement.names)
        else:
            yield statement


def _reached(module: _Module, source: _Source, mentions: Iterable[ast.AST]) -> Iterator[tuple[_Module, str]]:
    """Yield the names that statements mention: of their own module, and of modules that they import."""
    for node in mentions:
        if isinstance(node, ast.Name):
            yield module, node.id if node.id in source.bound else _EVERYTHING
        elif isinstance(node, ast.Attribute):
            yield module, _EVERYTHING
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield from _whole(_find(alias.name, module))
        elif isinstance(node, ast.ImportFrom):
            origin = _find(_absolute(node, module), module)
            if origin is not None:
                for alias in node.names:
                    yield origin, _EVERYTHING if alias.name == "*" else alias.name


def _whole(module: _Module | None) -> Iterator[tuple[_Module, str]]:
    if module is not None:
        yield module, _EVERYTHING


def _absolute(node: ast.ImportFrom, module: _Module) -> str:
    if not node.level:
        return node.module or ""
    base = module.package.split(".")
    base = base[: len(base) - node.level + 1]
    return ".".join([*base, *([node.module] if node.module else [])])


def _find(name: str, importer: _Module) -> _Module | None:
    """Return a module that is worked on, or None for one that is installed, built in, the core's, or not there."""
    top, _, rest = name.partition(".")
    if top == CORE or top in sys.stdlib_module_names:
        return None
    package = _in_folder(importer.root, top)
    if package is None:
        origin = _origin(top)
        package = _Module(top, Path(origin)) if origin else None
    if package is None or _is_installed(package.file):
        return None
    for part in rest.split(".") if rest else []:
        inner = _submodule(package, part)
        if inner is None:
            return package
        package = inner
    return package


@cache
def _origin(top: str) -> str | None:
    """Return the file of a top-level module or package, found without importing anything."""
    loaded = sys.modules.get(top)
    file = getattr(loaded, "__file__", None)
    if loaded is not None:
        return str(file) if file else None
    for finder in sys.meta_path:
        try:
            spec = finder.find_spec(top, None)
        except Exception:  # noqa: S112
            continue  # a finder of somebody else's
        if spec is not None:
            return spec.origin if spec.has_location else None
    return None


def _submodule(module: _Module, name: str) -> _Module | None:
    if module.file.stem != "__init__" or not name.isidentifier():
        return None
    return _in_folder(module.file.parent, name, f"{module.name}.{name}")


def _in_folder(folder: Path, name: str, full: str = "") -> _Module | None:
    for file in (folder / name / "__init__.py", folder / f"{name}.py"):
        if file.is_file():
            return _Module(full or name, file)
    return None


def _is_installed(place: Path) -> bool:
    """Whether a place is one that packages are installed to, or the standard library."""
    return bool(_INSTALLED & set(place.parts)) or any(place.is_relative_to(library) for library in _library())


@cache
def _library() -> tuple[str, ...]:
    return tuple(sysconfig.get_path(name) for name in ("stdlib", "platstdlib"))


def _file_of(module: str) -> str | None:
    return getattr(sys.modules.get(module), "__file__", None)


def _is_words(statement: object) -> bool:
    """Whether a statement is a docstring, or another constant that does nothing."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _text(value: object, met: list[ast.AST]) -> str:
    """Return a syntax tree as text that is the same on all versions of Python that know its syntax.

    ``met`` gets all that is in it and may reach something.
    """
    if isinstance(value, list):
        return f"[{','.join([_text(item, met) for item in value if not _is_words(item)])}]"
    if not isinstance(value, ast.AST):
        return f"{type(value).__name__} {value!r}"
    if isinstance(value, _REACHING):
        met.append(value)
    parts = []
    for name in value._fields:
        field = getattr(value, name, None)
        # Versions differ in the fields that they have, and in whether empty ones are there.
        if field is not None and field != [] and name not in _SILENT:
            parts.append(f"{name}={_text(field, met)}")
    return f"{type(value).__name__}({','.join(parts)})"
