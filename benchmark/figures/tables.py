"""Tables of a suite's data: tracks per class (the paper's Table 1), and items per technique (its Table 2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from benchmark.data.classes import Aliases, match_classes
from benchmark.exceptions import DatasetError
from benchmark.plugin.tracks import reasons_text
from benchmark.report.table import Column, Table, keys_beside

if TYPE_CHECKING:
    from benchmark.figures.variants import Variant
    from benchmark.results.plan import Plan

ORIGINALS, TOTAL = "originals", "total"


def tracks_table(plan: Plan, aliases: Mapping[str, Aliases], note: str = "") -> Table:
    """Return how many usable tracks each dataset has of each class.

    Classes of two datasets are one where they are for a model (see ``match_classes``); in doubt each has a line.
    ``aliases`` are those of datasets, by label.
    """
    counted: dict[str, Counter[str]] = {}
    names: list[str] = []
    for label, corpus in plan.corpora.items():
        same = _matched(corpus.classes, names, aliases.values())
        names += [same[name] for name in corpus.classes if same[name] not in names]
        counted[label] = Counter(same[track.label] for track in corpus.tracks)
    keys = keys_beside(counted, ("class",))
    lines: list[dict[str, Any]] = [
        {"class": name} | {keys[label]: counts[name] for label, counts in counted.items()} for name in names
    ]
    lines.append({"class": TOTAL} | {keys[label]: counts.total() for label, counts in counted.items()})
    columns = (Column("class", "class"), *(Column(key, label, "integer") for label, key in keys.items()))
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


def _matched(classes: Sequence[str], known: Sequence[str], aliases: Iterable[Aliases]) -> dict[str, str]:
    """Return what each class is called in a table that has the ``known`` ones already."""
    try:
        matched = match_classes(classes, known, aliases)
    except DatasetError:
        matched = {}
    return {name: matched.get(name, name) for name in classes}
