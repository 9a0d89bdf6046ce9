"""The documentation site: ``tox -e docs``, or ``sphinx-build -W --keep-going -b html docs site``."""

import re
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from generate import write_reference  # noqa: E402

project = "genrebench"
author = "genrebench"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = "genrebench"
# Headings are linked to as GitHub does it, so that pages work there too.
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]
exclude_patterns = ["_build"]
autodoc_member_order = "bysource"
autodoc_typehints = "description"
napoleon_google_docstring = True
# Nothing is asked of the network, neither when the site is made nor when it is read.
html_static_path: list[str] = []
suppress_warnings = [
    # Blocks without a language are commands.
    "misc.highlighting_failure",
    # Annotations name types that modules import for type checkers alone.
    "sphinx_autodoc_typehints.forward_reference",
    "sphinx_autodoc_typehints.guarded_import",
    "ref.python",
]

write_reference(HERE / "reference")


def plain_stars(app: Any, what: str, name: str, found: Any, options: Any, lines: list[str]) -> None:
    """Have shapes such as ``(n, *shape)`` say what they say: a star in plain text is no emphasis."""
    lines[:] = [re.sub(r"(?<=[(\s])(\*+)(?=\w)", r"\\\1", line) for line in lines]


def setup(app: Any) -> None:
    """Register what this site does to docstrings."""
    app.connect("autodoc-process-docstring", plain_stars)
