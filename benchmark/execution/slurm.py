"""Suites on SLURM: an array of jobs that are each ``bench run``, and share the suite's cells by claims."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from benchmark.exceptions import ResultsError, UsageError
from benchmark.execution.slurm_site import Site
from benchmark.files import make_folder, write_text
from benchmark.locations import CACHE_VARIABLE
from benchmark.text import visible

FOLDER = "slurm"
# How 'bench run' ends that gave its cells back because its time was up: EX_TEMPFAIL of sysexits(3), "try again later".
TIME_IS_UP = 75
NOTICE_SECONDS = 60
_ASKING_SECONDS = 20


@dataclass(frozen=True)
class Job:
    """A job that was submitted: its id, how many tasks it has, and the script."""

    id: str
    tasks: int
    submitted: str
    script: str


def run_command(arguments: Sequence[str]) -> list[str]:
    """Return the command of one task: this program, by the Python that runs it now."""
    return [sys.executable, "-P", "-m", "benchmark", "run", *arguments]


def script(name: str, tasks: int, site: Site, command: Sequence[str], here: Path, logs: Path) -> str:
    """Return the ``sbatch`` script of an array of ``tasks`` jobs, each of which is ``command``, run in ``here``.

    ``name`` is the suite's as a file name, ``logs`` the folder of their logs.

    Raises:
        UsageError: when the folder has a name that ``sbatch`` cannot be told.
    """
    if re.search(r"[\"'\\\n\r]", str(logs)):
        raise UsageError(
            f"SLURM cannot write logs to {visible(str(logs))}: choose a results folder without quotes."
        )
    output = f'"{str(logs).replace("%", "%%")}/%A_%a.log"'
    cache = f'export {CACHE_VARIABLE}="{site.cache}"\n' if site.cache else ""
    setup = f"# From the settings of the site:\n{site.setup.strip()}\n" if site.setup.strip() else ""
    head = [
        f"#SBATCH --job-name=bench-{name}",
        f"#SBATCH --array=0-{tasks - 1}",
        "#SBATCH --requeue",
        "#SBATCH --open-mode=append",
        f"#SBATCH --signal=B:USR1@{NOTICE_SECONDS}",
        f"#SBATCH --output={output}",
        *site.lines(),
    ]
    return f"""#!/bin/bash
# Made by 'bench submit'. The tasks of this array are the same: each takes cells of the suite that no other one has,
# until none is left. A task that is killed, or ends, gives its cells back.
{chr(10).join(head)}

cd -- {shlex.quote(str(here))} || exit 1
{setup}{cache}
{shlex.join(command)} &
bench=$!
# SLURM says so {NOTICE_SECONDS} s before the time is up.
trap 'kill -USR1 "$bench" 2>/dev/null' USR1
trap 'kill -TERM "$bench" 2>/dev/null' TERM
wait "$bench"
code=$?
# A signal ends 'wait', and not what is waited for.
while kill -0 "$bench" 2>/dev/null; do
    wait "$bench"
    code=$?
done
# {TIME_IS_UP}: cells were given back because the time was up. The task goes on with what is left.
if [ "$code" -eq {TIME_IS_UP} ]; then
    scontrol requeue "${{SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID}}${{SLURM_ARRAY_TASK_ID:+_$SLURM_ARRAY_TASK_ID}}"
fi
exit "$code"
"""


def write_script(results: Path, text: str) -> Path:
    """Write a script beside the results, under a name that is free, and return it.

    Raises:
        ResultsError: when it cannot be written.
    """
    folder = results / FOLDER
    try:
        make_folder(folder)
        number = 1
        while (folder / f"job-{number}.sbatch").exists():
            number += 1
        file = folder / f"job-{number}.sbatch"
        write_text(file, text)
    except OSError as error:
        raise ResultsError(f"{folder} cannot be written: {error}") from error
    return file


def submit(file: Path, tasks: int, submitted: str) -> Job:
    """Give a script to SLURM, and record the job beside it.

    Raises:
        UsageError: when there is no SLURM here, or it does not take the job.
        ResultsError: when the job was submitted and cannot be recorded.
    """
    try:
        command = ["sbatch", "--parsable", str(file)]
        said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)  # noqa: S603
    except FileNotFoundError:
        raise UsageError(
            f"There is no 'sbatch' on this machine. Where there is: sbatch {shlex.quote(str(file))}"
        ) from None
    except subprocess.CalledProcessError as error:
        raise UsageError(
            f"SLURM does not take the job: {visible((error.stderr or '').strip())} (see {file})"
        ) from None
    except (OSError, subprocess.SubprocessError) as error:
        raise UsageError(f"sbatch did not work: {error} (see {file})") from error
    # With several clusters the id is followed by one's name.
    id_ = said.stdout.strip().partition(";")[0]
    if not id_.isdecimal():
        raise UsageError(f"sbatch said {visible(said.stdout.strip())!r}, which is no job (see {file}).")
    job = Job(id_, tasks, submitted, file.name)
    try:
        write_text(file.parent / f"job-{id_}.json", json.dumps(asdict(job)) + "\n")
    except OSError as error:
        raise ResultsError(
            f"Job {id_} was submitted, and cannot be recorded in {file.parent}: {error}"
        ) from error
    return job


def recorded(results: Path) -> list[Job]:
    """Return the jobs that were submitted for a suite's results, the first one first."""
    jobs = []
    for file in (results / FOLDER).glob("job-*.json"):
        with suppress(OSError, ValueError, TypeError, KeyError):
            content = json.loads(file.read_text(encoding="utf-8"))
            job = Job(**{field.name: content[field.name] for field in fields(Job)})
            if job.id.isdecimal():
                jobs.append(job)
    return sorted(jobs, key=lambda job: int(job.id))


def states(jobs: Sequence[Job]) -> dict[str, dict[str, int]]:
    """Return how many tasks of each job are in which state, as far as SLURM knows; empty where there is none."""
    if not jobs:
        return {}
    ids = ",".join(job.id for job in jobs)
    # What has ended is not in the queue; the accounts, which not every site keeps, have it all.
    kept = _asked(["sacct", "-n", "-X", "-P", "-j", ids, "--format=JobID,State"], "|")
    queued = _asked(["squeue", "-h", "-r", "-j", ids, "-o", "%i|%T"], "|")
    if kept is None and queued is None:
        queued = _each_asked(jobs)
    counts: dict[str, dict[str, int]] = {}
    for task, state in {**(kept or {}), **(queued or {})}.items():
        of_job = counts.setdefault(task.partition("_")[0], {})
        name = state.partition(" ")[0].lower()
        of_job[name] = of_job.get(name, 0) + 1
    return counts


def _each_asked(jobs: Sequence[Job]) -> dict[str, str]:
    """Ask for jobs one by one: squeue fails for all when it has forgotten one."""
    tasks: dict[str, str] = {}
    for job in jobs[-5:]:
        tasks |= _asked(["squeue", "-h", "-r", "-j", job.id, "-o", "%i|%T"], "|") or {}
    return tasks


def _asked(command: Sequence[str], between: str) -> dict[str, str] | None:
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=_ASKING_SECONDS)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return None
    pairs = (line.strip().partition(between) for line in said.stdout.splitlines())
    return {task: state for task, mark, state in pairs if mark}
