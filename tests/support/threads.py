"""Files looked at by threads, where the processes that do it in users' hands are not the point."""

from __future__ import annotations

import pytest

from benchmark.data.looking import THREADS


def look_in_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no processes be started that look at files, by commands that run in the process of the tests."""
    monkeypatch.setattr("benchmark.execution.looking.in_local_workers", lambda *_, **__: THREADS)
