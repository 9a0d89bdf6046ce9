from __future__ import annotations

import pytest
from tuning_toys import BENCHFILE, SUITE


@pytest.fixture
def tuned(project):
    """Return a project with a suite of which one row is tuned, and a model for it that needs no time."""
    project.write(SUITE)
    (project.folder / "benchfile.py").write_text(BENCHFILE)
    project.environment["TOY_LOG"] = str(project.folder / "log")
    return project
