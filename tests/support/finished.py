"""A small project whose suite has been run, in this process: to be damaged, run again, and compared with what it was."""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from click.testing import CliRunner

from benchmark.cli.main import cli
from benchmark.exceptions import BenchError
from benchmark.results.parquet import read_predictions

SUITE = """
name: trial
cell:
  dataset: {synthetic: {tracks_per_class: 4, seconds: 1, difficulty: 0}}
  features: {mel: {size: [12, 16], n_mels: 12}}
  split: {fractions: [0.5, 0.25, 0.25]}
  evaluate: [test]
  metrics: [top1]
matrix:
  model: [majority, nearest]
  augmentation: [none, {label: masks, use: [frequency-mask]}]
  seed: [0]
"""
BENCHFILE = """
from benchmark import SklearnModel, hookimpl

class Nearest(SklearnModel):
    '''Nearest class mean.'''
    name = "nearest"

    def estimator(self, random_state):
        from sklearn.neighbors import NearestCentroid
        return NearestCentroid()

@hookimpl
def bench_models():
    return [Nearest]
"""
_NOT_DAMAGED = (".lock", ".log", ".pyc")


@dataclass(frozen=True)
class Ran:
    """How a command ended, and all that it said."""

    code: int
    said: str


@dataclass(frozen=True)
class Finished:
    """A project: its ``folder`` has the suite, results and cache, ``backup`` the same as they were at first."""

    folder: Path
    backup: Path

    @property
    def results(self) -> Path:
        return self.folder / "results" / "trial"

    def files(self) -> list[Path]:
        """Return all files of results and cache that hold anything."""
        files = (
            file
            for part in ("results", "cache")
            for file in sorted((self.folder / part).rglob("*"))
            if file.is_file()
        )
        return [file for file in files if file.stat().st_size and not file.name.endswith(_NOT_DAMAGED)]

    def restore(self) -> None:
        """Have everything be as it was at first, with its times."""
        for part in ("results", "cache"):
            shutil.rmtree(self.folder / part)
            shutil.copytree(self.backup / part, self.folder / part)

    def run(self) -> Ran:
        """Run the suite, which reports, in this process."""
        return bench(self.folder, "run", "suite.yaml", "--executor", "inline")

    def values(self) -> dict[str, pd.DataFrame]:
        """Return what the results say: predictions by cell, and the measures of the leaderboard."""
        cells = {folder.name: read_predictions(folder) for folder in self.cells()}
        board = pd.read_csv(self.results / "report" / "leaderboard.csv")
        return cells | {"leaderboard": board[[name for name in board.columns if "/" in name or name == "n"]]}

    def cells(self) -> list[Path]:
        """Return the folders of results that are in use."""
        return sorted(f for f in self.results.glob("*-*-*") if not f.name.startswith((".", "damaged-")))


def make_finished(folder: Path) -> Finished:
    """Write the project below ``folder``, run it, and keep a copy of what came of it."""
    place = folder / "project"
    place.mkdir(parents=True)
    (place / "suite.yaml").write_text(SUITE)
    (place / "benchfile.py").write_text(BENCHFILE)
    made = Finished(place, folder / "backup")
    ran = made.run()
    assert ran.code == 0, ran.said
    for part in ("results", "cache"):
        shutil.copytree(place / part, made.backup / part)
    return made


def bench(folder: Path, *arguments: str) -> Ran:
    """Run a command of ``bench`` in a project's folder; its reports have the formats that the environment asks for."""
    variables = _variables(BENCH_CACHE=str(folder / "cache"), BENCH_ENERGY="off", BENCH_TRUST="1")
    with chdir(folder), variables, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ran = CliRunner().invoke(cli, arguments)
    if isinstance(ran.exception, BenchError):
        return Ran(ran.exception.exit_code, f"{ran.output}{ran.exception}")
    if ran.exception is not None and not isinstance(ran.exception, SystemExit):
        raise ran.exception
    return Ran(ran.exit_code, ran.output)


def same(first: dict[str, pd.DataFrame], second: dict[str, pd.DataFrame]) -> bool:
    """Whether two projects' results have the same values."""
    return first.keys() == second.keys() and all(first[name].equals(second[name]) for name in first)


@contextmanager
def _variables(**values: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
