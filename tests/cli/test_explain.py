"""Every error and every finding has a code, for ever, and every code a section."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmark.audit import checks
from benchmark.cli.explain import command, error_codes, explanations
from benchmark.cli.main import main
from benchmark.exceptions import UsageError
from benchmark.results.standing import SHARED, UNGROUPED, UNHEARD

FINDINGS = {
    each.replace(" ", "-")
    for each in (
        *re.findall(r'"(?:leak|warning|note)",\s*"([a-z -]+)"', Path(checks.__file__).read_text()),
        *re.findall(r'_finding\(severity, "([a-z -]+)"', Path(checks.__file__).read_text()),
        "overlapping corpora",
        SHARED,
        UNGROUPED,
        UNHEARD,
    )
} - {"warning", "note"}


def explained(*arguments: str) -> str:
    done = CliRunner().invoke(command, arguments)
    assert done.exit_code == 0, done.output
    return done.output


def test_each_error_has_a_code_of_its_own_and_a_section() -> None:
    codes = error_codes()
    assert all(codes.values())
    assert len(set(codes.values())) == len(codes)
    assert set(codes.values()) <= explanations().keys()


def test_each_finding_has_a_section_and_each_section_a_code() -> None:
    assert len(FINDINGS) == 10
    assert explanations().keys() - set(error_codes().values()) == FINDINGS


@pytest.mark.parametrize("written", ["same-audio", "same audio", "Same Audio"])
def test_a_finding_is_explained_however_it_is_written(written: str) -> None:
    assert explained(written).startswith("same-audio\n\nA leak")


def test_the_class_of_an_error_that_a_record_has_will_do() -> None:
    assert explained("OutOfMemoryError") == explained("out-of-memory")


def test_all_codes_are_listed() -> None:
    assert [line.split()[0] for line in explained().splitlines()] == list(explanations())


def test_an_unknown_code_gets_the_nearest() -> None:
    done = CliRunner().invoke(command, ["out-of-memry"])
    assert isinstance(done.exception, UsageError)
    assert "Did you mean 'out-of-memory'?" in str(done.exception)


def test_an_error_ends_with_its_code(monkeypatch, capsys) -> None:
    monkeypatch.setattr("sys.argv", ["bench", "explain", "nothing"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1] == "(bench explain usage)"
