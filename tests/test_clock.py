from __future__ import annotations

import time

from benchmark.clock import AwakeClock


def test_a_long_pause_counts_as_a_short_one(monkeypatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    clock = AwakeClock(longest=5)
    for _ in range(3):
        now[0] += 1
        assert clock.seconds() <= 3
    now[0] += 7200
    assert clock.seconds() == 8
    now[0] += 2
    assert clock.seconds() == 10
