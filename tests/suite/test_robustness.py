"""Whatever is written into a suite, it is loaded or refused with places; nothing else is raised."""

from __future__ import annotations

import copy
import random
from pathlib import Path
from typing import Any

import pytest
from suite_components import FULL, GOOD, dumped, places, put

from benchmark.exceptions import SuiteError
from benchmark.plugin.registry import Registry
from benchmark.suite.load import load_suite

JUNK: list[Any] = [
    None, True, -1, 3, 2**70, 1.5, float("inf"), "", "none", "test", "label", ":", "a" * 300, [], [[]], [None], [1, 1], {},
    {"label": None}, {"label": "x"}, {"x": 1, "y": 2}, {"value": 1}, {"use": [[]]}, {"small": None}, {"a": {"b": {"c": 1}}},
]  # fmt: skip


def refusal(file: Path, registry: Registry) -> list[str]:
    """Return the place of each problem; none if the suite is taken."""
    try:
        load_suite(file, registry)
    except SuiteError as error:
        return [problem.where for problem in error.problems]
    return []


def test_the_suite_to_break_is_without_fault(load) -> None:
    assert len(load(dumped(FULL)).cells) == 2 * 2 * 2 * 2 * 2 - 4 + 2 * 2 * 2


@pytest.mark.parametrize("junk", JUNK, ids=repr)
def test_a_value_of_any_kind_in_any_place_is_taken_or_refused(tmp_path: Path, registry, junk: Any) -> None:
    file = tmp_path / "suite.yaml"
    for place in random.Random(repr(junk)).sample(list(places(FULL)), 12):
        suite = copy.deepcopy(FULL)
        put(suite, place, junk)
        file.write_text(dumped(suite))
        assert all(where.startswith(f"{file}:") for where in refusal(file, registry))


def test_a_text_that_was_damaged_is_taken_or_refused(tmp_path: Path, registry) -> None:
    chance = random.Random(0)
    pieces = [*'[{&*!:"|?<%7#-\n\t\0\xff ', ": ", "- ", "", "&a ", "*a ", "<<: "]
    file = tmp_path / "suite.yaml"
    refused = 0
    for _ in range(200):
        text = bytearray(GOOD.encode())
        for _ in range(chance.randint(1, 2)):
            start = chance.randrange(len(text))
            text[start : start + chance.randint(0, 2)] = chance.choice(pieces).encode("latin-1")
        file.write_bytes(text)
        refused += bool(refusal(file, registry))
    assert 0 < refused < 200
