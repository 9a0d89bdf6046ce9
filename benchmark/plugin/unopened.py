"""Stand-ins for components of a plugin that was found and not run: they have a name, and nothing else is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from inspect import Parameter
from typing import TYPE_CHECKING, Any

from benchmark.exceptions import DatasetError, PluginError
from benchmark.plugin.audio_format import AudioFormat
from benchmark.plugin.augmentation import Augmentation
from benchmark.plugin.component import Component, Kind
from benchmark.plugin.corruption import Corruption
from benchmark.plugin.dataset import Dataset
from benchmark.plugin.features import Features
from benchmark.plugin.metric import Metric
from benchmark.plugin.model import Model

if TYPE_CHECKING:
    from benchmark.locations import Locations
    from benchmark.plugin.tracks import Corpus

REASON = "it is in benchfile.py, which was not run (--trust runs it)"


class Unopened(Component):
    """Takes any parameters, and does nothing with them."""

    def __init__(self, **parameters: Any) -> None:
        self.parameters = parameters

    @classmethod
    def parameters_from(cls) -> Callable[..., Any]:
        """Return the function whose parameters are any."""
        return cls.__init__

    @classmethod
    def further_parameters(cls, given: Mapping[str, Any]) -> Sequence[Parameter]:
        """Return those that are given."""
        return [Parameter(str(name), Parameter.KEYWORD_ONLY, annotation=Any) for name in given]

    def unavailable(self) -> str:
        """Return why it cannot work."""
        return REASON


class _Metric(Unopened, Metric):
    def compute(self, labels: Any, probabilities: Any) -> float:
        raise PluginError(REASON)


class _Dataset(Unopened, Dataset):
    def load(self, locations: Locations) -> Corpus:
        raise DatasetError(f"Dataset {self.name}: {REASON}.")


class _Augmentation(Unopened, Augmentation):
    acts_on = "waveform"


class _Corruption(Unopened, Corruption):
    unit = "unknown"
    # How many there are is not known: none that a suite asks for is refused.
    severities = tuple(range(1, 101))


class _AudioFormat(Unopened, AudioFormat):
    pass


class _Features(Unopened, Features):
    pass


class _Model(Unopened, Model):
    pass


_BASES: dict[Kind, type[Unopened]] = {
    "dataset": _Dataset,
    "audio": _AudioFormat,
    "features": _Features,
    "augmentation": _Augmentation,
    "corruption": _Corruption,
    "model": _Model,
    "metric": _Metric,
}


@cache
def unopened(kind: Kind, name: str) -> type[Component]:
    """Return the stand-in for a component."""
    return type(name, (_BASES[kind],), {"name": name})
