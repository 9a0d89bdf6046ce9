"""How long the quick verbs take, beside a bare Python that does nothing.

Twice: as most people have it, with compiled modules in ``__pycache__``, and where sources are compiled at each start
(``PYTHONDONTWRITEBYTECODE``, or folders that cannot be written).

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
COMPONENTS = Path(__file__).with_name("components.yaml")
VERBS = (
    ["--help"],
    ["plugins"],
    ["plan", str(SUITE)],
    ["plan", str(COMPONENTS)],
    ["status", str(SUITE)],
    ["report", str(SUITE)],
    ["run", str(SUITE)],
)
PLUGINS = "from benchmark.plugin.manager import Plugins; assert not Plugins().registry.broken"
BENCH = "from benchmark.cli.main import main; main()"
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


def measure(environment: dict[str, str]) -> None:
    """Print what all verbs take."""
    bench = [sys.executable, "-c", BENCH]
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
        processor = processor_seconds([*bench, *verb], environment)
        name = " ".join(Path(word).name for word in verb)
        print(
            f"bench {name}: {took:.3f} s, {processor:.3f} s of a processor, {took / bare:.0f} times a bare Python"
        )


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "BENCH_RESULTS": folder, "TF_CPP_MIN_LOG_LEVEL": "3"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        environment["PYTHONPYCACHEPREFIX"] = str(Path(folder, "compiled"))
        for words in (["run", str(SUITE)], ["plan", str(COMPONENTS)]):
            subprocess.run(
                [sys.executable, "-c", BENCH, *words], env=environment, check=True, capture_output=True
            )
        print("compiled modules are there:")
        measure(environment)
        print("our sources are compiled at each start:")
        del environment["PYTHONPYCACHEPREFIX"]
        measure({**environment, "PYTHONDONTWRITEBYTECODE": "1"})


if __name__ == "__main__":
    main()
