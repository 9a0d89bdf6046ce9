from __future__ import annotations

import csv
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from benchmark.report.render import escape_latex, to_csv, to_latex, to_markdown, to_terminal
from benchmark.report.table import Column, Table

COLUMNS = (
    Column("rank", "rank", "integer"),
    Column("model", "model"),
    Column("top1", "top1", "percent", "top1 sd", group="gtzan:test"),
    Column("far", "top1", "percent", group="spotify", spare=2),
    Column("seconds", "training s", "seconds", spare=1),
    Column("hidden", drawn=False),
)
LINES = (
    {
        "rank": 1,
        "model": "a_b & 50%",
        "top1": 0.8125,
        "top1 sd": 0.0321,
        "far": 0.5,
        "seconds": 3.0,
        "hidden": 7,
    },
    {
        "rank": None,
        "model": "[red]x|y",
        "top1": 0.25,
        "top1 sd": None,
        "far": None,
        "seconds": 3.0,
        "hidden": 8,
    },
)
TABLE = Table(COLUMNS, LINES, "Best of #1", ("b: failed: no <memory> left",))


def test_shares_are_shown_in_percent_with_their_deviation_and_absence_as_a_dash() -> None:
    assert TABLE.texts() == [
        ["1", "a_b & 50%", "81.2 ± 3.2", "50.0", "3.0"],
        ["–", "[red]x|y", "25.0", "–", "3.0"],
    ]


def test_a_difference_that_vanishes_at_the_shown_precision_has_no_minus() -> None:
    table = Table((Column("d", "d", "points"),), ({"d": -0.0001}, {"d": -0.024}, {"d": 0.1}))
    assert [line[0] for line in table.texts()] == ["+0.0", "−2.4", "+10.0"]


def test_csv_holds_plain_numbers_under_keys_and_what_people_are_not_shown() -> None:
    first, second = csv.DictReader(to_csv(TABLE).splitlines())
    assert first == {
        "rank": "1", "model": "a_b & 50%", "top1": "0.8125", "top1 sd": "0.0321", "far": "0.5",
        "seconds": "3.0", "hidden": "7",
    }  # fmt: skip
    assert (second["rank"], second["top1 sd"]) == ("", "")


def test_markdown_escapes_what_would_break_its_table() -> None:
    text = to_markdown(TABLE)
    assert r"\[red\]x\|y" in text
    assert r"no \<memory\> left" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.replace(r"\|", "").count("|") for line in rows} == {6}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("50% & more_of #1 $", r"50\% \& more\_of \#1 \$"),
        ("{a}^b~c\\d", r"\{a\}\textasciicircum{}b\textasciitilde{}c\textbackslash{}d"),
        ("1 ± 2 · Δ <x>", r"1 $\pm$ 2 $\cdot$ $\Delta$ \textless{}x\textgreater{}"),
        ("Blašković\n\n音", "Blašković ?"),
    ],
)
def test_latex_specials_are_escaped(text: str, expected: str) -> None:
    assert escape_latex(text) == expected


def test_latex_columns_of_one_set_stand_under_a_common_header() -> None:
    text = to_latex(TABLE, "suite")
    assert r"\multicolumn{1}{c}{gtzan:test} & \multicolumn{1}{c}{spotify}" in text
    assert r"\cmidrule(lr){3-3} \cmidrule(lr){4-4}" in text
    lines = text.split(r"\midrule")[1].split(r"\bottomrule")[0].strip().splitlines()
    layout = text.split(r"\begin{tabular}{")[1].split("}")[0]
    assert layout == "rlrrr"
    assert [line.replace(r"\&", "").count("&") for line in lines] == [4, 4]
    assert all(line.endswith(r"\\") for line in lines)


def test_a_narrow_terminal_loses_spare_columns_first_and_says_which() -> None:
    wide, narrow = to_terminal(TABLE), to_terminal(TABLE, 50)
    assert "No room" not in wide
    assert "No room for: spotify top1." in narrow
    assert "81.2 ± 3.2" in narrow
    drawn = [line for line in narrow.splitlines() if line[:1] in "┏┃┡│└"]
    assert max(map(len, drawn)) <= 50


