"""Draw a table as Markdown, CSV, LaTeX, or on the terminal."""

from __future__ import annotations

import csv
import io
import re
import textwrap
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from benchmark.report.table import Column, Table, cell_text
from benchmark.text import visible

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
_LATEX_LETTERS = str.maketrans(_LATEX)
_ACCENTED = set(
    "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝßàáâãäåæçèéêëìíîïñòóôõöøùúûüýÿĀāĂăĆćČčĎďĒēĚěĞğĪīŁłŃńŇňŌōŐőŒœŘřŚśŞşŠšŤťŪūŮůŰűŹźŻżŽž"
)
# What Markdown obeys anywhere ('$' is mathematics to some), what begins an entity, and what does so in front of a line.
_MARKDOWN = re.compile(r"[\\|*_<>`\[\]$~]|&(?=[#\w])")
_MARKDOWN_START = re.compile(r"^(\d*)([#+=-]|(?<=\d)[.)])(?=\s|$|[#=-])")
# What spreadsheets compute rather than show.
_FORMULA = re.compile(r"[=+\-@\t\r＝＋－＠]")
_LETTERS = r"\benchletters"
_LETTERS_HEAD = (
    r"% Some letters are beyond LaTeX's first fonts, and others stand for them. XeLaTeX and LuaLaTeX show them with",
    r"% this in the preamble, and a font that has them:",
    r"%   \usepackage{fontspec}\newfontfamily\benchfont{Noto Sans CJK SC}",
    r"%   \newcommand{\benchletters}[2]{{\benchfont #1}}",
    r"\providecommand{\benchletters}[2]{#2}",
)
_LETTERS_NOTE = (
    "Letters that LaTeX's first fonts lack are replaced; the first lines of this file say how to see them."
)
_UNLIMITED = 10_000
# A wider table in Markdown is cut into one per evaluation set.
_MOST_COLUMNS = 10
# What a label of a terminal's table is not cut below.
_SHORTEST = 8
# Columns that are as dear as this stay if shorter labels make room for them.
_DEAR = 2
# How many characters fit between the margins of LaTeX's article, the largest letters first.
_LATEX_SIZES = {"": 72, r"\small": 78, r"\footnotesize": 84, r"\scriptsize\setlength{\tabcolsep}{3pt}": 105}


def to_markdown(table: Table) -> str:
    """Return GitHub's Markdown: caption, table, notes."""
    from tabulate import tabulate

    drawn = []
    for columns in _blocks(table):
        align = ["right" if column.is_number else "left" for column in columns]
        cells = [[escape_markdown(cell_text(column, line)) for column in columns] for line in table.lines]
        headers = [escape_markdown(column.title) for column in columns]
        if cells:
            drawn.append(tabulate(cells, headers, tablefmt="pipe", colalign=align, disable_numparse=True))
    notes = "\n".join(f"- {escape_markdown(note)}" for note in table.notes)
    parts = [
        *(f"**{escape_markdown(sentence)}**" for sentence in table.lead),
        escape_markdown(table.caption),
        *drawn,
        notes,
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _blocks(table: Table) -> list[tuple[Column, ...]]:
    """Return the columns of each table that a wide one with groups is cut into: one per group.

    What names the rows stands in all of them, and the rest of what belongs to no group in the first.
    """
    groups = [group for group in dict.fromkeys(column.group for column in table.drawn) if group]
    if len(groups) < 2 or len(table.drawn) <= _MOST_COLUMNS:
        return [table.drawn]
    names = [column for column in table.drawn if not column.group and not column.spare]
    others = [column for column in table.drawn if not column.group and column.spare]
    blocks = []
    for number, group in enumerate(groups):
        own = [column for column in table.drawn if column.group == group]
        blocks.append((*names, *own, *(others if number == 0 else [])))
    return blocks


def to_csv(table: Table) -> str:
    """Return plain values under a header of keys: deviations in columns of their own, shares not percent.

    A text that spreadsheets would compute (``=1+1``) has an apostrophe before it.
    """
    keys: dict[str, None] = {}
    for column in table.columns:
        keys |= dict.fromkeys(column.keys)
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(map(_csv_value, keys))
    writer.writerows([_csv_value(line.get(key)) for key in keys] for line in table.lines)
    return stream.getvalue()


def to_latex(table: Table, label: str) -> str:
    r"""Return a table environment; it needs ``\usepackage{booktabs}`` and nothing else.

    Letters are as small as the width of a page asks for; columns that do not fit even so are left away, and named.
    """
    size, shown = _latex_fitting(table)
    layout = "".join("r" if column.is_number else "l" for column in shown)
    texts = ([cell_text(column, line) for column in shown] for line in table.lines)
    lines = [" & ".join(map(_latex_text, line)) + r" \\" for line in texts]
    body = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{_latex_text(' '.join((*table.lead, table.caption)))}}}",
        rf"\label{{tab:{label}}}",
        *([size] if size else []),
        rf"\begin{{tabular}}{{{layout}}}",
        r"\toprule",
        *_latex_header(shown),
        r"\midrule",
        *lines,
        r"\bottomrule",
        r"\end{tabular}",
        *(rf"\par\footnotesize {_latex_text(note)}" for note in (*table.notes, *_no_room(table, shown))),
    ]
    head = [r"% needs \usepackage{booktabs}"]
    if any(_LETTERS in line for line in body):
        head += _LETTERS_HEAD
        body.append(rf"\par\footnotesize {_LETTERS_NOTE}")
    return "\n".join([*head, *body, r"\end{table}"]) + "\n"


