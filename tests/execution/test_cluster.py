"""Suites on a Dask cluster: a real scheduler, and workers in other processes, folders and caches."""

from __future__ import annotations

import datetime
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest
from warm import BENCH, WarmProcess, can_be_warm

from benchmark.exceptions import ClusterError
from benchmark.execution.connection import connect
from benchmark.plugin.registry import Registry

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("distributed") is None, reason="distributed is not installed"),
]

# What processes of a cluster need beside ``bench``.
DASK = ("distributed", "distributed.cli.dask_scheduler", "distributed.cli.dask_worker")
DASK_PROGRAM = "from distributed.cli.{} import main; main()"
# How long a run tries to reach a scheduler that has ended, and waits for a task beyond its time.
LIMITS = {
    "benchmark.execution.connection._CONNECTING_SECONDS": 4,
    "benchmark.execution.cluster._SILENT_SECONDS": 4,
    "benchmark.execution.workers.GRACE_SECONDS": 1,
    # Nobody looks at reports here.
    "benchmark.report.write.SECTIONS": ("leaderboard", "cells"),
}
Process = subprocess.Popen[str] | WarmProcess
PLUGIN = """
import os, signal, time
from pathlib import Path
from benchmark import SklearnModel, hookimpl

class Central(SklearnModel):
    '''Nearest class mean; may be told to misbehave on one seed.'''
    name = "central"

    def estimator(self, random_state, *, trouble: str = "", seed: int = -1):
        from sklearn.neighbors import NearestCentroid
        return NearestCentroid()

    def fit(self, train, validation, run):
        trouble, place = self.parameters["trouble"], Path(os.environ["TROUBLE"])
        if self.parameters["seed"] == run.seed:
            with (place / "tried").open("a") as file:
                file.write(f"{os.getpid()} {os.getppid()}\\n")
            if trouble == "hang" or (trouble == "hang once" and not (place / "once").exists()):
                (place / "once").touch()
                time.sleep(1000)
            if trouble == "kill":
                os.kill(os.getppid(), signal.SIGKILL)
                time.sleep(1000)
        return super().fit(train, validation, run)

@hookimpl
def bench_models():
    return [Central]
"""
SUITE = """
name: trial
cell:
  dataset: {synthetic: {tracks_per_class: 4, seconds: 1, difficulty: 0}}
  features: {mel: {size: [12, 16], n_mels: 12}}
  split: {fractions: [0.5, 0.25, 0.25]}
  evaluate: [test]
matrix:
  model: [central]
  seed: [0, 1, 2]
"""