def test_columns_that_matter_stay_on_the_narrowest_terminal() -> None:
    assert "81.2 ± 3.2" in to_terminal(TABLE, 10)


def test_a_terminal_is_shown_labels_that_look_like_markup_as_they_are() -> None:
    assert "[red]x|y" in to_terminal(TABLE)


def test_a_table_survives_json() -> None:
    assert Table.from_json(json.loads(json.dumps(TABLE.to_json()))) == TABLE


def test_letters_that_latex_has_no_font_for_lose_their_accent() -> None:
    assert escape_latex("Đorđe Šimić, ąę ﬁ “quoted”") == "Dorde Šimić, ae fi ``quoted''"


def test_latex_options_are_not_seen_in_what_stands_at_the_start_of_a_line() -> None:
    table = Table((Column("m", "[m]"),), ({"m": "[2pt] model"}, {"m": "*model"}))
    text = to_latex(table, "x")
    assert not any(line.startswith(("[", "*")) for line in text.splitlines())


def wide(columns: int, spare: int = 1) -> Table:
    """Return a table of a name and many measures with their intervals."""
    names = [f"metric{number}" for number in range(columns)]
    measures = [
        Column(name, name, "percent", low="low", high="high", spare=spare if n else 0)
        for n, name in enumerate(names)
    ]
    lines = tuple(
        {"model": model, "low": 0.4321, "high": 0.6543} | dict.fromkeys(names, 0.5432)
        for model in ("custom CNN", "VGG16 FT")
    )
    return Table((Column("model", "model"), *measures), lines, "Wide")


def test_a_table_that_fits_has_letters_of_the_usual_size() -> None:
    text = to_latex(wide(2), "x")
    assert "size" not in text
    assert "No room for" not in text


def test_a_table_too_wide_for_a_page_has_small_letters_and_names_the_columns_that_do_not_fit() -> None:
    assert r"\scriptsize" in to_latex(wide(4), "x")
    assert "No room for" not in to_latex(wide(4), "x")
    text = to_latex(wide(9), "x")
    assert "model & metric0 & metric1" in text
    assert text.count("metric") == 9
    assert r"\par\footnotesize No room for: metric" in text


def set_in_latex(tables: str, folder: Path) -> str:
    """Return what pdflatex says of tables in an article that uses booktabs and nothing else."""
    document = rf"\documentclass{{article}}\usepackage{{booktabs}}\begin{{document}}{tables}\end{{document}}"
    (folder / "document.tex").write_text(document.replace("% needs", "\n% needs"), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "document.tex"]
    done = subprocess.run(
        command, check=False, cwd=folder, capture_output=True, stdin=subprocess.DEVNULL, timeout=60
    )
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]
    return done.stdout.decode(errors="replace")


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="there is no pdflatex here")
def test_no_table_sticks_out_of_its_page(tmp_path: Path) -> None:
    said = set_in_latex("".join(to_latex(wide(count), f"t{count}") for count in range(1, 12)), tmp_path)
    assert "Overfull" not in said
    too_wide = set_in_latex(to_latex(wide(12, spare=0), "x"), tmp_path)
    assert "Overfull" in too_wide, "this test sees nothing"


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="there is no pdflatex here")
def test_latex_is_set_as_it_is_with_booktabs_alone(tmp_path: Path) -> None:
    letters = "".join(chr(code) for code in range(33, 0x2200) if chr(code).isprintable())
    lines = tuple({"rank": 1, "model": letters[start : start + 40]} for start in range(0, len(letters), 40))
    odd = Table(COLUMNS[:2], ({"rank": None, "model": "[2pt] x"}, *lines), letters[:300], ("[note]",))
    set_in_latex(to_latex(TABLE, "made_up-1.x") + to_latex(odd, "odd"), tmp_path)
