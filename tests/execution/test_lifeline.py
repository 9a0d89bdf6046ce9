"""Who is to end with another process does so."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import psutil
import pytest

from benchmark.execution.lifeline import watch

# Starts a child that dies with it and then holds Python's lock in native code for as long as it lives.
CHILD = """
import ctypes, os, sys
from benchmark.execution import lifeline
if sys.argv[2] == "portable":
    lifeline._die_by_kernel = lambda: False
lifeline.die_with(int(sys.argv[1]))
print("ready", flush=True)
ctypes.PyDLL(None).sleep(1000)
"""
PARENT = f"""
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", {CHILD!r}, str(os.getpid()), sys.argv[1]], stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
time.sleep(1000)
"""


def is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def wait_until_gone(pid: int, seconds: float = 60) -> None:
    limit = time.monotonic() + seconds
    while not is_gone(pid):
        assert time.monotonic() < limit, f"process {pid} is still there"
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["portable", pytest.param("kernel", marks=pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only Linux does this by itself"))])  # fmt: skip
def test_a_process_in_native_code_ends_with_its_parent(way: str) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT, way], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert not is_gone(child)
    parent.kill()
    parent.communicate()
    wait_until_gone(child)


@pytest.mark.slow
def test_whoever_watches_a_process_goes_when_it_is_gone() -> None:
    sleeper = subprocess.Popen(["sleep", "1000"])
    watcher = watch(os.getpid(), sleeper.pid)
    sleeper.kill()
    sleeper.wait()
    watcher.wait(timeout=60)
