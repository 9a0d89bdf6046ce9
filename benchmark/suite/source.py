"""Read YAML into plain values and remember on which line of which file each of them stands."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from benchmark.exceptions import Problem, SuiteError

KeyPath = tuple[str | int, ...]
MAX_NODES = 200_000
MAX_BYTES = 1_000_000
_ZIP = b"PK\x03\x04"
MAX_DEPTH = 50

_TOO_MANY = f"it holds more than {MAX_NODES:,} values"
_TAG = "tag:yaml.org,2002:"
_PLAIN_TAGS = {_TAG + name for name in ("str", "int", "float", "bool", "null")}
_NUMBER = r"^[-+]?(?:(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+)$"


class _Composer(yaml.composer.Composer):
    """Refuses what a suite cannot need; whatever has the events of a text is mixed in."""

    composed = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Return the next node, unless there are more than a suite can need; aliases are unfolded later."""
        self.composed += 1
        if self.composed > MAX_NODES:
            mark = self.peek_event().start_mark  # type: ignore[attr-defined]
            raise yaml.MarkedYAMLError(problem=_TOO_MANY, problem_mark=mark)
        return super().compose_node(parent, index)


class _Loader(_Composer, yaml.SafeLoader):
    """Safe YAML with plain scalars as in YAML 1.2: ``on`` and ``no`` are words, ``1e-3`` is a number."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag in (_TAG + "null", _TAG + "merge")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    _TAG + "bool", re.compile("^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)
_Loader.add_implicit_resolver(_TAG + "int", re.compile("^[-+]?(?:0|[1-9][0-9]*)$"), list("-+0123456789"))
_Loader.add_implicit_resolver(_TAG + "float", re.compile(_NUMBER), list("-+0123456789."))


if yaml.__with_libyaml__:
    from yaml.cyaml import CParser  # type: ignore[attr-defined]

    class _QuickLoader(_Composer, CParser, yaml.resolver.Resolver):
        """The same, but libyaml splits the text into events, which takes a fraction of the time."""

        yaml_implicit_resolvers = _Loader.yaml_implicit_resolvers

        def __init__(self, text: str) -> None:
            CParser.__init__(self, text)
            _Composer.__init__(self)
            yaml.resolver.Resolver.__init__(self)


# What libyaml takes and PyYAML's own parser does not, or takes for something else; most comments are left alone.
_NOT_FOR_LIBYAML = re.compile(
    "[\t\x85\u2028\u2029\ufeff]|[|>][-+0-9]*#|^(?! *#).*[!?]|" + yaml.reader.Reader.NON_PRINTABLE.pattern,
    re.MULTILINE,
)


def plain_resolvers() -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    """Return what suites take for something else than text, by first letters: for whoever writes such YAML."""
    return {first: list(resolvers) for first, resolvers in _Loader.yaml_implicit_resolvers.items()}


@dataclass(frozen=True)
class Place:
    """A line of a file, or (without ``line``) an override such as ``--set cell.seed``."""

    name: str
    line: int | None = None

    def __str__(self) -> str:
        return self.name if self.line is None else f"{self.name}:{self.line}"


@dataclass
class PlacedValue:
    """A value and the place of everything in it, by its path from the top."""

    value: Any
    places: dict[KeyPath, Place] = field(default_factory=dict)

    def place(self, path: KeyPath) -> Place:
        """Return where ``path`` stands, or the nearest thing above it that stands somewhere."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.places:
                return self.places[path[:length]]
        return Place("")


def read_file(file: Path) -> tuple[PlacedValue, str]:
    """Return a YAML file's content, a mapping, and its text.

    Raises:
        SuiteError: when there is no such file, or it is not YAML as suites use it.
    """
    try:
        text = _read(file)
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise SuiteError(
            [Problem(f"{file}:{line}", "this is not text in UTF-8; save it as UTF-8.")]
        ) from error
    except OSError as error:
        raise SuiteError([Problem(str(file), _unreadable(file, error))]) from error
    source = parse(text, str(file))
    if not isinstance(source.value, dict):
        given = "a list" if isinstance(source.value, list) else repr(source.value)
        message = f"a suite is a mapping with keys such as name, cell and matrix; found {given}."
        raise SuiteError([Problem(str(source.place(())), message)])
    return source, text


def _read(file: Path) -> str:
    """Return a file's text, or raise before more of it is in memory than a suite can need."""
    with file.open("rb") as stream:
        content = stream.read(MAX_BYTES + 1)
    if content.startswith(_ZIP):
        message = (
            "this is a ZIP file, as bundles of results are, and no suite: 'bench report' shows what a bundle holds, "
            "and 'bench verify' checks it."
        )
        raise SuiteError([Problem(str(file), message)])
    if len(content) > MAX_BYTES:
        raise SuiteError([Problem(str(file), f"this is longer than {MAX_BYTES:,} bytes, which no suite is.")])
    # Line ends as text files have them.
    return io.StringIO(content.decode("utf-8"), newline=None).read()


