"""What statistics know, in words: one sentence for a table, one word for a row, what would decide a pair."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from benchmark.analysis.comparison import BETTER, EQUAL, UNDECIDED, WORSE, by_pair
from benchmark.results.frames import ROW, Measure, lines_of
from benchmark.results.standing import HONEST

if TYPE_CHECKING:
    from benchmark.analysis.known import Known
    from benchmark.analysis.statistics import Statistics

_MOST_NAMED = 3


def known_sentences(
    statistics: Statistics, labels: Mapping[int, str], names: Sequence[str], sort: Measure
) -> list[str]:
    """Return what is known of the rows of each block that has ranked ones, in one sentence each.

    ``labels`` are what rows are called, ``names`` what blocks are.
    """
    sentences = []
    several = len(statistics.known) > 1
    for known, name in zip(statistics.known, names, strict=True):
        if not known.ranked:
            continue
        said = _known(known, labels, statistics.smallest, sort)
        if said and several:
            said = f"{name}: {said}"
        if said:
            sentences.append(said)
    return sentences


def block_names(statistics: Statistics, lines: pd.DataFrame, axes: Sequence[str]) -> list[str]:
    """Return what to call each block: the labels that all of its rows and not all others have, and its standing."""
    names = []
    for number, known in enumerate(statistics.known, 1):
        own = lines[lines[ROW].isin(known.block.rows)]
        others = lines[~lines[ROW].isin(known.block.rows)]
        same = [
            f"{axis} {own[axis].iloc[0]}"
            for axis in axes
            if own[axis].nunique() == 1 and len(others) and (others[axis] != own[axis].iloc[0]).all()
        ]
        standing = [known.block.standing] if known.block.standing != HONEST else []
        names.append(", ".join([*same, *standing]) or f"protocol {number}")
    taken = [name for name in names if names.count(name) > 1]
    return [f"{name} ({number})" if name in taken else name for number, name in enumerate(names, 1)]


def standings(statistics: Statistics, sort: Measure) -> dict[int, str]:
    """Return each ranked row's standing in a few words, against the row with the best mean of its block."""
    pairs = by_pair(statistics.comparisons, sort.name, best_rows(statistics))
    equal = f"equal within {margin_text(statistics.smallest, sort)}"
    words = {WORSE: "worse", BETTER: "better", EQUAL: equal, UNDECIDED: "undecided"}
    said = {}
    for known in statistics.known:
        for number, row in enumerate(known.ranked):
            if number == 0:
                said[row] = "best" if len(known.candidates) == 1 < len(known.ranked) else "may be best"
                continue
            verdict = pairs[row, known.ranked[0]]["verdict"]
            may_be = verdict == UNDECIDED and row in known.candidates
            said[row] = "may be best" if may_be else words[verdict]
    return said


def best_rows(statistics: Statistics) -> set[int]:
    """Return the row with the best mean of each block."""
    return {known.ranked[0] for known in statistics.known if known.ranked}


def margin_text(smallest: float, measure: Measure) -> str:
    """Return the difference that is too small to care about."""
    if not measure.percent:
        return "nothing"
    points = 100 * smallest
    return f"{points:g} point{'' if points == 1 else 's'}"


def needed_texts(statistics: Statistics) -> dict[int, str]:
    """Return, for rows that are undecided against the best, what would decide it."""
    return {int(line["row"]): needed_text(line) for line in lines_of(statistics.needed)}


def needed_text(line: Mapping[Any, Any]) -> str:
    """Return what would decide a pair, in words."""
    seeds, tracks = line["seeds"], line["tracks"]
    ways = []
    if _is_known(seeds):
        ways.append(f"{int(seeds)} more seed{'' if seeds == 1 else 's'}")
    if _is_known(tracks):
        count = _rounded(float(tracks))
        ways.append(f"{count:,} more test track{'' if count == 1 else 's'}")
    return f"about {', or '.join(ways)}" if ways else "more seeds and more test tracks"


def separable_sentences(statistics: Statistics, measures: Sequence[Measure]) -> tuple[str, ...]:
    """Return, per measure that rows were compared by, what difference would mostly be found."""
    by_name = {measure.name: measure for measure in measures}
    sentences = []
    for name, least in statistics.separable.items():
        if math.isfinite(least):
            size = f"{100 * least:.1f} points" if by_name[name].percent else f"{least:.3f}"
            sentences.append(
                f"On {name}, a difference of about {size} between two rows would be found in four of five tables "
                "like this, all pairs tested."
            )
    return tuple(sentences)


def _known(known: Known, labels: Mapping[int, str], smallest: float, sort: Measure) -> str:
    count = len(known.ranked)
    if count < 2:
        return ""
    best, may = labels[known.ranked[0]], len(known.candidates)
    if may == 1:
        first = f"{best} is the best of {count} rows"
    elif may == count:
        first = f"Any of {count} rows may be the best"
    elif may <= _MOST_NAMED:
        first = f"{_listed([labels[row] for row in known.candidates])} may be the best of {count} rows"
    else:
        first = f"{may} of {count} rows may be the best, {best} in front"
    pairs = f"{known.decided} of {known.pairs} pairs are decided" if known.pairs > 1 else ""
    if known.pairs == 1 and not known.decided:
        pairs = "their difference is undecided"
    if known.equal:
        equal = f"{known.equal} of them as equal within {margin_text(smallest, sort)}"
        pairs = (
            f"{pairs}, {equal}" if known.pairs > 1 else f"they are equal within {margin_text(smallest, sort)}"
        )
    return "; ".join(part for part in (first, pairs) if part) + "."


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


def _is_known(value: Any) -> bool:
    return value is not None and math.isfinite(value)


def _rounded(value: float) -> int:
    """Return a number as one says it: two digits, the rest zeros."""
    if value < 10:
        return max(1, math.ceil(value))
    step = 10 ** (math.floor(math.log10(value)) - 1)
    return math.ceil(value / step) * step