def to_terminal(table: Table, width: int | None = None) -> str:
    """Return a table as text no wider than ``width`` characters, if that can be done by leaving columns away.

    Which ones are missing is said below. Without a ``width`` all are there. Tables that stand ``beside`` it follow.
    """
    return "\n\n".join(_on_terminal(shown, width) for shown in (table, *table.beside))


def _on_terminal(table: Table, width: int | None) -> str:
    from rich.console import Console
    from rich.table import Table as Drawn
    from rich.text import Text

    if not table.lines:
        return "\n".join(_wrapped([*table.lead, table.caption, *table.notes], width))
    headers = {column.key: _stacked(column) for column in table.drawn}
    shown = _fitting(table, width or _UNLIMITED, list(headers.values()), _SHORTEST + 4)
    most = _longest(table, shown, headers, width or _UNLIMITED)
    drawn = Drawn()
    for column in shown:
        drawn.add_column(
            Text(headers[column.key]), justify="right" if column.is_number else "left", no_wrap=True
        )
    for line in table.lines:
        # Text is never read as markup.
        drawn.add_row(*(Text(shortened(cell_text(column, line), most[column.key])) for column in shown))
    stream = io.StringIO()
    console = Console(file=stream, width=_UNLIMITED, color_system=None)
    console.print(drawn)
    drawn_lines = (line.rstrip() for line in stream.getvalue().splitlines())
    above, below = [*table.lead, table.caption], [*table.notes, *_no_room(table, shown)]
    return "\n".join([*_wrapped(above, width), *drawn_lines, *_wrapped(below, width)])


def shortened(text: str, most: int) -> str:
    """Return a text of at most so many characters, cut in the middle: both ends tell rows apart.

    >>> shortened("mfcc-svm · stretch + shift", 17)
    'mfcc-svm… + shift'
    """
    if len(text) <= most:
        return text
    front = most // 2
    return f"{text[:front]}…{text[len(text) - (most - 1 - front) :]}"


def _longest(table: Table, shown: Sequence[Column], headers: Mapping[str, str], width: int) -> dict[str, int]:
    """Return how many characters each column may have: the widest texts give way where the table is too wide."""
    widths = _widths(table, [headers[column.key] for column in table.drawn])
    most = {column.key: widths[column.key] for column in shown}
    texts = [column.key for column in shown if not column.is_number]
    while texts and _total(most.values()) > width:
        widest = max(texts, key=lambda key: most[key])
        if most[widest] <= _SHORTEST:
            break
        most[widest] -= 1
    return most


def _wrapped(texts: Iterable[str], width: int | None) -> list[str]:
    """Return texts in lines that are no wider than ``width``."""
    if width is None:
        return list(texts)
    return [line for text in texts for line in textwrap.wrap(text, max(width, 20)) or [""]]


def escape_latex(text: str) -> str:
    """Return text that LaTeX sets as it is, in one line.

    A letter that it has no font for loses its accent, or becomes ``?``.
    """
    return "".join(map(_latex_letter, " ".join(visible(text).split())))


