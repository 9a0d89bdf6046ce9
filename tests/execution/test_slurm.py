"""Suites on SLURM: what is asked of it, and a real one of one node."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from benchmark.claims import owners
from benchmark.exceptions import UsageError
from benchmark.execution.slurm import Job, recorded, script, states, submit, write_script
from benchmark.execution.slurm_site import Site, read_site

NASTY = "a b; touch /tmp/owned $(id) `id` 'x' \"y\" \n#SBATCH --wrap=id"


def head(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("#SBATCH")]


def test_a_script_asks_for_what_the_site_and_the_command_line_say() -> None:
    site = Site(partition="gpu", setup="module load cuda").changed(
        {"gpus": 1, "time": "4:00:00", "mem": None}
    )
    text = script(
        "paper", 8, site, ["bench", "run", "paper.yaml"], Path("/home/me"), Path("/results/paper/slurm")
    )
    assert {
        "#SBATCH --job-name=bench-paper",
        "#SBATCH --array=0-7",
        "#SBATCH --requeue",
        "#SBATCH --signal=B:USR1@60",
        '#SBATCH --output="/results/paper/slurm/%A_%a.log"',
        "#SBATCH --partition=gpu",
        "#SBATCH --gres=gpu:1",
        "#SBATCH --time=4:00:00",
    } <= set(head(text))
    assert "mem" not in "".join(head(text))
    assert "\nmodule load cuda\n" in text
    assert "\nbench run paper.yaml &\n" in text


def test_nothing_that_is_given_becomes_code(tmp_path: Path) -> None:
    place = tmp_path / "it's $(touch owned) `touch owned` ; touch owned"
    place.mkdir()
    said = tmp_path / "said"
    command = [
        "python3",
        "-c",
        "import sys, os; open(sys.argv[1], 'w').write(os.getcwd() + '|' + sys.argv[2])",
    ]
    text = script("x", 1, Site(cache="$HOME/cache"), [*command, str(said), NASTY], place, tmp_path)
    subprocess.run(["bash", "-c", text], check=True, timeout=60)
    assert said.read_text() == f"{place}|{NASTY}"
    assert not [*tmp_path.rglob("owned")]


@pytest.mark.parametrize(
    "values",
    [
        {"partition": NASTY},
        {"partition": "gpu\n#SBATCH --wrap=id"},
        {"account": "a b"},
        {"gpus": "one"},
        {"mem": "16 GB"},
        {"time": "tomorrow"},
        {"cache": '$(id)"'},
        {"cache": "$TMPDIR/a b"},
    ],
)
def test_a_value_that_sbatch_could_not_take_is_refused(values: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="cannot be"):
        Site().changed(values)


def test_a_place_for_logs_that_cannot_be_said_is_refused_and_a_percent_sign_is_kept() -> None:
    with pytest.raises(UsageError, match="choose a results folder without quotes"):
        script("x", 1, Site(), ["true"], Path("/"), Path('/a"b'))
    assert '#SBATCH --output="/100%% done/%A_%a.log"' in script(
        "x", 1, Site(), ["true"], Path("/"), Path("/100% done")
    )


def test_a_site_has_its_settings_in_one_file(tmp_path: Path) -> None:
    file = tmp_path / "slurm.yaml"
    file.write_text(
        "partition: gpu\ntime: '4:00:00'\ncpus: 4\ncache: $TMPDIR/genrebench\noptions: ['--exclude=node7']\n"
    )
    site = read_site(file)
    assert (site.partition, site.time, site.cpus) == ("gpu", "4:00:00", "4")
    text = script("x", 1, site, ["true"], Path("/"), Path("/logs"))
    assert "#SBATCH --exclude=node7" in head(text)
    assert 'export BENCH_CACHE="$TMPDIR/genrebench"\n' in text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("partion: gpu", "There is no setting 'partion'. Did you mean 'partition'"),
        ("time: 4:00:00", "write the time in quotes"),
        ("- gpu", "one setting a line"),
        ("options: ['--wrap=a b']", "'options' is a list of options of sbatch"),
        ("options: --exclude=x", "'options' is a list of options of sbatch"),
        ("setup: [module]", "'setup' is text"),
        ("mem: much", "mem cannot be 'much'"),
        ("mem: [", "cannot be read"),
        ("checkpoint_every: often", "checkpoint_every cannot be 'often'. Write it like 300 or never"),
        ("checkpoint_every: -1", "checkpoint_every cannot be '-1'"),
        ("per: [gpu]", "'per' has axes, and below them labels"),
        ("per: {model: gpu}", "'per' has axes, and below them labels"),
        ("per: {model: {vgg16: gpu}}", "per model vgg16: write settings"),
        ("per: {model: {vgg16: {partion: gpu}}}", "per model vgg16: There is no setting 'partion'"),
        ("per: {model: {vgg16: {mem: much}}}", "per model vgg16: SLURM: mem cannot be 'much'"),
        ("a: !!python/object/apply:os.system [id]", "cannot be read"),
    ],
)
def test_what_is_wrong_with_a_sites_file_is_said(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "slurm.yaml"
    file.write_text(text)
    with pytest.raises(UsageError, match=message.replace("(", r"\(")):
        read_site(file)


def pretend(folder: Path, name: str, text: str) -> None:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)


def test_a_job_is_recorded_beside_the_results_with_its_script(tmp_path: Path, monkeypatch) -> None:
    pretend(tmp_path, "sbatch", "echo '17;cluster'")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    first, second = (write_script(tmp_path / "results", f"echo {number}") for number in (1, 2))
    assert (first.read_text(), second.read_text()) == ("echo 1", "echo 2")
    job = submit(second, 3, "2026-01-01")
    assert recorded(tmp_path / "results") == [job] == [Job("17", 3, "2026-01-01", second.name)]


def test_what_slurm_refuses_is_said_in_its_words(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    written = write_script(tmp_path / "results", "")
    pretend(tmp_path, "sbatch", "echo 'invalid partition specified: gpu' >&2; exit 1")
    with pytest.raises(UsageError, match="invalid partition specified: gpu"):
        submit(written, 1, "")
    pretend(tmp_path, "sbatch", "echo hello")
    with pytest.raises(UsageError, match="which is no job"):
        submit(written, 1, "")
    assert recorded(tmp_path / "results") == []


def test_where_there_is_no_slurm_a_script_is_left_and_nothing_is_known(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    written = write_script(tmp_path / "results", "")
    with pytest.raises(UsageError, match="There is no 'sbatch' on this machine"):
        submit(written, 1, "")
    assert states([Job("17", 3, "", "job-1.sbatch")]) == {}


def test_tasks_are_counted_by_their_state_the_queue_before_the_accounts(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    pretend(tmp_path, "sacct", "echo '17_0|COMPLETED'; echo '17_1|CANCELLED by 0'; echo '17_2|PENDING'")
    pretend(tmp_path, "squeue", "echo '17_2|RUNNING'")
    assert states([Job("17", 3, "", "")]) == {"17": {"completed": 1, "cancelled": 1, "running": 1}}


def test_a_dry_run_prints_the_script_and_writes_nothing(project) -> None:
    ran = project.bench("submit", "suite.yaml", "--slurm", "--array", "9", "--mem", "1G", "--dry-run")
    assert ran.code == 0, ran.err
    assert "#SBATCH --array=0-3" in ran.out  # There are four cells.
    assert f"--results {project.folder / 'results'}" in ran.out
    assert not project.results.exists()
    assert "There is no setting" not in ran.err


def test_runs_are_told_how_often_to_leave_checkpoints_and_sbatch_is_not(project) -> None:
    site = project.folder / "site.yaml"
    site.write_text("checkpoint_every: 300\nper: {model: {nearest: {checkpoint_every: never}}}\n")
    asked = ("submit", "suite.yaml", "--slurm", "--site", "site.yaml", "--dry-run")
    both = project.bench(*asked)
    assert both.code == 0, both.err
    assert "--checkpoint-every 300 " in both.out
    assert "--checkpoint-every never " in both.out
    assert "checkpoint" not in "\n".join(head(both.out))
    said = project.bench(*asked, "--checkpoint-every", "0.5")
    assert said.out.count("--checkpoint-every") == said.out.count("--checkpoint-every 0.5 ") == 1
    wrong = project.bench(*asked, "--checkpoint-every", "often")
    assert wrong.code == 2
    assert "checkpoint_every cannot be 'often'" in wrong.err


PER = """
partition: cpu
per:
  model:
    nearest: {partition: gpu, gpus: 1, time: "2:00:00"}
    vgg16: {partition: large}
