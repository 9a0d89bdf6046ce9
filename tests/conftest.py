from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

# A shell that runs the tests in its background has them ignore Ctrl-C, and with them all that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The benchfiles here are the tests' own. Tests of what is asked before one runs take this away.
os.environ["BENCH_TRUST"] = "1"

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


@dataclass
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str


@dataclass
class Project:
    """A folder with a suite and its own plugin code, in which ``bench`` is run as a user would."""

    folder: Path
    cache: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def results(self) -> Path:
        return self.folder / "results" / "trial"

    def write(self, text: str = SUITE, name: str = "suite.yaml") -> None:
        (self.folder / name).write_text(textwrap.dedent(text))

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-c", "from benchmark.cli.main import main; main()", *arguments]

    def variables(self) -> dict[str, str]:
        quick = {"BENCH_CACHE": str(self.cache), "TF_CPP_MIN_LOG_LEVEL": "3", "BENCH_ENERGY": "off"}
        own = {"XDG_STATE_HOME": str(self.folder / "state")}
        return {**os.environ, **quick, **own, **self.environment}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*arguments), cwd=self.folder, env=self.variables(), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def bench(self, *arguments: str, timeout: float = 300) -> Ran:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=timeout)
        return Ran(process.returncode, out, err)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of reference data beside the checkout, or skip."""
    folder = Path(__file__).resolve().parents[1].parent / "shared"
    if not folder.is_dir():
        pytest.skip("the reference data beside the checkout are not here")
    return folder


@pytest.fixture(scope="module")
def driver() -> Iterator[Any]:
    """Yield a real browser that keeps its log and its requests, or skip where there is none."""
    chromium, chromedriver = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")
    if not (chromium.exists() and chromedriver.exists()):
        pytest.skip("chromium and chromedriver are not here")
    webdriver = pytest.importorskip("selenium.webdriver")
    options = webdriver.ChromeOptions()
    options.binary_location = str(chromium)
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    started = webdriver.Chrome(options=options, service=webdriver.chrome.service.Service(str(chromedriver)))
    yield started
    started.quit()


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a cache folder that tests share, so that data and features are made once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def project(tmp_path: Path, cache: Path) -> Project:
    """Return a project with a small suite of two models that need no TensorFlow."""
    return make_project(tmp_path, cache)


@pytest.fixture(scope="module")
def module_project(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Project:
    """Return such a project that the tests of a module share."""
    return make_project(tmp_path_factory.mktemp("project"), cache)


def make_project(folder: Path, cache: Path) -> Project:
    made = Project(folder, cache)
    made.write()
    (folder / "benchfile.py").write_text(BENCHFILE)
    return made
