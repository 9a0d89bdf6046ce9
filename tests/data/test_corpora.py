"""How often corpora are loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.data.corpora import keeping_corpora, kept_corpora
from benchmark.locations import Locations
from benchmark.plugin.manager import load_registry

DATASET = """
import os
from benchmark import Dataset, hookimpl
from bench_datasets.synthetic import Synthetic

class Told(Synthetic):
    '''Synthetic music that tells of each time that it is loaded.'''
    name = "told"
    def load(self, locations):
        with open(os.environ["LOADS"], "a") as file:
            file.write(f"{os.getpid()}\\n")
        return super().load(locations)

@hookimpl
def bench_datasets():
    return [Told]
"""


def test_tasks_of_one_run_share_what_is_loaded_and_those_of_another_do_not(tmp_path: Path) -> None:
    registry, here, there = load_registry(None), Locations(cache=tmp_path), Locations(cache=tmp_path / "b")
    with keeping_corpora():
        first = kept_corpora(registry, here)
        assert kept_corpora(registry, Locations(cache=tmp_path)) is first
        assert kept_corpora(registry, there) is not first
    with keeping_corpora():
        assert kept_corpora(registry, here) is not first
    assert kept_corpora(registry, here) is not kept_corpora(registry, here)


@pytest.mark.slow
def test_cells_of_a_run_load_their_corpus_once_inline(project) -> None:
    log = told(project)
    ran = project.bench("run", "suite.yaml", "--executor", "inline")
    assert ran.code == 0, ran.err
    # The plan's, and that of all four cells.
    assert len(log.read_text().split()) == 2


@pytest.mark.slow
def test_each_worker_loads_a_corpus_once(project) -> None:
    log = told(project)
    ran = project.bench("run", "suite.yaml", "--jobs", "1")
    assert ran.code == 0, ran.err
    loads = log.read_text().split()
    assert len(loads) == len(set(loads)) == 2


def told(project) -> Path:
    """Have a project's suite use a dataset that tells of each time that it is loaded; return where it does."""
    code = (project.folder / "benchfile.py").read_text()
    (project.folder / "benchfile.py").write_text(code + DATASET)
    suite = (project.folder / "suite.yaml").read_text()
    project.write(suite.replace("{synthetic:", "{told:"))
    log = project.folder / "loads"
    project.environment["LOADS"] = str(log)
    return log
