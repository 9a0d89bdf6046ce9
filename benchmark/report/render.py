"""Draw a table as Markdown, CSV, LaTeX, or on the terminal."""

from __future__ import annotations

import csv
import io
import unicodedata
from itertools import groupby
from typing import Any

from benchmark.report.table import Column, Table, cell_text

_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{",
    "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}",
    ">": r"\textgreater{}", "|": r"\textbar{}", "`": r"\textasciigrave{}", '"': "''",
    # After the end of a line, these two would be read as its options.
    "[": "{[}", "*": "{*}",
    "±": r"$\pm$", "·": r"$\cdot$", "−": "$-$", "×": r"$\times$", "Δ": r"$\Delta$", "µ": r"$\mu$", "→": r"$\to$",
    "≤": r"$\leq$", "≥": r"$\geq$", "–": "--", "—": "---", "…": r"\ldots{}", "‘": "`", "’": "'", "“": "``",
    "”": "''", "«": r"$\ll$", "»": r"$\gg$",
    # Latin letters that LaTeX's first encoding lacks.
    "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "ħ": "h", "Ħ": "H", "ŧ": "t", "Ŧ": "T", "ŋ": "ng",
    "Ŋ": "Ng", "ĸ": "k",
}  # fmt: skip
_ACCENTED = set(
    "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝßàáâãäåæçèéêëìíîïñòóôõöøùúûüýÿĀāĂăĆćČčĎďĒēĚěĞğĪīŁłŃńŇňŌōŐőŒœŘřŚśŞşŠšŤťŪūŮůŰűŹźŻżŽž"
)
_UNLIMITED = 10_000


def to_markdown(table: Table) -> str:
    """Return GitHub's Markdown: caption, table, notes."""
    from tabulate import tabulate

    align = ["right" if column.is_number else "left" for column in table.drawn]
    cells = [[escape_markdown(text) for text in line] for line in table.texts()]
    headers = [escape_markdown(column.title) for column in table.drawn]
    drawn = "(no rows)"
    if cells:
        drawn = tabulate(cells, headers, tablefmt="pipe", colalign=align, disable_numparse=True)
    notes = "\n".join(f"- {escape_markdown(note)}" for note in table.notes)
    parts = [escape_markdown(table.caption), drawn, notes]
    return "\n\n".join(part for part in parts if part) + "\n"


def to_csv(table: Table) -> str:
    """Return plain values under a header of keys: deviations in columns of their own, shares not percent."""
    keys: dict[str, None] = {}
    for column in table.columns:
        keys |= dict.fromkeys(column.keys)
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(keys)
    writer.writerows([_csv_value(line.get(key)) for key in keys] for line in table.lines)
    return stream.getvalue()


def to_latex(table: Table, label: str) -> str:
    r"""Return a table environment; it needs ``\usepackage{booktabs}`` and nothing else."""
    layout = "".join("r" if column.is_number else "l" for column in table.drawn)
    lines = [" & ".join(escape_latex(text) for text in line) + r" \\" for line in table.texts()]
    parts = [
        r"% needs \usepackage{booktabs}",
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{escape_latex(table.caption)}}}",
        rf"\label{{tab:{label}}}",
        rf"\begin{{tabular}}{{{layout}}}",
        r"\toprule",
        *_latex_header(table.drawn),
        r"\midrule",
        *lines,
        r"\bottomrule",
        r"\end{tabular}",
        *(rf"\par\footnotesize {escape_latex(note)}" for note in table.notes),
        r"\end{table}",
    ]
    return "\n".join(parts) + "\n"


def to_terminal(table: Table, width: int | None = None) -> str:
    """Return a table as text no wider than ``width`` characters, if that can be done by leaving columns away.

    Which ones are missing is said below. Without a ``width`` all are there.
    """
    from rich.console import Console
    from rich.table import Table as Drawn
    from rich.text import Text

    shown = _fitting(table, width or _UNLIMITED)
    drawn = Drawn()
    for column in shown:
        drawn.add_column(
            Text(_stacked(column)), justify="right" if column.is_number else "left", no_wrap=True
        )
    for line in table.lines:
        # Text is never read as markup.
        drawn.add_row(*(Text(cell_text(column, line)) for column in shown))
    stream = io.StringIO()
    console = Console(file=stream, width=_UNLIMITED, color_system=None)
    console.print(drawn)
    left_away = [column.title for column in table.drawn if column not in shown]
    notes = [*table.notes, *([f"No room for: {', '.join(left_away)}."] if left_away else [])]
    lines = [table.caption, *(line.rstrip() for line in stream.getvalue().splitlines()), *notes]
    return "\n".join(lines)


def escape_latex(text: str) -> str:
    """Return text that LaTeX sets as it is, in one line.

    A letter that it has no font for loses its accent, or becomes ``?``.
    """
    return "".join(map(_latex_letter, " ".join(text.split())))


def _latex_letter(letter: str) -> str:
    if letter in _LATEX:
        return _LATEX[letter]
    if letter.isascii() or letter in _ACCENTED:
        return letter
    plain = unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
    return "".join(_LATEX.get(each, each) for each in plain) or "?"


def escape_markdown(text: str) -> str:
    """Return text in one line that Markdown shows as it is."""
    for character in "\\|*_<>`[]":
        text = text.replace(character, f"\\{character}")
    return " ".join(text.split())


def _latex_header(columns: tuple[Column, ...]) -> list[str]:
    """Return the headers' lines: groups above, with a rule under each, if there are any."""
    headers = " & ".join(escape_latex(column.header) for column in columns) + r" \\"
    if not any(column.group for column in columns):
        return [headers]
    spans, rules, first = [], [], 1
    for group, members in groupby(columns, key=lambda column: column.group):
        count = len(list(members))
        if group:
            spans.append(rf"\multicolumn{{{count}}}{{c}}{{{escape_latex(group)}}}")
            rules.append(rf"\cmidrule(lr){{{first}-{first + count - 1}}}")
        else:
            spans += [""] * count
        first += count
    return [" & ".join(spans) + r" \\", " ".join(rules), headers]


def _stacked(column: Column) -> str:
    """Return group and header above each other, so that columns stay narrow."""
    return f"{column.group}\n{column.header}" if column.group else column.header


def _fitting(table: Table, width: int) -> tuple[Column, ...]:
    shown = list(table.drawn)
    widths = {column.key: _width(column, table) for column in shown}
    while sum(widths[column.key] + 3 for column in shown) + 1 > width:
        spare = max(shown, key=lambda column: column.spare)
        if not spare.spare:
            break
        shown.remove(spare)
    return tuple(shown)


def _width(column: Column, table: Table) -> int:
    texts = [*_stacked(column).split("\n"), *(cell_text(column, line) for line in table.lines)]
    return max(map(len, texts))


def _csv_value(value: Any) -> Any:
    return ";".join(map(str, value)) if isinstance(value, list | tuple) else "" if value is None else value
