"""Programs of tests, each run in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from projects import NETWORKS
from warm import WarmProcess, can_be_warm

# Where programs find the modules that tests share.
SUPPORT = str(Path(__file__).parent)
# Says which backend is named, which Keras takes, and whether two cells draw the same. Libraries are imported within the
# first of them.
NAMED_AND_DRAWN = """
import gc, random, sys
import numpy
# It would look for garbage in what is imported.
gc.disable()
from benchmark.backend import asked_backend
from benchmark.isolation import isolated
named = asked_backend()
def drawn():
    with isolated(2):
        if "keras" not in sys.modules:
            # As what is imported with it may.
            random.random(), numpy.random.rand()
        import keras
        numbers = [float(keras.random.uniform(())), random.random(), float(numpy.random.rand())]
        if named == "tensorflow":
            import tensorflow as tf
            numbers.append(float(tf.random.uniform(())))
        return numbers
first = drawn()
import keras
print("BACKEND", named, keras.backend.backend(), drawn() == first)
"""


def built_by_pip() -> list[str]:
    """Return how pip is asked to build or install a package from its source: with the backend that is here, if it is.

    Otherwise it gets one into an environment of its own, which takes four times as long.
    """
    return ["--quiet", "--no-deps", *(["--no-build-isolation"] if find_spec("hatchling") else [])]


def said_by(
    program: str,
    folder: Path,
    *arguments: str,
    libraries: tuple[str, ...] = NETWORKS,
    environment: Mapping[str, str] = os.environ,
) -> str:
    """Run a program that need not import ``libraries``, nor what needs no backend, and return what it printed.

    The ``environment`` differs from that of the tests in what none of those read when they are imported.
    """
    ours, its = ({**variables, "TF_CPP_MIN_LOG_LEVEL": "3"} for variables in (os.environ, environment))
    process: subprocess.Popen[str] | WarmProcess
    if can_be_warm(ours):
        process = WarmProcess(arguments, folder, its, libraries, program)
    else:
        process = subprocess.Popen(
            [sys.executable, "-c", program, *arguments],
            cwd=folder, env=its, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
    said, err = process.communicate(timeout=300)
    assert process.returncode == 0, err[-3000:]
    return said
