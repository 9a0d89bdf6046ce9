"""What is printed can neither fail nor command the terminal."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from projects import make_project

from benchmark.text import replacing, visible

SUITE = """
name: trial
description: "nothing here is obeyed: \\e[2J\\e]0;owned\\a \\u202Etxt.exe, and ◊ or 日本 has no place in Latin 1"
cell:
  dataset: {synthetic: {tracks_per_class: 6, seconds: 1, difficulty: 0}}
  features: {mel: {size: [12, 16], n_mels: 12}}
  split: {fractions: [0.5, 0.17, 0.33]}
  evaluate: [test]
matrix:
  model: [{majority: {}, label: "b\\e[31mred → “quoted” – 日本"}]
  seed: [0, 1]
"""


@pytest.fixture
def odd(project):
    project.write(SUITE)
    (project.folder / "benchfile.py").unlink()
    return project


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    """Return the results of the suite, which are only read."""
    made = make_project(tmp_path_factory.mktemp("odd"), cache)
    made.write(SUITE)
    (made.folder / "benchfile.py").unlink()
    ran = made.bench("run", "suite.yaml", "--executor", "inline")
    assert ran.code == 0, ran.err
    return made.folder / "results"


@pytest.mark.slow
def test_control_characters_are_seen_and_not_obeyed(odd, results: Path) -> None:
    shutil.copytree(results, odd.folder / "results")
    for verb in (("plan",), ("status",), ("report",), ("compare", "--against", "results")):
        done = odd.bench(verb[0], "suite.yaml", *verb[1:])
        printed = done.out + done.err
        assert done.code == 0, done.err
        assert not set(printed) & {"\x1b", "\a", "\u202e"}
        assert "red" in printed  # without a terminal, click takes whole commands away
        assert verb != ("plan",) or "owned" in printed
    for file in (odd.results / "report").glob("*.*"):
        assert not set(file.read_text()) & {"\x1b", "\a", "\u202e"}, file


@pytest.mark.slow
def test_a_terminal_shows_commands_too(odd) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        odd.command("plan", "suite.yaml"), cwd=odd.folder, env=odd.variables(), stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    said = b""
    with contextlib.suppress(OSError):  # Linux says so when the other side is closed.
        while piece := os.read(ours, 65536):
            said += piece
    os.close(ours)
    assert process.wait() == 0
    assert b"\x1b" not in said
    assert b"b\\x1b[31mred" in said


@pytest.mark.slow
@pytest.mark.parametrize(
    ("encoding", "verb"), [("latin-1", "run"), ("cp1252", "report"), ("ascii", "report"), ("utf-8", "report")]
)
def test_what_an_output_cannot_show_is_replaced_and_exit_codes_stay(
    odd, results: Path, encoding: str, verb: str
) -> None:
    if verb == "report":
        shutil.copytree(results, odd.folder / "results")
    odd.environment["PYTHONIOENCODING"] = encoding
    process = subprocess.run(  # noqa: PLW1510
        odd.command(verb, "suite.yaml", *(["--executor", "inline"] if verb == "run" else [])),
        cwd=odd.folder, env=odd.variables(), capture_output=True,
    )  # fmt: skip
    assert process.returncode == 0, process.stderr
    assert b"Traceback" not in process.stderr
    printed = process.stdout.decode("utf-8" if encoding == "ascii" else encoding)
    assert "red" in printed
    if encoding == "latin-1":
        assert 'red -> "quoted" - ??' in printed
        assert "+---" in printed


@pytest.mark.parametrize("closed", [1, 2])
def test_a_closed_stream_changes_no_exit_code(odd, closed: int) -> None:
    line = f'exec "$@" {closed}>&-'
    done = subprocess.run(  # noqa: PLW1510
        ["sh", "-c", line, "sh", *odd.command("status", "suite.yaml")],
        cwd=odd.folder, env=odd.variables(), capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


def test_a_reader_that_has_gone_changes_no_exit_code(odd) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(  # noqa: PLW1510
        odd.command("completion", "bash"), cwd=odd.folder, env=odd.variables(), stdout=write,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    os.close(write)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_a_full_pipe_that_does_not_wait_is_waited_for(odd) -> None:
    read, write = os.pipe()
    fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096)
    os.set_blocking(write, False)
    process = subprocess.Popen(
        odd.command("schema"), cwd=odd.folder, env=odd.variables(), stdout=write, stderr=subprocess.PIPE
    )
    os.close(write)
    with os.fdopen(read, "rb") as stream:
        printed = stream.read()
    _, err = process.communicate()
    assert process.returncode == 0, err
    assert printed.rstrip().endswith(b"}")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no device that is always full")
def test_output_that_is_lost_is_an_error_in_words(odd) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(  # noqa: PLW1510
            odd.command("completion", "bash"), cwd=odd.folder, env=odd.variables(), stdout=full,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == "Error: the output could not be written: No space left on device.\n"


def test_replacements_keep_the_width_of_tables() -> None:
    assert "│ é – ┃ ┏━┓ ─".encode("latin-1", replacing()) == b"| \xe9 - | +-+ -"
    assert "日 ł caf\udce9 €".encode("ascii", replacing()) == b"? ? caf\\udce9 ?"


def test_text_that_is_not_a_command_stays_as_it_is() -> None:
    text = "Tab\tand line\nand ümläut, 日本語, עברית"
    assert visible(text) == text
    assert visible("\x00\x1b[0m\x9b\r\x7f") == r"\x00\x1b[0m\x9b\r\x7f"


def test_a_plugins_verb_may_use_colours(tmp_path, odd) -> None:
    (tmp_path / "coloured.py").write_text(
        "import click\nfrom benchmark import hookimpl\n"
        "@click.command()\ndef paint():\n    click.echo(click.style('red', fg='red'), color=True)\n"
        "@hookimpl\ndef bench_commands():\n    return [paint]\n"
    )
    info = tmp_path / "coloured-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: coloured\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[bench]\ncoloured = coloured\n")
    odd.environment["PYTHONPATH"] = str(tmp_path)
    done = odd.bench("paint")
    assert done.code == 0, done.err
    assert done.out == "\x1b[31mred\x1b[0m\n"


LOUD = """
import ctypes, os, subprocess, sys
import click
from benchmark import hookimpl

