"""What must be quick must not load what is slow."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = (
    "tensorflow",
    "keras",
    "librosa",
    "matplotlib",
    "seaborn",
    "pandas",
    "sklearn",
    "scipy",
    "audiomentations",
    "distributed",
    "jax",
    "torch",
)
OF_RUNS = (
    "benchmark.claims",
    "benchmark.results.matching",
    "benchmark.execution.workers",
    "benchmark.execution.train",
)
CODE = """
import json, sys
from benchmark.cli.main import main
commands, names = map(json.loads, sys.argv[1:])
told = []
for command in commands:
    sys.argv = ["bench", *command]
    try:
        main()
    except SystemExit as ended:
        told.append([ended.code, sorted(name for name in names if name in sys.modules)])
print("LOADED" + json.dumps(told))
"""


def loaded(project, *commands: tuple[str, ...]) -> list[tuple[int, list[str]]]:
    """Run commands in one new process; return the exit code of each, and what is loaded by then."""
    done = subprocess.run(
        [sys.executable, "-c", CODE, json.dumps(commands), json.dumps(HEAVY + OF_RUNS)],
        cwd=project.folder, env=project.variables(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [(code, names) for code, names in json.loads(done.stdout.rpartition("LOADED")[2])]


def test_verbs_that_only_tell_load_nothing_heavy(project) -> None:
    commands = (
        ("--help",),
        ("run", "--help"),
        ("plugins",),
        ("plugins", "show", "cnn"),
        ("data", "list"),
        ("cache",),
        ("schema",),
    )
    for command, (code, names) in zip(commands, loaded(project, *commands), strict=True):
        assert code == 0, command
        assert not {*names} & {*HEAVY}, command


@pytest.mark.slow
def test_plan_status_and_a_run_with_nothing_missing_load_nothing_heavy(finished) -> None:
    commands = (
        ("plan", "suite.yaml"),
        ("status", "suite.yaml"),
        ("report", "suite.yaml"),
        ("run", "suite.yaml"),
    )
    told = loaded(finished, *commands)
    assert told[0] == (0, []), "a plan loads nothing of what trains or takes part in a run either"
    for command, (code, names) in zip(commands, told, strict=True):
        assert code == 0, command
        assert not {*names} & {*HEAVY}, command


def test_what_checks_settings_is_built_when_it_is_first_needed() -> None:
    code = (
        "from benchmark import settings as s; "
        "assert not any(kind.__pydantic_complete__ for kind in (s.TrainingSettings, *s.LOSSES.values()))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_plan_shows_the_matrix_what_is_missing_and_what_it_needs(project) -> None:
    ran = project.bench("plan", "suite.yaml")
    assert ran.code == 0
    assert "model (2): majority, nearest" in ran.out
    assert "4 cells: 4 missing" in ran.out
    assert "synthetic: 60 tracks in 10 classes" in ran.out
    assert "features to compute: 60" in ran.out or "features to compute: 0" in ran.out


def test_plan_tells_of_datasets_that_are_not_there(project) -> None:
    text = (project.folder / "suite.yaml").read_text()
    project.write(text.replace("evaluate: [test]", "evaluate: [test, spotify]"))
    ran = project.bench("plan", "suite.yaml")
    assert ran.code == 0
    assert "spotify: NOT FOUND" in ran.out
    assert "4 cells: 4 missing" in ran.out


def test_a_misspelt_verb_gets_the_nearest_one(project) -> None:
    ran = project.bench("rnu", "suite.yaml")
    assert ran.code == 2
    assert "Did you mean 'run'?" in ran.err


def test_a_component_is_shown_with_its_parameters(project) -> None:
    ran = project.bench("plugins", "show", "time-mask")
    assert "width: int, default 30" in ran.out
    assert "fill: 'zero' | 'mean', default 'zero'" in ran.out
    assert "Did you mean 'mel'?" in project.bench("plugins", "show", "mell").err


def test_python_m_benchmark_is_bench() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmark", "--help"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0
    assert done.stdout.startswith("Usage: bench ")