def _latex_text(text: str) -> str:
    """Return text as ``escape_latex`` does, but with letters that other engines can set beside what stands for them."""
    line = " ".join(visible(text).split())
    if line.isascii():
        return line.translate(_LATEX_LETTERS)
    parts = []
    for missing, letters in groupby(line, key=_is_beyond_latex):
        run = "".join(letters)
        plain = "".join(map(_latex_letter, run))
        parts.append(f"{_LETTERS}{{{run}}}{{{plain}}}" if missing else plain)
    return "".join(parts)


def _is_beyond_latex(letter: str) -> bool:
    return not (letter in _LATEX or letter.isascii() or letter in _ACCENTED)


def _latex_letter(letter: str) -> str:
    if letter in _LATEX:
        return _LATEX[letter]
    if letter.isascii() or letter in _ACCENTED:
        return letter
    plain = unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
    return "".join(_LATEX.get(letter, letter) for letter in plain) or "?"


def escape_markdown(text: str) -> str:
    """Return text in one line that Markdown shows as it is, at the start of a line too."""
    line = " ".join(visible(text).split())
    line = _MARKDOWN.sub(r"\\\g<0>", line)
    return _MARKDOWN_START.sub(lambda match: f"{match[1]}\\{match[2]}", line)


def _latex_header(columns: tuple[Column, ...]) -> list[str]:
    """Return the headers' lines: groups above, with a rule under each, if there are any."""
    headers = " & ".join(_latex_text(column.header) for column in columns) + r" \\"
    if not any(column.group for column in columns):
        return [headers]
    spans, rules, first = [], [], 1
    for group, members in groupby(columns, key=lambda column: column.group):
        count = len(list(members))
        if group:
            spans.append(rf"\multicolumn{{{count}}}{{c}}{{{_latex_text(group)}}}")
            rules.append(rf"\cmidrule(lr){{{first}-{first + count - 1}}}")
        else:
            spans += [""] * count
        first += count
    return [" & ".join(spans) + r" \\", " ".join(rules), headers]


def _stacked(column: Column) -> str:
    """Return group and header above each other, so that columns stay narrow."""
    return f"{column.group}\n{column.header}" if column.group else column.header


def _latex_fitting(table: Table) -> tuple[str, tuple[Column, ...]]:
    """Return the largest letters that all columns fit in; or the smallest, and the columns that do."""
    needed = _total(_widths(table, [column.header for column in table.drawn]).values())
    for size, width in _LATEX_SIZES.items():
        if needed <= width:
            return size, table.drawn
    return size, _fitting(table, width, [column.header for column in table.drawn])


def _no_room(table: Table, shown: tuple[Column, ...]) -> list[str]:
    left_away = [column.title for column in table.drawn if column not in shown]
    return [f"No room for: {', '.join(left_away)}."] if left_away else []


def _fitting(
    table: Table, width: int, headers: Sequence[str], shortest: int = _UNLIMITED
) -> tuple[Column, ...]:
    """Return the columns that fit into so many characters, as far as there are some to spare.

    Texts may be cut to ``shortest`` characters for those that are dear.
    """
    shown = list(table.drawn)
    widths = _widths(table, headers)
    short = {
        column.key: widths[column.key] if column.is_number else min(widths[column.key], shortest)
        for column in shown
    }
    while _total(widths[column.key] for column in shown) > width:
        # Of those equally spare, the last.
        spare = max(reversed(shown), key=lambda column: column.spare)
        if not spare.spare:
            break
        if spare.spare <= _DEAR and _total(short[column.key] for column in shown) <= width:
            break
        shown.remove(spare)
    return tuple(shown)


def _widths(table: Table, headers: Sequence[str]) -> dict[str, int]:
    """Return how many characters each drawn column has, under its header."""
    return {
        column.key: max(map(len, [*header.split("\n"), *(cell_text(column, line) for line in table.lines)]))
        for column, header in zip(table.drawn, headers, strict=True)
    }


def _total(widths: Iterable[int]) -> int:
    return sum(width + 3 for width in widths) + 1


def _csv_value(value: Any) -> Any:
    if value is None:
        return ""
    text = ";".join(map(str, value)) if isinstance(value, list | tuple) else value
    return _no_formula(visible(text)) if isinstance(text, str) else text


def _no_formula(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula; one that is a number may begin as it likes."""
    try:
        float(text)
    except ValueError:
        return f"'{text}" if _FORMULA.match(text) else text
    return text
