"""Projects of users: a suite and code beside it, in a folder of its own, in which ``bench`` is run."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

from warm import BENCH, WarmProcess, can_be_warm

BENCHFILE = """
import os, time
import numpy as np
from benchmark import SklearnModel, hookimpl

class Nearest(SklearnModel):
    '''Nearest class mean; may be told to misbehave on one seed.'''
    name = "nearest"

    def estimator(self, random_state, *, trouble: str = "", seed: int = -1, seconds: float = 0.0):
        from sklearn.neighbors import NearestCentroid
        return NearestCentroid()

    def fit(self, train, validation, run):
        trouble = self.parameters["trouble"]
        if self.parameters["seed"] in (-1, run.seed):
            if self.parameters["seconds"]:
                with open(os.environ["RESTING"], "a") as file:
                    file.write(f"{run.seed} ")
            time.sleep(self.parameters["seconds"])
            if trouble == "raise":
                raise RuntimeError("this cell was told to fail")
            if trouble == "die":
                os._exit(9)
            if trouble == "once" and not os.path.exists(os.environ["TROUBLE_FILE"]):
                open(os.environ["TROUBLE_FILE"], "w").close()
                raise RuntimeError("this cell fails once")
        run.check_time()
        return super().fit(train, validation, run)

@hookimpl
def bench_models():
    return [Nearest]

@hookimpl
def bench_cell_finished(suite, record, folder):
    log = os.environ.get("TRACKER_LOG")
    if log:
        with open(log, "a") as file:
            file.write(f"{record.id} {record.status}\\n")
"""

SUITE = """
name: trial
cell:
  dataset: {synthetic: {tracks_per_class: 6, seconds: 1, difficulty: 0}}
  features: {mel: {size: [12, 16], n_mels: 12}}
  split: {fractions: [0.5, 0.17, 0.33]}
  evaluate: [test]
matrix:
  model: [majority, nearest]
  seed: [0, 1]
"""

_SECTIONS = "benchmark.report.write.SECTIONS"
# What ``Project.sections`` are for tests that make reports by the way: what these say of cells that failed or are missing.
FEW_SECTIONS = ("leaderboard", "cells")
# What ``Project.libraries`` are for tests that train networks.
NETWORKS = ("tensorflow", "keras")


@dataclass
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str


@dataclass
class Project:
    """A folder with a suite and its own plugin code, in which ``bench`` is run as a user would.

    ``libraries`` are imported before it is, for tests that train networks. Reports have no ``figures`` drawn by
    Matplotlib, which takes longer than all else, unless they are asked for. ``limits`` are shorter times for constants
    of modules, by their full names, that tests wait out; a new interpreter knows nothing of them, and makes reports of
    all ``sections`` though some are named here, for tests that look at no others.
    """

    folder: Path
    cache: Path
    environment: dict[str, str] = field(default_factory=dict)
    libraries: tuple[str, ...] = ()
    figures: bool = False
    limits: dict[str, object] = field(default_factory=dict)
    sections: tuple[str, ...] = ()

    @property
    def results(self) -> Path:
        return self.folder / "results" / "trial"

    def write(self, text: str = SUITE, name: str = "suite.yaml") -> None:
        (self.folder / name).write_text(textwrap.dedent(text))

    def rests(self, seed: int) -> bool:
        """Whether a model that was told to take some seconds in the cell of a seed does so by now."""
        file = self.folder / "resting"
        return file.is_file() and str(seed) in file.read_text().split()

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-c", BENCH, *arguments]

    def variables(self) -> dict[str, str]:
        quick = {"BENCH_ENERGY": "off", "TF_CPP_MIN_LOG_LEVEL": "3", "BENCH_CACHE": str(self.cache)}
        if self.figures:
            quick["BENCH_FORMAT"] = ""
        own = {"XDG_STATE_HOME": str(self.folder / "state"), "RESTING": str(self.folder / "resting")}
        return {**os.environ, **quick, **own, **self.environment}

    def start(self, *arguments: str) -> subprocess.Popen[str] | WarmProcess:
        """Start ``bench`` in a process that need not import what it uses, unless its environment asks for a new one."""
        if can_be_warm(self.variables(), with_backend=bool(self.libraries)):
            limits = self.limits | ({_SECTIONS: self.sections} if self.sections else {})
            return WarmProcess(arguments, self.folder, self.variables(), self.libraries, limits=limits)
        return self.start_new(*arguments)

    def start_new(self, *arguments: str) -> subprocess.Popen[str]:
        """Start ``bench`` in a new interpreter."""
        return subprocess.Popen(
            self.command(*arguments), cwd=self.folder, env=self.variables(), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def bench(self, *arguments: str, timeout: float = 300) -> Ran:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=timeout)
        assert process.returncode is not None
        return Ran(process.returncode, out, err)


def make_project(folder: Path, cache: Path) -> Project:
    """Return a project with a small suite of two models that need no TensorFlow."""
    made = Project(folder, cache)
    made.write()
    (folder / "benchfile.py").write_text(BENCHFILE)
    return made
