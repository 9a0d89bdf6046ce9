"""With one seed there is no test of robustness, and the report says so."""

from __future__ import annotations

from pathlib import Path

import pytest
from fabricate import make_plan, make_registry, make_results
from worn import WORN, make_corrupted

from benchmark.report.write import write_report


def page(folder: Path, text: str) -> str:
    folder.mkdir()
    plan = make_plan(folder, text)
    store = make_results(plan, folder / "results")
    make_corrupted(plan, store)
    write_report(plan, store, make_registry(), ["md"], sections=["robustness"])
    return (store.folder / "report" / "report.md").read_text()


@pytest.mark.slow
def test_one_seed_decides_nothing_and_several_may(tmp_path: Path) -> None:
    alone = page(tmp_path / "one", WORN.replace("seed: [0, 1]", "seed: [0]"))
    assert "can be tested: rows have one seed" in alone
    assert "are significant" not in alone
    several = page(tmp_path / "two", WORN)
    assert "changes by corruption are significant" in several
    assert "can be tested" not in several
