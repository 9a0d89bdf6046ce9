"""``bench plugins new`` writes packages that work as they are written."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import CliRunner
from forked_trials import FORKED
from programs import built_by_pip
from projects import NETWORKS
from warm import BENCH, start_program

from benchmark.cli.plugins_new import KINDS, command, package
from benchmark.exceptions import UsageError


def new(folder: Path, name: str, kind: str = "metric") -> Path:
    done = CliRunner().invoke(command, [name, "--kind", kind, "--into", str(folder)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return folder / f"bench-{name}"


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_package_of_each_kind_is_whole(kind: str) -> None:
    texts = package("one-two", kind)
    assert set(texts) == {"pyproject.toml", "README.md", "bench_one_two.py", "tests/test_bench_one_two.py"}
    project = tomllib.loads(texts["pyproject.toml"])["project"]
    assert project["name"] == "bench-one-two"
    assert project["license"] == "MIT"
    assert project["entry-points"]["bench"] == {"bench_one_two": "bench_one_two"}
    assert not any("$" in text for text in texts.values())
    for place, text in texts.items():
        if place.endswith(".py"):
            compile(text, place, "exec")
    assert 'name = "one-two"' in texts["bench_one_two.py"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../evil", "small letters"),
        ("/etc/passwd", "small letters"),
        ("Tiny", "small letters"),
        ("tiny--net", "small letters"),
        ("a\n", "small letters"),
        ("a" * 41, "at most 40"),
        ("bench-tiny", "Leave 'bench-' out"),
        ("models", "There is a module 'bench_models' already"),
        ("keras-model", "means something else"),
        ("candidate", "means something else"),
    ],
)
def test_a_name_that_would_lead_elsewhere_or_is_taken_is_refused(
    name: str, said: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=said):
        CliRunner().invoke(
            command, [name, "--kind", "metric", "--into", str(tmp_path)], catch_exceptions=False
        )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("name", "kind"), [("cnn", "torch-model"), ("top1", "metric")])
def test_the_name_of_a_component_that_is_there_is_refused_for_its_kind(
    name: str, kind: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=f"'{name}' is there already, from bench_"):
        new(tmp_path, name, kind)
    assert new(tmp_path, name, "audio").is_dir()


def test_what_is_there_is_not_written_over(tmp_path: Path) -> None:
    folder = new(tmp_path, "kappa")
    (folder / "bench_kappa.py").write_text("mine")
    with pytest.raises(UsageError, match="is there already"):
        new(tmp_path, "kappa")
    assert (folder / "bench_kappa.py").read_text() == "mine"
    (tmp_path / "bench-link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="is there already"):
        new(tmp_path, "link")
    with pytest.raises(UsageError, match="no folder"):
        new(tmp_path / "absent", "kappa")


# Of packages in some folders.
OWN_TESTS = """
import pytest
paths = " ".join(sys.argv[1:])
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "-o", f"pythonpath={paths}", *sys.argv[1:]]))
"""


@pytest.mark.slow
def test_packages_of_all_kinds_pass_their_own_tests(tmp_path: Path) -> None:
    absent = set() if find_spec("torch") and find_spec("safetensors") else {"torch-model"}
    folders = [new(tmp_path, f"brand-new-{kind}", kind) for kind in KINDS if kind not in absent]
    # In one process, as some of them share libraries that take long to import.
    code, said, _ = ended(tmp_path, FORKED + OWN_TESTS, *map(str, folders), libraries=NETWORKS)
    assert code == 0, said
    assert "skipped" not in said


def ended(
    folder: Path, program: str, *arguments: str, libraries: tuple[str, ...] = (), **variables: str
) -> tuple[int | None, str, str]:
    """Run code in a process, and return how it ended and what it printed."""
    process = start_program(program, arguments, folder, {**os.environ, **variables}, libraries)
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err


@pytest.mark.slow
def test_a_package_installs_and_is_checked_by_its_name(tmp_path: Path) -> None:
    folder = new(tmp_path, "kappa")
    site = tmp_path / "site"
    install = ["install", *built_by_pip(), "--no-compile", "--target", site, folder]
    subprocess.run([sys.executable, "-m", "pip", *install], check=True)
    paths = os.pathsep.join([str(site), *filter(None, sys.path)])
    code, said, err = ended(tmp_path, BENCH, "plugins", "check", "bench-kappa", PYTHONPATH=paths)
    assert code == 0, said + err
    assert "plugin bench_kappa: ok" in said
    assert "metric kappa: ok, 12 rules  [bench_kappa (bench-kappa 0.1.0)]" in said
