"""What the leakage audits of the cells found, as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from benchmark.audit.findings import SEVERITIES
from benchmark.record import CellRecord
from benchmark.report.table import Column, Table
from benchmark.results.standing import gravity

_COLUMNS = (
    Column("severity", "severity"),
    Column("kind", "finding"),
    Column("cells", "cells", "integer"),
    Column("count", "how many", "integer"),
    Column("message", "what was found", spare=1),
    Column("mend", "what mends it", spare=2),
    # Messages name them too; these are for programs.
    Column("examples", drawn=False),
)


def audit_table(records: Iterable[CellRecord]) -> Table | None:
    """Return each distinct finding with the number of cells that it concerns, the gravest first.

    None where no cell was audited.
    """
    audits = [record.audit for record in records]
    made = [audit for audit in audits if audit]
    if not made:
        return None
    cells: Counter[tuple[str, str, str]] = Counter()
    findings: dict[tuple[str, str, str], dict[str, Any]] = {}
    for audit in made:
        for finding in audit["findings"]:
            key = finding["severity"], finding["kind"], finding["message"]
            cells[key] += 1
            findings.setdefault(key, finding)
    lines = [
        {"mend": ""}
        | finding
        | {"cells": cells[key], "examples": "; ".join(map(" = ".join, finding["examples"]))}
        for key, finding in sorted(findings.items(), key=lambda entry: SEVERITIES.index(entry[0][0]))
    ]
    verdicts = Counter(audit["verdict"].partition(":")[0] for audit in made)
    said = ", ".join(
        f"{verdicts[verdict]:,} {verdict}" for verdict in sorted(verdicts, key=gravity, reverse=True)
    )
    missing = len(audits) - len(made)
    caption = f"What an audit of the splits found in {len(made):,} cells: {said}."
    caption += "" if lines else " It had nothing to say of any."
    caption += f" {missing:,} cells were not audited." if missing else ""
    return Table(_COLUMNS, tuple(lines), caption)
