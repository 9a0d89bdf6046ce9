"""Draw a table as Markdown, CSV, LaTeX, or on the terminal."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from benchmark.report.table import Table, is_missing

if TYPE_CHECKING:
    from rich.table import Table as RichTable

_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "±": r"$\pm$", "–": "--", "·": r"$\cdot$", "<": r"\textless{}",
    ">": r"\textgreater{}", "−": "$-$", "…": r"\ldots{}",
}  # fmt: skip


def to_markdown(table: Table) -> str:
    """Return GitHub's Markdown: caption, table, notes."""
    from tabulate import tabulate

    align = ["right" if column.is_number else "left" for column in table.columns]
    cells = [[_escape_markdown(text) for text in line] for line in table.texts()]
    headers = [_escape_markdown(column.header) for column in table.columns]
    drawn = (
        tabulate(cells, headers, tablefmt="pipe", colalign=align, disable_numparse=True)
        if cells
        else "(no rows)"
    )
    notes = "\n".join(f"- {_escape_markdown(note)}" for note in table.notes)
    return f"{_escape_markdown(table.caption)}\n\n{drawn}\n" + (f"\n{notes}\n" if notes else "")


def to_csv(table: Table) -> str:
    """Return plain values with a header of keys; deviations have columns of their own. Notes are comment lines."""
    keys = []
    for column in table.columns:
        keys += [column.key] + ([column.spread] if column.spread else [])
    stream = io.StringIO()
    for line in (table.caption, *table.notes):
        stream.write(f"# {' '.join(line.split())}\n")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(keys)
    writer.writerows([_csv_value(line.get(key)) for key in keys] for line in table.lines)
    return stream.getvalue()


def to_latex(table: Table, label: str) -> str:
    """Return a table environment for booktabs; needs ``\\usepackage{booktabs}`` and nothing else."""
    layout = "".join("r" if column.is_number else "l" for column in table.columns)
    header = " & ".join(escape_latex(column.header) for column in table.columns)
    lines = "\n".join(" & ".join(escape_latex(text) for text in line) + r" \\" for line in table.texts())
    notes = "".join(f"\n\\par\\footnotesize {escape_latex(note)}" for note in table.notes)
    return (
        "% needs \\usepackage{booktabs}\n"
        f"\\begin{{table}}\n\\centering\n\\caption{{{escape_latex(table.caption)}}}\n\\label{{tab:{label}}}\n"
        f"\\begin{{tabular}}{{{layout}}}\n\\toprule\n{header} \\\\\n\\midrule\n{lines}\n\\bottomrule\n\\end{{tabular}}"
        f"{notes}\n\\end{{table}}\n"
    )


def to_terminal(table: Table) -> RichTable:
    """Return a table for rich; text is never read as markup."""
    from rich.table import Table as Drawn
    from rich.text import Text

    drawn = Drawn(title=Text(table.caption), title_justify="left", caption_justify="left")
    drawn.caption = Text("\n".join(table.notes))
    shown = [number for number, column in enumerate(table.columns) if column.narrow]
    for number in shown:
        column = table.columns[number]
        # A set and a metric stand above each other, so that columns stay narrow.
        header = Text("\n".join(column.header.rsplit(" ", 1)) if column.is_number else column.header)
        drawn.add_column(header, justify="right" if column.is_number else "left", no_wrap=True)
    for line in table.texts():
        drawn.add_row(*(Text(line[number]) for number in shown))
    return drawn


def escape_latex(text: str) -> str:
    """Return text that LaTeX sets as it is."""
    return "".join(_LATEX.get(character, character) for character in text)


def _escape_markdown(text: str) -> str:
    for character in "\\|*_<>`":
        text = text.replace(character, f"\\{character}")
    return " ".join(text.split())


def _csv_value(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return ";".join(map(str, value))
    try:
        return "" if is_missing(value) else value
    except TypeError:
        return ""
