"""The built-in trackers, each against what its own package reads back; skipped where the package is not installed."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from importlib.metadata import distributions
from pathlib import Path

import pytest

from bench_trackers import MLflow, TensorBoard, Trackio
from bench_trackers.common import final_values
from benchmark import CellRecord, PlannedCell
from benchmark.plugin.manager import Plugins
from benchmark.record import CellError

CELLS = [
    PlannedCell(f"{number:012x}", {"model": "cnn", "seed": str(number)}, {"seed": number})
    for number in range(2)
]


def record(cell: PlannedCell, status: str = "ok") -> CellRecord:
    error = None if status == "ok" else CellError("ValueError", "it was told to fail", "")
    return CellRecord(cell.id, "toys", dict(cell.labels), dict(cell.spec), status, error=error,
                      sets={"test": "own:test"}, seconds={"total": 2.5}, parameters={"total": 10})  # fmt: skip


def tell(tracker, folder: Path) -> None:
    """Tell a tracker of two cells that run at the same time: one is ok, the other fails."""
    plugins = Plugins()
    plugins.manager.register(tracker, name="tracker")
    plugins._sources["tracker"] = next(iter(plugins._sources.values()))

    def say(event: str, **details: object) -> None:
        assert [str(broken) for broken in plugins.notify(event, suite="toys", **details)] == []

    (folder / "cell").mkdir()
    (folder / "cell" / "metrics.json").write_text(json.dumps({"test": {"top1": 0.75, "kappa": float("nan")}}))
    say("bench_suite_started", results=folder, cells=2, plan=CELLS)
    for cell in CELLS:
        say("bench_cell_started", cell=cell)
    for stage, epochs in (("train", 2), ("fine-tune", 1)):
        for epoch in range(1, epochs + 1):
            for cell in CELLS:
                logs = {"loss": 1 / epoch, "val_accuracy": 0.5}
                say("bench_epoch_finished", cell=cell, stage=stage, epoch=epoch, epochs=epochs, logs=logs)
    say("bench_cell_finished", record=record(CELLS[0]), folder=folder / "cell")
    say("bench_cell_finished", record=record(CELLS[1], "failed"), folder=folder / "cell")
    say("bench_suite_finished", results=folder, exit_code=1)


LOSSES = [(1, 1.0), (2, 0.5)]


def test_all_are_offered_and_say_what_to_install_where_it_is_missing(monkeypatch) -> None:
    offered = Plugins().trackers()
    assert {"tensorboard", "mlflow", "trackio"} <= set(offered)
    monkeypatch.setattr("bench_trackers.common.find_spec", lambda name: None)
    for tracker in (TensorBoard, MLflow, Trackio):
        assert f"pip install 'genrebench[{tracker.name}]'" in tracker().unavailable()


def test_final_values_are_numbers_by_the_sets_names(tmp_path: Path) -> None:
    (tmp_path / "metrics.json").write_text(json.dumps({"test": {"top1": 0.75, "kappa": float("nan")}}))
    expected = {"seconds/total": 2.5, "parameters/total": 10.0}
    assert final_values(record(CELLS[0]), tmp_path) == {**expected, "own:test/top1": 0.75}
    assert final_values(record(CELLS[0], "failed"), tmp_path) == expected


def test_tensorboard_has_the_curves_of_each_cell(tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX")
    from tensorboardX.proto.event_pb2 import Event

    tell(TensorBoard(), tmp_path)
    for cell, status in zip(CELLS, ("ok", "failed: it was told to fail"), strict=True):
        (file,) = (tmp_path / "tensorboard" / f"cnn-{cell.labels['seed']}-{cell.id}").iterdir()
        values: dict[str, list[tuple[int, float]]] = {}
        texts = []
        for raw in records_of(file):
            event = Event.FromString(raw)
            for value in event.summary.value:
                if value.HasField("simple_value"):
                    values.setdefault(value.tag, []).append((event.step, value.simple_value))
                else:
                    texts.append(value.tensor.string_val[0].decode())
        assert values["train/loss"] == LOSSES
        assert values["fine-tune/val_accuracy"] == [(3, 0.5)]
        assert values.get("own_test/top1") == ([(0, 0.75)] if status == "ok" else None)
        assert texts == [status]


def records_of(file: Path):
    """Yield the records of a TFRecord file: length, its checksum, content, its checksum."""
    data = file.read_bytes()
    while data:
        length = int.from_bytes(data[:8], "little")
        yield data[12 : 12 + length]
        data = data[16 + length :]


@contextmanager
def server(folder: Path):
    """Run a local MLflow server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    store = f"sqlite:///{folder / 'mlflow.db'}"
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
               "--backend-store-uri", store, "--default-artifact-root", str(folder / "artifacts")]  # fmt: skip
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "PYTHONPATH": os.pathsep.join(sys.path)}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True
        )
        try:
            until = time.monotonic() + 120
            while not answers(f"http://127.0.0.1:{port}/health"):
                if process.poll() is not None or time.monotonic() > until:
                    pytest.fail((folder / "log").read_text()[-2000:])
                time.sleep(0.5)
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(process.pid, 15)
            process.wait(30)


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2) as response:
            return response.status == 200
    except OSError:
        return False


