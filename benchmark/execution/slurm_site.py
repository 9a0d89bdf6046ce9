"""What the jobs of a site ask SLURM for, and where some cells ask for something else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from benchmark.exceptions import UsageError, did_you_mean
from benchmark.text import visible

# What sbatch and this program take as values: nothing that a shell, or sbatch, reads in another way.
_WORD = r"[\w.,:+@/=\[\]&|*()-]+"
_FORMS = {
    "partition": _WORD,
    "account": _WORD,
    "qos": _WORD,
    "constraint": _WORD,
    "gpus": r"(\w+:)?\d+",
    "cpus": r"\d+",
    "mem": r"\d+[KMGTkmgt]?",
    "time": r"\d+(-\d+)?(:\d+){0,2}",
    "cache": r"(\$\w+|\$\{\w+\})?[\w/.+-]*",
    "checkpoint_every": r"never|\d+(\.\d+)?",
}
_EXAMPLES = {
    "gpus": "1 or a100:2",
    "cpus": "4",
    "mem": "16G",
    "time": "4:00:00",
    "cache": "$TMPDIR/genrebench",
    "checkpoint_every": "300 or never",
}
# Of what a site says, that which the run is told, and not sbatch.
_OF_RUNS = ("cache", "checkpoint_every")
_OPTIONS = {"gpus": "gres=gpu", "cpus": "cpus-per-task"}


Settings = tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class Site:
    """What jobs ask SLURM for, and what they need on a node; None leaves it to the site.

    Attributes:
        partition, account, qos, constraint, time, mem: as ``sbatch`` has them.
        gpus: GPUs for each job, such as 1 or a100:2; ``cpus`` its cores.
        cache: a folder on the node's own disk for features; it may begin with a variable of the job's.
        checkpoint_every: seconds between two checkpoints of a training, or ``never``.
        setup: shell lines that are run before, such as ``module load cuda``.
        options: further options of ``sbatch``.
        per: what cells ask for in place of that: an axis, a label of it, and settings by name.
    """

    partition: str | None = None
    account: str | None = None
    qos: str | None = None
    constraint: str | None = None
    gpus: str | None = None
    cpus: str | None = None
    mem: str | None = None
    time: str | None = None
    cache: str | None = None
    checkpoint_every: str | None = None
    setup: str = ""
    options: tuple[str, ...] = ()
    per: tuple[tuple[str, str, Settings], ...] = ()

    def of(self, labels: Mapping[str, str]) -> Site:
        """Return what a cell with these labels asks for; of two of its axes the later one in the file counts."""
        changes: dict[str, Any] = {}
        for axis, label, settings in self.per:
            if labels.get(axis) == label:
                changes |= dict(settings)
        return replace(self, per=(), **changes)

    def changed(self, values: Mapping[str, Any]) -> Site:
        """Return it with the values that are given, checked.

        Raises:
            UsageError: for a value that ``sbatch`` could not take, or would take for something else.
        """
        given = {name: str(value) for name, value in values.items() if value is not None}
        for name, value in given.items():
            if not re.fullmatch(_FORMS[name], value):
                example = f" Write it like {_EXAMPLES[name]}." if name in _EXAMPLES else ""
                raise UsageError(f"SLURM: {name} cannot be {visible(value)!r}.{example}")
        changes: dict[str, Any] = given
        # Who says something for all cells, as on the command line, says it for these too.
        per = tuple(
            (axis, label, tuple((name, value) for name, value in settings if name not in given))
            for axis, label, settings in self.per
        )
        return replace(self, **changes, per=per)

    def lines(self) -> list[str]:
        """Return what of it stands in the head of a script."""
        named = ((field.name, getattr(self, field.name)) for field in fields(self))
        asked = [
            f"{_OPTIONS[name]}:{value}" if name == "gpus" else f"{_OPTIONS.get(name, name)}={value}"
            for name, value in named
            if value is not None and name in _FORMS and name not in _OF_RUNS
        ]
        return [f"#SBATCH --{line}" for line in asked] + [f"#SBATCH {option}" for option in self.options]


def read_site(file: Path) -> Site:
    """Read the settings of a site.

    Raises:
        UsageError: when the file cannot be read, or says something that is not known.
    """
    import yaml

    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise UsageError(f"{file} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise UsageError(f"{file}: write one setting a line, such as 'partition: gpu'.")
    per = content.pop("per", {})
    site = replace(Site(), **_settings(content, str(file), [*_KNOWN, "per"]))
    return replace(site, per=tuple(_per(per, file)))


def _per(content: Any, file: Path) -> Iterable[tuple[str, str, Settings]]:
    """Yield the settings of cells, which stand below an axis and a label of it."""
    example = "such as 'per: {model: {vgg16: {partition: gpu, gpus: 1}}}'"
    if not isinstance(content, dict) or not all(isinstance(below, dict) for below in content.values()):
        raise UsageError(f"{file}: 'per' has axes, and below them labels, {example}.")
    for axis, labels in content.items():
        for label, settings in labels.items():
            where = f"{file}: per {visible(str(axis))} {visible(str(label))}"
            if not isinstance(settings, dict):
                raise UsageError(f"{where}: write settings, {example}.")
            yield str(axis), str(label), tuple(_settings(settings, where, _KNOWN).items())


def _settings(content: dict[Any, Any], where: str, known: list[str]) -> dict[str, Any]:
    """Return settings by name, checked; what a file leaves out is not there."""
    for name in content:
        if name not in known:
            raise UsageError(f"{where}: There is no setting '{name}'." + did_you_mean(str(name), known))
    settings = dict(content)
    given: dict[str, Any] = {}
    if "setup" in settings:
        given["setup"] = settings.pop("setup")
        if not isinstance(given["setup"], str):
            raise UsageError(f"{where}: 'setup' is text: lines of shell.")
    if "options" in settings:
        options = settings.pop("options")
        is_list = isinstance(options, list) and all(isinstance(option, str) for option in options)
        if not is_list or not all(re.fullmatch(rf"--?[\w-]+(={_WORD})?", option) for option in options):
            raise UsageError(
                f"{where}: 'options' is a list of options of sbatch, such as ['--exclude=node7']."
            )
        given["options"] = tuple(options)
    # YAML 1.1 reads 4:00:00 as a number of seconds.
    if isinstance(settings.get("time"), int):
        raise UsageError(f"{where}: write the time in quotes, such as '4:00:00'.")
    try:
        checked = Site().changed(settings)
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from None
    return given | {name: getattr(checked, name) for name, value in settings.items() if value is not None}


_KNOWN = [field.name for field in fields(Site) if field.name != "per"]


def default_site() -> Path:
    """Return where the settings of a site are looked for: ``slurm.yaml`` in the folder of the user's settings."""
    from platformdirs import user_config_path

    return Path(user_config_path("genrebench")) / "slurm.yaml"