def shout(what):
    print("python", what, flush=True)
    os.write(1, f"descriptor {what}\\n".encode())
    ctypes.CDLL(None).puts(f"native {what}".encode())
    ctypes.CDLL(None).fflush(None)
    subprocess.run([sys.executable, "-c", f"print('child {what}')"], check=True)

shout("import")

@click.command()
def holler():
    shout("verb")

@hookimpl
def bench_commands():
    return [holler]
"""


def test_what_plugins_print_in_whatever_way_is_not_among_what_a_verb_says(tmp_path, odd) -> None:
    (tmp_path / "loud.py").write_text(LOUD)
    info = tmp_path / "loud-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: loud\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[bench]\nloud = loud\n")
    odd.environment["PYTHONPATH"] = str(tmp_path)
    done = odd.bench("schema")
    assert json.loads(done.out)["title"] == "genrebench suite"
    ways = ["python", "descriptor", "native", "child"]
    assert done.err.splitlines() == [f"{way} import" for way in ways]
    done = odd.bench("holler")
    assert [line for line in done.out.splitlines() if line.endswith("verb")] == [
        f"{way} verb" for way in ways
    ]


def test_an_interruption_that_python_ignores_comes_again(tmp_path) -> None:
    code = (
        "import time\n"
        "from benchmark.cli.interrupts import interrupts_arrive\n"
        "class Deaf:\n"
        "    def __del__(self):\n"
        "        raise KeyboardInterrupt\n"
        "with interrupts_arrive():\n"
        "    try:\n"
        "        Deaf()\n"
        "        time.sleep(60)\n"
        "    except KeyboardInterrupt:\n"
        "        print('arrived')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "arrived\n"
    assert done.stderr == ""
