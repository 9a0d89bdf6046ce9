"""How much memory a worker may have."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.exceptions import UsageError
from benchmark.execution.memory import _limits, growth_limit, memory_here


def test_workers_share_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BENCH_WORKER_GROWTH", raising=False)
    assert growth_limit(1) == memory_here() // 4
    assert growth_limit(4) == pytest.approx(growth_limit(1) / 4, abs=1)


def test_a_limit_that_is_given_holds_for_each_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_WORKER_GROWTH", "250")
    assert growth_limit(1) == growth_limit(8) == 250_000_000


@pytest.mark.parametrize("given", ["much", "0", "-5", "nan"])
def test_what_is_no_limit_is_refused_in_words(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_WORKER_GROWTH", given)
    with pytest.raises(UsageError, match="no number of MB"):
        growth_limit(1)


def test_limits_of_containers_and_jobs_are_read_of_both_kinds_of_groups(tmp_path: Path) -> None:
    (tmp_path / "job" / "step").mkdir(parents=True)
    (tmp_path / "job" / "memory.max").write_text("8000\n")
    (tmp_path / "job" / "step" / "memory.max").write_text("max\n")
    (tmp_path / "memory" / "older").mkdir(parents=True)
    (tmp_path / "memory" / "older" / "memory.limit_in_bytes").write_text("9000\n")
    assert list(_limits("0::/job/step\n", tmp_path)) == [8000]
    assert list(_limits("5:cpu,memory:/older\n2:cpu:/x\n", tmp_path)) == [9000]
    assert list(_limits("", tmp_path)) == []


def test_a_container_that_sees_its_own_group_as_the_root_has_its_limit(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("7000\n")
    assert list(_limits("0::/outside/name\n", tmp_path)) == [7000]
