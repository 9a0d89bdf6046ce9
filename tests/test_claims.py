"""Claims, as processes, machines and clocks see them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from benchmark.claims import Claims, Owner, holdings, is_held, owners, process_start, this_process
from benchmark.exceptions import UsageError


def stranger(folder: Path, name: str, *held: str, count: int = 0, **known: object) -> Path:
    """Write what the owner of some claims would have written, and return its file."""
    owner = replace(Owner(name), **known)  # type: ignore[arg-type]
    folder.mkdir(exist_ok=True)
    for claim in held:
        (folder / claim / name).mkdir(parents=True)
    file = folder / name
    file.write_text(f"{count:>12}\n{json.dumps(asdict(owner))}\n")
    return file


def wait_for(condition, seconds: float = 60) -> None:
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, "it did not happen in time"
        time.sleep(0.02)


def test_a_name_has_one_holder_until_it_is_released(tmp_path: Path) -> None:
    with Claims(tmp_path / "c") as one, Claims(tmp_path / "c") as two:
        place = one.take("cell")
        assert place is not None
        assert is_held(place)
        assert two.take("cell") is None
        assert one.take("cell") is None
        assert two.is_taken("cell")
        (held,) = holdings(tmp_path / "c")
        assert (held.name, held.owner.name, held.owner.pid) == ("cell", one.owner, os.getpid())
        one.release("cell")
        assert not is_held(place)
        assert two.take("cell") is not None


def test_of_many_who_claim_at_once_one_gets_each_name_and_nothing_is_left(tmp_path: Path) -> None:
    got: list[str] = []

    def claim_all() -> None:
        with Claims(tmp_path / "c") as mine:
            barrier.wait()
            for number in range(60):
                if mine.take(f"cell-{number}"):
                    got.append(f"cell-{number}")
            barrier.wait()

    barrier = threading.Barrier(6)
    threads = [threading.Thread(target=claim_all) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == sorted(f"cell-{number}" for number in range(60))
    assert not (tmp_path / "c").exists()


def test_whoever_waits_for_a_name_gets_it_next(tmp_path: Path) -> None:
    with Claims(tmp_path / "c") as one, Claims(tmp_path / "c") as two:
        one.take("study")
        threading.Timer(0.2, one.release, ["study"]).start()
        with two.held("study"):
            assert one.take("study") is None
        assert one.take("study") is not None


HOLD = """
import os, sys
from pathlib import Path
from benchmark.claims import Claims
with Claims(Path(sys.argv[1])) as claims:
    for name in sys.argv[2:]:
        claims.take(name)
    print(claims.owner, flush=True)
    sys.stdin.read()
