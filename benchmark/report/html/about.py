"""Sections that say where results come from: cells and their ends, data, versions, and the suite's text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from benchmark.exceptions import PluginError
from benchmark.report.html.section import MOST_LISTED, Section
from benchmark.report.html.tables import items_table
from benchmark.report.material import Material
from benchmark.results.frames import STATUS, lines_of


def cells_section(material: Material) -> Section:
    """Return how many cells ended how, and the errors of those that ended badly."""
    cells = material.results.cells
    counted = cells[STATUS].value_counts()
    states = items_table("states", "How the cells ended.", ("state", "cells"), [*counted.items()])
    failed = cells[cells["error"] != ""]
    axes = list(material.plan.suite.axes)
    listed = [
        (" · ".join(str(cell[axis]) for axis in axes), cell[STATUS], cell["error"])
        for cell in lines_of(failed.head(MOST_LISTED))
    ]
    shown = f" The first {len(listed)} of {len(failed)}." if len(listed) < len(failed) else ""
    errors = items_table(
        "errors", f"Cells that are not ok.{shown}", ("cell", "state", "what it said"), listed
    )
    return Section(
        "cells", "Cells", tables=(states, errors) if listed else (states,), items=material.results.notes
    )


def data_section(material: Material) -> Section:
    """Return each dataset with its size, revision, licence and citation, and the files that were left out."""
    plan = material.plan
    specs = {
        spec.label: spec
        for cell in plan.suite.cells
        for spec in (cell.spec.dataset, *(own.dataset for own in cell.spec.evaluate if own.dataset))
    }
    lines = []
    for label, spec in specs.items():
        corpus = plan.corpora.get(label)
        size = f"{len(corpus.tracks):,} tracks, {len(corpus.classes)} classes" if corpus else "not here"
        licence, citation = _terms(material, spec.name)
        lines.append((label, size, corpus.revision if corpus else None, licence, citation))
    heads = ("dataset", "size", "revision", "licence", "cite as")
    table = items_table("datasets", "Datasets, the terms of their makers, and what to cite.", heads, lines)
    reasons = {
        name: why for record in material.results.records.values() for name, why in record.left_out.items()
    }
    listed = sorted(reasons.items())[:MOST_LISTED]
    shown = f" The first {len(listed)} of {len(reasons)}." if len(listed) < len(reasons) else ""
    left_out = items_table("left-out", f"Files that could not be used.{shown}", ("file", "reason"), listed)
    return Section("data", "Data", tables=(table, left_out) if listed else (table,))


def made_with_section(material: Material) -> Section:
    """Return versions, commits, machines and times, own distinct answer once."""
    made = [record.provenance for record in material.results.records.values()]
    started = sorted(str(own["started"]) for own in made if own.get("started"))
    notes = _distinct(note for own in made for note in own.get("notes", []))
    lines = [
        ("cells started", f"{started[0]} to {started[-1]}" if started else None),
        (
            "versions",
            _joined(", ".join(f"{k} {v}" for k, v in own.get("versions", {}).items()) for own in made),
        ),
        ("Python", _joined(own.get("python") for own in made)),
        ("backend", _joined(own.get("backend") for own in made)),
        ("git commit of the suite", _joined(own.get("git") or "not in git" for own in made)),
        ("platform", _joined(own.get("platform") for own in made)),
        ("processor", _joined(_processor(own) for own in made)),
        ("devices", _joined(", ".join(own.get("devices", [])) for own in made)),
    ]
    table = items_table("made-with-table", "What the results were made with.", ("what", "answer"), lines)
    return Section("made-with", "Made with", tables=(table,), items=tuple(notes))


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
