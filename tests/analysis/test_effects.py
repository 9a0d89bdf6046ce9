from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from simulated import Accuracy, predictions

from benchmark.analysis.comparison import compare
from benchmark.analysis.contrast import family
from benchmark.analysis.effects import changes, class_effects, effects
from benchmark.analysis.measured import Measured, measure
from benchmark.analysis.resampling import Weights

LINES = pd.DataFrame(
    {
        "row": [0, 1, 2, 3, 4],
        "model": ["cnn", "cnn", "svm", "svm", "crnn"],
        "augmentation": ["none", "masks", "none", "masks", "masks"],
    }
)
AXES = ["model", "augmentation"]


@pytest.fixture(scope="module")
def weights() -> Weights:
    return Weights(500)


@pytest.fixture(scope="module")
def rows(weights: Weights) -> dict[int, Measured]:
    rng = np.random.default_rng(0)
    return {
        row: measure(
            Accuracy(), {str(seed): predictions(rng.random(150) < share) for seed in range(3)}, weights
        )
        for row, share in enumerate((0.5, 0.7, 0.4, 0.6, 0.5))
    }


def test_a_value_is_compared_in_rows_that_differ_in_nothing_else() -> None:
    (change,) = [
        each
        for each in changes(LINES, AXES, {"augmentation": "none"}, LINES["row"])
        if each.axis == "augmentation"
    ]
    assert (change.value, change.baseline, change.pairs) == ("masks", "none", ((1, 0), (3, 2)))


def test_rows_that_cannot_be_used_are_in_no_pair() -> None:
    found = changes(LINES, AXES, {"augmentation": "none"}, [0, 1, 2])
    assert [each.pairs for each in found if each.axis == "augmentation"] == [((1, 0),)]


def test_leaky_rows_tell_of_an_effect_only_where_no_clean_ones_do() -> None:
    def pairs(leaky: list[int]) -> tuple[tuple[int, int], ...]:
        (found,) = changes(LINES, ["model", "augmentation"], {"augmentation": "none"}, LINES["row"], leaky)[
            2:
        ]
        return found.pairs

    assert pairs([0, 1]) == ((3, 2),)
    assert pairs([1, 3]) == ((1, 0), (3, 2))
    assert pairs([0, 1, 2, 3]) == ((1, 0), (3, 2))


def test_an_axis_that_the_baseline_leaves_out_starts_from_its_first_value() -> None:
    found = {each.value: each for each in changes(LINES, AXES, {}, LINES["row"]) if each.axis == "model"}
    assert {name: each.baseline for name, each in found.items()} == {"svm": "cnn", "crnn": "cnn"}
    assert found["crnn"].pairs == ((4, 1),)


def test_an_effect_is_the_mean_of_its_pairs_differences(rows) -> None:
    found = changes(LINES, ["augmentation", "model"], {}, LINES["row"])
    lines = {line["value"]: line for line in effects(found, family(rows), "test", "test/accuracy").overall}
    expected = np.mean([rows[1].mean - rows[0].mean, rows[3].mean - rows[2].mean])
    masks = lines["masks"]
    assert masks["difference"] == pytest.approx(expected)
    assert masks["low"] < expected < masks["high"]
    facts = (masks["pairs"], masks["set"], masks["measure"], masks["class"])
    assert facts == (2, "test", "test/accuracy", "")
    assert masks["p_holm"] >= masks["p"]


def test_an_effect_that_models_do_not_share_is_seen_in_each_of_them(rows) -> None:
    """+20 for one and -20 for the other are not the 0 that is their mean."""
    mixed = {0: rows[0], 1: rows[1], 2: rows[3], 3: rows[2]}
    found = effects(changes(LINES, ["augmentation", "model"], {}, range(4)), family(mixed), "test", "m")
    (masks,) = [line for line in found.overall if line["value"] == "masks"]
    assert masks["least"] == pytest.approx(rows[2].mean - rows[3].mean)
    assert masks["most"] == pytest.approx(rows[1].mean - rows[0].mean)
    assert (masks["least_row"], masks["most_row"]) == (3, 1)
    by_row = {line["row"]: line for line in found.by_row if line["value"] == "masks"}
    assert by_row[3]["high"] < 0 < by_row[1]["low"]


