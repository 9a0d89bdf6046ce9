"""Kill a suite with checkpoints at random times: is more lost than one interval, or anything finished done again?

Two-stage networks with dropout, noise drawn for each batch, early stopping and a schedule are trained by a
worker. A kill is SIGKILL, SIGTERM or SIGUSR1 to the driver, SIGKILL to its worker, or SIGKILL to all processes at once.
Lost work of a kill is the time from a cell's last checkpoint (or its beginning) to the end of its last epoch before
the kill. At the end each result is compared, bit for bit, with that of a run that nobody disturbed.

Run: python benchmarks/checkpoint_kills.py [kills] [seed]
"""

from __future__ import annotations

import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))

from long_training import COMPONENTS, suite

CELLS, EPOCHS, INTERVAL, JOBS = 4, 12, 1.5, 1
WAYS = ("driver SIGKILL", "driver SIGTERM", "driver SIGUSR1", "worker SIGKILL", "group SIGKILL")
BENCHFILE = (
    COMPONENTS
    + """
class Noted(Phases):
    '''Notes epochs and checkpoints.'''

    def fit(self, train, validation, run):
        told, left, save = [], run.checkpoints.load(), run.checkpoints.save
        again = len(left.facts["history"]) if left else 0
        cell = run.checkpoints.place.file.stem

        def log(kind, number):
            with open(os.environ["TRAINED"], "a") as file:
                line = {"kind": kind, "cell": cell, "epoch": number, "time": time.time(), "process": os.getpid()}
                file.write(json.dumps(line) + "\\n")

        def listen(stage, epoch, epochs, logs):
            told.append(epoch)
            if len(told) > again:
                log("epoch", len(told))
            run.listener(stage, epoch, epochs, logs)

        def saved(arrays, facts):
            save(arrays, facts)
            log("checkpoint", len(told))

        log("begin", again)
        run.checkpoints.save = saved
        return super().fit(train, validation, replace(run, listener=listen))

@hookimpl
def bench_models():
    return [Noted]
"""
)
SUITE = suite("kills", epochs=EPOCHS, patience=EPOCHS - 3, seeds=CELLS)


def start(folder: Path, results: str, *, checkpoints: str) -> subprocess.Popen[bytes]:
    bench = [sys.executable, "-c", "from benchmark.cli.main import main; main()"]
    command = [
        *bench, "run", "suite.yaml", "--jobs", str(JOBS), "--cache", "cache", "--results", results,
        "--retry-failed", "--checkpoint-every", checkpoints,
    ]  # fmt: skip
    own = {"BENCH_ENERGY": "off", "BENCH_TRUST": "1", "TRAINED": str(folder / f"{results}.log")}
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            command, cwd=folder, stdout=log, stderr=log, start_new_session=True, env={**os.environ, **own}
        )


def trained(folder: Path, results: str) -> list[Mapping[str, object]]:
    """Return what trainings have noted; a line that a kill cut off is none."""
    file = folder / f"{results}.log"
    lines = file.read_text().splitlines() if file.exists() else []
    return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]


def finished(results: Path) -> dict[str, int]:
    """Return when each ok cell was filed."""
    ok = {}
    for file in results.glob("kills/[!.]*/cell.json"):
        if json.loads(file.read_text())["status"] == "ok":
            ok[file.parent.name] = file.stat().st_mtime_ns
    return ok


def outcomes(results: Path) -> dict[str, tuple[str, bytes]]:
    """Return what must not depend on kills: history, and predictions as they are stored."""
    return {
        folder.parent.name: (
            (folder.parent / "history.csv").read_text(),
            (folder.parent / "predictions.parquet").read_bytes(),
        )
        for folder in results.glob("kills/[!.]*/cell.json")
    }


def kill(run: subprocess.Popen[bytes], way: str) -> bool:
    """Kill in one of ``WAYS``; return whether the driver ends by it, which goes on without a worker."""
    whom, name = way.split()
    number = getattr(signal, name)
    if whom == "group":
        os.killpg(run.pid, number)
    elif whom == "driver":
        run.send_signal(number)
    else:
        workers = psutil.Process(run.pid).children()
        for worker in workers[:1]:
            worker.send_signal(number)
        return False
    run.wait()
    return True


