"""Bundles without training: of made-up results, whole and altered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fabricate

from benchmark.bundles.export import export

SUITE = fabricate.SUITE.replace("evaluate: [test]", "evaluate: [test]")


def make_bundle(folder: Path, name: str = "made_up.zip", lab: str = "", **changes: Any) -> Path:
    """Return a bundle of twelve finished cells; ``changes`` go into their records."""
    folder.mkdir(parents=True, exist_ok=True)
    plan = fabricate.make_plan(folder)
    store = fabricate.make_results(plan, folder / "results", **changes)
    return export(plan, store, folder / name, lab=lab).file
