"""The hooks that a plugin may implement. A plugin is any module that an entry point of group ``bench`` names,
or the ``benchfile.py`` beside a suite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    import click

    from benchmark.plugin.audio_format import AudioFormat
    from benchmark.plugin.augmentation import Augmentation
    from benchmark.plugin.corruption import Corruption
    from benchmark.plugin.dataset import Dataset
    from benchmark.plugin.features import Features
    from benchmark.plugin.metric import Metric
    from benchmark.plugin.model import Model
    from benchmark.plugin.tracker import PlannedCell, Tracker
    from benchmark.record import CellRecord

PROJECT = "bench"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def bench_datasets() -> Sequence[type[Dataset]]:  # type: ignore[empty-body]
    """Return the dataset classes that this plugin supplies."""


@hookspec
def bench_audio_formats() -> Sequence[type[AudioFormat]]:  # type: ignore[empty-body]
    """Return the audio format classes that this plugin supplies."""


@hookspec
def bench_features() -> Sequence[type[Features]]:  # type: ignore[empty-body]
    """Return the feature classes that this plugin supplies."""


@hookspec
def bench_augmentations() -> Sequence[type[Augmentation]]:  # type: ignore[empty-body]
    """Return the augmentation classes that this plugin supplies."""


@hookspec
def bench_corruptions() -> Sequence[type[Corruption]]:  # type: ignore[empty-body]
    """Return the corruption classes that this plugin supplies."""


@hookspec
def bench_models() -> Sequence[type[Model]]:  # type: ignore[empty-body]
    """Return the model classes that this plugin supplies."""


@hookspec
def bench_metrics() -> Sequence[type[Metric]]:  # type: ignore[empty-body]
    """Return the metric classes that this plugin supplies."""


@hookspec
def bench_commands() -> Sequence[click.Command]:  # type: ignore[empty-body]
    """Return further verbs for the command line, as click commands."""


@hookspec
def bench_trackers() -> Sequence[type[Tracker]]:  # type: ignore[empty-body]
    """Return the tracker classes that this plugin supplies; ``bench run --track NAME`` chooses them."""


# Events. They are told in the process that was started, whatever processes cells run in; in the order in which they
# happen, one after another, in a thread of their own. A plugin may leave out arguments that it has no use for.


@hookspec
def bench_suite_started(suite: str, results: Path, cells: int, plan: Sequence[PlannedCell]) -> None:
    """Take note that a run begins, also one that has nothing to do.

    ``cells`` is how many cells are to be run, ``plan`` has all whose identity is known; ``results`` is the suite's
    folder.
    """


@hookspec
def bench_cell_started(suite: str, cell: PlannedCell) -> None:
    """Take note that a worker has taken up a cell. One that is run again has been told of before."""


@hookspec
def bench_epoch_finished(
    suite: str, cell: PlannedCell, stage: str, epoch: int, epochs: int, logs: Mapping[str, float]
) -> None:
    """Take note of an epoch (from 1, of ``epochs``) of a stage; ``logs`` has ``loss``, ``accuracy``, ``val_…``."""


@hookspec
def bench_cell_finished(suite: str, record: CellRecord, folder: Path) -> None:
    """Take note that a cell ended, well or not; ``folder`` is its own, and holds its files, whole."""


@hookspec
def bench_suite_finished(suite: str, results: Path, exit_code: int) -> None:
    """Take note that the run ended, well or not, and its reports are written if they could be."""
