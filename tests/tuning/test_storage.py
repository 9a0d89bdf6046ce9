"""Where a suite may keep its studies, and what of the environment it may know."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmark.exceptions import ResultsError
from benchmark.suite.storage_url import variables_problem, without_passwords
from benchmark.tuning.storage import open_storage, shown_place, storage_place


@pytest.mark.slow
def test_an_sqlite_file_lies_in_the_results_folder(tmp_path: Path) -> None:
    place = storage_place("sqlite:///studies.db?timeout=3", tmp_path)
    assert place == f"sqlite:///{tmp_path / 'studies.db'}?timeout=3"
    open_storage(place)
    assert (tmp_path / "studies.db").is_file()


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:////etc/studies.db",
        "sqlite:///../studies.db",
        "sqlite+pysqlite:///a/../../studies.db",
        "sqlite:///out/studies.db",
        "sqlite:///${BENCH_STUDIES}/../../studies.db",
    ],
)
def test_a_suite_cannot_lead_it_out_and_the_command_line_can(tmp_path: Path, url: str) -> None:
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "out").symlink_to(tmp_path)
    with pytest.raises(ResultsError, match="--set tune.storage"):
        storage_place(url, tmp_path / "results")
    assert storage_place(url, tmp_path / "results", by_hand=True) == url


def test_a_file_uri_is_a_name_like_any_other(tmp_path: Path) -> None:
    place = storage_place("sqlite:///file:studies.db?uri=true", tmp_path)
    assert place == f"sqlite:///{tmp_path}/file:studies.db?uri=true"
    open_storage(place)
    assert [file.name for file in tmp_path.iterdir()] == ["file:studies.db"]


def test_a_variable_may_name_the_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_STUDIES", str(tmp_path / "elsewhere"))
    (tmp_path / "elsewhere").mkdir()
    place = storage_place("sqlite:///${BENCH_STUDIES}/studies.db", tmp_path / "results")
    open_storage(place)
    assert (tmp_path / "elsewhere" / "studies.db").is_file()
    assert str(tmp_path) not in shown_place(place)


@pytest.mark.parametrize(
    "url", ["mysql://$HOME@host/x", "mysql://${AWS_SECRET_ACCESS_KEY}:x@host/x", "a://${}"]
)
def test_other_variables_are_refused_before_anything_runs(url: str) -> None:
    assert "BENCH_STUDIES" in variables_problem(url)
    assert not variables_problem("mysql://me:${BENCH_STUDIES_PASSWORD}@host/${BENCH_STUDIES}")


def test_no_error_and_no_chained_error_says_what_a_variable_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_STUDIES_PASSWORD", "open-sesame")
    monkeypatch.setenv("BENCH_STUDIES_HOST", "no.such.host.invalid")
    url = "nosuch+${BENCH_STUDIES_HOST}://me:${BENCH_STUDIES_PASSWORD}@${BENCH_STUDIES_HOST}:open/x"
    with pytest.raises(ResultsError) as caught:
        open_storage(url)
    assert "sesame" not in str(caught.value)
    assert "no.such.host" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_variable_that_is_not_set_is_named() -> None:
    assert "BENCH_STUDIES_NOT_SET" not in os.environ
    with pytest.raises(ResultsError, match="BENCH_STUDIES_NOT_SET is not set"):
        open_storage("mysql://me:${BENCH_STUDIES_NOT_SET}@host/x")


def test_texts_that_go_into_reports_have_no_passwords() -> None:
    assert (
        without_passwords("storage: mysql://me:se:cret@host/x # a@b")
        == "storage: mysql://me:***@host/x # a@b"
    )
    assert without_passwords("see http://host:80/a and b@c") == "see http://host:80/a and b@c"
