"""Whether two reports of the same results show the same numbers, such as before and after a change of the program.

Run: python benchmarks/compare_reports.py BEFORE AFTER (two report folders); ends with 1 where they differ.

CSV is compared as numbers (to nine digits), LaTeX as text, Markdown table by table. Of the page, texts of cells
that are nowhere any more are listed: a table may have moved.
"""

from __future__ import annotations

import csv
import math
import re
import sys
from html import unescape
from pathlib import Path


def csv_differs(before: Path, after: Path) -> bool:
    """Return whether a value differs by more than the ninth digit."""
    first, second = (
        list(csv.reader(file.read_text(encoding="utf-8").splitlines())) for file in (before, after)
    )
    if [len(line) for line in first] != [len(line) for line in second]:
        return True
    return any(not _same(a, b) for x, y in zip(first, second, strict=True) for a, b in zip(x, y, strict=True))


def _same(a: str, b: str) -> bool:
    try:
        return a == b or math.isclose(float(a), float(b), rel_tol=1e-9, abs_tol=1e-12)
    except ValueError:
        return False


def markdown_tables(file: Path) -> set[str]:
    """Return the tables of a page."""
    blocks = re.split(r"\n(?!\|)", file.read_text(encoding="utf-8"))
    return {"\n".join(line for line in block.splitlines() if line.startswith("|")) for block in blocks}


def page_cells(file: Path) -> set[str]:
    """Return the texts of all cells of all tables of a page."""
    cells = re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", file.read_text(encoding="utf-8"), re.DOTALL)
    return {" ".join(unescape(re.sub("<[^>]*>", " ", cell)).split()) for cell in cells}


def main() -> int:
    before, after = map(Path, sys.argv[1:3])
    differ = []
    for file in sorted((*before.glob("*.csv"), *before.glob("*.tex"))):
        other = after / file.name
        if not other.is_file():
            differ.append(f"{file.name} is gone")
        elif file.suffix == ".csv" and csv_differs(file, other):
            differ.append(f"{file.name} has other numbers")
        elif file.suffix == ".tex" and file.read_bytes() != other.read_bytes():
            differ.append(f"{file.name} differs")
    lost = markdown_tables(before / "report.md") - markdown_tables(after / "report.md")
    differ += [f"report.md has no longer: {table.splitlines()[0]}" for table in lost if table]
    cells = page_cells(before / "report.html") - page_cells(after / "report.html")
    print(f"{len(cells)} texts of cells of the page are nowhere any more: {sorted(cells)[:20]}")
    print("\n".join(differ) or "The numbers are the same.")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
