from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.data.items import Step, count_copies, fresh_steps, held_out_items, training_items
from benchmark.exceptions import PluginError
from benchmark.plugin.manager import Plugins
from benchmark.plugin.registry import Registry
from benchmark.plugin.tracks import Track
from benchmark.settings import ClipSettings


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Plugins().registry


def tracks(count: int = 3, seconds: float = 30.0) -> list[Track]:
    return [Track(f"t{n}", Path(f"t{n}.wav"), "rock", f"content{n}", seconds) for n in range(count)]


def chain(registry: Registry, *names: object):
    specs = []
    for name in names:
        called, parameters = (name, {}) if isinstance(name, str) else name
        specs.append(registry.spec("augmentation", called, parameters))
    return tuple(specs)


def test_the_papers_recipe_makes_seven_items_of_a_track(registry: Registry) -> None:
    recipe = [
        chain(registry, name) for name in ("time-stretch", "pitch-shift", "frequency-mask", "time-mask")
    ]
    items = training_items(tracks(3), None, recipe, registry)
    assert len(items) == 3 * 7
    assert count_copies(items) == {
        "none": 3, "time-stretch": 6, "pitch-shift": 6, "frequency-mask": 3, "time-mask": 3,
    }  # fmt: skip
    assert [item.is_copy for item in items[:4]] == [False, False, False, True]


def test_a_chain_makes_the_product_of_its_steps(registry: Registry) -> None:
    recipe = [chain(registry, ("time-stretch", {"rates": [0.9, 1.1, 1.2]}), ("time-mask", {"copies": 2}))]
    items = training_items(tracks(1), None, recipe, registry)
    assert len(items) == 1 + 3 * 2
    assert len(items[1].waveform) == len(items[1].features) == 1
    assert items[1].lineage(tracks(1)) == "t0 time-stretch(rate=0.9) time-mask(copy=0)"


def test_clips_keep_their_track(registry: Registry) -> None:
    items = training_items(
        tracks(2, 9.0), ClipSettings(seconds=3), [chain(registry, "pitch-shift")], registry
    )
    assert [item.track for item in items[:6]] == [0, 0, 0, 1, 1, 1]
    assert len(items) == 2 * 3 * 3


def test_held_out_items_are_never_copies() -> None:
    assert not any(item.is_copy for item in held_out_items(tracks(5), ClipSettings(seconds=3)))


def test_fresh_steps_add_no_items(registry: Registry) -> None:
    recipe = [chain(registry, ("time-mask", {"fresh": True})), chain(registry, "frequency-mask")]
    assert len(training_items(tracks(2), None, recipe, registry)) == 4
    steps, batch = fresh_steps(recipe, registry)
    assert [step.component.name for step in steps] == ["time-mask"]
    assert batch == ()


def test_a_chain_in_the_wrong_order_and_one_that_mixes_fixed_and_fresh_are_refused(
    registry: Registry,
) -> None:
    with pytest.raises(PluginError, match="after the features were made"):
        training_items(tracks(1), None, [chain(registry, "time-mask", "time-stretch")], registry)
    with pytest.raises(PluginError, match="mixes fixed copies"):
        training_items(
            tracks(1), None, [chain(registry, "time-stretch", ("time-mask", {"fresh": True}))], registry
        )


def test_settings_that_one_call_changes_are_whole_for_the_next(registry: Registry) -> None:
    (spec,) = chain(registry, "time-mask")
    step = Step(spec, (("shares", [0.1, 0.2]),))
    step.arguments["shares"].clear()
    assert step.arguments == {"shares": [0.1, 0.2]}
