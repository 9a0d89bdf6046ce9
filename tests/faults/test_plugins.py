"""Whatever a model's code does to its process, its cell has a result of its own and the others go on."""

from __future__ import annotations

import json

import pytest

RAISE = 'raise RuntimeError("this cell was told to fail")'


def run(project, trouble: str, *arguments: str, old: str = RAISE):
    benchfile = project.folder / "benchfile.py"
    text = benchfile.read_text()
    assert old in text
    benchfile.write_text(text.replace(old, trouble))
    suite = (project.folder / "suite.yaml").read_text()
    project.write(suite.replace("nearest]", "{nearest: {trouble: raise, seed: 0}}]"))
    return project.bench("run", "suite.yaml", "--executor", "inline", *arguments)


def failed(project) -> dict:
    found = [json.loads(file.read_text()) for file in project.results.glob("[!.]*/cell.json")]
    assert sorted(record["status"] for record in found) == ["failed", "ok", "ok", "ok"]
    return next(record for record in found if record["status"] == "failed")


def test_a_plugin_that_ends_the_program_ends_its_cell(project) -> None:
    raised = "raise (SystemExit(0), GeneratorExit(), KeyboardInterrupt('mine'))[run.seed]"
    models = (
        "--set",
        "matrix.model=[{nearest: {trouble: raise}}, majority]",
        "--set",
        "matrix.seed=[0, 1, 2]",
    )
    assert run(project, raised, *models).code == 1
    records = [json.loads(file.read_text()) for file in project.results.glob("[!.]*/cell.json")]
    ended = {
        " ".join(record["labels"].values()): (record.get("error") or {}).get("type") for record in records
    }
    assert ended == {
        "nearest 0": "SystemExit", "nearest 1": "GeneratorExit", "nearest 2": "KeyboardInterrupt",
        "majority 0": None, "majority 1": None, "majority 2": None,
    }  # fmt: skip


@pytest.mark.slow
def test_a_huge_error_is_filed_in_short(project) -> None:
    ran = run(project, 'raise RuntimeError("begin" + "x" * 5_000_000)')
    assert ran.code == 1
    error = failed(project)["error"]
    assert len(error["message"]) < 11_000
    assert len(error["traceback"]) < 110_000
    assert error["traceback"].startswith("Traceback")
    assert len(ran.out) + len(ran.err) < 100_000


@pytest.mark.slow
def test_a_plugin_that_changes_the_folder_does_not_move_results(project, tmp_path_factory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    benchfile = project.folder / "benchfile.py"
    benchfile.write_text(
        benchfile.read_text().replace("        run.check_time()", f"        os.chdir({str(elsewhere)!r})")
    )
    benchfile.write_text(benchfile.read_text() + f"\nos.chdir({str(elsewhere)!r})\n")
    assert project.bench("run", "suite.yaml", "--executor", "inline", "--results", "here").code == 0
    assert len(list((project.folder / "here").rglob("cell.json"))) == 4
    assert list(elsewhere.iterdir()) == []


@pytest.mark.slow
def test_a_result_that_is_filed_stays_when_closing_the_model_raises(project) -> None:
    closing = "    def close(self):\n        raise RuntimeError('cannot close')\n\n    def fit(self"
    ran = run(project, closing, old="    def fit(self")
    # One cell fails by itself, and what closing raises is not taken for the reason.
    assert ran.code == 1
    assert failed(project)["error"]["message"].endswith("): this cell was told to fail")
    assert "Warning: nearest · 1: closing the model raised RuntimeError: cannot close" in ran.err


@pytest.mark.slow
def test_a_tracker_that_ends_the_program_is_named_once_and_harms_nothing(project) -> None:
    benchfile = project.folder / "benchfile.py"
    hook = "def bench_cell_finished(suite, record, folder):\n    raise SystemExit(0)\n"
    text = benchfile.read_text()
    benchfile.write_text(text[: text.index("def bench_cell_finished")] + hook)
    ran = project.bench("run", "suite.yaml", "--executor", "inline")
    assert ran.code == 0
    assert ran.err.count("Warning: plugin benchfile.py") == 1
    assert "bench_cell_finished raised SystemExit: 0 (" in ran.err
    assert "Traceback" not in ran.err