class Machines:
    """A scheduler, workers that see nothing of the driver's folders, and a plugin that most of them have installed."""

    def __init__(self, folder: Path, cache: Path, certificate: Path | None = None) -> None:
        self.folder = folder
        self.tls = () if certificate is None else tls_options(certificate)
        self.keys = {} if certificate is None else tls_variables(certificate)
        self.cache = cache
        self.file = folder / "scheduler.json"
        self.processes: list[Process] = []
        (folder / "trouble").mkdir()
        self.plugin = folder / "installed"
        self._install(self.plugin, "bench-central", "1.0", "central = central_plugin")
        (self.plugin / "central_plugin.py").write_text(PLUGIN)
        self.driver = folder / "driver"
        self.driver.mkdir()
        self.suite(SUITE)
        host = "tls://127.0.0.1" if certificate is not None else "127.0.0.1"
        own = ["--host", host, "--port", "0", "--no-dashboard", "--scheduler-file", str(self.file), *self.tls]
        self._start("scheduler", "dask_scheduler", own)
        wait_for(self.file.is_file)

    def suite(self, text: str) -> None:
        (self.driver / "suite.yaml").write_text(text)

    def worker(self, name: str, *options: str, installed: bool = True, threads: int = 1) -> Process:
        options = ("--scheduler-file", str(self.file), "--nthreads", str(threads), "--name", name, *options)
        local = [
            "--host",
            "127.0.0.1",
            "--no-dashboard",
            "--local-directory",
            str(self.folder / name / "dask"),
            *self.tls,
        ]
        return self._start(name, "dask_worker", [*options, *local], installed=installed)

    def other_version(self, name: str, package: str) -> Process:
        """Start a worker that has another version of a package."""
        self._install(self.folder / name / "site", package, "0.0.1")
        return self.worker(name, "--no-nanny")

    def run(self, *options: str) -> Process:
        own = {"BENCH_CACHE": str(self.cache), **self.keys}
        variables = {**self._variables("driver", installed=True), **own}
        return started(BENCH, ["run", "suite.yaml", *options], self.driver, variables)

    def ran(self, *options: str) -> tuple[int, str]:
        process = self.run(*options)
        _, told = process.communicate(timeout=600)
        return process.returncode, told

    def files(self, results: str) -> dict[str, bytes]:
        """Return the predictions of all finished cells."""
        found = (self.driver / results / "trial").glob("[!.]*/predictions.parquet")
        return {file.parent.name: file.read_bytes() for file in found}

    def records(self, results: str = "results") -> dict[str, dict]:
        records = (self.driver / results / "trial").glob("[!.]*/cell.json")
        return {record["labels"]["seed"]: record for record in (json.loads(f.read_text()) for f in records)}

    def tried(self) -> list[tuple[int, int]]:
        """Return the processes that ran the cell with trouble, and their parents."""
        file = self.folder / "trouble" / "tried"
        lines = file.read_text().splitlines() if file.is_file() else []
        return [(int(a), int(b)) for a, b in (line.split() for line in lines)]

    def end(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()

    def _start(self, name: str, module: str, options: Sequence[str], *, installed: bool = True) -> Process:
        place = self.folder / name
        place.mkdir(exist_ok=True)
        variables = self._variables(name, installed=installed)
        process = started(DASK_PROGRAM.format(module), options, place, variables, place / "log")
        self.processes.append(process)
        return process

    def _variables(self, name: str, *, installed: bool) -> dict[str, str]:
        sites = [str(self.folder / name / "site"), *([str(self.plugin)] if installed else [])]
        paths = [*sites, *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
        own = {
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
            "BENCH_CACHE": str(self.folder / name / "cache"),
            "XDG_STATE_HOME": str(self.folder / name / "state"),
            "TROUBLE": str(self.folder / "trouble"),
        }
        # Workers try for half a minute to reach a scheduler again that has ended.
        quick = {"BENCH_ENERGY": "off", "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "4s"}
        return {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **quick, **own}

    def _install(self, site: Path, package: str, version: str, entry_point: str = "") -> None:
        info = site / f"{package.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
        (info / "RECORD").write_text("")
        if entry_point:
            (info / "entry_points.txt").write_text(f"[bench]\n{entry_point}\n")


def started(
    program: str, arguments: Sequence[str], folder: Path, variables: dict[str, str], log: Path | None = None
) -> Process:
    """Start a program; what it prints can be read, or goes to the end of a ``log``."""
    if can_be_warm(variables):
        return WarmProcess(tuple(arguments), folder, variables, DASK, program, log, LIMITS)
    command = [sys.executable, "-c", program, *arguments]
    with nullcontext(subprocess.PIPE) if log is None else log.open("ab") as output:
        return subprocess.Popen(command, cwd=folder, env=variables, text=True, stdout=output, stderr=output)


@pytest.fixture
def machines(tmp_path: Path, cache: Path) -> Iterator[Machines]:
    made = Machines(tmp_path, cache)
    yield made
    made.end()


def wait_for(condition: Callable[[], object], seconds: float = 300) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.1)


def test_workers_come_late_are_killed_and_refused_and_results_are_those_of_one_process(machines) -> None:
    machines.suite(SUITE.replace("[central]", "[{central: {trouble: hang once, seed: 1}}]"))
    first = machines.worker("first", "--no-nanny")
    machines.worker("bare", "--no-nanny", installed=False)
    machines.other_version("older", "soxr")
    run = machines.run("--scheduler", str(machines.file))
    wait_for(lambda: machines.tried() or run.poll() is not None)
    machines.worker("late")
    first.kill()
    _, told = run.communicate(timeout=600)
    assert run.returncode == 0, told
    assert "NOT ENCRYPTED" in told
    assert "worker bare" in told
    assert "is refused: model 'central' is absent there and bench-central 1.0 here" in told
    assert "worker older" in told
    assert "soxr is 0.0.1 there" in told
    assert "worker first" in told
    assert "was lost with a task, which is tried again" in told
    assert [record["status"] for record in machines.records().values()] == ["ok"] * 3
    assert len(machines.tried()) == 2
    # Workers had nothing of the driver's folders, and the driver's results nothing of theirs.
    assert {path.name for path in (machines.folder / "late" / "cache").iterdir()} == {"features"}
    assert not list((machines.driver / "results" / "trial").glob(".*"))

    # The same number of threads as the workers had.
    cores = str(len(os.sched_getaffinity(0)))
    code, told = machines.ran("--results", "inline", "--executor", "inline", "--jobs", cores)
    assert code == 0, told
    assert machines.files("results") == machines.files("inline") != {}


def test_a_cell_that_loses_two_workers_has_failed_and_one_that_hangs_is_ended(machines) -> None:
    trouble = "[{central: {trouble: kill, seed: 0}}, {central: {trouble: hang, seed: 1}, label: hangs}]"
    machines.suite(SUITE.replace("[central]", trouble).replace("[0, 1, 2]", "[0, 1]"))
    run = machines.run("--scheduler", str(machines.file), "--timeout", "4")
    # Started again whenever it has died, as by a nanny.
    worker = machines.worker("nursed", "--no-nanny")
    while run.poll() is None:
        if worker.poll() is not None:
            worker = machines.worker("nursed", "--no-nanny")
        time.sleep(0.05)
    told = run.communicate(timeout=60)[1]
    assert run.returncode == 1, told
    records = [json.loads(f.read_text()) for f in (machines.driver / "results/trial").glob("[!.]*/cell.json")]
    ended = {" ".join(record["labels"].values()): record for record in records}
    assert {name: record["status"] for name, record in ended.items()} == {
        "central 0": "failed", "central 1": "ok", "hangs 0": "ok", "hangs 1": "timed out",
    }  # fmt: skip
    assert ended["central 0"]["error"]["type"] == "WorkerDiedError"
    assert "was lost, as one before it: nursed" in ended["central 0"]["error"]["message"]
    killed, hung = machines.tried()[:2], machines.tried()[2:]
    assert len({worker for _, worker in killed}) == 2
    assert len(hung) == 1
    assert not psutil.pid_exists(hung[0][0])


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_what_nobody_waits_for_any_more_is_ended_on_its_worker(machines, how: int) -> None:
    machines.suite(SUITE.replace("[central]", "[{central: {trouble: hang, seed: 0}}]"))
    worker = machines.worker("only", "--no-nanny")
    run = machines.run("--scheduler", str(machines.file))
    wait_for(lambda: machines.tried() or run.poll() is not None)
    ((hung, _),) = machines.tried()
    run.send_signal(how)
    run.communicate(timeout=120)
    if how == signal.SIGINT:
        assert run.returncode == 130
        assert machines.records()["0"]["status"] == "interrupted"
    wait_for(lambda: not psutil.pid_exists(hung), 60)
    assert worker.poll() is None


def test_a_scheduler_that_ends_ends_the_run_which_goes_on_with_another(machines) -> None:
    machines.suite(SUITE.replace("[central]", "[{central: {trouble: hang once, seed: 0}}]"))
    worker = machines.worker("only", "--no-nanny")
    run = machines.run("--scheduler", str(machines.file))
    wait_for(lambda: machines.tried() or run.poll() is not None)
    machines.processes[0].kill()
    _, told = run.communicate(timeout=300)
    assert run.returncode == 1
    assert "does not answer any more" in told
    assert "Traceback" not in told
    # It waits for no task that nobody wants any more.
    wait_for(lambda: worker.poll() is not None, 20)
    code, told = machines.ran("--executor", "inline", "--no-wait")
    assert code == 0, told


def test_where_no_worker_has_what_is_needed_nothing_is_run(machines) -> None:
    machines.worker("bare", "--no-nanny", installed=False)
    code, told = machines.ran("--scheduler", str(machines.file))
    assert code == 1
    assert "model 'central' is absent there" in told
    assert "No worker of the cluster" in told
    assert not machines.records()


def test_cells_that_ask_for_gpus_go_to_workers_that_offer_them(machines) -> None:
    machines.worker("plain", "--no-nanny")
    machines.worker("offers", "--no-nanny", "--resources", "GPU=1")
    machines.suite(SUITE.replace("[central]", "[{central: {trouble: tell, seed: 0}}]"))
    code, told = machines.ran("--scheduler", str(machines.file), "--gpus", "1")
    assert code == 0, told
    assert [parent for _, parent in machines.tried()] == [machines.processes[-1].pid]


def test_a_cluster_with_tls_is_not_warned_of_and_one_of_another_authority_not_spoken_to(
    tmp_path: Path, monkeypatch
) -> None:
    own, other = certificate(tmp_path, "own"), certificate(tmp_path, "other")
    keys = ("ca-file", "scheduler.cert", "scheduler.key", "client.cert", "client.key")
    file = tmp_path / "scheduler.json"
    host = ["--host", "tls://127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file)]
    program = DASK_PROGRAM.format("dask_scheduler")
    server = started(program, [*host, *tls_options(own)], tmp_path, dict(os.environ), tmp_path / "log")
    said: list[str] = []
    try:
        wait_for(file.is_file)
        import dask

        for place, refused in ((own, False), (other, True)):
            config = {f"distributed.comm.tls.{key}": str(place) for key in keys}
            with dask.config.set(config):
                if refused:
                    monkeypatch.setattr("benchmark.execution.connection._CONNECTING_SECONDS", 1)
                    with pytest.raises(ClusterError, match="certificates of one authority"):
                        connect(str(file), Registry(), (), said.append)
                else:
                    with connect(str(file), Registry(), (), said.append) as cluster:
                        cluster.look()
                        assert cluster.address.startswith("tls://")
    finally:
        server.kill()
        server.wait()
    assert [text for text in said if "ENCRYPTED" in text] == []


def test_a_suite_runs_over_tls_by_the_documented_commands(tmp_path: Path, cache: Path) -> None:
    machines = Machines(tmp_path, cache, certificate(tmp_path, "own"))
    try:
        for name in ("first", "second"):
            machines.worker(name, "--no-nanny")
        address = json.loads(machines.file.read_text())["address"]
        assert address.startswith("tls://127.0.0.1:")
        code, told = machines.ran("--scheduler", address)
        assert code == 0, told
        assert "ENCRYPTED" not in told
        assert [record["status"] for record in machines.records().values()] == ["ok"] * 3
        caches = [machines.folder / name / "cache" / "features" for name in ("first", "second")]
        assert any(place.is_dir() for place in caches)

        machines.keys = {}
        code, told = machines.ran("--scheduler", address, "--results", "refused")
        assert code == 2, told
        assert "certificate" in told
        assert not machines.records("refused")
    finally:
        machines.end()


def tls_options(file: Path) -> tuple[str, ...]:
    return ("--tls-ca-file", str(file), "--tls-cert", str(file), "--tls-key", str(file))


def tls_variables(file: Path) -> dict[str, str]:
    name = "DASK_DISTRIBUTED__COMM__TLS__"
    return {f"{name}{key}": str(file) for key in ("CA_FILE", "CLIENT__CERT", "CLIENT__KEY")}


def certificate(folder: Path, name: str) -> Path:
    """Return a file with a certificate that signs itself, and its key."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    file = folder / f"{name}.pem"
    pem = serialization.Encoding.PEM
    plain = serialization.PrivateFormat.TraditionalOpenSSL
    file.write_bytes(made.public_bytes(pem) + key.private_bytes(pem, plain, serialization.NoEncryption()))
    return file
