"""A suite's benchfile is somebody's program: it runs when the user has said that it may."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import time
from dataclasses import replace
from importlib._bootstrap_external import _code_to_hash_pyc
from importlib.util import cache_from_source, source_hash
from pathlib import Path

import pytest
from projects import Project, make_project

# Tells that it was run, and has a metric of its own.
CODE = """
from benchmark import Metric

open(os.environ["RAN"], "a").close()

class Half(Metric):
    name = "half"

    def compute(self, labels, probabilities):
        return 0.5

@hookimpl
def bench_metrics():
    return [Half]
"""
OTHER_CODE = "import pathlib; pathlib.Path({!r}).touch()"


def made_foreign(project: Project) -> Project:
    project.environment |= {"BENCH_TRUST": "", "RAN": str(project.folder / "it-ran")}
    with (project.folder / "benchfile.py").open("a") as file:
        file.write(CODE)
    return project


@pytest.fixture
def foreign(project):
    """Return a project whose benchfile leaves a mark when it runs, and which nobody has trusted."""
    return made_foreign(project)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    """Return the results that a trusting user has of such a project."""
    trusting = made_foreign(make_project(tmp_path_factory.mktemp("trusting"), cache))
    done = trusting.bench("run", "suite.yaml", "--executor", "inline", "--trust")
    assert done.code == 0, done.err
    return trusting.folder / "results"


@pytest.fixture
def finished(foreign, results: Path):
    """Return such a project with these results."""
    shutil.copytree(results, foreign.folder / "results")
    return foreign


def ran(project) -> bool:
    return (project.folder / "it-ran").exists()


def answered(project, answer: str, *arguments: str) -> tuple[int, str]:
    """Run a command on a terminal whose user gives an answer."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        project.command(*arguments), cwd=project.folder, env=project.variables(),
        stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True,
    )  # fmt: skip
    os.close(theirs)
    os.write(ours, answer.encode())
    said = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # Linux says so when the other side is closed.
            break
        if not piece:
            break
        said += piece
    os.close(ours)
    return process.wait(timeout=120), said.decode(errors="replace")


@pytest.mark.parametrize(
    "verb",
    [("run", "--rehearse"), ("plan",), ("prepare",), ("audit",), ("figures",)],
    ids=" ".join,
)
def test_verbs_that_need_its_code_refuse_without_a_word_of_trust(foreign, verb: tuple[str, ...]) -> None:
    refused = foreign.bench(verb[0], "suite.yaml", *verb[1:])
    assert refused.code == 2
    assert f"{foreign.folder / 'benchfile.py'} (" in refused.err
    assert "--trust" in refused.err
    assert "BENCH_TRUST=1" in refused.err
    assert "Traceback" not in refused.err
    assert not ran(foreign)


def test_trust_is_remembered_until_the_file_changes(foreign) -> None:
    assert foreign.bench("plan", "suite.yaml", "--trust").code == 0
    assert ran(foreign)
    assert foreign.bench("plan", "suite.yaml").code == 0
    with (foreign.folder / "benchfile.py").open("a") as file:
        file.write("# edited\n")
    assert foreign.bench("plan", "suite.yaml").code == 2


def test_a_ci_job_says_it_in_the_environment(foreign) -> None:
    foreign.environment["BENCH_TRUST"] = "1"
    assert foreign.bench("plan", "suite.yaml").code == 0
    assert not (foreign.folder / "state" / "genrebench").exists()


@pytest.mark.slow
def test_on_a_terminal_it_is_asked_once(foreign) -> None:
    code, said = answered(foreign, "y\n", "plan", "suite.yaml")
    assert "This suite has plugin code of its own" in said
    assert "Run it? [y/N]" in said
    assert code == 0
    code, said = answered(foreign, "", "plan", "suite.yaml")
    assert "Run it?" not in said
    assert code == 0


@pytest.mark.parametrize("answer", ["n\n", "\n"])
def test_whoever_does_not_say_yes_says_no(foreign, answer: str) -> None:
    code, said = answered(foreign, answer, "plan", "suite.yaml")
    assert code == 2, said
    assert not ran(foreign)


def test_a_memory_that_others_can_write_is_not_believed(foreign) -> None:
    assert foreign.bench("plan", "suite.yaml", "--trust").code == 0
    memory = foreign.folder / "state" / "genrebench" / "trusted-benchfiles.jsonl"
    assert memory.stat().st_mode & 0o077 == 0
    memory.chmod(0o666)
    assert foreign.bench("plan", "suite.yaml").code == 2


def test_where_nothing_can_be_remembered_trust_holds_for_this_once(foreign) -> None:
    (foreign.folder / "state").write_text("in the way")
    done = foreign.bench("plan", "suite.yaml", "--trust")
    assert done.code == 0
    assert "it cannot be remembered" in done.err


def test_compiled_code_beside_a_trusted_file_is_never_run(foreign) -> None:
    benchfile, planted = foreign.folder / "benchfile.py", foreign.folder / "planted-ran"
    code = compile(OTHER_CODE.format(str(planted)), str(benchfile), "exec")
    for checked in (True, False):  # a hash that fits, and one that Python never looks at
        cached = Path(cache_from_source(str(benchfile)))
        cached.parent.mkdir(exist_ok=True)
        cached.write_bytes(_code_to_hash_pyc(code, source_hash(benchfile.read_bytes()), checked))
        assert foreign.bench("plan", "suite.yaml", "--trust").code == 0
        assert not planted.exists()


