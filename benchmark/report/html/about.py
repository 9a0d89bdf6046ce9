"""Sections that say where results come from: cells and their ends, data, versions, and the suite's text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from benchmark.exceptions import PluginError
from benchmark.report.html.grid import items_grid
from benchmark.report.html.material import Material
from benchmark.report.html.section import MOST_LISTED, Section
from benchmark.results.frames import STATUS


def cells_section(material: Material) -> Section:
    """Return how many cells ended how, and the errors of those that ended badly."""
    cells = material.results.cells
    counted = cells[STATUS].value_counts()
    states = items_grid("states", "How the cells ended.", ("state", "cells"), [*counted.items()])
    failed = cells[cells["error"] != ""]
    axes = list(material.plan.suite.axes)
    listed = [
        (" · ".join(str(cell[axis]) for axis in axes), cell[STATUS], cell["error"])
        for cell in failed.head(MOST_LISTED).to_dict("records")
    ]
    shown = f" The first {len(listed)} of {len(failed)}." if len(listed) < len(failed) else ""
    errors = items_grid("errors", f"Cells that are not ok.{shown}", ("cell", "state", "what it said"), listed)
    return Section(
        "cells", "Cells", grids=(states, errors) if listed else (states,), items=material.results.notes
    )


def data_section(material: Material) -> Section:
    """Return each dataset with its size, revision, licence and citation, and the files that were left out."""
    plan = material.plan
    specs = {
        spec.label: spec
        for cell in plan.suite.cells
        for spec in (cell.spec.dataset, *(each.dataset for each in cell.spec.evaluate if each.dataset))
    }
    lines = []
    for label, spec in specs.items():
        corpus = plan.corpora.get(label)
        size = f"{len(corpus.tracks):,} tracks, {len(corpus.classes)} classes" if corpus else "not here"
        licence, citation = _terms(material, spec.name)
        lines.append((label, size, corpus.revision if corpus else None, licence, citation))
    heads = ("dataset", "size", "revision", "licence", "cite as")
    grid = items_grid("datasets", "Datasets, the terms of their makers, and what to cite.", heads, lines)
    reasons = {
        name: why for record in material.results.records.values() for name, why in record.left_out.items()
    }
    listed = sorted(reasons.items())[:MOST_LISTED]
    shown = f" The first {len(listed)} of {len(reasons)}." if len(listed) < len(reasons) else ""
    left_out = items_grid("left-out", f"Files that could not be used.{shown}", ("file", "reason"), listed)
    return Section("data", "Data", grids=(grid, left_out) if listed else (grid,))


def made_with_section(material: Material) -> Section:
    """Return versions, commits, machines and times, each distinct answer once."""
    made = [record.provenance for record in material.results.records.values()]
    started = sorted(str(each["started"]) for each in made if each.get("started"))
    notes = _distinct(note for each in made for note in each.get("notes", []))
    lines = [
        ("cells started", f"{started[0]} to {started[-1]}" if started else None),
        (
            "versions",
            _joined(", ".join(f"{k} {v}" for k, v in each.get("versions", {}).items()) for each in made),
        ),
        ("Python", _joined(each.get("python") for each in made)),
        ("backend", _joined(each.get("backend") for each in made)),
        ("git commit of the suite", _joined(each.get("git") or "not in git" for each in made)),
        ("platform", _joined(each.get("platform") for each in made)),
        ("processor", _joined(_processor(each) for each in made)),
        ("devices", _joined(", ".join(each.get("devices", [])) for each in made)),
    ]
    grid = items_grid("made-with", "What the results were made with.", ("what", "answer"), lines)
    return Section("made-with", "Made with", grids=(grid,), items=tuple(notes))


def suite_section(material: Material) -> Section:
    """Return the suite as it is written."""
    return Section("suite", "Suite", source=material.plan.suite.text.strip())


def _terms(material: Material, name: str) -> tuple[str, str]:
    try:
        component: Any = material.registry.offer("dataset", name).component
    except PluginError:
        return "", ""
    return component.licence, " ".join(component.citation.split())


def _processor(made: Mapping[str, Any]) -> str | None:
    return f"{made['cpu']}, {made.get('cores')} cores" if made.get("cpu") else None


def _distinct(answers: Iterable[Any]) -> list[str]:
    return list(dict.fromkeys(str(answer) for answer in answers if answer))


def _joined(answers: Iterable[Any]) -> str:
    return "; ".join(_distinct(answers))
