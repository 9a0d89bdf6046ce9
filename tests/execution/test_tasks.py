"""What comes of a task, in whichever process it is done."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from benchmark.exceptions import MESSAGE_LENGTH, Interrupted, TaskError, error_message, shortened
from benchmark.execution.executor import Inline
from benchmark.execution.tasks import Returned, perform, portable


class Awkward(Exception):
    """Cannot be made again from what its base class remembers of it."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} and {second}")


class Speechless(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no")


def raises(error: BaseException) -> None:
    raise error


@pytest.mark.parametrize("error", [SystemExit(0), GeneratorExit(), KeyboardInterrupt(), RuntimeError("r")])
def test_whatever_a_plugin_raises_is_how_its_task_ended(error: BaseException) -> None:
    outcomes = list(Inline().run(lambda step: step(), [(lambda: raises(error),), (lambda: 4,)], print))
    assert type(error).__name__ in f"{type(outcomes[0].error).__name__} {outcomes[0].error}"
    assert outcomes[1].value == 4


def test_a_person_who_stops_a_run_stops_it() -> None:
    with pytest.raises(KeyboardInterrupt):
        list(Inline().run(raises, [(Interrupted(),)], print))


def test_a_task_that_changes_the_folder_does_not_change_it_for_others(tmp_path: Path) -> None:
    here = os.getcwd()
    perform(os.chdir, (tmp_path,))
    assert os.getcwd() == here


@pytest.mark.parametrize("error", [Awkward("one", "two"), Speechless()])
def test_an_error_that_another_process_cannot_read_is_told_in_words(error: Exception) -> None:
    told = portable(Returned(error=error)).error
    # Where some libraries are imported, more errors can be read elsewhere than by themselves.
    assert isinstance(told, TaskError | Awkward)
    assert type(error).__name__ in f"{type(told).__name__}: {told}"


def test_an_error_that_another_process_can_read_stays_as_it_is() -> None:
    error = ValueError("so")
    assert portable(Returned(error=error)).error is error


def test_a_huge_message_is_cut_and_keeps_its_ends() -> None:
    text = error_message(ValueError("begin" + "x" * 100_000_000 + "end"))
    assert len(text) < MESSAGE_LENGTH + 100
    assert text.startswith("begin")
    assert text.endswith("end")
    assert shortened("short", 10) == "short"


def test_inline_uses_as_many_threads_as_it_is_told_and_gives_them_back() -> None:
    before = os.environ.get("OMP_NUM_THREADS")

    def seen(*nothing: Any) -> str | None:
        return os.environ.get("OMP_NUM_THREADS")

    with Inline(threads=3) as executor:
        (outcome,) = executor.run(seen, [()], print)
    assert outcome.value == "3"
    assert os.environ.get("OMP_NUM_THREADS") == before
