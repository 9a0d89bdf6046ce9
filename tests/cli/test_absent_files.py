"""Results that are finished can be reported where what they were trained with is no more."""

from __future__ import annotations

import pytest

MODEL = """
from typing import Annotated
from benchmark import File

class Weighted(Nearest):
    '''Nearest class mean that names a file.'''
    name = "weighted"

    def estimator(
        self, random_state, *, weights: Annotated[str, File()], trouble: str = "", seed: int = -1, seconds: float = 0.0
    ):
        from sklearn.neighbors import NearestCentroid
        return NearestCentroid()
"""


@pytest.mark.slow
def test_report_status_and_compare_need_no_weights_and_run_does(project) -> None:
    code = (
        (project.folder / "benchfile.py")
        .read_text()
        .replace("return [Nearest]", "return [Nearest, Weighted]")
    )
    (project.folder / "benchfile.py").write_text(code + MODEL)
    for name in ("one.bin", "two.bin"):
        (project.folder / name).write_text(name)
    text = (project.folder / "suite.yaml").read_text()
    models = "{weighted: {weights: one.bin}, label: one}, {weighted: {weights: two.bin}, label: two}]"
    project.write(text.replace("majority, nearest]", models).replace("[0, 1]", "[0]"))
    done = project.bench("run", "suite.yaml", "--executor", "inline")
    assert done.code == 0, done.err
    board = (project.results / "report" / "leaderboard.csv").read_text()
    for name in ("one.bin", "two.bin"):
        (project.folder / name).unlink()
    status = project.bench("status", "suite.yaml")
    assert status.code == 0, status.err
    assert "2 ok" in status.out
    assert "one.bin is not here" in status.err
    report = project.bench("report", "suite.yaml")
    assert report.code == 0, report.err
    assert "two.bin is not here" in report.out
    assert (project.results / "report" / "leaderboard.csv").read_text() == board
    compared = project.bench("compare", "suite.yaml", "--rows", "one", "two")
    assert compared.code == 0, compared.err
    run = project.bench("run", "suite.yaml", "--executor", "inline")
    assert run.code == 2
    assert "there is no file 'one.bin'" in run.err
