"""Code that is edited while a suite is worked on: what it changes is run again, and nothing else."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.slow
HELPER = "def neighbours():\n    return 1\n\ndef unused():\n    return 0\n"
MORE = """
from benchmark import Metric

class Own(Metric):
    name = "own"

    def compute(self, labels, probabilities):
        return 0.5

class Other(SklearnModel):
    name = "other"

    def estimator(self, random_state):
        from sklearn.neighbors import KNeighborsClassifier
        from helper import neighbours
        return KNeighborsClassifier(neighbours())

@hookimpl
def bench_metrics():
    return [Own]
"""


def states(project) -> str:
    """Return what ``bench plan`` says of the cells."""
    planned = project.bench("plan", "suite.yaml")
    assert planned.code == 0, planned.err
    return next(line for line in planned.out.splitlines() if " cells: " in line)


def edit(project, file: str, old: str, new: str) -> None:
    text = (project.folder / file).read_text()
    assert old in text
    (project.folder / file).write_text(text.replace(old, new))


def test_only_what_an_edit_can_change_is_run_again(project) -> None:
    edit(project, "benchfile.py", "return [Nearest]", "return [Nearest, Other]")
    with (project.folder / "benchfile.py").open("a") as file:
        file.write(MORE)
    (project.folder / "helper.py").write_text(HELPER)
    edit(project, "suite.yaml", "[majority, nearest]", "[majority, nearest, other]")
    edit(project, "suite.yaml", "  evaluate: [test]", "  evaluate: [test]\n  metrics: [top1, own]")
    ran = project.bench("run", "suite.yaml", "--jobs", "1")
    assert ran.code == 0, ran.err + ran.out

    assert states(project) == "6 cells: 6 ok"
    edit(project, "benchfile.py", "import os, time", "import os, time  # for the tests")
    edit(project, "benchfile.py", "return 0.5", "return 0.25")
    edit(project, "helper.py", "return 0\n", "return 2\n")
    assert states(project) == "6 cells: 6 ok"
    edit(project, "helper.py", "return 1\n", "return 2\n")
    assert states(project) == "6 cells: 2 missing, 4 ok"
    edit(project, "benchfile.py", "return NearestCentroid()", "return NearestCentroid(metric='manhattan')")
    assert states(project) == "6 cells: 4 missing, 2 ok"
