"""Robustness from fabricated scores: values, intervals, and which change buys what."""

from __future__ import annotations

import numpy as np
import pytest

from benchmark.analysis.asked import Asked
from benchmark.analysis.effects import Change
from benchmark.analysis.measured import Units, of_scores
from benchmark.analysis.protocols import Block
from benchmark.analysis.robustness import Robustness, robustness
from benchmark.results.corrupted_scores import CellScores, SetScores

TRACKS, SEEDS = 200, ("0", "1", "2")
AMOUNTS = {(name, severity): (1.0, "dB") for name in ("noise", "mp3") for severity in (1, 2)}


def cell(clean: np.ndarray, noise: np.ndarray, mp3: np.ndarray) -> CellScores:
    """Return a cell's scores; those of a corruption have shape (severities, tracks)."""
    groups = np.array([f"{number:04d}" for number in range(TRACKS)])
    by = {"noise": noise, "mp3": mp3}
    return CellScores(
        groups,
        clean.astype(np.float32),
        {name: each.mean(axis=0).astype(np.float32) for name, each in by.items()},
        {
            (name, number + 1): float(line.mean())
            for name, each in by.items()
            for number, line in enumerate(each)
        },
    )


def scores(rows: dict[int, dict[str, CellScores]]) -> SetScores:
    return SetScores("test", "top1", True, True, True, AMOUNTS, rows)


def asked(found: SetScores) -> Asked:
    units = Units()
    rows = {
        row: of_scores(tuple(cells), [each.clean for each in cells.values()],
                       [each.groups for each in cells.values()], fixed=False, units=units)
        for row, cells in found.rows.items()
    }  # fmt: skip
    return Asked("test", "test/top1", rows, (Block(tuple(rows)),))


def drawn(rng: np.random.Generator, share: float, *more: int) -> np.ndarray:
    return (rng.random((*more, TRACKS)) < share).astype(float)


def table(rng: np.random.Generator, gain: float = 0.0) -> SetScores:
    """Return two rows of three seeds; the second is better by ``gain`` on noise, and nowhere else."""
    rows = {}
    for row, more in ((0, 0.0), (1, gain)):
        rows[row] = {
            seed: cell(drawn(rng, 0.7), drawn(rng, 0.4 + more, 2), drawn(rng, 0.5, 2)) for seed in SEEDS
        }
    return scores(rows)


CHANGE = Change("augmentation", "noisy", "none", ((1, 0),))


def test_values_are_means_over_cells_severities_and_corruptions() -> None:
    made = table(np.random.default_rng(0))
    found = robustness(made, asked(made), [CHANGE], ["augmentation"])
    cells = list(made.rows[0].values())
    one = found.rows[0]
    for key in AMOUNTS:
        assert one.severities[key] == pytest.approx(np.mean([each.means[key] for each in cells]))
    noise, mp3 = (np.mean([each.corrupted[name].mean() for each in cells]) for name in ("noise", "mp3"))
    clean = np.mean([each.clean.mean() for each in cells])
    assert one.corruptions["noise"].mean == pytest.approx(noise, abs=1e-6)
    assert one.mean is not None
    assert one.drop is not None
    assert one.mean.mean == pytest.approx((noise + mp3) / 2, abs=1e-6)
    assert one.drop.mean == pytest.approx(1 - (noise + mp3) / 2 / clean, abs=1e-6)
    for value in (*one.corruptions.values(), one.mean, one.drop):
        assert value.low < value.mean < value.high


