"""Tables of a suite's data: tracks per class (the paper's Table 1), and items per technique (its Table 2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from benchmark.plugin.tracks import reasons_text
from benchmark.report.table import Column, Table

if TYPE_CHECKING:
    from benchmark.figures.variants import Variant
    from benchmark.results.plan import Plan

ORIGINALS, TOTAL = "originals", "total"


def tracks_table(plan: Plan, note: str = "") -> Table:
    """Return how many usable tracks each dataset has of each class."""
    counted = {
        label: Counter(_plain(track.label) for track in corpus.tracks)
        for label, corpus in plan.corpora.items()
    }
    names: dict[str, str] = {}
    for corpus in plan.corpora.values():
        for name in corpus.classes:
            names.setdefault(_plain(name), name)
    lines: list[dict[str, Any]] = [
        {"class": names[plain]} | {label: counts.get(plain, 0) for label, counts in counted.items()}
        for plain in names
    ]
    lines.append({"class": TOTAL} | {label: counts.total() for label, counts in counted.items()})
    columns = (Column("class", "class"), *(Column(label, label, "integer") for label in counted))
    notes = [
        f"{label}: {len(corpus.left_out)} files are left out ({reasons_text(corpus.left_out)}), and not counted."
        for label, corpus in plan.corpora.items()
        if corpus.left_out
    ]
    notes += [f"{label} is not here." for label in plan.absent]
    return Table(columns, tuple(lines), f"Tracks per class{note}.", tuple(notes))


def copies_table(variants: Sequence[Variant], note: str = "") -> Table:
    """Return how many training items each technique really made, under each protocol."""
    columns = [Column("technique", "technique")]
    techniques = dict.fromkeys(name for variant in variants for name in variant.counts)
    lines: list[dict[str, Any]] = [
        {"technique": ORIGINALS if technique == "none" else technique}
        | {str(number): variant.counts.get(technique, 0) for number, variant in enumerate(variants)}
        for technique in techniques
    ]
    lines.append(
        {"technique": TOTAL}
        | {str(number): len(variant.items.train.items) for number, variant in enumerate(variants)}
    )
    columns += [
        Column(str(number), variant.name or "training items", "integer")
        for number, variant in enumerate(variants)
    ]
    return Table(tuple(columns), tuple(lines), f"Training items by technique{note}.", tuple(_notes(variants)))


def _notes(variants: Sequence[Variant]) -> list[str]:
    notes = []
    for variant in variants:
        name = f"{variant.name}: " if variant.name else ""
        if variant.leaky:
            notes.append(
                f"{name}copies are made before the split, {variant.held_out_copies:,} of them of validation and test "
                "tracks."
            )
        if variant.fresh:
            notes.append(
                f"{name}{', '.join(variant.fresh)} are drawn afresh in each epoch, and make no items."
            )
    return notes


def _plain(label: str) -> str:
    return "".join(character for character in label.casefold() if character.isalnum())
