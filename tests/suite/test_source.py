from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmark.exceptions import SuiteError
from benchmark.suite import source as source_module
from benchmark.suite.source import parse, read_file


def value(text: str) -> Any:
    return parse(text, "s.yaml").value


def problems(text: str) -> list[str]:
    with pytest.raises(SuiteError) as caught:
        parse(text, "s.yaml")
    return [str(problem) for problem in caught.value.problems]


@pytest.fixture
def few_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a suite hold 2,000 values and no more, to count up to which takes a moment."""
    assert source_module.MAX_NODES == 200_000
    monkeypatch.setattr(source_module, "MAX_NODES", 2_000)


def test_every_value_knows_its_line() -> None:
    source = parse("a:\n  b: [1,\n    2]\nc: {d: x}\n", "s.yaml")
    assert source.value == {"a": {"b": [1, 2]}, "c": {"d": "x"}}
    assert str(source.place(("a", "b", 1))) == "s.yaml:3"
    assert str(source.place(("c", "d", "deeper", 0))) == "s.yaml:4"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1e-3", 0.001), ("1E5", 1e5), ("1.5", 1.5), (".5", 0.5), ("12", 12), ("-3", -3), ("true", True),
        ("on", "on"), ("off", "off"), ("yes", "yes"), ("no", "no"), ("y", "y"),
        ("1:30", "1:30"), ("1:30.5", "1:30.5"), ("0x10", "0x10"), ("012", "012"), ("1_000", "1_000"),
        ("2026-01-01", "2026-01-01"), ("null", None), ("~", None), ("'12'", "12"), ("!!str 12", "12"),
        (".inf", ".inf"), ("=", "="),
    ],
)  # fmt: skip
def test_plain_values_are_read_as_a_person_would(text: str, expected: object) -> None:
    found = value(f"key: {text}")["key"]
    assert found == expected
    assert type(found) is type(expected)


def test_words_that_older_yaml_takes_for_booleans_may_be_keys() -> None:
    assert value("on: 1\nno: 2\n1: 3") == {"on": 1, "no": 2, "1": 3}


@pytest.mark.parametrize(
    ("written", "tag"),
    [
        ("a: !!python/object/apply:os.system [echo]", "!!python/object/apply:os.system"),
        ("a: !!python/object:os.path {b: 1}", "!!python/object:os.path"),
        ("a: !!python/name:os.system", "!!python/name:os.system"),
        ("? !!python/name:os.system y\n: 1", "!!python/name:os.system"),
        ("a: !custom 3", "!custom"),
        ("a: !!set {b}", "!!set"),
        ("a: !!binary aGk=", "!!binary"),
        ("a: !!timestamp 2026-01-01", "!!timestamp"),
    ],
)
def test_tags_that_would_construct_something_are_refused_with_their_line(written: str, tag: str) -> None:
    assert problems(f"x: 1\n{written}") == [
        f"s.yaml:2: the tag '{tag}' is not allowed: a suite holds plain values only."
    ]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("!!int many", "'many' cannot be read as int"),
        ("!!int ''", "'' cannot be read as int"),
        ("!!bool maybe", "'maybe' cannot be read as bool"),
        ("!!float ''", "'' cannot be read as float"),
        ("9" * 5000, f"'{'9' * 40}' cannot be read as int"),
        ("1e999", "'1e999' is not a finite number"),
    ],
)
def test_a_number_that_is_none_is_a_problem_at_its_line(written: str, expected: str) -> None:
    assert problems(f"x: 1\na: {written}") == [f"s.yaml:2: {expected}."]


@pytest.mark.usefixtures("few_values")
def test_a_bomb_of_aliases_is_refused_before_it_unfolds() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]
    (problem,) = problems("\n".join(lines))
    assert "with its aliases, this unfolds into more than 2,000 values or 50 levels" in problem


@pytest.mark.usefixtures("few_values")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x: 1\na: &a [*a]", "s.yaml:2: with its aliases, this unfolds into more than"),
        ("x: 1\na: &a {b: *a}", "s.yaml:2: with its aliases, this unfolds into more than"),
        ("a: " + "[" * 60 + "]" * 60, "s.yaml:1: with its aliases, this unfolds into more than"),
        ("a: " + "[" * 500 + "]" * 500, "s.yaml:1: this is nested more than 50 levels deep."),
    ],
)
def test_what_is_nested_without_end_is_refused(text: str, expected: str) -> None:
    assert problems(text)[0].startswith(expected)


def test_one_alias_is_no_bomb() -> None:
    assert value("a: &a [1]\nb: *a") == {"a": [1], "b": [1]}


def test_a_duplicate_key_names_both_lines() -> None:
    assert problems("a: 1\nb: 2\na: 3") == ["s.yaml:3: the key 'a' is given twice, first on line 1."]
    assert problems("matrix:\n  seed: [1]\n  seed: [2]") == [
        "s.yaml:3: the axis 'seed' is given twice, first on line 2."
    ]


def test_keys_are_words() -> None:
    assert problems("? [a]\n: 1\n") == ["s.yaml:1: a key is a word, and this is a list or a mapping."]
    assert "s.yaml:2: merge keys ('<<') are not allowed" in problems("a: &a {b: 1}\n<<: *a")[0]


def test_all_problems_of_a_text_are_said_at_once() -> None:
    found = problems("a: !x 1\nb: 1e999\nb: 2")
    assert [problem.partition(": ")[0] for problem in found] == ["s.yaml:1", "s.yaml:2", "s.yaml:3"]


@pytest.mark.parametrize(
    ("text", "line", "part"),
    [
        ("a: [1, 2\nb: 3", 2, "expected ',' or ']'"),
        ("a: 'x\n", 2, "unexpected end of stream"),
        ("a: {b: 1}}", 1, "expected"),
        ("\ta: 1", 1, "cannot start any token"),
        ("a: 1\nb: *nowhere", 2, "undefined alias"),
        ("a: 1\n---\nb: 2", 2, "another document"),
    ],
)
def test_a_syntax_error_has_its_line(text: str, line: int, part: str) -> None:
    (problem,) = problems(text)
    assert problem.startswith(f"s.yaml:{line}: this is not valid YAML: ")
    assert part in problem


def test_a_control_character_has_its_line() -> None:
    assert problems("a: 1\nb: \x00") == ["s.yaml:2: the character '\\x00' is not allowed in YAML."]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "s.yaml:1: this is empty."),
        (b"# nothing\n", "s.yaml:1: this is empty."),
        (b"\n- 1\n", "s.yaml:2: a suite is a mapping with keys such as name, cell and matrix; found a list."),
        (
            b"words\n",
            "s.yaml:1: a suite is a mapping with keys such as name, cell and matrix; found 'words'.",
        ),
        (b"a: 1\nb: \xff\xfe", "s.yaml:2: this is not text in UTF-8; save it as UTF-8."),
    ],
)
def test_files_that_are_no_suites_say_so(tmp_path: Path, content: bytes, expected: str) -> None:
    (tmp_path / "s.yaml").write_bytes(content)
    with pytest.raises(SuiteError) as caught:
        read_file(tmp_path / "s.yaml")
    assert str(caught.value) == f"{tmp_path}/{expected}"


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_bytes(b"\xef\xbb\xbfname: x\n")
    assert read_file(tmp_path / "s.yaml")[0].value == {"name": "x"}


def test_a_folder_is_no_suite(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match=r"this is a folder, and a suite is a YAML file\."):
        read_file(tmp_path)


def test_a_text_from_elsewhere_has_no_lines() -> None:
    with pytest.raises(SuiteError, match=r"^--set a: this is not valid YAML"):
        parse("[1", "--set a", numbered=False)


def test_a_file_that_no_person_wrote_is_refused_before_it_is_in_memory(tmp_path: Path) -> None:
    (tmp_path / "long.yaml").write_bytes(b"a: '" + b"x" * 10_000_000 + b"'")
    with pytest.raises(SuiteError, match=r"long\.yaml: this is longer than 1,000,000 bytes"):
        read_file(tmp_path / "long.yaml")
    with pytest.raises(SuiteError, match="longer than"):
        read_file(Path("/dev/zero"))


@pytest.mark.usefixtures("few_values")
def test_more_values_than_a_suite_can_need_are_not_even_composed() -> None:
    (problem,) = problems("a: [" + "1," * 2_100 + "]")
    assert problem.startswith("s.yaml:1: this is not valid YAML: it holds more than")


@pytest.mark.parametrize("ends", ["\r\n", "\r"])
def test_line_ends_of_other_systems_are_line_ends(tmp_path: Path, ends: str) -> None:
    (tmp_path / "s.yaml").write_bytes(f"a: 1{ends}b: 2{ends}".encode())
    source, text = read_file(tmp_path / "s.yaml")
    assert source.value == {"a": 1, "b": 2}
    assert text == "a: 1\nb: 2\n"


@pytest.mark.parametrize(
    "text",
    [
        "a: [1, 2.5, 1e-3, on, null]\nb: {c: 'd', e: \"f\\n\"}\ng: |\n  h\n\n  i\nj: >-\n  k\n  l\nm: &n {o: 1}\np: *n\n",
        "---\n# words\na:\n- b\n- - c\n  - d: é\n    f: 𝄞\n...\n",
        # What libyaml takes otherwise.
        "a: |# b\n", "a: !\n", "! a", "[b, c?d]", "{a?: 1}", "a:\tb\n", "\ufeff\ufeffa: 1", "a\x85b: 1", "a: '\u2028b'",
        "a: \x07", "a: [", "a: b: c", "a: 1\na: 2", "a: *b", "%YAML 1.2\n---\na: 1", "",
        pytest.param("a: " + "[" * 2000, marks=pytest.mark.slow),
    ],
)  # fmt: skip
def test_libyaml_changes_no_value_no_place_and_no_word(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def parsed() -> tuple[object, ...]:
        try:
            value = parse(text, "suite.yaml")
        except SuiteError as error:
            return (str(error),)
        return value.value, value.places

    with_it = parsed()
    monkeypatch.setattr(yaml, "__with_libyaml__", False)
    assert parsed() == with_it


def test_a_suite_is_read_by_libyaml(monkeypatch: pytest.MonkeyPatch) -> None:
    if not yaml.__with_libyaml__:
        pytest.skip("PyYAML has no libyaml here")

    def scanned(scanner: object) -> None:
        raise AssertionError("PyYAML's own parser was asked")

    monkeypatch.setattr(yaml.scanner.Scanner, "fetch_more_tokens", scanned)
    suites = Path(__file__).resolve().parents[2] / "suites"
    assert parse((suites / "paper.yaml").read_text(), "paper.yaml").value["name"] == "paper"
