"""Every block of the documentation does what it says, and every link leads somewhere."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import click
import pytest
import yaml

from benchmark.cli.main import cli
from benchmark.plugin.manager import Plugins
from benchmark.suite.expand import KEYS
from benchmark.suite.load import TOP, load_suite

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
if not (ROOT / "docs" / "index.md").is_file():
    pytest.skip("the documentation is not here", allow_module_level=True)
_BLOCK = re.compile(r"(?:<!-- (.*?) -->\n)?^ *```([\w{}-]*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
# Pages whose Python is run by tests of their own, which have what it needs.
_ELSEWHERE = {
    "plugins.md": "tests/testing/test_docs.py",
    "sharing.md": "tests of notebooks",
    "README.md": "tests/end_to_end",
}


@dataclass(frozen=True)
class Block:
    """A block of code on a page, and what is said of it in a comment before it."""

    page: Path
    line: int
    comment: str
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def blocks() -> list[Block]:
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in _BLOCK.finditer(text):
            line = text[: match.start()].count("\n") + 1
            found.append(Block(page, line, match[1] or "", match[2], match[3]))
    return found


def of(*languages: str) -> list[Block]:
    return [block for block in blocks() if block.language in languages]


KNOWN = {"", "bash", "console", "text", "yaml", "python", "toml", "json", "dockerfile", "{toctree}"}


def test_each_block_is_of_a_kind_that_is_tested() -> None:
    assert {str(block): block.language for block in blocks() if block.language not in KNOWN} == {}
    assert len(blocks()) > 50


@pytest.mark.parametrize("block", of("yaml"), ids=str)
def test_yaml_is_a_suite_that_loads_or_a_part_of_one(block: Block, tmp_path: Path) -> None:
    if block.comment.startswith("not run: "):
        yaml.safe_load(block.text)
        return
    if block.text.startswith("name:") and "\ncell:" in block.text:
        (tmp_path / "suite.yaml").write_text(block.text, encoding="utf-8")
        assert load_suite(tmp_path / "suite.yaml", Plugins().registry).cells
        return
    # A key twice shows two ways to write it; each line of a part is one by itself.
    lines = [line for line in block.text.splitlines() if line and not line.startswith((" ", "#", "-"))]
    keys = {line.partition(":")[0] for line in lines}
    yaml.compose(block.text)
    if "jobs" not in keys:  # of a CI service
        assert keys <= {*TOP, *KEYS} or not keys & {*TOP, *KEYS}, keys


@pytest.mark.parametrize("block", of("", "bash", "console"), ids=str)
def test_commands_are_ones_that_bench_takes(block: Block) -> None:
    text = block.text.replace("\\\n", " ")
    for line in text.splitlines():
        for command in re.split(r"&&|\|\||;|\|", line.partition(" #")[0]):
            words = shlex.split(command.replace("$ ", "", 1), comments=True) if command.strip() else []
            if words[:1] == ["bench"] and len(words) > 1:
                assert_taken(words[1:], str(block))


def assert_taken(words: list[str], place: str) -> None:
    """Parse a command as the program would, without doing what it says."""
    command: click.Command = cli
    context = click.Context(cli, info_name="bench")
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        inner = command.get_command(context, words[0])
        if inner is None:
            break
        command, words = inner, words[1:]
        context = click.Context(command, parent=context, info_name=command.name)
    assert command is not cli or words[:1] in ([], ["--help"], ["--version"]), f"{place}: no verb {words}"
    if "…" in words or "..." in words:
        words = [word for word in words if word not in ("…", "...")]
    try:
        command.make_parser(context).parse_args(list(words))
    except click.NoSuchOption as error:
        raise AssertionError(f"{place}: {error.format_message()}") from error


@pytest.mark.parametrize("block", of("python"), ids=str)
def test_python_is_run_or_says_why_not(block: Block, tmp_path: Path) -> None:
    compile(block.text, str(block), "exec")
    if block.comment or block.page.name in _ELSEWHERE:
        assert block.page.name in _ELSEWHERE or re.match(r"not run: \w|test: \w", block.comment)
        return
    ran = subprocess.run(
        [sys.executable, "-c", block.text], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("block", of("toml", "json"), ids=str)
def test_toml_and_json_are_well_formed(block: Block) -> None:
    {"toml": tomllib.loads, "json": json.loads}[block.language](block.text)


def anchors(page: Path) -> set[str]:
    """Return what headings of a page are called in links, as GitHub does it."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    found = set()
    for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE):
        plain = re.sub(r"[^\w\- ]", "", re.sub(r"\[(.*?)\]\(.*?\)", r"\1", heading).lower())
        found.add(plain.replace(" ", "-"))
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_inside_the_site_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    wrong = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if file.parent.name == "reference" and file.parent.parent.name == "docs":
            continue  # generated; the build of the site looks at these
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in anchors(file)):
            wrong.append(target)
    assert wrong == []


def test_each_page_is_in_one_of_the_four_parts() -> None:
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    listed = re.findall(r"^([\w/-]+)$", index, re.MULTILINE)
    assert re.findall(r":caption: (.*)", index) == ["Tutorial", "How to", "Reference", "Explanation"]
    assert {page.stem for page in PAGES[1:]} - {"index"} - set(listed) == set()
    assert len(listed) == len(set(listed))


@pytest.mark.slow
def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    pytest.importorskip("sphinx")
    pytest.importorskip("furo")
    pytest.importorskip("myst_parser")
    built = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", ROOT / "docs", tmp_path / "site"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    components = (tmp_path / "site" / "reference" / "components.html").read_text(encoding="utf-8")
    assert "TrivialAugment" in components
    assert (tmp_path / "site" / "reference" / "api.html").is_file()
