from __future__ import annotations

import gc
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from memory import keep_files_in_memory, remove_at_end

# Before anything looks up where they are.
keep_files_in_memory()

from projects import NETWORKS, Project, make_project  # noqa: E402
from warm import warm_workers as with_warm_workers  # noqa: E402

from benchmark.garbage import look_seldom  # noqa: E402

# A shell that runs the tests in its background has them ignore Ctrl-C, and with them all that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The benchfiles here are the tests' own. Tests of what is asked before one runs take this away.
os.environ["BENCH_TRUST"] = "1"
# It has a plugin for tests of asynchronous code, which imports trio.
os.environ["HYPOTHESIS_NO_PLUGINS"] = "1"
# Figures drawn by Matplotlib take longer than all else that a small run does. Tests of them ask for all formats.
os.environ["BENCH_FORMAT"] = "md,html,csv,tex"
# A process that watches energy looks at its hardware first, for one to two seconds. Tests of that take this away.
os.environ["BENCH_ENERGY"] = "off"
# What tests write need not outlive a power cut; power.py records what is really synced.
os.fsync = lambda fd: None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[object]:
    """Have the garbage collector leave alone what lasts as long as the tests: libraries, and the tests themselves.

    It would go through millions of objects again and again, which takes a second each time.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        # What is garbage by now stays as well: to look for it takes longer than it is worth.
        gc.freeze()
        # As ``bench`` and its workers do.
        look_seldom()
        gc.enable()


def pytest_sessionfinish(exitstatus: int) -> None:
    """Leave temporary files where tests have failed only."""
    if exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        remove_at_end()


def pytest_runtest_setup() -> None:
    """Have it leave alone TensorFlow and Keras too, which tests import: Keras asks for garbage at each network."""
    if "tensorflow" in sys.modules and "keras" in sys.modules:
        _leave_alone_what_is_there()


@cache
def _leave_alone_what_is_there() -> None:
    gc.collect()
    gc.freeze()


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
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return tmp_path_factory.mktemp("cache")
    # Beside the folders of xdist's workers, for all of them.
    folder = tmp_path_factory.getbasetemp().parent / "cache"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture
def project(tmp_path: Path, cache: Path) -> Project:
    """Return a project with a small suite of two models that need no TensorFlow."""
    return make_project(tmp_path, cache)


@pytest.fixture
def network_project(project: Project) -> Project:
    """Return such a project for models that need TensorFlow: it is imported before they are."""
    project.libraries = NETWORKS
    return project


@pytest.fixture
def warm_workers() -> Iterator[None]:
    """Have worker processes that a test starts in its own process be forked: they need not import anything."""
    with with_warm_workers():
        yield


@pytest.fixture(scope="session")
def finished_once(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Project:
    """Return such a project whose suite has been run. Nothing is to be changed in it."""
    made = make_project(tmp_path_factory.mktemp("finished"), cache)
    ran = made.bench("run", "suite.yaml", "--executor", "inline")
    assert ran.code == 0, ran.err
    return made


@pytest.fixture
def finished(project: Project, finished_once: Project) -> Project:
    """Return a project of a test's own whose suite has been run."""
    shutil.copytree(finished_once.folder / "results", project.folder / "results")
    return project


@pytest.fixture(scope="module")
def module_project(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Project:
    """Return such a project that the tests of a module share."""
    return make_project(tmp_path_factory.mktemp("project"), cache)