def lost_work(lines: list[Mapping[str, object]]) -> tuple[list[float], float]:
    """Return the seconds of finished epochs that each broken-off training lost, and the longest epoch."""
    by_cell = defaultdict(list)
    for line in lines:
        by_cell[line["cell"]].append(line)
    lost, longest = [], 0.0
    for of_cell in by_cell.values():
        parts: list[list[Mapping[str, object]]] = []
        for line in of_cell:
            if line["kind"] == "begin":
                parts.append([])
            parts[-1].append(line)
        for part in parts:
            ends = [line["time"] for line in part if line["kind"] != "checkpoint"]
            # The first epoch is traced, and so takes longest; it counts as an epoch all the same.
            longest = max([longest, *(after - before for before, after in pairwise(ends))])
        for part in parts[:-1]:
            kept = max(line["time"] for line in part if line["kind"] in ("begin", "checkpoint"))
            lost.append(max(line["time"] for line in part) - kept)
    return lost, longest


@dataclass
class Campaign:
    """Kills of suites, one after another, and what is counted of them."""

    folder: Path
    rng: random.Random
    expected: Mapping[str, tuple[str, bytes]]
    counts: Counter[str] = field(default_factory=Counter)
    lost: list[float] = field(default_factory=list)
    longest: float = 0.0

    def run(self, label: str, kills: int) -> None:
        """Run one suite to its end, killing it again and again; undisturbed once there were so many kills."""
        results = self.folder / label
        while len(finished(results)) < CELLS:
            before = finished(results)
            run = start(self.folder, label, checkpoints=str(INTERVAL))
            while run.poll() is None and self.counts["kills"] < kills and not self._kill(run, label, kills):
                pass
            run.wait()
            # A run that refuses to begin is no run that was killed.
            assert run.returncode != 2, (self.folder / "log").read_text()[-3000:]
            after = finished(results)
            self.counts["finished lost"] += sum(cell not in after for cell in before)
            self.counts["finished repeated"] += sum(after.get(cell) != when for cell, when in before.items())
        self._count(label)

    def _kill(self, run: subprocess.Popen[bytes], label: str, kills: int) -> bool:
        """Wait until some more epochs are trained, then kill; return whether the driver is gone."""
        begun, more = len(trained(self.folder, label)), self.rng.randint(1, 24)
        while run.poll() is None and len(trained(self.folder, label)) < begun + more:
            time.sleep(0.05)
        time.sleep(self.rng.uniform(0, 0.5))
        if run.poll() is not None:
            return True
        way = WAYS[self.counts["kills"] % len(WAYS)]
        is_over = kill(run, way)
        self.counts["kills"] += 1
        self.counts[way] += 1
        print(f"{self.counts['kills']} kills, {dict(self.counts)}", flush=True)
        return is_over

    def _count(self, label: str) -> None:
        results, lines = self.folder / label, trained(self.folder, label)
        lost, longest = lost_work(lines)
        self.lost += lost
        self.longest = max(self.longest, longest)
        begins = [line for line in lines if line["kind"] == "begin"]
        self.counts["trainings that went on from a checkpoint"] += sum(line["epoch"] != 0 for line in begins)
        self.counts["trainings from the beginning"] += sum(line["epoch"] == 0 for line in begins)
        self.counts["checkpoints left over"] += len(list(results.glob("kills/.checkpoints/*")))
        made = outcomes(results)
        self.counts["results compared"] += len(self.expected)
        self.counts["results that differ"] += sum(
            made.get(cell) != what for cell, what in self.expected.items()
        )


def main() -> None:
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    rng = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "suite.yaml").write_text(SUITE)
        (folder / "benchfile.py").write_text(BENCHFILE)
        code = start(folder, "undisturbed", checkpoints="3600").wait()
        assert code == 0, (folder / "log").read_text()[-3000:]
        campaign = Campaign(folder, rng, outcomes(folder / "undisturbed"))
        number = 0
        while campaign.counts["kills"] < kills:
            campaign.run(f"results{number}", kills)
            number += 1
    for what, count in campaign.counts.items():
        print(f"{what}: {count}")
    beyond = sum(seconds > INTERVAL + campaign.longest for seconds in campaign.lost)
    print(f"kills that lost more than an interval and an epoch: {beyond}")
    print(
        f"longest work lost {max(campaign.lost):.2f} s, in the middle {statistics.median(campaign.lost):.2f} s "
        f"(interval {INTERVAL} s, longest epoch {campaign.longest:.2f} s)"
    )


if __name__ == "__main__":
    main()
