"""One pytest class for each kind of component."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pytest

from benchmark.contract.check import SECONDS, Subject, check, names_of
from benchmark.contract.rules import Outcome
from benchmark.locations import Locations

_tried: dict[type[Contract], dict[str, Outcome]] = {}


class Contract:
    """The rules of one kind, a test for each.

    Attributes:
        component: the class that is tried.
        parameters: what it is made with; its defaults otherwise.
        data: the folder of a dataset's files.
        shape: of the items that a model is tried on, ``(96, 187, 1)`` say, where it does not take 32 x 32 x 1.
        seconds: how long all rules together may take.
        module: of ``PluginContract``, what is tried instead of a component.
    """

    kind: ClassVar[str]
    component: ClassVar[type[Any] | None] = None
    parameters: ClassVar[Mapping[str, Any]] = {}
    data: ClassVar[Any] = None
    shape: ClassVar[tuple[int, ...]] = ()
    seconds: ClassVar[float] = SECONDS
    module: ClassVar[str] = ""

    def __init_subclass__(cls, **keywords: Any) -> None:
        """Give a kind's class its tests."""
        super().__init_subclass__(**keywords)
        if "kind" not in vars(cls):
            return

        @pytest.mark.parametrize("rule", names_of(cls.kind))
        def test_promise(self: Contract, rule: str) -> None:
            outcome = self.outcomes()[rule]
            if outcome.not_tried:
                pytest.skip(f"not tried: {outcome.not_tried}")
            if outcome.findings:
                pytest.fail("\n".join([f"{rule}:", *outcome.findings]), pytrace=False)

        cls.test_promise = test_promise  # type: ignore[attr-defined]

    @classmethod
    def outcomes(cls) -> dict[str, Outcome]:
        """Try all rules, once, and return what came of each by its name."""
        if cls not in _tried:
            if cls.component is None and not cls.module:
                pytest.fail(
                    f"{cls.__name__} is to say what it tries: component = … or module = '…'", pytrace=False
                )
            named = (
                {cls.component.name: cls.data} if cls.component is not None and cls.data is not None else {}
            )
            subject = Subject(
                cls.kind,
                component=cls.component,
                module=cls.module,
                parameters=cls.parameters,
                locations=Locations(named=named),
                shape=cls.shape,
            )
            _tried[cls] = {outcome.rule: outcome for outcome in check(subject, cls.seconds)}
        return _tried[cls]


class AudioContract(Contract):
    """What an ``AudioFormat`` promises."""

    kind = "audio"


class AugmentationContract(Contract):
    """What an ``Augmentation`` promises."""

    kind = "augmentation"


class CorruptionContract(Contract):
    """What a ``Corruption`` promises."""

    kind = "corruption"


class DatasetContract(Contract):
    """What a ``Dataset`` promises; ``data`` is the folder of its files."""

    kind = "dataset"


class FeaturesContract(Contract):
    """What ``Features`` promise."""

    kind = "features"


class MetricContract(Contract):
    """What a ``Metric`` promises."""

    kind = "metric"


class ModelContract(Contract):
    """What a ``Model`` promises; networks are trained for an epoch, a few times."""

    kind = "model"


class TrackerContract(Contract):
    """What a ``Tracker`` promises."""

    kind = "tracker"


class PluginContract(Contract):
    """What a module promises that an entry point names."""

    kind = "plugin"