"""


def test_cells_ask_for_what_their_axis_values_do_and_the_command_line_comes_before_all(
    tmp_path: Path,
) -> None:
    file = tmp_path / "site.yaml"
    file.write_text(PER)
    site = read_site(file)
    assert (site.of({"model": "cnn"}).partition, site.of({"model": "cnn"}).gpus) == ("cpu", None)
    nearest = site.of({"model": "nearest"})
    assert (nearest.partition, nearest.gpus, nearest.time) == ("gpu", "1", "2:00:00")
    said = site.changed({"partition": "debug"}).of({"model": "nearest"})
    assert (said.partition, said.gpus) == ("debug", "1")


@pytest.mark.slow
def test_each_setting_has_an_array_of_its_own_that_takes_its_cells_only(project) -> None:
    (project.folder / "site.yaml").write_text(PER)
    site = ("--slurm", "--array", "9", "--site", "site.yaml", "--dry-run")
    ran = project.bench("submit", "suite.yaml", *site)
    assert ran.code == 0, ran.err
    first, second = (text.splitlines() for text in ran.out.split("# Script ")[1:])
    assert first[0] == "1 of 2, for 2 cells."
    assert "#SBATCH --partition=cpu" in first
    assert "#SBATCH --partition=gpu" in second
    assert "#SBATCH --gres=gpu:1" in second
    assert "#SBATCH --array=0-1" in first
    taken = [next(line for line in text if "--only" in line) for text in (first, second)]
    assert """--only '{"model": ["majority"]}'""" in taken[0]
    assert """--only '{"model": ["nearest"]}'""" in taken[1]

    # What a script says is what a shell makes of it.
    words = shlex.split(taken[1].removesuffix(" &"))
    part = project.bench("run", *words[words.index("run") + 1 :], "--executor", "inline")
    assert part.code == 0, part.err
    filed = [file.parent.name for file in project.results.glob("[!.]*/cell.json")]
    assert [name.startswith("nearest") for name in filed] == [True, True]
    again = project.bench("submit", "suite.yaml", *site)
    assert "# Script" not in again.out
    assert "#SBATCH --partition=cpu" in again.out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--only", "{modell: nearest}"), "there is no axis 'modell'. Did you mean 'model'"),
        (("--only", "{model: [near]}"), "axis 'model' has no value labelled 'near'"),
        (("--only", "nearest"), "write axes and their values"),
        (("--only", "{model: nearest}", "--decide"), "do not go together"),
    ],
)
def test_a_wrong_part_of_a_suite_is_refused_in_words(project, options: tuple[str, ...], said: str) -> None:
    ran = project.bench("run", "suite.yaml", *options)
    assert ran.code == 2
    assert said in ran.err
    assert not list(project.results.glob("*/cell.json"))


CELLS = 12


@pytest.fixture
def slurm() -> None:
    if shutil.which("sbatch") is None:
        pytest.skip(
            "there is no sbatch here: install slurmctld, slurmd, slurm-client and munge, and start a SLURM"
        )
    idle = subprocess.run(["sinfo", "-h", "-o", "%T"], capture_output=True, text=True, check=False)
    if idle.returncode or not {"idle", "mixed"} & set(idle.stdout.split()):
        pytest.skip("the SLURM here has no idle node: start one, such as shared/slurm/start-slurm does")


def wait_for(condition, seconds: float) -> None:
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, "it did not happen in time"
        time.sleep(0.2)


@pytest.mark.slow
def test_an_array_of_which_one_task_is_killed_and_one_requeued_runs_each_cell_once(project, slurm) -> None:
    log = project.folder / "log"
    project.environment |= {"TRACKER_LOG": str(log), "OMP_NUM_THREADS": "1"}
    suite = (project.folder / "suite.yaml").read_text()
    project.write(
        suite.replace("[majority, nearest]", "[{nearest: {seconds: 2}}]").replace(
            "[0, 1]", str([*range(CELLS)])
        )
    )
    sent = project.bench(
        "submit", "suite.yaml", "--slurm", "--array", "2", "--jobs", "1", "--cpus", "1", "--mem", "1G"
    )
    assert sent.code == 0, sent.err
    job = sent.out.split()[1].rstrip(":")
    claims = project.results / ".claims"

    def filed() -> dict[str, int]:
        return {
            file.parent.name: file.stat().st_mtime_ns for file in project.results.glob("nearest-*/cell.json")
        }

    wait_for(lambda: len(filed()) >= 2 and len([*claims.glob("*/owner-*")]) == 2, 240)
    before = filed()
    assert f"job {job}_0" in project.bench("status", "suite.yaml").out
    by_task = {owner.job: owner for owner in owners(claims)}
    os.kill(by_task[f"{job}_0"].pid, signal.SIGKILL)
    subprocess.run(["scontrol", "requeue", f"{job}_1"], check=True, timeout=60)

    def is_over() -> bool:
        # SLURM would wait for two minutes before it starts a job again. It may be told not to while the job is pending.
        now = ["scontrol", "update", f"JobId={job}_1", "StartTime=now"]
        subprocess.run(now, capture_output=True, check=False, timeout=60)
        return not subprocess.run(["squeue", "-h", "-j", job], capture_output=True, check=False).stdout

    wait_for(is_over, 480)
    assert {name: stamp for name, stamp in filed().items() if name in before} == before
    assert len(filed()) == CELLS
    told = [line.split() for line in log.read_text().splitlines()]
    assert sorted(status for _, status in told) == ["ok"] * CELLS
    assert len({id_ for id_, _ in told}) == CELLS
    assert not claims.exists()


@pytest.mark.slow
def test_cells_run_in_jobs_that_have_what_their_axis_values_ask_for(project, slurm) -> None:
    benchfile = project.folder / "benchfile.py"
    told = "{record.labels['model']} {os.environ['SLURM_CPUS_PER_TASK']}"
    benchfile.write_text(benchfile.read_text().replace("{record.id} {record.status}", told))
    project.environment |= {"TRACKER_LOG": str(project.folder / "log"), "OMP_NUM_THREADS": "1"}
    (project.folder / "site.yaml").write_text(
        "cpus: 1\nmem: 1G\nper: {model: {nearest: {cpus: 2, mem: 2G}}}\n"
    )
    sent = project.bench("submit", "suite.yaml", "--slurm", "--site", "site.yaml", "--jobs", "1")
    assert sent.code == 0, sent.err
    jobs = [line.split()[1].rstrip(":") for line in sent.out.splitlines() if line.startswith("Job ")]
    assert len(jobs) == 2
    queued = ["squeue", "-h", "-j", ",".join(jobs)]
    wait_for(lambda: not subprocess.run(queued, capture_output=True, check=False).stdout, 480)
    lines = (project.folder / "log").read_text().splitlines()
    assert sorted(lines) == ["majority 1", "majority 1", "nearest 2", "nearest 2"]
