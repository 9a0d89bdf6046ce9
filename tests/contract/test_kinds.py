"""Whoever asks for the rules of one kind does not wait for what others are tried on."""

from __future__ import annotations

import subprocess
import sys
from typing import get_args

import pytest

from benchmark.contract.kinds import rules_of
from benchmark.plugin.component import Kind


@pytest.mark.parametrize(("kind", "other"), [("plugin", "numpy"), ("metric", "benchmark.data.examples")])
def test_rules_of_one_kind_import_nothing_for_others(kind: str, other: str) -> None:
    code = f"import sys; from benchmark.contract.kinds import rules_of; rules_of({kind!r}); print({other!r} in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"


@pytest.mark.parametrize("kind", [*get_args(Kind), "plugin", "tracker"])
def test_each_kind_has_rules_of_its_own_names(kind: str) -> None:
    own = [rule.name for rule in rules_of(kind) if rule.name.startswith(f"{kind}-")]
    assert own
    assert len({rule.name for rule in rules_of(kind)}) == len(rules_of(kind))
