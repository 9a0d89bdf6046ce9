"""Shells complete verbs, options and names of components."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner
from projects import Project

from benchmark.cli.completion import SHELLS, command


def completed(project: Project, words: str, number: int) -> list[str]:
    project.environment |= {
        "_BENCH_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(number),
    }
    done = project.bench()
    assert done.err == ""
    return [line.partition(",")[2] for line in done.out.splitlines() if line]


def script(shell: str) -> str:
    done = CliRunner().invoke(command, [shell])
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_gets_lines_of_its_own_that_it_understands(shell: str, tmp_path: Path) -> None:
    text = script(shell)
    assert f"_BENCH_COMPLETE={shell}_complete" in text
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed here, which would check its own syntax")
    (tmp_path / "completion").write_text(text)
    subprocess.run([program, "-n", str(tmp_path / "completion")], check=True)


def test_verbs_are_completed(project: Project) -> None:
    assert completed(project, "bench do", 1) == ["doctor"]


def test_names_of_components_are_completed_of_the_kind_that_is_asked_for(project: Project) -> None:
    assert {"mel", "mel-image"} <= set(completed(project, "bench plugins show me", 3))
    assert completed(project, "bench data verify gt", 3) == ["gtzan"]
    assert completed(project, "bench data verify me", 3) == []


def test_codes_are_completed(project: Project) -> None:
    assert completed(project, "bench explain same", 2) == ["same-audio"]