@pytest.mark.slow
def test_mlflow_has_a_run_for_each_cell_on_a_real_server(tmp_path: Path, monkeypatch) -> None:
    mlflow = pytest.importorskip("mlflow")
    if not any(distribution.name == "mlflow" for distribution in distributions()):
        pytest.skip("only mlflow-skinny is installed, which has no server")
    with server(tmp_path) as address:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
        tell(MLflow(), tmp_path)
        client = mlflow.MlflowClient(address)
        experiment = client.get_experiment_by_name("toys")
        runs = {
            run.data.tags["genrebench.cell"]: run for run in client.search_runs([experiment.experiment_id])
        }
        good, bad = (runs[cell.id] for cell in CELLS)
        assert (good.info.status, bad.info.status) == ("FINISHED", "FAILED")
        assert good.data.params == {"model": "cnn", "seed": "0"}
        assert good.data.metrics["own_test/top1"] == 0.75
        assert bad.data.tags["error"] == "ValueError: it was told to fail"
        history = client.get_metric_history(good.info.run_id, "train/loss")
        assert sorted((value.step, value.value) for value in history) == LOSSES


@pytest.mark.slow
def test_trackio_has_a_run_for_each_cell(tmp_path: Path, monkeypatch) -> None:
    pytest.importorskip("trackio")
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "trackio"))
    # Where it keeps things is settled when it is imported.
    code = (
        "import sys; sys.path[:0] = [sys.argv[1]]; from pathlib import Path; import test_trackers as t; "
        "from bench_trackers import Trackio; t.tell(Trackio(), Path(sys.argv[2])); "
        "from trackio.sqlite_storage import SQLiteStorage as s; import json; "
        "print('FOUND', json.dumps({run: s.get_logs('toys', run) for run in s.get_runs('toys')}, default=str))"
    )
    ran = subprocess.run([sys.executable, "-c", code, str(Path(__file__).parent), str(tmp_path)],
                         check=False, capture_output=True, text=True, timeout=300)  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout.partition("FOUND ")[2].partition("\n")[0])
    assert set(found) == {f"cnn · {cell.labels['seed']} ({cell.id})" for cell in CELLS}
    logs = found[f"cnn · 0 ({CELLS[0].id})"]
    assert [(log["step"], log["train/loss"]) for log in logs if "train/loss" in log] == LOSSES
    assert [log["own:test/top1"] for log in logs if "own:test/top1" in log] == [0.75]
    assert [log["status"] for log in found[f"cnn · 1 ({CELLS[1].id})"] if "status" in log] == ["failed"]