def test_compiled_code_of_modules_beside_it_is_never_run_either(foreign) -> None:
    planted = foreign.folder / "planted-ran"
    (foreign.folder / "parts").mkdir()
    for file in (
        foreign.folder / "helper.py",
        foreign.folder / "parts" / "__init__.py",
        foreign.folder / "parts" / "one.py",
    ):
        file.write_text("VALUE = 1\n")
        cached = Path(cache_from_source(str(file)))
        cached.parent.mkdir(exist_ok=True)
        code = compile(OTHER_CODE.format(str(planted)), str(file), "exec")
        cached.write_bytes(_code_to_hash_pyc(code, source_hash(file.read_bytes()), False))
    with (foreign.folder / "benchfile.py").open("a") as benchfile:
        benchfile.write("\nimport helper, parts.one\nassert helper.VALUE == parts.one.VALUE == 1\n")
    # Elsewhere than there, because Python itself looks into the folder that it is started in.
    elsewhere = foreign.folder / "elsewhere"
    elsewhere.mkdir()
    done = replace(foreign, folder=elsewhere).bench("plan", str(foreign.folder / "suite.yaml"), "--trust")
    assert done.code == 0, done.err
    assert "broken" not in done.err
    assert not planted.exists()


@pytest.mark.slow
def test_workers_run_what_their_driver_has_read_though_the_file_changes(project) -> None:
    suite = (project.folder / "suite.yaml").read_text()
    project.write(suite.replace("[majority, nearest]", "[{nearest: {seconds: 1}}]"))
    process = project.start("run", "suite.yaml", "--jobs", "1")
    limit = time.monotonic() + 120
    while not project.rests(0):
        assert time.monotonic() < limit
        time.sleep(0.05)
    (project.folder / "benchfile.py").write_text("raise RuntimeError('edited while a run goes on')\n")
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert "edited" not in err
    records = [json.loads(file.read_text()) for file in project.results.glob("nearest*/cell.json")]
    assert len(records) == 2
    assert len({record["spec"]["model"]["version"] for record in records}) == 1


@pytest.mark.slow
def test_reports_of_finished_results_run_none_of_it_and_have_the_numbers_of_the_trusting_one(
    finished,
) -> None:
    board = finished.results / "report" / "leaderboard.csv"
    trusting = board.read_text()
    board.unlink()
    for verb in ("report", "status"):
        done = finished.bench(verb, "suite.yaml")
        assert done.code == 0, done.err
        assert "benchfile.py was not run" in done.out + done.err
        assert not ran(finished)
    assert "4 ok" in done.out
    assert board.read_text() == trusting
    assert trusting.count("2/2") == 2
    compared = finished.bench("compare", "suite.yaml", "--rows", "majority", "nearest")
    assert compared.code == 0, compared.err
    assert "benchfile.py was not run" in compared.err
    assert not ran(finished)


@pytest.mark.slow
def test_without_its_code_a_metric_of_the_benchfile_is_a_dash_and_a_note(finished) -> None:
    text = (finished.folder / "suite.yaml").read_text()
    finished.write(text.replace("evaluate: [test]", "evaluate: [test]\n  metrics: [top1, half]"))
    done = finished.bench("report", "suite.yaml")
    assert done.code == 0, done.err
    assert "4 values of half cannot be computed: it is in benchfile.py, which was not run" in done.out
    assert "which was not run" in done.out
    lines = (finished.results / "report" / "leaderboard.csv").read_text().splitlines()
    line = dict(zip(lines[0].split(","), lines[1].split(","), strict=False))
    assert line["synthetic:test/half mean"] == ""
    assert float(line["synthetic:test/top1 mean"]) > 0


@pytest.mark.slow
def test_a_result_that_the_suite_does_not_ask_for_is_not_taken_for_one_that_it_does(finished) -> None:
    text = (finished.folder / "suite.yaml").read_text()
    finished.write(text.replace("nearest]", "{nearest: {seconds: 0.5}}]"))
    done = finished.bench("status", "suite.yaml")
    assert "2 missing, 2 ok" in done.out
    finished.write(text.replace("nearest]", "{nearest: {}, label: other}]"))
    assert "2 missing, 2 ok" in finished.bench("status", "suite.yaml").out


def test_a_changed_benchfile_has_no_results_yet(finished) -> None:
    with (finished.folder / "benchfile.py").open("a") as file:
        file.write("# edited\n")
    assert "2 missing, 2 ok" in finished.bench("status", "suite.yaml").out


def test_the_schema_goes_without_and_says_so(foreign) -> None:
    done = foreign.bench("schema", "suite.yaml")
    assert done.code == 0
    assert "was not run" in done.err
    assert '"nearest"' not in done.out
    assert not ran(foreign)


def test_a_suite_that_is_not_there_is_said_before_anything_is_asked(foreign) -> None:
    done = foreign.bench("run", "suit.yaml")
    assert done.code == 2
    assert "suit.yaml: there is no such file" in done.err
    assert "plugin code" not in done.err


@pytest.mark.slow
def test_a_suite_with_studies_of_its_components_shows_rows_as_they_are(foreign) -> None:
    import tuning_toys

    foreign.write(tuning_toys.SUITE)
    (foreign.folder / "benchfile.py").write_text(tuning_toys.BENCHFILE)
    done = foreign.bench("run", "suite.yaml", "--executor", "inline", "--trust")
    assert done.code == 0, done.err
    (foreign.folder / "state" / "genrebench" / "trusted-benchfiles.jsonl").unlink()
    done = foreign.bench("status", "suite.yaml")
    assert done.code == 0, done.err
    assert "4 ok" in done.out
    assert "tuned in what it offers are not found" in done.err
