"""Read YAML into plain values and remember on which line of which file each of them stands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from benchmark.exceptions import Problem, SuiteError

Path_ = tuple[str | int, ...]
MAX_NODES = 200_000
MAX_DEPTH = 50


class _Loader(yaml.SafeLoader):
    """Safe YAML with YAML 1.2's plain scalars: ``on`` and ``no`` are words, ``1e-3`` is a number."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":bool", ":float", ":int", ":timestamp"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?(?:0|[1-9][0-9]*)$"), list("-+0123456789"))
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+|\.(?:inf|Inf|INF)|\.nan)$"),
    list("-+0123456789."),
)
_PLAIN_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null")}


@dataclass
class Source:
    """A value and the place, ``file:line``, of everything in it, by its path from the top."""

    value: Any
    places: dict[Path_, str] = field(default_factory=dict)

    def place(self, path: Path_) -> str:
        """Return where ``path`` stands, or the nearest thing above it that stands somewhere."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.places:
                return self.places[path[:length]]
        return ""


def read_file(file: Path) -> tuple[Source, str]:
    """Return a YAML file's content and its text.

    Raises:
        SuiteError: when there is no such file, or it is not YAML as suites use it.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise SuiteError([Problem(str(file), "this is not a text file in UTF-8.")]) from error
    except OSError as error:
        nearby = sorted(str(near) for near in file.parent.glob("*.y*ml")) if file.parent.is_dir() else []
        hint = f" Suites in {file.parent}: {', '.join(nearby)}." if nearby else ""
        reason = "there is no such file." if isinstance(error, FileNotFoundError) else f"{error.strerror}."
        raise SuiteError([Problem(str(file), reason + hint)]) from error
    source = parse(text, str(file))
    if not isinstance(source.value, dict):
        raise SuiteError([Problem(f"{file}:1", "a suite is a mapping with the keys name, cell and matrix.")])
    return source, text


def parse(text: str, name: str) -> Source:
    """Return the value of one YAML document; ``name`` is the file's, or of whatever the text is.

    Raises:
        SuiteError: on a syntax error, a tag, a duplicate key, a key that is no text, or a document that unfolds
            into more than a suite can need.
    """
    try:
        node = yaml.compose(text, _Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise SuiteError([Problem(f"{name}:{line}", f"this is not valid YAML: {error.problem}.")]) from error
    except yaml.YAMLError as error:
        raise SuiteError([Problem(f"{name}:1", f"this is not valid YAML: {error}.")]) from error
    if node is None:
        raise SuiteError([Problem(f"{name}:1", "this is empty.")])
    builder = _Builder(name)
    value = builder.build(node, ())
    if builder.problems:
        raise SuiteError(builder.problems)
    return Source(value, builder.places)


class _Builder:
    """Turns nodes into plain values; every alias counts as often as it unfolds."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.places: dict[Path_, str] = {}
        self.problems: list[Problem] = []
        self._scalars = _Loader("")
        self._count = 0

    def build(self, node: yaml.Node, path: Path_) -> Any:
        where = self._where(node)
        self._count += 1
        if self._count > MAX_NODES or len(path) > MAX_DEPTH:
            raise SuiteError([Problem(where, "this unfolds into more than a suite can need (aliases in aliases?).")])
        self.places[path] = where
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            self._refuse_tag(node, "tag:yaml.org,2002:seq")
            return [self.build(child, (*path, index)) for index, child in enumerate(node.value)]
        if node.tag not in _PLAIN_TAGS:
            self._refuse_tag(node, "")
            return None
        try:
            return self._scalars.construct_object(node)
        except (ValueError, yaml.YAMLError) as error:
            self.problems.append(Problem(where, f"this value cannot be read: {error}."))
            return None

    def _mapping(self, node: yaml.MappingNode, path: Path_) -> dict[str, Any]:
        self._refuse_tag(node, "tag:yaml.org,2002:map")
        value: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for key_node, child in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self.problems.append(Problem(self._where(key_node), "a key must be text."))
                continue
            key = key_node.value
            line = key_node.start_mark.line + 1
            if key in lines:
                axis = "the axis" if path == ("matrix",) else "the key"
                message = f"{axis} '{key}' stands here twice, first on line {lines[key]}."
                self.problems.append(Problem(self._where(key_node), message))
                continue
            lines[key] = line
            value[key] = self.build(child, (*path, key))
            self.places[(*path, key)] = self._where(key_node)
        return value

    def _refuse_tag(self, node: yaml.Node, allowed: str) -> None:
        if node.tag != allowed:
            message = f"the tag '{node.tag.replace('tag:yaml.org,2002:', '!!')}' is not allowed: a suite holds plain values only."
            self.problems.append(Problem(self._where(node), message))

    def _where(self, node: yaml.Node) -> str:
        return f"{self.name}:{node.start_mark.line + 1}" if not self.name.startswith("--") else self.name


def subtree(places: Mapping[Path_, str], path: Path_) -> dict[Path_, str]:
    """Return the places of ``path`` and all below it, by their whole paths."""
    return {key: place for key, place in places.items() if key[: len(path)] == path}
