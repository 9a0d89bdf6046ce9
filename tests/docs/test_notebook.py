"""The notebook of the documentation gives what stands in it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
NOTEBOOK = DOCS / "results.ipynb"
if not NOTEBOOK.is_file():
    pytest.skip("the documentation is not here", allow_module_level=True)


def told(code: str) -> dict:
    """Return what a program prints that has the tools of the documentation; it may change how figures are drawn."""
    start = "import json; from pathlib import Path; from executed import executed, page, read;"
    done = subprocess.run(
        [sys.executable, "-c", f"{start} print(json.dumps({code}))"],
        cwd=DOCS, capture_output=True, text=True, timeout=500, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def outputs(notebook: dict) -> list[dict]:
    """Return what the cells give; of a figure nothing but its texts, which another version of the library draws too."""
    given = []
    for cell in notebook["cells"]:
        for output in cell.get("outputs", ()):
            data = {kind: "".join(text) for kind, text in output.get("data", {}).items()}
            if "image/svg+xml" in data:
                data["image/svg+xml"] = " ".join(re.findall(r">([^<>]+)</text>", data["image/svg+xml"]))
            given.append({"text": "".join(output.get("text", ())), **data})
    return given


@pytest.mark.slow
def test_run_again_it_gives_what_stands_in_it() -> None:
    stored = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    again = told("executed(read(Path('results.ipynb')), Path('.'))")
    assert outputs(again) == outputs(stored)
    assert "majority" in outputs(stored)[-1]["image/svg+xml"]
    code = [cell for cell in stored["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert sum(bool(cell["outputs"]) for cell in code) == len(code) >= 5


def test_its_page_has_its_text_its_code_and_its_tables() -> None:
    page = told("page(read(Path('results.ipynb')), '../')")
    assert "print(results.name" in page
    assert "](../sharing.md#in-python-and-in-notebooks)" in page
    assert page.count("<table") == 3
    assert 'src="data:image/svg+xml;base64,' in page
    for name in page.split("](../")[1:]:
        assert (DOCS / name.partition(")")[0].partition("#")[0]).is_file()
