"""How long a folder of recordings takes to look at, for the first time and again; against another checkout if given.

    python benchmarks/scanning.py [--files 1000] [--seconds 3] [--rounds 3] [--against CHECKOUT]

Half of the files are WAV, a quarter each FLAC and MP3. Both programs take turns, each in processes of its own, and the
least processor time of each counts: other programs run beside them.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

LOOK = """
import sys, time
from pathlib import Path
from benchmark.data import folders, probe
import numpy, soundfile
root, cache = Path(sys.argv[1]), Path(sys.argv[2])
find = getattr(folders, "find_audio", None) or (lambda root: folders.look_into(root).audio)
for _ in range(2):
    start = time.process_time()
    found = probe.probe_files(root, find(root), cache)
    assert not any(each.problem for each in found.values())
    print(time.process_time() - start)
"""
FORMATS = ("wav", "flac", "wav", "mp3")


def make(folder: Path, files: int, seconds: float) -> None:
    """Write recordings; copies of eight, for how they sound does not matter here."""
    import numpy as np
    import soundfile

    models = {}
    for number in range(8):
        samples = np.random.default_rng(number).uniform(-0.5, 0.5, (round(seconds * 44100), 2))
        kind = FORMATS[number % 4]
        models[number] = folder / f"model.{number}.{kind}"
        soundfile.write(models[number], samples, 44100)
    for number in range(files):
        model = models[number % 8]
        place = folder / f"class{number % 10}" / f"{number:05d}{model.suffix}"
        place.parent.mkdir(exist_ok=True)
        shutil.copyfile(model, place)
    for model in models.values():
        model.unlink()


def look(checkout: Path, root: Path) -> tuple[float, float]:
    """Return the seconds that the first and the second look take."""
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "PYTHONPATH": str(checkout)}
        done = subprocess.run(
            [sys.executable, "-c", LOOK, root, cache],
            env=environment, capture_output=True, text=True, check=True, cwd=checkout,
        )  # fmt: skip
    first, second = map(float, done.stdout.split())
    return first, second


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--against", type=Path)
    given = parser.parse_args()
    here = Path(__file__).resolve().parents[1]
    checkouts = {"here": here, **({"against": given.against.resolve()} if given.against else {})}
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder), given.files, given.seconds)
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in checkouts}
        for _ in range(given.rounds):
            for name, place in checkouts.items():
                times[name].append(look(place, Path(folder)))
    best = {name: [min(column) for column in zip(*each, strict=True)] for name, each in times.items()}
    for name, (first, second) in best.items():
        print(f"{name}: {given.files} files: first look {first:.2f} s, second {second * 1000:.0f} ms")
    if given.against:
        ratios = [new / old for new, old in zip(best["here"], best["against"], strict=True)]
        print(f"ratio: first look {ratios[0]:.2f}, second {ratios[1]:.2f}")


if __name__ == "__main__":
    main()
