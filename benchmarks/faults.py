"""What damage does to a finished suite, and what a power cut leaves: a longer campaign than the tests in tests/faults.

Run: python benchmarks/faults.py flips [count [seed]]
     python benchmarks/faults.py power [count [seed]]

``flips``: one random bit of a random file of results and cache is flipped, and the suite is run. The values are to be
the same, and the exit code 0. ``power``: a run is recorded, call by call (by strace, on Linux); at random points all is
taken away that was not synced. What was reported as finished by then is to be there, and the next run to end well.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))


def flips(count: int, seed: int) -> list[str]:
    """Return what went wrong."""
    from finished import make_finished
    from flips import fault_after, random_flip

    rng = random.Random(seed)
    faults = []
    kinds: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        project = make_finished(Path(folder))
        expected = project.values()
        for number in range(count):
            project.restore()
            # Kinds of files are drawn, and then a file, because there are many more of some than of others.
            by_kind: dict[tuple[str, str], list[Path]] = {}
            for file in project.files():
                by_kind.setdefault((file.relative_to(project.folder).parts[1], file.suffix), []).append(file)
            kind = rng.choice(sorted(by_kind))
            chosen = random_flip(rng.choice(by_kind[kind]), rng)
            kinds["/".join(kind)] += 1
            fault = fault_after(project, chosen, expected)
            print(f"{number + 1}/{count} {chosen}: {fault or 'ok'}", flush=True)
            if fault:
                faults.append(f"{chosen}: {fault}")
    print("\n".join(f"  {count} {kind}" for kind, count in sorted(kinds.items())))
    return faults


def power(count: int, seed: int) -> list[str]:
    """Return what went wrong."""
    from power import fault_after_cut, moments, record

    rng = random.Random(seed)
    faults = []
    with tempfile.TemporaryDirectory() as folder:
        recording = record(Path(folder))
        print(f"{len(recording.calls)} calls recorded")
        points = sorted(rng.sample(moments(recording), count))
        for number, point in enumerate(points):
            is_undone = rng.random() < 0.5
            fault = fault_after_cut(recording, point, undone=is_undone)
            told = "with what was renamed undone" if is_undone else "with names kept"
            print(f"{number + 1}/{count} after call {point}, {told}: {fault or 'ok'}", flush=True)
            if fault:
                faults.append(f"call {point}, {told}: {fault}")
    return faults


def main() -> None:
    kind, count, seed = [*sys.argv[1:], *("flips", "200", "0")[len(sys.argv) - 1 :]]
    started = time.perf_counter()
    faults = {"flips": flips, "power": power}[kind](int(count), int(seed))
    print(f"{count} {kind}: {len(faults)} faults in {time.perf_counter() - started:.0f} s")
    print("\n".join(faults))


if __name__ == "__main__":
    main()
