"""How long the quick verbs take, beside a bare Python that does nothing.

Run: python benchmarks/startup.py
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SUITE = Path(__file__).parents[1] / "suites" / "quickstart.yaml"
VERBS = (
    ["--help"],
    ["plugins"],
    ["plan", str(SUITE)],
    ["status", str(SUITE)],
    ["report", str(SUITE)],
    ["run", str(SUITE)],
)
PLUGINS = "from benchmark.plugin.manager import Plugins; assert not Plugins().registry.broken"
REPEATS = 7


def seconds(command: list[str], environment: dict[str, str]) -> float:
    """Return the median wall-clock time of a command, files cached."""
    took = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        subprocess.run(command, env=environment, check=True, capture_output=True)
        took.append(time.perf_counter() - started)
    return statistics.median(took)


def processor_seconds(command: list[str], environment: dict[str, str]) -> float:
    """Return the least processor time of a command, which other programs on the machine hardly change."""
    took = []
    for _ in range(REPEATS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, env=environment, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(took)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "BENCH_RESULTS": folder, "TF_CPP_MIN_LOG_LEVEL": "3"}
        bench = [sys.executable, "-c", "from benchmark.cli.main import main; main()"]
        subprocess.run([*bench, "run", str(SUITE)], env=environment, check=True, capture_output=True)
        bare = seconds([sys.executable, "-c", "pass"], environment)
        print(f"python -c pass: {bare:.3f} s")
        idle, without, plugins = (
            processor_seconds([sys.executable, "-c", code], environment)
            for code in ("pass", PLUGINS.partition(";")[0], PLUGINS)
        )
        print(
            f"importing all built-in plugins: {plugins - without:.3f} s of a processor, "
            f"{(plugins - without) / idle:.0f} times a bare Python"
        )
        for verb in VERBS:
            took = seconds([*bench, *verb], environment)
            name = " ".join(Path(word).name for word in verb)
            print(f"bench {name}: {took:.3f} s, {took / bare:.0f} times a bare Python")


if __name__ == "__main__":
    main()
