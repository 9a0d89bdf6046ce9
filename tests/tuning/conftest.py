from __future__ import annotations

import shutil

import pytest
from projects import make_project
from tuning_toys import BENCHFILE, SUITE


@pytest.fixture
def tuned(project):
    """Return a project with a suite of which one row is tuned, and a model for it that needs no time."""
    return tuned_project(project)


def tuned_project(project):
    # Of what tests here change, these have something to say.
    project.sections = ("leaderboard", "studies", "audit", "cells")
    project.write(SUITE)
    (project.folder / "benchfile.py").write_text(BENCHFILE)
    project.environment["TOY_LOG"] = str(project.folder / "log")
    return project


@pytest.fixture(scope="session")
def studied_once(tmp_path_factory, cache):
    """Return such a project whose suite has been run, and how that ended. Nothing is to be changed in it."""
    made = tuned_project(make_project(tmp_path_factory.mktemp("studied"), cache))
    return made, made.bench("run", "suite.yaml", "--executor", "inline")


@pytest.fixture
def studied(tuned, studied_once):
    """Return a project of a test's own whose suite has been run."""
    made, _ = studied_once
    shutil.copytree(made.folder / "results", tuned.folder / "results")
    shutil.copy(made.folder / "log", tuned.folder / "log")
    return tuned
