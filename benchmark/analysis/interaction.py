"""Interactions: whether what one axis changes depends on the value of another. Pure functions.

The method and its error rates by simulation are in docs/questions.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from benchmark.analysis.asked import Asked, Labels
from benchmark.analysis.cochran import ALPHA
from benchmark.analysis.contrast import Contrast, intervals

# More differences of effects than these nobody reads; then only those to the other axis's baseline are tested.
_MOST, _MOST_IN_CLASSES = 2_000, 200


@dataclass(frozen=True)
class Interactions:
    """A line per effect within a value of another axis, one per difference of two such effects, one per class of it.

    ``within``: ``axis, value, baseline, of, at, difference, low, high, p, pairs`` (of the axis ``of``, ``at`` this
    value). ``between``: ``axis, value, baseline, of, at, against, difference, low, high, p, p_holm`` (the effect at
    ``at`` less that at ``against``). ``by_class``: as ``between``, with ``class``.
    """

    within: tuple[dict[str, object], ...]
    between: tuple[dict[str, object], ...]
    by_class: tuple[dict[str, object], ...]


@dataclass(frozen=True)
class _Effect:
    """An effect of ``value`` against ``baseline`` within ``at``, as pairs of rows by the labels of all other axes."""

    axis: str
    value: str
    baseline: str
    of: str
    at: str
    pairs: Mapping[tuple[tuple[str, str], ...], tuple[int, int]]

    @property
    def names(self) -> dict[str, object]:
        return {
            "axis": self.axis, "value": self.value, "baseline": self.baseline, "of": self.of, "at": self.at,
        }  # fmt: skip


def interactions(asked: Asked, labels: Labels, baseline: Mapping[str, str]) -> Interactions:
    """Return what each axis changes within each value of each other one, and where these effects differ.

    The effect is that of the axis which ``baseline`` names, or of the later one; its values are compared with its
    baseline, or with its first value. Pairs of rows that give the same answers whatever is changed show no effect and
    no interaction, and are left out. An interaction is a difference of two differences, of the same test tracks and
    seeds, over the rows that both have; all of them are corrected together (Holm), those of the classes together. Of
    more than 200 none is asked per class.
    """
    effects = [
        effect
        for axis, other in combinations(_axes(labels), 2)
        for effect in _effects(asked, labels, *_ordered(axis, other, baseline), baseline)
    ]
    within = _within(asked, effects)
    pairs = _pairs(effects, baseline, labels)
    between = _between(asked, pairs)
    return Interactions(within, between, _by_class(asked, pairs))


def _axes(labels: Labels) -> list[str]:
    return list(next(iter(labels.values()), {}))


def _ordered(axis: str, other: str, baseline: Mapping[str, str]) -> tuple[str, str]:
    """Return the axis whose effect is shown, and the one within whose values it is."""
    return (axis, other) if axis in baseline and other not in baseline else (other, axis)


def _effects(asked: Asked, labels: Labels, axis: str, of: str, baseline: Mapping[str, str]) -> list[_Effect]:
    rows = {tuple(sorted(own.items())): row for row, own in labels.items() if row in asked.rows}
    values = list(dict.fromkeys(own[axis] for own in labels.values()))
    first = baseline[axis] if baseline.get(axis) in values else values[0]
    by_value: dict[tuple[str, str], dict[tuple[tuple[str, str], ...], tuple[int, int]]] = {}
    for row, own in labels.items():
        other = rows.get(tuple(sorted({**own, axis: first}.items())))
        if own[axis] == first or row not in asked.rows or other is None:
            continue
        if asked.comparable((row, other)) and not asked.alike(row, other):
            rest = tuple(sorted((name, label) for name, label in own.items() if name not in (axis, of)))
            by_value.setdefault((own[axis], own[of]), {})[rest] = (row, other)
    return [_Effect(axis, value, first, of, at, pairs) for (value, at), pairs in by_value.items()]


def _pairs(
    effects: Sequence[_Effect], baseline: Mapping[str, str], labels: Labels
) -> list[tuple[_Effect, _Effect]]:
    """Return pairs of effects of one change within two values of another axis, with rows in common."""
    groups: dict[tuple[str, str, str], list[_Effect]] = {}
    for effect in effects:
        groups.setdefault((effect.axis, effect.value, effect.of), []).append(effect)
    pairs = [
        (second, first)
        for several in groups.values()
        for first, second in combinations(several, 2)
        if first.pairs.keys() & second.pairs.keys()
    ]
    if len(pairs) <= _MOST:
        return pairs
    firsts = {axis: baseline.get(axis) or next(iter(labels.values()))[axis] for axis in _axes(labels)}
    return [pair for pair in pairs if firsts[pair[0].of] in (pair[0].at, pair[1].at)]


def _within(asked: Asked, effects: Sequence[_Effect]) -> tuple[dict[str, object], ...]:
    contrasts = [
        _contrast(asked, [(pair, 1.0) for pair in effect.pairs.values()], len(effect.pairs))
        for effect in effects
    ]
    return tuple(
        effect.names | facts | {"pairs": len(effect.pairs)}
        for effect, facts in zip(effects, _facts(contrasts, asked.bound), strict=True)
    )


def _between(asked: Asked, pairs: Sequence[tuple[_Effect, _Effect]]) -> tuple[dict[str, object], ...]:
    contrasts = [_contrast(asked, *_signed(effect, other)) for effect, other in pairs]
    lines = [
        effect.names | {"against": other.at} | facts
        for (effect, other), facts in zip(pairs, _facts(contrasts, 2 * asked.bound), strict=True)
    ]
    return _corrected(asked, lines)


def _by_class(asked: Asked, pairs: Sequence[tuple[_Effect, _Effect]]) -> tuple[dict[str, object], ...]:
    names: list[dict[str, object]] = []
    contrasts = []
    for name, rows in asked.by_class.items() if len(pairs) <= _MOST_IN_CLASSES else ():
        of_class = replace(asked, rows=rows, by_class={})
        for effect, other in pairs:
            signed, count = _signed(effect, other)
            if not all(row in rows for pair, _ in signed for row in pair):
                continue
            contrast = _contrast(of_class, signed, count)
            # Fewer units agree by chance too often for any test: such classes say nothing, and count as no test.
            if 2.0 ** (1 - contrast.units[0]) < ALPHA:
                names.append(effect.names | {"against": other.at, "class": name})
                contrasts.append(contrast)
    lines = [name | facts for name, facts in zip(names, _facts(contrasts, 2.0), strict=True)]
    return _corrected(asked, lines)


def _signed(effect: _Effect, other: _Effect) -> tuple[list[tuple[tuple[int, int], float]], int]:
    """Return the pairs of rows that both effects have, those of the other one with a minus, and how many there are."""
    common = [rest for rest in effect.pairs if rest in other.pairs]
    pairs = [(effect.pairs[rest], 1.0) for rest in common] + [(other.pairs[rest], -1.0) for rest in common]
    return pairs, len(common)


def _contrast(asked: Asked, signed: Sequence[tuple[tuple[int, int], float]], count: int) -> Contrast:
    """Return the sum of signed differences over their number."""
    used = list(dict.fromkeys(row for pair, _ in signed for row in pair))
    place = {row: at for at, row in enumerate(used)}
    weights = np.zeros(len(used))
    for (row, other), sign in signed:
        weights[place[row]] += sign / count
        weights[place[other]] -= sign / count
    return asked.contrasts(used, weights[None])


def _facts(contrasts: Sequence[Contrast], bound: float) -> list[dict[str, object]]:
    """Return what is known of contrasts of one value each."""
    return [
        {
            "difference": float(contrast.values[0]),
            "low": float(low[0]),
            "high": float(high[0]),
            "p": float(contrast.p()[0]),
        }
        for contrast, (low, high) in zip(contrasts, intervals(contrasts, bound), strict=True)
    ]


def _corrected(asked: Asked, lines: Sequence[dict[str, object]]) -> tuple[dict[str, object], ...]:
    corrected = asked.corrected(np.array([line["p"] for line in lines], float))
    return tuple(line | {"p_holm": float(p)} for line, p in zip(lines, corrected, strict=True))
