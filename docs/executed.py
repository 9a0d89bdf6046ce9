"""Notebooks of the documentation: run, with what their cells give kept in them, and shown as pages.

``python docs/executed.py docs/results.ipynb`` runs one anew. A test does too, and compares. This is as much of Jupyter
as they need, so that neither tests nor the site need Jupyter.
"""

from __future__ import annotations

import ast
import base64
import io
import json
import re
import sys
from contextlib import chdir, redirect_stdout
from pathlib import Path
from typing import Any

Cell = dict[str, Any]
# To another page; what has a scheme, or is a place on this page, is left as it is.
_LINK = re.compile(r"\]\((?=[\w./-]+\.md)")
_METADATA = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}


def executed(notebook: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return a notebook with its cells run in ``folder``, one after another, in one namespace."""
    names: dict[str, Any] = {"__name__": "__main__"}
    cells, count = [], 0
    with chdir(folder):
        for cell in notebook["cells"]:
            made = {**cell, "metadata": {}}
            if cell["cell_type"] == "code":
                count += 1
                made |= {"execution_count": count, "outputs": _outputs("".join(cell["source"]), names, count)}
            cells.append(made)
    return {"cells": cells, "metadata": _METADATA, "nbformat": 4, "nbformat_minor": 4}


def page(notebook: dict[str, Any], up: str = "") -> str:
    """Return a notebook as a page in Markdown; ``up`` leads from the page to the notebook's folder."""
    parts = []
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(_LINK.sub(f"]({up}", source))
        else:
            parts.append(f"```python\n{source}\n```")
        parts += [_shown(output) for output in cell.get("outputs", ())]
    return "\n\n".join(parts) + "\n"


def read(file: Path) -> dict[str, Any]:
    """Return the notebook in a file."""
    notebook: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return notebook


def write(notebook: dict[str, Any], file: Path) -> None:
    """Write a notebook as Jupyter does."""
    file.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _outputs(source: str, names: dict[str, Any], count: int) -> list[dict[str, Any]]:
    """Run a cell; return what it prints, and the value of its last expression."""
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed, value = io.StringIO(), None
    with redirect_stdout(printed):
        exec(compile(tree, "<cell>", "exec"), names)  # noqa: S102
        if isinstance(last, ast.Expr) and not source.rstrip().endswith(";"):
            value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), names)  # noqa: S307
        elif isinstance(last, ast.Expr):
            exec(compile(ast.Module([last], []), "<cell>", "exec"), names)  # noqa: S102
    outputs: list[dict[str, Any]] = []
    if printed.getvalue():
        outputs.append({"output_type": "stream", "name": "stdout", "text": _lines(printed.getvalue())})
    if value is not None:
        outputs.append(
            {"output_type": "execute_result", "execution_count": count, "metadata": {}, "data": _data(value)}
        )
    return outputs


def _data(value: Any) -> dict[str, Any]:
    if hasattr(value, "savefig"):
        picture = io.BytesIO()
        # Without a date, the same figure is the same file.
        value.savefig(picture, format="svg", bbox_inches="tight", metadata={"Date": None})
        return {"image/svg+xml": _lines(picture.getvalue().decode()), "text/plain": ["<Figure>"]}
    data = {"text/plain": _lines(repr(value))}
    if hasattr(value, "_repr_html_"):
        data["text/html"] = _lines(value._repr_html_())
    return data


def _shown(output: dict[str, Any]) -> str:
    if output["output_type"] == "stream":
        return f"```text\n{''.join(output['text']).rstrip()}\n```"
    data = {kind: "".join(text) for kind, text in output["data"].items()}
    if "image/svg+xml" in data:
        drawn = base64.b64encode(data["image/svg+xml"].encode()).decode()
        return f'<img alt="The figure that this code draws" src="data:image/svg+xml;base64,{drawn}">'
    if "text/html" in data:
        # Markdown takes an empty line for the end of HTML.
        return "\n".join(line for line in data["text/html"].splitlines() if line.strip())
    return f"```text\n{data['text/plain'].rstrip()}\n```"


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        place = Path(name).resolve()
        write(executed(read(place), place.parent), place)
