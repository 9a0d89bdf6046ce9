"""``bench plugins new``: write a package with one component, its tests and all that makes it installable."""

from __future__ import annotations

import keyword
import re
import sys
from dataclasses import dataclass
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from string import Template

import click

import benchmark
from benchmark.exceptions import UsageError
from benchmark.files import write_text

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST = 40
_PREFIX = "bench-"
# Names of the public face, and of the second test that a package gets.
_TAKEN = frozenset({*benchmark.__all__, "Plugin"})


@dataclass(frozen=True)
class _Template:
    contract: str
    usage: str
    summary: str
    extra: str = ""


KINDS = {
    "model": _Template("ModelContract", "model: {name}", "A Keras model for genrebench."),
    "torch-model": _Template("ModelContract", "model: {name}", "A PyTorch model for genrebench.", "[torch]"),
    "sklearn-model": _Template("ModelContract", "model: {name}", "A scikit-learn model for genrebench."),
    "features": _Template("FeaturesContract", "features: {name}", "Features for genrebench."),
    "augmentation": _Template(
        "AugmentationContract", "augmentation: {name}", "An augmentation of waveforms for genrebench."
    ),
    "batch-augmentation": _Template(
        "AugmentationContract", "augmentation: {name}", "An augmentation of training batches for genrebench."
    ),
    "metric": _Template("MetricContract", "metrics: [{name}]", "A metric for genrebench."),
    "dataset": _Template("DatasetContract", "dataset: {name}", "A dataset for genrebench."),
    "corruption": _Template(
        "CorruptionContract",
        "evaluate: [test, {{corrupt: {{set: test, by: [{name}], severity: [1, 3, 5]}}}}]",
        "A corruption of test tracks for genrebench.",
    ),
    "audio": _Template("AudioContract", "audio: {name}", "An audio format for genrebench."),
}


@click.command("new")
@click.argument("name")
@click.option("--kind", type=click.Choice(list(KINDS)), required=True, help="What the package supplies.")
@click.option(
    "--into", type=click.Path(path_type=Path, file_okay=False), default=Path(),
    help="The folder to write it into; the current one otherwise.",
)  # fmt: skip
def command(name: str, kind: str, into: Path) -> None:
    """Write a package that supplies component NAME: it installs, and passes its own tests, as it is written.

    NAME is small letters, digits and hyphens, as tiny-net. The folder is called bench-NAME and must not be there yet.
    """
    folder = into / f"{_PREFIX}{_checked(name)}"
    if folder.exists() or folder.is_symlink():
        raise UsageError(
            f"{folder} is there already, and is not written over. Choose another name, or --into DIR."
        )
    if not into.is_dir():
        raise UsageError(f"There is no folder {into}.")
    texts = package(name, kind)
    _check_is_free(kind.rpartition("-")[2], name)
    try:
        for place, text in texts.items():
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            write_text(folder / place, text)
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror or error}.") from error
    click.echo(f"Wrote {', '.join(texts)} in {folder}")
    click.echo(f"Next: pip install -e {folder}[dev] && pytest {folder} && bench plugins show {name}")


def _check_is_free(kind: str, name: str) -> None:
    """Raise when a plugin offers a component of that name: of two, suites could have neither."""
    from benchmark.plugin.manager import Plugins

    offers = [
        offer
        for other, named in Plugins().registry.offers.items()
        if other == kind
        for offer in named.get(name, ())
    ]
    if offers:
        raise UsageError(
            f"{kind} '{name}' is there already, from {offers[0].source}, and of two of that name suites could have "
            "neither. Choose another name."
        )


def package(name: str, kind: str) -> dict[str, str]:
    """Return the files of a package by their places in its folder.

    Raises:
        UsageError: when ``name`` cannot be the name of a component, or is that of a module that is there.
    """
    template = KINDS[kind]
    module = f"{_PREFIX}{_checked(name)}".replace("-", "_")
    values = {
        "name": name,
        "distribution": f"{_PREFIX}{name}",
        "module": module,
        "class_name": _class_name(name),
        "contract": template.contract,
        "summary": template.summary,
        "usage": template.usage.format(name=name),
        "extra": template.extra,
    }
    test = "test_dataset.py" if kind == "dataset" else "test.py"
    places = {
        "pyproject.toml": "pyproject.toml",
        "README.md": "README.md",
        f"{module}.py": f"{kind}.py",
        f"tests/test_{module}.py": test,
    }
    source = files("benchmark.cli") / "templates"
    return {
        place: Template((source / f"{template}.txt").read_text(encoding="utf-8")).substitute(values)
        for place, template in places.items()
    }


def _class_name(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("-"))


def _checked(name: str) -> str:
    """Return a name that can be a component's, a distribution's and, but for a prefix and hyphens, a module's.

    Raises:
        UsageError: when it cannot.
    """
    if not _NAME.fullmatch(name) or len(name) > _LONGEST:
        raise UsageError(
            f"'{name}' cannot be a component's name: it is to be small letters, digits and single hyphens, as "
            f"tiny-net, of at most {_LONGEST} characters, and begin with a letter."
        )
    if name.startswith(_PREFIX):
        raise UsageError(f"Leave '{_PREFIX}' out of the name: the package gets it in any case.")
    if _class_name(name) in _TAKEN:
        raise UsageError(
            f"'{_class_name(name)}' means something else to a plugin; choose another name than '{name}'."
        )
    module = f"{_PREFIX}{name}".replace("-", "_")
    if keyword.iskeyword(module) or module in sys.stdlib_module_names or find_spec(module) is not None:
        raise UsageError(f"There is a module '{module}' already; choose another name than '{name}'.")
    return name
