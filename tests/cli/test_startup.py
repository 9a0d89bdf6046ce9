"""What must be quick must not load what is slow."""

from __future__ import annotations

import json

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
CODE = """
import json, sys
from benchmark.cli.main import main
sys.argv = ["bench", *json.loads(sys.argv[1])]
try:
    main()
except SystemExit as ended:
    code = ended.code
print("LOADED" + json.dumps([code, sorted(name for name in json.loads(sys.argv.pop()) if name in sys.modules)]))
"""


def loaded(project, *arguments: str, names: tuple[str, ...] = HEAVY) -> tuple[int, list[str]]:
    import subprocess
    import sys

    code = CODE.replace("json.loads(sys.argv.pop())", repr(names))
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(arguments)],
        cwd=project.folder, env=project.variables(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    code, there = json.loads(done.stdout.rpartition("LOADED")[2])
    return code, there


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("run", "--help"),
        ("plugins",),
        ("plugins", "show", "cnn"),
        ("data", "list"),
        ("cache",),
        ("schema",),
    ],
)
def test_verbs_that_only_tell_load_nothing_heavy(project, arguments: tuple[str, ...]) -> None:
    assert loaded(project, *arguments) == (0, [])


def test_plan_status_and_a_run_with_nothing_missing_load_nothing_heavy(project) -> None:
    assert project.bench("run", "suite.yaml", "--executor", "inline").code == 0
    for arguments in (
        ("plan", "suite.yaml"),
        ("status", "suite.yaml"),
        ("report", "suite.yaml"),
        ("run", "suite.yaml"),
    ):
        code, names = loaded(project, *arguments)
        assert code == 0
        assert names == [], arguments


def test_plan_loads_nothing_of_what_trains_or_takes_part_in_a_run(project) -> None:
    names = (
        "benchmark.claims",
        "benchmark.results.matching",
        "benchmark.execution.workers",
        "benchmark.execution.train",
    )
    assert project.bench("plan", "suite.yaml").code == 0
    assert loaded(project, "plan", "suite.yaml", names=names) == (0, [])


def test_what_checks_settings_is_built_when_it_is_first_needed() -> None:
    import subprocess
    import sys

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
    import subprocess
    import sys

    done = subprocess.run(
        [sys.executable, "-m", "benchmark", "--help"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0
    assert done.stdout.startswith("Usage: bench ")
