"""The ways in which a suite makes items of its data: what is trained and evaluated on under each protocol."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from benchmark.data.assemble import CellItems, PartItems, cell_items
from benchmark.data.items import count_copies
from benchmark.suite.cell import CellSpec, Chain, Evaluation

if TYPE_CHECKING:
    from benchmark.plugin.registry import Registry
    from benchmark.results.plan import Plan
    from benchmark.suite.cell import Cell

_DATA_AXES = ("dataset", "clips", "split", "audio", "duplicates")


@dataclass(frozen=True)
class Variant:
    """A dataset, split and protocol of a suite, with the recipe that makes the most items of it.

    Attributes:
        name: what tells it from the suite's other variants; empty where there is only one.
        spec: of the cell that its items are those of.
        items: those items.
        fresh: labels of what is drawn afresh in each epoch, and makes no items.
        absent: evaluation sets whose data are not here.
    """

    name: str
    spec: CellSpec
    items: CellItems
    fresh: tuple[str, ...]
    absent: tuple[str, ...]

    @property
    def leaky(self) -> bool:
        """Whether copies of held-out tracks are trained on."""
        return self.spec.split.augment == "before" and self.held_out_copies > 0

    @property
    def counts(self) -> dict[str, int]:
        """How many training items each technique made; originals are ``none``."""
        return count_copies(self.items.train.items)

    @property
    def held_out_copies(self) -> int:
        """How many training items are copies of validation or test tracks."""
        own = len(self.items.split.train)
        return sum(item.track >= own for item in self.items.train.items)

    def evaluated(self, part: PartItems) -> Evaluation:
        """Return the evaluation set that a part is the items of."""
        return next(evaluation for evaluation in self.spec.evaluate if evaluation.label == part.name)


def data_variants(plan: Plan, registry: Registry) -> list[Variant]:
    """Return the variants of a suite whose own dataset is here, in the suite's order; first seed, first fold.

    Of each dataset, split and protocol there is the recipe that makes the most items, and others as long as they
    hold techniques that none before them has.

    Raises:
        SplitError: when a dataset cannot be split as asked.
    """
    groups: dict[str, list[Cell]] = {}
    for cell in plan.suite.cells:
        if cell.spec.dataset.label not in plan.absent:
            groups.setdefault(_name(plan, cell), []).append(cell)
    return [variant for name, cells in groups.items() for variant in _variants(name, cells, plan, registry)]


def recipe_steps(plan: Plan) -> list[Chain]:
    """Return the distinct augmentation chains of all recipes of a suite, in its order."""
    chains: dict[Any, Chain] = {}
    for cell in plan.suite.cells:
        for chain in cell.spec.augmentation:
            key = tuple(spec.key for spec in chain)
            chains.setdefault(key, chain)
    return list(chains.values())


def _name(plan: Plan, cell: Cell) -> str:
    varying = [
        axis
        for axis, labels in plan.suite.axes.items()
        if axis.partition(".")[0] in _DATA_AXES and len(labels) > 1
    ]
    return ", ".join(
        f"{axis.rpartition('.')[2]} {cell.labels[axis]}" if "." in axis else cell.labels[axis]
        for axis in varying
    )


def _variants(name: str, cells: Sequence[Cell], plan: Plan, registry: Registry) -> Iterator[Variant]:
    first = cells[0].spec
    recipes = {
        id(cell.spec.augmentation): cell
        for cell in reversed(cells)
        if (cell.spec.seed, cell.spec.fold) == (first.seed, first.fold)
    }
    made = [(cell, *_listed(cell.spec, plan, registry)) for cell in reversed(recipes.values())]
    made.sort(key=lambda variant: (-len(variant[2].train.items), -len(variant[1].augmentation)))
    shown: set[str] = set()
    chosen = []
    for cell, spec, items in made:
        fresh = _fresh(spec, registry)
        techniques = {*count_copies(items.train.items), *fresh}
        if techniques - shown:
            chosen.append((cell, spec, items, fresh))
        shown |= techniques
    absent = tuple(
        evaluation.label
        for evaluation in first.evaluate
        if evaluation.dataset is not None and evaluation.dataset.label in plan.absent
    )
    for cell, spec, items, fresh in chosen:
        recipe = cell.labels.get("augmentation", "") if len(chosen) > 1 else ""
        yield Variant(", ".join(filter(None, (name, recipe))), spec, items, fresh, absent)


def _fresh(spec: CellSpec, registry: Registry) -> tuple[str, ...]:
    """Return the labels of what is drawn afresh in each epoch."""
    return tuple(
        dict.fromkeys(
            step.label for chain in spec.augmentation for step in chain if step.create(registry).fresh
        )
    )


def _listed(spec: CellSpec, plan: Plan, registry: Registry) -> tuple[CellSpec, CellItems]:
    """Return the items of a cell, without the evaluation sets that are not here."""
    here = tuple(
        known for known in spec.evaluate if known.dataset is None or known.dataset.label not in plan.absent
    )
    known = replace(spec, evaluate=here)
    return known, cell_items(known, registry, plan.corpus_of)
