"""Names come from other people: whatever they are, reports show them, and nothing obeys them."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import fabricate
import pytest

from benchmark.report.charts.kinds import Heatmap, Picture, Tile
from benchmark.report.mpl.draw import draw
from benchmark.report.mpl.style import literal_text, save
from benchmark.report.render import escape_latex, escape_markdown, to_csv, to_latex, to_markdown
from benchmark.report.table import Column, Table
from benchmark.report.write import write_report

NASTY = (
    "=HYPERLINK(A1)", "+1+1", "-2-3", "@SUM(A1)", "\t=1", "＝1", "$5 & $6^2", "\x1b[2Jgone", "`code`", "a|b", "<b>x</b>",
    "![x](http://x)", "~~no~~", "&copy;", "100 % {off}", "\\input{secret}", "日本 Đ", "# title", "1. first",
)  # fmt: skip


@pytest.fixture
def table() -> Table:
    columns = (Column("name", "name"), Column("value", "value", "number"))
    return Table(columns, tuple({"name": name, "value": -1.5} for name in NASTY), "=caption `x`", ("- note",))


def test_no_cell_of_a_csv_file_is_a_formula(table: Table) -> None:
    lines = list(csv.DictReader(to_csv(table).splitlines()))
    assert len(lines) == len(NASTY)
    assert not [line["name"] for line in lines if re.match("[=+@\t\r＝＋－＠-]", line["name"])]
    assert lines[0]["name"] == "'=HYPERLINK(A1)"
    assert {line["value"] for line in lines} == {"-1.5"}


def test_a_label_that_is_a_number_stays_one() -> None:
    table = Table((Column("=key"), Column("label")), ({"=key": "-3", "label": "-3e-4"},))
    assert to_csv(table) == "'=key,label\n-3,-3e-4\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a `b` | c", r"a \`b\` \| c"),
        ("$5 and $6", r"\$5 and \$6"),
        ("~~no~~ &copy; R&B & soul", r"\~\~no\~\~ \&copy; R\&B & soul"),
        ("# no title", r"\# no title"),
        ("- no item", r"\- no item"),
        ("1. no item", r"1\. no item"),
        ("-5 dB", "-5 dB"),
        ("=====", r"\====="),
        ("\x1b[2J", r"\\x1b\[2J"),
    ],
)
def test_markdown_shows_what_it_would_obey(text: str, expected: str) -> None:
    assert escape_markdown(text) == expected


def test_a_suite_cannot_break_out_of_its_fence(tmp_path: Path) -> None:
    plan = fabricate.make_plan(tmp_path, fabricate.SUITE + "# " + "`" * 7 + "\n# ``` x\n")
    store = fabricate.make_results(plan, tmp_path / "results")
    write_report(plan, store, fabricate.make_registry(), ["md"])
    page = (store.folder / "report" / "report.md").read_text()
    fence = "`" * 8
    assert page.count(f"\n{fence}") == 2
    assert page.index("`" * 7 + "\n# ```") < page.rindex(fence)


def test_letters_that_latex_lacks_are_there_for_other_engines(table: Table) -> None:
    text = to_latex(table, "x")
    assert r"\benchletters{日本}{??} \benchletters{Đ}{D}" not in text  # Đ has a stand-in of its own
    assert r"\benchletters{日本}{??} D" in text
    assert text.index(r"\providecommand{\benchletters}[2]{#2}") < text.index(r"\begin{table}")
    assert r"\newfontfamily\benchfont" in text
    assert "first fonts lack are replaced" in text
    plain = to_latex(Table((Column("a", "é"),), ({"a": "ü"},)), "x")
    assert "benchletters" not in plain
    assert escape_latex("\x1b") == r"\textbackslash{}x1b"


def test_every_format_of_a_table_is_without_commands_to_a_terminal(tmp_path: Path) -> None:
    suite = fabricate.SUITE.replace("label: stretched", r'label: "st\e[31mret\u202Eched"')
    plan = fabricate.make_plan(tmp_path, suite)
    store = fabricate.make_results(plan, tmp_path / "results", {3: "no \x1b]0;luck\x07"})
    write_report(plan, store, fabricate.make_registry(), ("md", "html", "csv", "tex"))
    for file in (store.folder / "report").glob("*.*"):
        assert not set(file.read_text()) & {"\x1b", "\x07", "\u202e"}, file


def test_dollars_in_names_survive_figures(tmp_path: Path) -> None:
    names = ["$5 & $6^2", "$\\undefined{$", "cost $", "\\$"]
    tiles = ((Tile(0.5),) * 4,) * 4
    chart = Heatmap("a $title$ with $x^$", "row", tuple(names), tuple(names), tiles)
    with literal_text():
        figure = draw(Picture("figure", chart.title, (chart,)))
        save(figure, tmp_path, "figure")
        ticks = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert ticks == names
    assert not any(label.get_parse_math() for label in figure.axes[0].get_xticklabels())
    assert (tmp_path / "figure.pdf").stat().st_size > 1000


@pytest.mark.slow
def test_a_whole_report_with_nasty_labels_is_written_with_figures(tmp_path: Path) -> None:
    suite = fabricate.SUITE.replace("label: third_50%", "label: '$\\undefined{$ =1 `x`'").replace(
        "second, ", ""
    )
    plan = fabricate.make_plan(tmp_path, suite)
    store = fabricate.make_results(plan, tmp_path / "results", seconds={"training": 3.0, "total": 4.0})
    files, _ = write_report(plan, store, fabricate.make_registry())
    assert all(file.is_file() for file in files)


def test_markdown_tables_keep_their_columns(table: Table) -> None:
    rows = [line for line in to_markdown(table).splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {3}
