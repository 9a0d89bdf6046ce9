"""One line per cell: what its record says, and where its result stands. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmark.record import COSTS, CellRecord
from benchmark.results.frames import CELL_NAME, ROW, STATUS
from benchmark.results.intact import DAMAGED_STATUS
from benchmark.results.mixing import MIXED, SET_APART, set_apart
from benchmark.results.standing import HONEST, LEAKY, Standing, gravest
from benchmark.suite.cell import REPEATED, Cell


def cell_line(
    cell: Cell, row: int, id_: str, record: CellRecord | None, damage: str | None
) -> dict[str, Any]:
    """Return what is known of a cell but its values; ``damage`` says why its result cannot be used."""
    name = "/".join(cell.labels[axis] for axis in REPEATED if axis in cell.labels) or str(cell.spec.seed)
    line: dict[str, Any] = {ROW: row, **cell.labels, CELL_NAME: name, "id": id_, "added": cell.added}
    if record is None:
        status, why = (DAMAGED_STATUS, damage) if damage else ("missing", cell.pending)
        return line | {STATUS: status, "error": why, "marks": (), "verdict": ""}
    return line | {
        STATUS: record.status,
        "error": f"{record.error.type}: {record.error.message}" if record.error else "",
        "marks": tuple(record.marks),
        "verdict": record.audit.get("verdict") or ("leaky" if "leaky" in record.marks else "unknown"),
        "total": record.parameters.get("total", np.nan),
        "trainable": record.parameters.get("trainable", np.nan),
        "training_seconds": record.seconds.get("training", np.nan),
        "total_seconds": record.seconds.get("total", np.nan),
        "peak_memory_mb": record.peak_memory_mb,
        **{name: record.cost.get(name, np.nan) for name in COSTS},
        **{name: record.counts[name] for name in ("train_items",) if name in record.counts},
    }


def standing_line(standings: Mapping[str, Standing], marks: Sequence[str]) -> dict[str, Any]:
    """Return what a cell's line says of its audit: the gravest of its sets, and how many tracks are left out."""
    if not standings:
        return {}
    worst = gravest(standings.values())
    line: dict[str, Any] = {"verdict": worst.verdict, "standing": worst.block}
    line |= {f"{name} standing": standing.block for name, standing in standings.items()}
    concerned = [name for name, standing in standings.items() if standing.block == worst.block]
    if worst.block != HONEST and len(concerned) < len(standings):
        line["verdict"] += f" on {', '.join(concerned)}"
    line["marks"] = tuple(mark for mark in marks if mark != LEAKY) + (
        (LEAKY,) if worst.block == LEAKY else ()
    )
    for name, standing in standings.items():
        if standing.left_out:
            line |= {f"{name} left out": len(standing.left_out), f"{name} tracks": standing.tracks}
    return line


def keep_apart(
    lines: Sequence[dict[str, Any]],
    records: Mapping[str, CellRecord],
    measures: Sequence[str],
    *,
    mixed: bool,
) -> None:
    """Take out of rows what must not be among the others there; or mark all, if they may be mixed."""
    rows: dict[int, list[dict[str, Any]]] = {}
    for line in lines:
        if line[STATUS] == "ok":
            rows.setdefault(line[ROW], []).append(line)
    apart = {row: set_apart({line["id"]: records[line["id"]] for line in own}) for row, own in rows.items()}
    for row, own in rows.items():
        for line in own:
            if mixed and any(apart.values()):
                line["marks"] = (*line["marks"], MIXED)
            elif not mixed and line["id"] in apart[row]:
                line |= {
                    STATUS: SET_APART,
                    "error": apart[row][line["id"]],
                    **dict.fromkeys(measures, np.nan),
                }
