"""Global random numbers: nobody else draws from those of a cell."""

from __future__ import annotations

import pickle
import random
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from benchmark.isolation import install, isolated, reseeded

install()


@contextmanager
def drawing() -> Iterator[None]:
    """Have another thread draw from the global generators all the time, as those of libraries do now and then."""
    ended, begun = threading.Event(), threading.Event()

    def draw() -> None:
        while not ended.is_set():
            random.random()
            random.shuffle([1, 2, 3])
            np.random.rand()
            np.random.seed(random.getrandbits(32))
            begun.set()

    thread = threading.Thread(target=draw)
    thread.start()
    begun.wait()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def draws() -> list[float]:
    drawn = []
    for _ in range(2000):
        drawn += [random.random(), random.randint(0, 10**9), random.gauss(0, 1)]
        drawn += [float(np.random.rand()), float(np.random.normal()), float(np.random.permutation(9)[0])]
    return drawn


def alone(seed: int) -> list[float]:
    with isolated(seed):
        return draws()


@pytest.mark.slow
@pytest.mark.parametrize("lend", [isolated, reseeded])
def test_draws_depend_on_the_seed_alone_while_another_thread_draws(lend) -> None:
    with drawing():
        seen = []
        for seed in (5, 5, 6):
            with lend(seed):
                seen.append(draws())
    assert seen[0] == seen[1] != seen[2]
    assert alone(5) == seen[0]


@pytest.mark.parametrize("lend", [isolated, reseeded])
def test_a_generator_without_a_seed_gets_one_in_a_cell_and_none_outside(lend) -> None:
    def made() -> list[int]:
        return [int(np.random.default_rng().integers(2**62)) for _ in range(2)]

    seen = []
    for seed in (5, 5, 6):
        with drawing(), lend(seed):
            seen.append(made())
    assert seen[0] == seen[1] != seen[2]
    assert seen[0][0] != seen[0][1]
    np.random.seed(1)
    first = made()
    np.random.seed(1)
    assert made() != first
    assert np.random.default_rng(3).random() == np.random.Generator(np.random.PCG64(3)).random()


def test_the_numbers_are_those_of_a_seeded_process() -> None:
    code = "import random, numpy; random.seed(5); numpy.random.seed(5); print(random.random(), numpy.random.rand())"
    plain = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    with isolated(5):
        assert plain.split() == [str(random.random()), str(np.random.rand())]


def test_generators_are_left_as_they_were() -> None:
    states = random.getstate(), np.random.get_state()[1].tolist()
    for lend in (isolated, reseeded):
        with lend(1):
            draws()
    assert (random.getstate(), np.random.get_state()[1].tolist()) == states


def test_a_call_of_a_plugin_takes_no_draws_from_the_cell_around_it() -> None:
    with isolated(3):
        expected = [random.random(), random.random(), np.random.rand(), np.random.rand()]
    with isolated(3):
        first = [random.random()], [np.random.rand()]
        with reseeded(4):
            draws()
        assert [*first[0], random.random(), *first[1], np.random.rand()] == expected


def test_what_the_cell_took_hold_of_before_is_its_own_too() -> None:
    code = textwrap.dedent("""
        from random import random, shuffle
        from numpy.random import rand
        import random as module, threading, time
        from benchmark.isolation import isolated
        threading.Thread(target=lambda: [module.random() for _ in range(10**9)], daemon=True).start()
        def drawn():
            with isolated(2):
                order = list(range(9))
                shuffle(order)
                return [order] + [(random(), rand()) for _ in range(20000)]
        print(drawn() == drawn() != [])
    """)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"


def test_threads_of_the_cell_draw_from_the_cells_generators() -> None:
    def in_a_thread(seed: int) -> list[float]:
        drawn: list[float] = []
        with isolated(seed):
            thread = threading.Thread(target=lambda: drawn.extend(draws()))
            thread.start()
            thread.join()
        return drawn

    with drawing():
        assert in_a_thread(5) == in_a_thread(5)
    assert in_a_thread(5) == alone(5)


def test_two_cells_in_two_threads_have_the_numbers_that_they_have_alone() -> None:
    drawn: dict[int, list[float]] = {}
    barrier = threading.Barrier(2)

    def cell(seed: int) -> None:
        with isolated(seed):
            barrier.wait()
            drawn[seed] = draws()
            barrier.wait()

    threads = [threading.Thread(target=cell, args=(seed,)) for seed in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert drawn == {seed: alone(seed) for seed in (1, 2)}


def test_the_functions_are_pickled_by_name() -> None:
    with isolated(0):
        for function in (random.random, random.shuffle, np.random.rand, np.random.default_rng):
            assert pickle.loads(pickle.dumps(function)) is function
