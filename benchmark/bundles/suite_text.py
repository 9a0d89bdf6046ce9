"""Suites as text: with all that they extend merged in, and made of what is stored of a cell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from benchmark.suite.cell import REPEATED
from benchmark.suite.merge import MAX_BASES, read_merged
from benchmark.suite.source import plain_resolvers, read_file
from benchmark.suite.storage_url import without_passwords
from benchmark.text import visible

# What stands in a specification in place of a file: a hash, as identities have it.
_HASHED = re.compile(r"sha256:[0-9a-f]{16}|[0-9a-f]{16}")
_COMPONENTS, _SETTINGS = (
    ("dataset", "audio", "features", "model"),
    ("duplicates", "clips", "split", "training"),
)


class _Dumper(yaml.SafeDumper):
    """Quotes what suites, or YAML 1.1, would take for something else than text."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write everything where it stands."""
        return True


_Dumper.yaml_implicit_resolvers = {
    first: [*resolvers, *plain_resolvers().get(first, [])]
    for first, resolvers in {
        **{first: [] for first in plain_resolvers()},
        **yaml.SafeDumper.yaml_implicit_resolvers,
    }.items()
}


def to_yaml(content: Mapping[str, Any]) -> str:
    """Return plain values as YAML that suites are read from, without passwords."""
    text = yaml.dump(
        dict(content), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110, default_flow_style=None
    )
    return without_passwords(text)


def resolved_text(file: Path, overrides: Sequence[str] = ()) -> str:
    """Return a suite with what it extends, and the overrides, merged in.

    Raises:
        SuiteError: when it cannot be read.
    """
    source, _ = read_merged(file, overrides)
    return to_yaml(source.value)


def written_texts(file: Path) -> list[tuple[str, str]]:
    """Return the names and texts of a suite's file and of those that it extends, as they are written.

    Raises:
        SuiteError: when one cannot be read.
    """
    texts = []
    for _ in range(MAX_BASES + 1):
        source, text = read_file(file)
        texts.append((file.name, without_passwords(text)))
        base = source.value.get("extends")
        if not isinstance(base, str):
            break
        file = file.parent / base
    return texts


def suite_of(
    name: str,
    spec: Mapping[str, Any],
    metrics: Iterable[Any],
    seeds: Sequence[int] = (),
    folds: Sequence[int] = (),
) -> tuple[dict[str, Any], list[str]]:
    """Return a suite that runs what a canonical specification says, and what must be added to it by hand.

    Args:
        name: of the suite.
        spec: of a cell, as its record has it.
        metrics: as suites name them.
        seeds: of several cells of the row, in place of the cell's own.
        folds: likewise.
    """
    cell: dict[str, Any] = {}
    for key, value in spec.items():
        if value is not None and key not in ("augmentation", "evaluate", *REPEATED):
            cell[key] = _component(value) if _is_component(value) else value
    # A recipe of nothing is written as such.
    cell["augmentation"] = [[_component(step) for step in chain] for chain in spec["augmentation"]] or "none"
    cell["evaluate"] = [_evaluation(evaluation) for evaluation in spec["evaluate"]]
    cell["metrics"] = list(metrics)
    matrix: dict[str, Any] = {}
    for key, several in (("seed", seeds), ("fold", folds)):
        if len(several) > 1:
            matrix[key] = list(several)
        elif spec.get(key) is not None:
            cell[key] = spec[key]
    suite = {"name": name, "cell": cell, **({"matrix": matrix} if matrix else {})}
    return suite, [
        f"{place}: give the file whose content is {value}" for place, value in _hashed(cell, "cell")
    ]


def as_comment(lines: Iterable[str]) -> str:
    """Return texts as comments of YAML."""
    return "".join(f"# {' '.join(visible(line).split())}\n" for line in lines)


def _is_component(value: Any) -> bool:
    return isinstance(value, Mapping) and {"name", "parameters"} <= value.keys()


def _component(plain: Mapping[str, Any]) -> Any:
    parameters = dict(plain.get("parameters") or {})
    return {plain["name"]: parameters} if parameters else plain["name"]


def _evaluation(plain: Mapping[str, Any]) -> Any:
    return plain["part"] if plain.get("dataset") is None else _component(plain["dataset"])


def _hashed(value: Any, place: str) -> list[tuple[str, str]]:
    """Return where hashes stand in place of files: in lists of a split, and in parameters."""
    if isinstance(value, Mapping):
        return [hashed for key, part in value.items() for hashed in _hashed(part, f"{place}.{key}")]
    if isinstance(value, list):
        return [hashed for number, part in enumerate(value) for hashed in _hashed(part, f"{place}.{number}")]
    is_file = isinstance(value, str) and _HASHED.fullmatch(value)
    return [(place, value)] if is_file and (value.startswith("sha256:") or ".files." in place) else []