def test_the_interval_of_the_relative_drop_is_that_of_resampled_tracks() -> None:
    rng = np.random.default_rng(1)
    clean, noise, mp3 = drawn(rng, 0.7), drawn(rng, 0.4, 2), drawn(rng, 0.5, 2)
    # Worn tracks are recognised where clean ones are, or else the pairing would not show.
    noise, mp3 = noise * clean, mp3 * clean
    made = scores({0: {"0": cell(clean, noise, mp3)}})
    value = robustness(made, None, [], []).rows[0].drop
    assert value is not None
    worn = (noise.mean(axis=0) + mp3.mean(axis=0)) / 2
    resampled = []
    for _ in range(4000):
        chosen = rng.integers(0, TRACKS, TRACKS)
        resampled.append(1 - worn[chosen].mean() / clean[chosen].mean())
    low, high = np.quantile(resampled, (0.025, 0.975))
    assert value.low == pytest.approx(low, abs=0.012)
    assert value.high == pytest.approx(high, abs=0.012)


def lines(found: Robustness) -> dict[str, dict]:
    return {line["corruption"]: line for line in found.effects}


def test_what_is_bought_on_one_corruption_is_found_there_and_only_there() -> None:
    made = table(np.random.default_rng(2), gain=0.25)
    found = lines(robustness(made, asked(made), [CHANGE], ["augmentation"]))
    noise, mp3 = found["noise"], found["mp3"]
    assert noise["difference"] == pytest.approx(0.25, abs=0.05)
    assert noise["p_holm"] < 0.05
    assert noise["low"] > 0
    assert noise["extra difference"] == pytest.approx(noise["difference"] - noise["clean"], abs=1e-6)
    assert noise["extra p_holm"] < 0.05
    assert mp3["p_holm"] > 0.05
    assert mp3["low"] < 0 < mp3["high"]


def test_p_values_are_corrected_over_both_questions_of_all_corruptions() -> None:
    made = table(np.random.default_rng(3), gain=0.1)
    found = list(lines(robustness(made, asked(made), [CHANGE], ["augmentation"])).values())
    raw = sorted([line["p"] for line in found] + [line["extra p"] for line in found])
    assert min(min(line["p_holm"], line["extra p_holm"]) for line in found) == pytest.approx(
        min(1, 4 * raw[0])
    )


def test_a_corruption_that_some_cell_lacks_has_no_value_in_its_row() -> None:
    made = table(np.random.default_rng(4))
    first = made.rows[0]["0"]
    lacking = CellScores(
        first.groups, first.clean, {"mp3": first.corrupted["mp3"]},
        {key: value for key, value in first.means.items() if key != ("noise", 2)},
    )  # fmt: skip
    rows = {0: {**made.rows[0], "0": lacking}, 1: made.rows[1]}
    found = robustness(scores(rows), asked(made), [CHANGE], ["augmentation"])
    assert set(found.rows[0].corruptions) == {"mp3"}
    assert ("noise", 1) in found.rows[0].severities
    assert ("noise", 2) not in found.rows[0].severities
    assert found.rows[0].mean is None
    assert found.rows[0].drop is None
    assert [line["corruption"] for line in found.effects] == ["mp3"]
    assert found.rows[1].mean is not None


def test_rows_that_are_not_tested_alike_are_not_compared() -> None:
    made = table(np.random.default_rng(5), gain=0.3)
    apart = asked(made)
    apart = Asked(apart.set, apart.measure, apart.rows, (Block((0,)), Block((1,))))
    assert not robustness(made, apart, [CHANGE], ["augmentation"]).effects


def test_a_row_that_gets_nothing_right_has_no_relative_drop() -> None:
    nothing = np.zeros(TRACKS)
    made = scores({0: {"0": cell(nothing, np.zeros((2, TRACKS)), np.zeros((2, TRACKS)))}})
    found = robustness(made, None, [], []).rows[0]
    assert found.mean is not None
    assert found.mean.mean == 0
    assert found.drop is None


@pytest.mark.slow
def test_without_effect_hardly_any_is_found() -> None:
    """A sanity check in small; rates by 2,000 tables are measured by benchmarks/questions.py."""
    rng = np.random.default_rng(6)
    found = 0
    for _ in range(100):
        made = table(rng)
        each = robustness(made, asked(made), [CHANGE], ["augmentation"]).effects
        found += any(line["p_holm"] < 0.05 or line["extra p_holm"] < 0.05 for line in each)
    assert found <= 10