def test_rows_that_cannot_change_are_left_out(rows) -> None:
    found = changes(LINES, ["augmentation", "model"], {}, range(4))
    same = {**rows, 3: rows[2]}
    lines = effects(found, family(same), "test", "m", unmoved={(3, 2)}).overall
    (masks,) = [line for line in lines if line["value"] == "masks"]
    assert masks["difference"] == pytest.approx(rows[1].mean - rows[0].mean)
    assert (masks["pairs"], masks["unmoved"]) == (1, 1)


def test_a_change_that_moves_no_row_is_no_effect(rows) -> None:
    found = changes(LINES, ["augmentation", "model"], {}, [0, 1])
    assert effects(found, family(rows), "test", "m", unmoved={(1, 0)}).overall == []


def test_a_change_between_blocks_of_competitors_is_one_of_the_protocol(rows) -> None:
    found = changes(LINES, ["augmentation", "model"], {}, [0, 1])
    (line,) = effects(found, family(rows), "test", "m", block_of={0: 0, 1: 1}).overall
    assert line["protocol"]
    (line,) = effects(found, family(rows), "test", "m", block_of={0: 0, 1: 0}).overall
    assert not line["protocol"]


def test_two_tracks_tell_of_no_effect_even_if_they_all_agree(weights: Weights) -> None:
    rows = {
        row: measure(Accuracy(), {str(seed): predictions(np.full(2, row == 1)) for seed in range(3)}, weights)
        for row in range(2)
    }
    found = changes(LINES, ["augmentation", "model"], {}, [0, 1])
    (line,) = effects(found, family(rows), "test", "test/accuracy", bound=1.0).overall
    assert line["difference"] == 1
    assert np.isnan([line["low"], line["high"], line["p"]]).all()


def test_an_effect_that_one_pair_shows_is_that_pairs_comparison(rows) -> None:
    found = changes(LINES, AXES, {}, [0, 1])
    two = {1: rows[1], 0: rows[0]}
    (line,) = effects(found, family(two), "test", "test/accuracy").overall
    compared = compare(two, "m").iloc[0]
    for key in ("difference", "low", "high", "p"):
        assert line[key] == pytest.approx(compared[key])


def test_more_pairs_make_an_effect_surer(rows) -> None:
    joined = family(rows)
    one = effects(changes(LINES, ["augmentation", "model"], {}, [0, 1]), joined, "t", "m").overall[0]
    two = effects(changes(LINES, ["augmentation", "model"], {}, [0, 1, 2, 3]), joined, "t", "m").overall[0]
    assert two["high"] - two["low"] < one["high"] - one["low"]


def test_classes_with_few_tracks_say_something_together(weights: Weights) -> None:
    """Each class alone would have an interval of some 40 points; pooled they tell that all gain."""
    rng = np.random.default_rng(1)
    families = {}
    for name in "abcdefgh":
        ease = rng.random(20)
        families[name] = family(
            {
                row: measure(
                    Accuracy(),
                    {str(seed): predictions(rng.random(20) < ease + gain) for seed in range(3)},
                    weights,
                )
                for row, gain in ((0, 0.0), (1, 0.25))
            }
        )
    found = changes(LINES, ["augmentation", "model"], {}, [0, 1])
    lines = class_effects(found, families, "test", "test/recall")
    assert {line["class"] for line in lines} == set("abcdefgh")
    assert all(line["low"] > 0 for line in lines)
    assert np.std([line["difference"] for line in lines]) < np.std([line["raw"] for line in lines])
    assert all(0 <= line["own"] <= 1 for line in lines)
