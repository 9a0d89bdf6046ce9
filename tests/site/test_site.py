"""A leaderboard of several labs: what is reported, what is reproduced, and who is first."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import bundled
import fabricate
import pytest
from click.testing import CliRunner

from benchmark.bundles.export import export
from benchmark.bundles.opening import opened_plan
from benchmark.cli.main import cli
from benchmark.exceptions import BundleError, UsageError
from benchmark.results.collect import collect
from benchmark.results.store import ResultsStore
from benchmark.site.badges import badge
from benchmark.site.entries import gather
from benchmark.site.standings import DISPUTED, PARTLY, REPORTED, REPRODUCED, boards
from benchmark.site.write import write_site
from benchmark.suite.source import parse

HOSTILE = "<script>alert(1)</script>\"'<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def labs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return bundled.three_labs(tmp_path_factory.mktemp("labs"))


@pytest.fixture(scope="module")
def site(labs: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "public"
    write_site(labs, folder)
    return folder


def data_of(site: Path) -> dict:
    (table,) = json.loads((site / "site.json").read_text())["tables"]
    return json.loads((site / table["data"]).read_text())


def one_lab(folder: Path, lab: str, day: str = "2026-01-05", text: str = fabricate.SUITE, **changes) -> Path:
    folder.mkdir(parents=True)
    plan = fabricate.make_plan(folder, text)
    store = fabricate.make_results(plan, folder / "results", provenance=bundled.made_on(day), **changes)
    return export(plan, store, folder / "a.zip", lab=lab).file


def test_numbers_are_those_of_the_bundle(tmp_path: Path) -> None:
    file = one_lab(tmp_path / "one", "A lab")
    write_site([file], tmp_path / "public")
    rows = {row["label"]: row["metrics"]["top1"]["mean"] for row in data_of(tmp_path / "public")["rows"]}
    with opened_plan(file) as (bundle, plan, registry):
        cells = collect(plan, bundle.store, registry).cells
    means = cells.groupby(["model", "augmentation"])["tones:test/top1"].mean()
    assert rows == pytest.approx({f"{model} · {recipe}": mean for (model, recipe), mean in means.items()})


def test_a_row_is_reproduced_when_another_lab_has_run_all_its_cells(labs: list[Path]) -> None:
    (board,) = boards(gather(labs))
    states = {row.state for row in board.rows.values()}
    assert {REPRODUCED, DISPUTED} <= states
    for row in board.rows.values():
        again = {name for check in row.checks for name in check.names}
        assert (row.state == REPORTED) == (not row.checks)
        if row.state == REPRODUCED:
            assert again == set(row.entry.tested)
        if row.state == PARTLY:
            assert again < set(row.entry.tested)
        assert all(check.source.lab != row.entry.source.lab for check in row.checks)


def test_nobody_reproduces_who_is_the_same_or_has_no_name(tmp_path: Path) -> None:
    names = ("Lab A", "", "Lab a", "LAB A")
    files = [
        one_lab(tmp_path / f"{day}", name, f"2026-02-0{day}", fabricate.FEW)
        for day, name in enumerate(names, 1)
    ]
    (board,) = boards(gather(files))
    assert {row.state for row in board.rows.values()} == {REPORTED}


def test_a_copy_of_results_under_another_name_reproduces_nothing(tmp_path: Path) -> None:
    one = one_lab(tmp_path / "one", "Lab A", text=fabricate.FEW)
    plan = fabricate.make_plan(tmp_path / "one", fabricate.FEW)
    other = export(
        plan, ResultsStore(tmp_path / "one" / "results", "made_up"), tmp_path / "b.zip", lab="Lab B"
    ).file
    (board,) = boards(gather([one, other]))
    assert {row.state for row in board.rows.values()} == {REPORTED}


def test_another_split_is_another_table(tmp_path: Path) -> None:
    text = fabricate.FEW.replace("evaluate: [test]", "evaluate: [test]\n  split: {strategy: grouped}")
    files = [one_lab(tmp_path / "one", "A", text=fabricate.FEW), one_lab(tmp_path / "two", "B", text=text)]
    found = boards(gather(files))
    assert [len(board.rows) for board in found] == [2, 2]
    assert len({board.task.key for board in found}) == 2


@pytest.mark.slow
def test_the_order_of_bundles_changes_nothing(labs: list[Path], site: Path, tmp_path: Path) -> None:
    write_site(labs[::-1], tmp_path / "public")
    for file in site.rglob("*.*"):
        assert (tmp_path / "public" / file.relative_to(site)).read_bytes() == file.read_bytes(), file.name


def test_history_names_who_was_in_front(labs: list[Path]) -> None:
    (board,) = boards(gather(labs))
    values = [value for *_, value in board.history]
    assert [source.lab for source, *_ in board.history] == ["Lab A", "Lab B", "Lab C"]
    assert values == sorted(values)


def test_every_link_leads_to_a_page_that_is_there(site: Path) -> None:
    import re

    pages = list(site.rglob("*.html"))
    assert len(pages) == 1 + 1 + 6
    for page in pages:
        for address in re.findall(r'href="([^"#][^"]*)"', page.read_text(encoding="utf-8")):
            if not address.startswith("data:"):
                assert (page.parent / address).resolve().is_file(), (page, address)


def test_programs_get_it_all(site: Path) -> None:
    data = data_of(site)
    assert len(data["rows"]) == 6
    for row in data["rows"]:
        for name in ("page", "suite_file", "badge"):
            assert (site / row[name]).is_file()
        assert parse((site / row["suite_file"]).read_text(), "suite").value["cell"]["dataset"] == "tones"
        assert (
            row["metrics"]["top1"]["low"] <= row["metrics"]["top1"]["mean"] <= row["metrics"]["top1"]["high"]
        )


def test_text_of_strangers_is_shown_and_not_obeyed(tmp_path: Path) -> None:
    text = fabricate.SUITE.replace("label: third_50%", f"label: {json.dumps(HOSTILE)}")
    file = one_lab(tmp_path / "one", HOSTILE, text=text, marks=["synthetic"])
    write_site([file], tmp_path / "public")
    for page in (tmp_path / "public").rglob("*.*"):
        content = page.read_text(encoding="utf-8")
        if page.suffix in (".html", ".svg"):
            assert "<script>alert" not in content
            assert "<img" not in content
    for picture in (tmp_path / "public" / "badges").iterdir():
        ET.fromstring(picture.read_text(encoding="utf-8"))
    ET.fromstring(badge(HOSTILE, "\x1b[2J & <b>", "reported"))


def test_a_folder_with_other_things_is_left_alone(labs: list[Path], tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(UsageError, match="other things"):
        write_site(labs, tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.slow
def test_what_is_gone_from_the_bundles_goes_from_the_site(labs: list[Path], tmp_path: Path) -> None:
    write_site(labs, tmp_path / "public")
    write_site([labs[1]], tmp_path / "public")
    assert (
        len(list((tmp_path / "public" / "rows").glob("*.html")))
        == len(data_of(tmp_path / "public")["rows"])
        < 6
    )


def test_a_damaged_bundle_makes_no_site(labs: list[Path], tmp_path: Path) -> None:
    whole = bytearray(labs[0].read_bytes())
    whole[len(whole) // 2] ^= 1
    (tmp_path / "bad.zip").write_bytes(whole)
    with pytest.raises(BundleError, match="member"):
        write_site([tmp_path / "bad.zip"], tmp_path / "public")
    assert not (tmp_path / "public").exists()
    ran = CliRunner().invoke(cli, ["site", str(labs[0]), "-o", str(tmp_path / "public")])
    assert ran.exit_code == 0
    assert "tones:test: 5 rows" in ran.stdout
