"""Bundles without training: of made-up results, whole and altered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fabricate

from benchmark.bundles.export import export

SUITE = fabricate.SUITE.replace("evaluate: [test]", "evaluate: [test]")


def make_bundle(
    folder: Path, name: str = "made_up.zip", lab: str = "", text: str = fabricate.SUITE, **changes: Any
) -> Path:
    """Return a bundle of a suite's finished cells, twelve if it is not said; ``changes`` go into their records."""
    folder.mkdir(parents=True, exist_ok=True)
    plan = fabricate.make_plan(folder, text)
    store = fabricate.make_results(plan, folder / "results", **changes)
    return export(plan, store, folder / name, lab=lab).file


def made_on(day: str, **more: Any) -> dict[str, Any]:
    """Return the provenance of results that were made on a day."""
    versions = {"genrebench": "0.1.0", "numpy": "2.4.0"}
    return {
        "versions": versions,
        "started": f"{day}T10:00:00+00:00",
        "python": "3.11.7",
        "cpu": "a CPU",
        **more,
    }


def change_answers(folder: Path, cells: int) -> None:
    """Give the first cells of a results folder other answers: another device, or another truth."""
    import numpy as np

    from benchmark.results.parquet import read_predictions
    from benchmark.results.store import ResultsStore

    store = ResultsStore(folder.parent, folder.name)
    for id_, cell in sorted(store.scan().items())[:cells]:
        record: Any = store.read(id_, cell)
        table = read_predictions(cell)
        columns = [name for name in table if name.startswith("p:")]
        table[columns] = np.roll(table[columns].to_numpy(), 1, axis=1)
        store.write(record, predictions=table, history=[], metrics={})


def three_labs(folder: Path, text: str = fabricate.SUITE) -> list[Path]:
    """Return bundles of three labs: a first one, one that gets the same, and one that gets other numbers in part."""
    from benchmark.results.store import ResultsStore

    files = []
    for name, day in (("Lab A", "2026-01-05"), ("Lab B", "2026-03-01"), ("Lab C", "2026-06-30")):
        own = folder / name
        own.mkdir(parents=True)
        plan = fabricate.make_plan(own, text)
        store = fabricate.make_results(plan, own / "results", provenance=made_on(day), marks=["synthetic"])
        if name == "Lab C":
            change_answers(store.folder, 1)
        else:
            # The first two have no row of the third model but in part.
            for id_, cell in sorted(store.scan().items())[8 if name == "Lab A" else 4 :]:
                import shutil

                assert id_
                shutil.rmtree(cell)
        files.append(
            export(plan, ResultsStore(own / "results", "made_up"), own / f"{name[-1]}.zip", lab=name).file
        )
    return files
