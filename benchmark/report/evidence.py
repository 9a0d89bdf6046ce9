"""Statistics as tables and sentences for people: what is real, what changes what, how far answers can be trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from benchmark.analysis.comparison import by_pair
from benchmark.analysis.critical_difference import CriticalDifference
from benchmark.analysis.statistics import Statistics
from benchmark.report.table import Column, Kind, Table, cell_text, keys_beside, plain
from benchmark.report.verdicts import best_rows, needed_texts, standings
from benchmark.results.frames import Measure, lines_of

# The width of an interval from one end of a share's differences to the other.
_SAYS_NOTHING = 2.0


def evidence_tables(
    statistics: Statistics,
    measures: Sequence[Measure],
    sort: Measure,
    labels: Mapping[int, str],
    names: Sequence[str] = (),
) -> dict[str, list[Table]]:
    """Return tables by the titles of their sections; none without something to show.

    ``labels`` has the rows in the order of the leaderboard, ``names`` are those of blocks.
    """
    sections: dict[str, Sequence[Table | None]] = {
        "Differences to the best row": best_tables(statistics, sort, labels, names),
        "Effects": [effects_table(statistics, measures, labels)],
        "Effects by row": [effects_by_row_table(statistics, measures, labels)],
        "Effects per class": class_effects_tables(statistics),
        "Calibration": [calibration_table(statistics, labels)],
        "Average ranks": [ranks_table(statistics.critical_difference)],
    }
    known = {title: [table for table in tables if table is not None] for title, tables in sections.items()}
    return {title: tables for title, tables in known.items() if tables}


def best_tables(
    statistics: Statistics, sort: Measure, labels: Mapping[int, str], names: Sequence[str] = ()
) -> list[Table]:
    """Return, per block of competitors, how each ranked row differs from the best one, and what would decide it."""
    pairs = by_pair(statistics.comparisons, sort.name, best_rows(statistics))
    said, more = standings(statistics, sort), needed_texts(statistics)
    tables = []
    for number, known in enumerate(statistics.known):
        if len(known.ranked) < 2:
            continue
        best = known.ranked[0]
        lines = [
            pairs[row, best] | {"row": labels[row], "verdict": said[row], "needed": more.get(row)}
            for row in known.ranked[1:]
        ]
        units = min((int(line["units"]) for line in lines if line["units"]), default=0)
        of = f" ({names[number]})" if len(statistics.known) > 1 and names else ""
        caption = (
            f"Difference of each row to the best one, {labels[best]}{of}, by {sort.name} [95 % interval], paired by "
            f"track, over {units} independent units or more; "
            f"p corrected over all {known.pairs} pairs of rows (Holm)."
        )
        columns = (
            Column("row", "row"),
            Column("difference", "difference", _points(sort), low="low", high="high"),
            Column("p_holm", "p (Holm)", "probability", spare=1),
            Column("verdict", "verdict"),
            Column("needed", "what would decide it", spare=2, drawn=any(line["needed"] for line in lines)),
            *(Column(key, drawn=False) for key in ("p_equal_holm", "reason", "units", "seeds")),
        )
        tables.append(Table(columns, _plain(lines), caption))
    refusal = statistics.critical_difference
    if tables and isinstance(refusal, str):
        tables[-1] = replace(tables[-1], notes=(refusal,))
    return tables


def effects_table(
    statistics: Statistics, measures: Sequence[Measure], labels: Mapping[int, str]
) -> Table | None:
    """Return what each value of an axis changes against its baseline, over all models, and how models differ in it."""
    overall = statistics.effects[statistics.effects["class"] == ""]
    if not len(overall):
        return None
    kind = _kind(overall, measures)
    lines = [
        line
        | {"change": _change(line), "range": _range(line, labels, kind), "of": _pairs(line)}
        | {key: int(line[key]) for key in ("pairs", "unmoved")}
        for line in lines_of(overall)
    ]
    columns = (
        Column("change", "change"),
        Column("measure", "on"),
        Column("difference", "difference", kind, low="low", high="high"),
        Column("p_holm", "p (Holm)", "probability"),
        Column("range", "from … to", spare=1, drawn=any(line["range"] for line in lines)),
        Column("of", "pairs of rows", spare=2),
        *(
            Column(key, drawn=False)
            for key in ("axis", "value", "baseline", "set", "p", "pairs", "unmoved", "least", "most")
        ),
    )
    caption = (
        "What a value of an axis changes, mean of the paired differences over rows that differ in nothing else "
        "[95 % interval], and the rows in which it changes least and most. Models and other axes are taken as they "
        "are, not as a sample of others."
    )
    notes = []
    unmoved = int(overall["unmoved"].sum())
    if unmoved:
        pair = "pair of rows gives" if unmoved == 1 else "pairs of rows give"
        notes.append(f"{unmoved} {pair} the same answers whatever is changed, and are left out.")
    if overall["protocol"].any():
        notes.append("A change of protocol changes what is tested: it says nothing of which row is better.")
    return Table(columns, _plain(lines), caption, tuple(notes))


def effects_by_row_table(
    statistics: Statistics, measures: Sequence[Measure], labels: Mapping[int, str]
) -> Table | None:
    """Return the same for each pair of rows, where there are several: effects that differ between models."""
    effects = statistics.effects_by_row
    if not len(effects):
        return None
    kind = _kind(effects, measures)
    lines = [
        line | {"change": _change(line), "row": labels[line["row"]], "other": labels[line["other"]]}
        for line in lines_of(effects)
    ]
    columns = (
        Column("change", "change"),
        Column("measure", "on"),
        Column("row", "row"),
        Column("difference", "difference", kind, low="low", high="high"),
        *(Column(key, drawn=False) for key in ("axis", "value", "baseline", "set", "other", "p")),
    )
    caption = (
        "The same in each row against the one that differs in nothing else [95 % interval, not corrected]."
    )
    return Table(columns, _plain(lines), caption)


def class_effects_tables(statistics: Statistics) -> list[Table]:
    """Return, per measure, what each value of an axis changes for each class; none where nothing can be said."""
    effects = statistics.effects[statistics.effects["class"] != ""]
    tables = []
    for measure, own in effects.groupby("measure", sort=False):
        if (own["high"] - own["low"]).min() >= _SAYS_NOTHING:
            continue
        columns, lines = [Column("class", "class")], {name: {"class": name} for name in own["class"]}
        shares = []
        for (axis, value), change in own.groupby(["axis", "value"], sort=False):
            key = f"{axis} {value}"
            group = f"{axis}: {change['baseline'].iloc[0]} →"
            low, high, raw = f"{key} low", f"{key} high", f"{key} raw"
            columns.append(Column(key, str(value), "points", None, group, 1, low=low, high=high))
            columns.append(Column(raw, drawn=False))
            shares.append(f"{value} {100 * change['own'].mean():.0f} %")
            for line in lines_of(change):
                lines[line["class"]] |= {
                    key: line["difference"], low: line["low"], high: line["high"], raw: line["raw"],
                }  # fmt: skip
        caption = (
            f"What a value of an axis changes in {measure}, the share of a class's tracks that is recognised: points, "
            "mean of the paired differences over rows that differ in nothing else [95 % interval, not corrected for "
            "the number of classes]. Each class is drawn towards the mean of all, the more the fewer tracks it has "
            f"(partial pooling); of what is shown is a class's own, on average: {', '.join(shares)}."
        )
        tables.append(Table(tuple(columns), _plain(list(lines.values())), caption))
    return tables


def calibration_table(statistics: Statistics, labels: Mapping[int, str]) -> Table | None:
    """Return the expected calibration error of each row on each evaluation set, beside what chance alone makes."""
    if not len(statistics.calibration):
        return None
    first = statistics.calibration.groupby(["row", "set"], sort=False)[["ece", "floor"]].first()
    errors, floors = first["ece"].unstack("set"), first["floor"].unstack("set")
    columns = [Column("row", "row")]
    keys = keys_beside(map(str, errors.columns), ("row",))
    for name, key in keys.items():
        columns += [
            Column(key, "ECE", "percent", group=name),
            Column(f"{key} floor", "by chance", "percent", group=name),
        ]
    errors, floors = (known.rename(columns=keys) for known in (errors, floors))
    lines = [
        {"row": label, **errors.loc[row].to_dict(), **floors.loc[row].add_suffix(" floor").to_dict()}
        for row, label in labels.items()
        if row in errors.index
    ]
    caption = (
        "Expected calibration error in percent: how far confidence is from accuracy, over ten bins of equal width "
        "(Guo et al. 2017). By chance: what a perfectly calibrated model of the same confidences would show on so many "
        "tracks; an error near that says nothing."
    )
    return Table(tuple(columns), _plain(lines), caption)


def ranks_table(average: CriticalDifference | str) -> Table | None:
    """Return average ranks over data sets, where there are enough of them."""
    if isinstance(average, str):
        return None
    lines = [{"method": name, "rank": rank} for name, rank in average.ranks.items()]
    caption = (
        f"Average ranks over {len(average.datasets)} data sets ({', '.join(average.datasets)}). "
        "Two methods differ if their ranks differ by more than "
        f"{average.difference:.2f} (Nemenyi, 5 %); Friedman's test that all are equal: p = {average.p:.3g}."
    )
    return Table(
        (Column("method", "method"), Column("rank", "average rank", "number")), _plain(lines), caption
    )


def _points(measure: Measure) -> Kind:
    return "points" if measure.percent else "signed"


def _kind(effects: pd.DataFrame, measures: Sequence[Measure]) -> Kind:
    percent = all(measure.percent for measure in measures if measure.name in set(effects["measure"]))
    return "points" if percent else "signed"


def _change(line: Mapping[Any, Any]) -> str:
    return f"{line['axis']}: {line['baseline']} → {line['value']}"


def _range(line: Mapping[Any, Any], labels: Mapping[int, str], kind: Kind) -> str | None:
    """Return in which row least and in which most is changed; None where one pair is all there is."""
    if line["pairs"] < 2:
        return None
    column = Column("value", kind=kind)
    least, most = (cell_text(column, {"value": line[key]}) for key in ("least", "most"))
    return f"{least} ({labels[int(line['least_row'])]}) … {most} ({labels[int(line['most_row'])]})"


def _pairs(line: Mapping[Any, Any]) -> str:
    what = ", protocol" if line["protocol"] else ""
    return f"{int(line['pairs'])}{what}"


def _plain(lines: Sequence[Mapping[Any, Any]]) -> tuple[dict[str, object], ...]:
    return tuple({str(key): plain(value) for key, value in line.items()} for line in lines)


def effects_by_set(statistics: Statistics) -> dict[str, pd.DataFrame]:
    """Return the overall effects of each evaluation set, for figures."""
    overall = statistics.effects[statistics.effects["class"] == ""]
    return {str(name): effects for name, effects in overall.groupby("set", sort=False)}
