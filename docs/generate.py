"""The pages of the reference that are made of docstrings, schemas and the command line itself."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any, get_args

import click
from executed import page, read

import benchmark
from benchmark.cli.explain import PAGE
from benchmark.cli.main import VERBS, cli
from benchmark.plugin.component import Kind
from benchmark.plugin.manager import Plugins
from benchmark.plugin.parameters import Parameter, parameters_of
from benchmark.settings import SETTINGS, LeaderboardSettings

HEADINGS = {
    "dataset": "Datasets", "audio": "Audio formats", "features": "Features", "augmentation": "Augmentations",
    "corruption": "Corruptions", "model": "Models", "metric": "Metrics",
}  # fmt: skip


def write_reference(folder: Path) -> None:
    """Write the generated pages into ``folder``."""
    folder.mkdir(exist_ok=True)
    pages = {
        "components.md": components_page(),
        "settings.md": settings_page(),
        "commands.md": commands_page(),
        "errors.md": PAGE.read_text(encoding="utf-8"),
        "api.rst": api_page(),
        "notebook.md": page(read(folder.parent / "results.ipynb"), "../"),
    }
    for name, text in pages.items():
        file = folder / name
        # An equal page keeps its time, by which Sphinx knows that it need not be read again.
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")


def components_page() -> str:
    """Return all components of the installed plugins with what they say of themselves and their parameters."""
    registry = Plugins().registry
    parts = ["# Components", "All that comes with genrebench, as `bench plugins show NAME` says it too."]
    for kind in get_args(Kind):
        parts.append(f"## {HEADINGS[kind]}")
        for name in registry.names(kind):
            component = registry.offer(kind, name).component
            parts += [f"### {name}", _prose(component)]
            rows = [_row(parameter) for parameter in parameters_of(component).values()]
            if rows:
                parts.append(_table(("parameter", "type", "default"), rows))
    return "\n\n".join(parts) + "\n"


def settings_page() -> str:
    """Return the settings of a cell and of the leaderboard, from their schemas."""
    parts = ["# Settings", "What [suites](../suites.md) set beside components."]
    for key, kind in {**SETTINGS, "leaderboard": LeaderboardSettings}.items():
        schema = kind.model_json_schema()
        rows = [
            (
                f"`{name}`",
                _code(_schema_text(each, schema)),
                _code(repr(each["default"])) if "default" in each else "required",
            )
            for name, each in schema["properties"].items()
        ]
        parts += [f"## {key}", _prose(kind), _table(("setting", "values", "default"), rows)]
    return "\n\n".join(parts) + "\n"


def commands_page() -> str:
    """Return the help of each verb."""
    parts = ["# Commands", "As `bench VERB --help` prints it."]
    for verb in VERBS:
        command = cli.get_command(click.Context(cli), verb)
        assert command is not None
        parts += [f"## bench {verb}", *_help(command, f"bench {verb}")]
    return "\n\n".join(parts) + "\n"


def api_page() -> str:
    """Return the page of all that a plugin may import."""
    title = "What plugins import"
    parts = [title, "=" * len(title), "", ".. currentmodule:: benchmark", ""]
    for name in benchmark.__all__:
        found = getattr(benchmark, name)
        if inspect.isclass(found):
            parts += [f".. autoclass:: benchmark.{name}", "   :members:", "   :no-index:", ""]
        elif inspect.isroutine(found):
            parts += [f".. autofunction:: benchmark.{name}", "   :no-index:", ""]
    return "\n".join(parts) + "\n"


def _help(command: click.Command, name: str) -> list[str]:
    context = click.Context(command, info_name=name, max_content_width=90)
    text = command.get_help(context)
    found = [f"```text\n{text}\n```"]
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            made = command.get_command(context, inner)
            if made is not None:
                found += [f"### {name} {inner}", *_help(made, f"{name} {inner}")]
    return found


def _prose(what: Any) -> str:
    """Return a docstring as Markdown: double backquotes are single ones there."""
    text = (inspect.getdoc(what) or "").partition("\n\nAttributes:")[0]
    return re.sub(r"``", "`", text).replace("<", "&lt;")


def _row(parameter: Parameter) -> tuple[str, str, str]:
    default = "required" if parameter.required else _code(repr(parameter.default))
    return f"`{parameter.name}`", _code(parameter.type_text), default


def _schema_text(schema: dict[str, Any], whole: dict[str, Any]) -> str:
    if "$ref" in schema:
        return _schema_text(whole["$defs"][schema["$ref"].rpartition("/")[2]], whole)
    if "anyOf" in schema:
        return " or ".join(_schema_text(each, whole) for each in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    if "const" in schema:
        return str(schema["const"])
    if "properties" in schema:
        return "{" + ", ".join(schema["properties"]) + "}"
    limits = {"minimum": "from", "exclusiveMinimum": "above", "maximum": "to", "exclusiveMaximum": "below"}
    said = [f"{word} {schema[key]}" for key, word in limits.items() if key in schema]
    return " ".join([str(schema.get("type", "anything")), *said])


def _default(schema: dict[str, Any]) -> str:
    return _code(repr(schema["default"])) if "default" in schema else "required"


def _code(text: str) -> str:
    return f"`{text}`".replace("|", "\\|")


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *rows))


if __name__ == "__main__":
    write_reference(Path(__file__).parent / "reference")
