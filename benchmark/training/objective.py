"""What a run looks at while it trains: the same for all libraries of networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmark.exceptions import SplitError

if TYPE_CHECKING:
    from benchmark.plugin.examples import Examples
    from benchmark.plugin.training_run import TrainingRun

VALIDATION_BATCH = 64


def held_out_part(validation: Examples | None, run: TrainingRun) -> Examples | None:
    """Return the validation part, or None where it holds nothing.

    Raises:
        SplitError: when there is none, and the run is to stop by it.
    """
    held_out = validation if validation is not None and len(validation) else None
    if held_out is None and run.settings.early_stopping is not None:
        raise SplitError("Early stopping looks at validation data, of which the split has none.")
    return held_out


def stopping_note(stage: str, metric: str, best: int, ended: int | None, *, kept: bool) -> str:
    """Return what people should know of a stage that could be stopped early; nothing where nothing came of it.

    ``best`` and ``ended`` (None: at its end) are epochs of the stage, from 1; ``kept`` says that it goes on with the
    weights of the best one.
    """
    what = f"the weights of epoch {best} are kept" if kept else f"epoch {best} was the best"
    if ended is not None:
        return f"Stage {stage} was stopped early after epoch {ended} ({metric}); {what}."
    return f"Stage {stage} was trained to its end; {what} ({metric})." if kept else ""
