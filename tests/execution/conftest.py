from __future__ import annotations

import pytest
from projects import FEW_SECTIONS, Project


@pytest.fixture
def project(project: Project) -> Project:
    """Return a project whose reports, which are made by the way, have what they say of cells and little else."""
    project.sections = FEW_SECTIONS
    return project