"""


def hold(folder: Path, *names: str, lease: str = "60") -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(HOLD), str(folder), *names],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "BENCH_LEASE": lease},
    )  # fmt: skip
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def test_what_a_killed_process_of_this_machine_held_is_free_at_once(tmp_path: Path) -> None:
    process, _ = hold(tmp_path / "c", "a", "b")
    with Claims(tmp_path / "c") as mine:
        assert [owner.pid for owner in mine.reap()] == [process.pid]
        assert mine.take("a") is None
        process.kill()
        # It is a zombie until somebody asks how it ended: as dead as any other.
        wait_for(lambda: not mine.reap())
        assert mine.take("a") is not None
        assert mine.take("b") is not None
    process.communicate()
    assert not (tmp_path / "c").exists()


@pytest.mark.slow
def test_who_was_stopped_for_longer_than_its_lease_has_lost_what_it_held_and_goes_on_under_another_name(
    tmp_path: Path,
) -> None:
    process, owner = hold(tmp_path / "c", "a", lease="1")
    process.send_signal(signal.SIGSTOP)
    with Claims(tmp_path / "c", lease=1) as mine:
        wait_for(lambda: not mine.reap())
        assert mine.take("a") is not None
        process.send_signal(signal.SIGCONT)
        wait_for(lambda: [each for each in mine.reap() if each.name != owner and each.pid == process.pid])
        assert mine.is_taken("a")
        process.communicate("")
        assert [each.name for each in owners(tmp_path / "c")] == [mine.owner]


@pytest.mark.slow
def test_a_living_owner_keeps_its_claims_for_many_leases(tmp_path: Path) -> None:
    process, owner = hold(tmp_path / "c", "a", lease="1")
    with Claims(tmp_path / "c", lease=1) as mine:
        until = time.monotonic() + 3
        while time.monotonic() < until:
            assert [each.name for each in mine.reap()] == [owner]
            assert mine.take("a") is None
            time.sleep(0.1)
    process.communicate("")


def elsewhere(**more: object) -> dict[str, object]:
    return {**this_process(), "host": "node7", "boot": "another", "machine": "another", **more}


def test_an_owner_elsewhere_that_stops_to_beat_is_dead_after_its_lease_by_the_clock_of_who_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr("benchmark.claims.claims.awake_seconds", lambda: now)
    file = stranger(
        tmp_path / "c", "owner-0", "a", lease=30.0, since="2031-01-01T00:00:00+00:00", **elsewhere_less()
    )
    # Its clock is years ahead, and that of its disk is years behind.
    os.utime(file, (0, 0))
    with Claims(tmp_path / "c") as mine:
        assert len(mine.reap()) == 1
        now += 29
        assert len(mine.reap()) == 1
        stranger(tmp_path / "c", "owner-0", count=1, lease=30.0, **elsewhere_less())
        now += 29
        assert len(mine.reap()) == 1
        assert mine.take("a") is None
        now += 31
        assert mine.reap() == []
        assert mine.take("a") is not None


def elsewhere_less() -> dict[str, object]:
    return {name: value for name, value in elsewhere().items() if name != "since"}


def test_the_number_of_a_dead_process_that_another_one_has_now_does_not_keep_it_alive(tmp_path: Path) -> None:
    here = this_process()
    stranger(tmp_path / "c", "owner-0", "a", **{**here, "started": "1"})
    stranger(tmp_path / "c", "owner-1", "b", **here)
    with Claims(tmp_path / "c") as mine:
        assert [each.name for each in mine.reap()] == ["owner-1"]
        assert mine.take("a") is not None
        assert mine.take("b") is None


@pytest.mark.parametrize(
    ("change", "dead"),
    [
        ({"boot": "before"}, True),  # This machine was started anew.
        ({"boot": "before", "machine": "other"}, False),  # Another one that is called the same.
        ({"boot": "before", "host": "other"}, False),
        ({"processes": "pid:[7]", "pid": 4_000_000}, False),  # In a container, numbers are its own.
        ({"pid": 4_000_000}, True),
        ({"boot": ""}, False),
    ],
)
def test_only_what_is_known_of_this_machine_is_known_at_once(change: dict[str, object], dead: bool) -> None:
    here = this_process()
    if not here["boot"] or not here["machine"]:
        pytest.skip("this system does not say which machine it is, or when it started")
    assert replace(Owner("owner-0"), **{**here, **change}).is_gone() is dead


def test_an_owner_whose_file_was_cut_off_is_left_to_its_lease(tmp_path: Path) -> None:
    file = stranger(tmp_path / "c", "owner-0", "a")
    file.write_text("      ")
    with Claims(tmp_path / "c") as mine:
        assert [each.name for each in mine.reap()] == ["owner-0"]
        assert mine.take("a") is None


def test_who_looks_changes_nothing(tmp_path: Path) -> None:
    stranger(tmp_path / "c", "owner-0", "a", **{**this_process(), "pid": 4_000_000})
    before = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*"))
    assert [each.name for each in holdings(tmp_path / "c")] == ["a"]
    assert [each.name for each in owners(tmp_path / "c")] == ["owner-0"]
    assert holdings(tmp_path / "nothing") == owners(tmp_path / "nothing") == []
    assert sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*")) == before


def test_a_lease_that_is_no_number_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_LEASE", "soon")
    with pytest.raises(UsageError, match="BENCH_LEASE='soon': write a number of seconds"):
        Claims(tmp_path)


def test_a_process_has_a_start_as_long_as_it_runs() -> None:
    if not process_start(os.getpid()):
        pytest.skip("this system has no /proc")
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert process_start(process.pid)
    process.communicate(b"\n")
    assert not process_start(process.pid)
