"""Confident learning: by hand, and beside cleanlab's numbers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmark.analysis.inspection.confident import suspects

RECORDED = Path(__file__).parent / "cleanlab.json"


def case(seed: int, count: int = 80, classes: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Return labels, of which a fifth is wrong, and probabilities that mostly know the right ones; to four digits."""
    random = np.random.default_rng(seed)
    true = np.arange(count) % classes
    labels = np.where(random.random(count) < 0.2, (true + random.integers(1, classes, count)) % classes, true)
    probabilities = random.dirichlet(np.ones(classes), count)
    probabilities[np.arange(count), true] += random.uniform(0.2, 1.5, count)
    probabilities = (probabilities / probabilities.sum(axis=1, keepdims=True)).round(4)
    probabilities[:, 0] += 1 - probabilities.sum(axis=1)
    return labels, probabilities


def test_labels_are_in_doubt_where_another_class_reaches_its_own_threshold() -> None:
    labels = np.array([0, 0, 0, 1, 1, 1])
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.4, 0.6], [0.3, 0.7]])
    found = suspects(labels, probabilities)
    assert found.thresholds == pytest.approx([(0.9 + 0.8 + 0.1) / 3, (0.8 + 0.6 + 0.7) / 3])
    # The fifth is sure of neither class, and the third is surely of the other.
    assert found.likely.tolist() == [0, 0, 1, 1, -1, 1]
    assert found.joint.tolist() == [[2, 1], [0, 2]]
    assert found.flagged.tolist() == [False, False, True, False, False, False]
    assert found.margins == pytest.approx([-0.8, -0.6, 0.8, -0.6, -0.2, -0.4])
    assert found.estimated == pytest.approx(1.0)


def test_of_several_classes_that_reach_their_thresholds_the_most_probable_counts() -> None:
    labels = np.array([0, 1, 2, 2])
    probabilities = np.array([[0.3, 0.4, 0.3], [0.2, 0.4, 0.4], [0.3, 0.3, 0.4], [0.35, 0.4, 0.25]])
    assert suspects(labels, probabilities).likely[3] == 1


def test_a_class_that_no_track_bears_is_never_the_likely_one() -> None:
    found = suspects(np.array([0, 0, 1]), np.array([[0.1, 0.1, 0.8], [0.5, 0.2, 0.3], [0.2, 0.5, 0.3]]))
    assert found.thresholds[2] == np.inf
    assert (found.likely != 2).all()


def test_nothing_is_in_doubt_where_everything_is_right() -> None:
    labels = np.arange(10) % 2
    found = suspects(labels, np.eye(2)[labels])
    assert not found.flagged.any()
    assert found.estimated == 0


@pytest.mark.parametrize("number", range(5))
def test_the_joint_and_the_suspects_are_those_that_cleanlab_gave(number: int) -> None:
    expected = json.loads(RECORDED.read_text())["cases"][number]
    labels, probabilities = np.array(expected["labels"]), np.array(expected["probabilities"])
    found = suspects(labels, probabilities)
    assert found.joint.tolist() == expected["joint"]
    assert np.flatnonzero(found.flagged).tolist() == expected["off_diagonals"]
    assert found.estimated == pytest.approx(expected["estimated"])


@pytest.mark.parametrize("seed", range(100, 110))
def test_the_joint_is_cleanlabs_where_that_is_installed(seed: int) -> None:
    count = pytest.importorskip("cleanlab.count")
    labels, probabilities = case(seed)
    joint, flagged = count.compute_confident_joint(
        labels, probabilities, calibrate=False, return_indices_of_off_diagonals=True
    )
    found = suspects(labels, probabilities)
    assert found.joint.tolist() == joint.tolist()
    assert np.flatnonzero(found.flagged).tolist() == sorted(flagged)