def _unreadable(file: Path, error: OSError) -> str:
    if isinstance(error, IsADirectoryError):
        said = "this is a folder, and a suite is a YAML file."
    elif isinstance(error, FileNotFoundError):
        said = "there is no such file."
    else:
        return f"this cannot be read: {error.strerror}."
    places = dict.fromkeys((file, file.parent, Path()))
    nearby = {place: sorted(near.name for near in place.glob("*.y*ml")) for place in places if place.is_dir()}
    folder, names = next(((place, names) for place, names in nearby.items() if names), (None, []))
    return said + (f" Suites in {folder}: {', '.join(names)}." if names else "")


def parse(text: str, name: str, *, numbered: bool = True) -> PlacedValue:
    """Return the value of one YAML document; ``name`` is the file's, or of whatever the text is.

    With ``numbered=False`` places have no line, as is right for a text of one line from elsewhere.

    Raises:
        SuiteError: with every tag, duplicate key and unreadable value of the text; or on a syntax error, an
            empty document, or one that unfolds into more than a suite can need.
    """

    def failed(line: int, message: str) -> SuiteError:
        return SuiteError([Problem(str(Place(name, line if numbered else None)), message)])

    try:
        node = _composed(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise failed(mark.line + 1 if mark else 1, f"this is not valid YAML: {error.problem}.") from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise failed(line, f"the character {chr(error.character)!r} is not allowed in YAML.") from error
    except RecursionError as error:
        raise failed(1, f"this is nested more than {MAX_DEPTH} levels deep.") from error
    if node is None:
        raise failed(1, "this is empty.")
    builder = _Builder(name, numbered)
    value = builder.build(node, ())
    if builder.problems:
        raise SuiteError(builder.problems)
    return PlacedValue(value, builder.places)


def _composed(text: str) -> yaml.Node | None:
    """Return the tree of nodes; what is wrong is in the words of PyYAML's own parser, wherever this runs."""
    if yaml.__with_libyaml__ and not _NOT_FOR_LIBYAML.search(text):
        with suppress(yaml.YAMLError, RecursionError):
            return yaml.compose(text, _QuickLoader)  # type: ignore[arg-type]
    return yaml.compose(text, _Loader)


class _Builder:
    """Turns nodes into plain values. An alias counts as often as it unfolds, so a bomb of them is refused."""

    def __init__(self, name: str, numbered: bool) -> None:
        self.places: dict[KeyPath, Place] = {}
        self.problems: list[Problem] = []
        self._name = name
        self._numbered = numbered
        self._scalars = _Loader("")
        self._count = 0

    def build(self, node: yaml.Node, path: KeyPath) -> Any:
        """Return the value of ``node``; None where it has a problem."""
        self._count += 1
        self.places[path] = place = self._place(node)
        if self._count > MAX_NODES or len(path) > MAX_DEPTH:
            limits = f"{MAX_NODES:,} values or {MAX_DEPTH} levels"
            raise SuiteError(
                [Problem(str(place), f"with its aliases, this unfolds into more than {limits}.")]
            )
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            self._refuse_tag(node, _TAG + "seq")
            return [self.build(child, (*path, index)) for index, child in enumerate(node.value)]
        return self._scalar(node)

    def _scalar(self, node: yaml.Node) -> Any:
        if node.tag not in _PLAIN_TAGS:
            self._refuse_tag(node, "")
            return None
        try:
            value = self._scalars.construct_object(node)
        except (ValueError, LookupError):
            self._problem(node, f"{node.value[:40]!r} cannot be read as {node.tag.removeprefix(_TAG)}.")
            return None
        if isinstance(value, float) and not math.isfinite(value):
            self._problem(node, f"{node.value[:40]!r} is not a finite number.")
        return value

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, Any]:
        self._refuse_tag(node, _TAG + "map")
        value: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for key_node, child in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._problem(key_node, "a key is a word, and this is a list or a mapping.")
                continue
            key, line = key_node.value, key_node.start_mark.line + 1
            if key_node.tag == _TAG + "merge":
                self._problem(
                    key_node, "merge keys ('<<') are not allowed; to build on another file use 'extends'."
                )
            elif key in lines:
                what = "the axis" if path == ("matrix",) else "the key"
                self._problem(key_node, f"{what} '{key}' is given twice, first on line {lines[key]}.")
            else:
                if key_node.tag not in _PLAIN_TAGS:
                    self._refuse_tag(key_node, "")
                lines[key] = line
                value[key] = self.build(child, (*path, key))
                self.places[(*path, key)] = self._place(key_node)
        return value

    def _refuse_tag(self, node: yaml.Node, allowed: str) -> None:
        if node.tag != allowed:
            tag = node.tag.replace(_TAG, "!!")
            self._problem(node, f"the tag '{tag}' is not allowed: a suite holds plain values only.")

    def _place(self, node: yaml.Node) -> Place:
        return Place(self._name, node.start_mark.line + 1 if self._numbered else None)

    def _problem(self, node: yaml.Node, message: str) -> None:
        self.problems.append(Problem(str(self._place(node)), message))


def subtree(places: Mapping[KeyPath, Place], path: KeyPath) -> dict[KeyPath, Place]:
    """Return the places of ``path`` and all below it, by their whole paths."""
    return {key: place for key, place in places.items() if key[: len(path)] == path}
