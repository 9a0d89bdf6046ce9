from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.exceptions import SuiteError
from benchmark.suite.source import parse, read_file


def value(text: str) -> object:
    return parse(text, "s.yaml").value


def test_every_value_knows_its_line() -> None:
    source = parse("a:\n  b: [1,\n    2]\nc: {d: x}\n", "s.yaml")
    assert source.value == {"a": {"b": [1, 2]}, "c": {"d": "x"}}
    assert source.place(("a", "b", 1)) == "s.yaml:3"
    assert source.place(("c", "d", "deeper", 0)) == "s.yaml:4"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1e-3", 0.001), ("1.5", 1.5), ("12", 12), ("on", "on"), ("no", "no"), ("true", True), ("1:30", "1:30"),
        ("0x10", "0x10"), ("2026-01-01", "2026-01-01"), ("null", None), ("~", None), ("1_000", "1_000"), ("012", "012"),
    ],
)  # fmt: skip
def test_plain_values_are_read_as_a_person_would(text: str, expected: object) -> None:
    found = value(f"key: {text}")["key"]  # type: ignore[index]
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    "text",
    ["a: !!python/object/apply:os.system [echo]", "a: !!python/name:os.system", "a: !custom 3", "a: !!set {b}", "a: !!binary aGk="],
)
def test_tags_that_would_construct_something_are_refused_with_their_line(text: str) -> None:
    with pytest.raises(SuiteError, match=r"s\.yaml:2: the tag .* is not allowed"):
        value(f"x: 1\n{text}")


def test_a_bomb_of_aliases_is_refused_before_it_unfolds() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    with pytest.raises(SuiteError, match="unfolds into more than a suite can need"):
        value("\n".join(lines))


def test_a_structure_inside_itself_is_refused() -> None:
    with pytest.raises(SuiteError, match="unfolds into more"):
        value("a: &a [*a]")


def test_a_duplicate_key_names_both_lines() -> None:
    with pytest.raises(SuiteError, match=r"s\.yaml:3: the key 'a' stands here twice, first on line 1"):
        value("a: 1\nb: 2\na: 3")


@pytest.mark.parametrize(("text", "line"), [("a: [1, 2\nb: 3", 2), ("a: 'x\n", 2), ("a: {b: 1}}", 1), ("\ta: 1", 1)])
def test_a_syntax_error_has_its_line(text: str, line: int) -> None:
    with pytest.raises(SuiteError, match=rf"s\.yaml:{line}: this is not valid YAML"):
        value(text)


@pytest.mark.parametrize(("content", "message"), [(b"", "empty"), (b"- 1\n", "is a mapping"), (b"a: \xff\xfe", "UTF-8")])
def test_files_that_are_no_suites_say_so(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "s.yaml").write_bytes(content)
    with pytest.raises(SuiteError, match=message):
        read_file(tmp_path / "s.yaml")
