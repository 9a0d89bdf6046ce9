from __future__ import annotations

import csv
from pathlib import Path

import fabricate

from benchmark.audit.findings import Finding, audit_record
from benchmark.record import CellRecord
from benchmark.report.audit import audit_table
from benchmark.report.write import write_report

LEAK = Finding(
    "leak",
    "same audio",
    2,
    "2 tracks are in training and test: a.wav & b.wav.",
    (("train: a.wav", "test: b.wav"),),
    frozenset({("test", "b.wav")}),
)
UNCHECKED = Finding("note", "no groups", 0, "The dataset names no artists.")


def test_every_format_tells_what_the_audit_found_with_the_gravest_first(tmp_path: Path) -> None:
    plan = fabricate.make_plan(tmp_path)
    store = fabricate.make_results(plan, tmp_path / "results", audit=audit_record([UNCHECKED, LEAK]))
    write_report(plan, store, fabricate.make_registry(), ["md", "html", "csv", "tex"])
    folder = store.folder / "report"
    lines = list(csv.DictReader((folder / "leakage-audit.csv").read_text().splitlines()))
    assert [(line["severity"], line["cells"], line["count"]) for line in lines] == [
        ("leak", "12", "2"),
        ("note", "12", "0"),
    ]
    assert lines[0]["examples"] == "train: a.wav = test: b.wav"
    page = (folder / "report.md").read_text()
    assert page.index("## Leakage audit") < page.index("2 tracks are in training and test")
    assert "12 cells: 12 leaky" in page
    assert "a.wav &amp; b.wav" in (folder / "report.html").read_text()
    assert r"same audio" in (folder / "leakage-audit.tex").read_text()


def test_clean_cells_and_cells_that_were_not_audited_are_counted(tmp_path: Path) -> None:
    plan = fabricate.make_plan(tmp_path)
    clean = fabricate.make_results(plan, tmp_path / "clean", audit=audit_record([]))
    unknown = fabricate.make_results(plan, tmp_path / "unknown")
    records = [store.records()[id_] for store, id_ in zip((clean, unknown), plan.ids, strict=False) if id_]
    table = audit_table(record for record in records if isinstance(record, CellRecord))
    assert table is not None
    assert "1 cells: 1 clean" in table.caption
    assert "1 cells were not audited" in table.caption
    assert audit_table(record for record in records[1:] if isinstance(record, CellRecord)) is None
