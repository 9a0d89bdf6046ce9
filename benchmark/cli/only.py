"""``--only``: some of a suite's cells, said as ``exclude`` of a suite says which ones."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from benchmark.exceptions import SuiteError, UsageError, did_you_mean

if TYPE_CHECKING:
    from benchmark.suite.load import Suite

# The labels that a cell must have, by axis.
Wanted = Mapping[str, frozenset[str]]


def read_only(texts: Iterable[str], suite: Suite) -> tuple[Wanted, ...]:
    """Return which labels cells must have; a cell is wanted if it has those of one of them.

    Raises:
        UsageError: for what is no such mapping, or is not in the suite.
    """
    return tuple(_read(text, suite) for text in texts)


def _read(text: str, suite: Suite) -> Wanted:
    from benchmark.suite.source import parse

    option = f"--only {text}"
    try:
        content = parse(text, option, numbered=False).value
    except SuiteError as error:
        raise UsageError(str(error)) from error
    if not isinstance(content, dict) or not content:
        raise UsageError(f"{option}: write axes and their values, such as '{{model: [vgg16, cnn]}}'.")
    wanted = {}
    for axis, given in content.items():
        if axis not in suite.axes:
            raise UsageError(
                f"{option}: there is no axis '{axis}'." + did_you_mean(str(axis), list(suite.axes))
            )
        labels = [str(label) for label in (given if isinstance(given, list) else [given])]
        for label in labels:
            if label not in suite.axes[axis]:
                known = did_you_mean(label, list(suite.axes[axis]))
                raise UsageError(f"{option}: axis '{axis}' has no value labelled '{label}'." + known)
        wanted[str(axis)] = frozenset(labels)
    return wanted


def check_parts(texts: Sequence[str], suite: Suite, *, decide: bool) -> None:
    """Raise where a part of the cells cannot be asked for.

    Raises:
        UsageError: with the reason.
    """
    if texts and suite.tune is not None:
        raise UsageError(
            f"--only and 'tune' of {suite.path} do not go together: a study is of all its cells."
        )
    if texts and decide:
        raise UsageError("--only and --decide do not go together: a table is decided as a whole.")


def only_texts(cells: Iterable[Mapping[str, str]], axes: Sequence[str]) -> list[str]:
    """Return what ``--only`` is to be given for cells with these labels, by which of ``axes`` they differ from others.

    >>> only_texts([{"model": "a", "seed": "0"}, {"model": "b", "seed": "0"}], ["model"])
    ['{"model": ["a", "b"]}']
    """
    *others, last = axes
    together: dict[tuple[str, ...], dict[str, None]] = {}
    for labels in cells:
        together.setdefault(tuple(labels[axis] for axis in others), {})[labels[last]] = None
    return [
        json.dumps({**dict(zip(others, chosen, strict=True)), last: list(values)}, ensure_ascii=False)
        for chosen, values in together.items()
    ]
