"""Results on corrupted sets without training, beside those of ``fabricate``."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from fabricate import CLASSES, SUITE, TRACKS, file_once, make_answers

from benchmark.results.corrupted import (
    CorruptedRecord,
    clean_digest,
    described,
    file_corrupted,
    wanted_keys,
)
from benchmark.results.plan import Plan
from benchmark.results.store import ResultsStore

WORN = SUITE.replace(
    "evaluate: [test]",
    "evaluate: [test, {corrupt: {by: [hiss, {hiss: {colour: pink}, label: rain}], severity: [1, 3]}}]",
)


def answers(number: int, key: str) -> np.ndarray:
    """Return probabilities of a cell on a corrupted set: those on clean tracks, some of them turned."""
    labels, probabilities = make_answers(number)
    turned = np.random.default_rng([number, len(key), sum(key.encode())]).random(len(labels)) < 0.4
    return np.where(turned[:, None], np.roll(probabilities, 1, axis=1), probabilities)


def make_corrupted(plan: Plan, store: ResultsStore, skipped: int = -1) -> None:
    """File results on corrupted sets of each cell but one."""
    for number, (cell, id_) in enumerate(zip(plan.suite.cells, plan.ids, strict=True)):
        if number == skipped:
            continue
        assert id_ is not None
        folder = store.scan()[id_]
        record = store.read(id_, folder)
        keys = wanted_keys(cell, plan)
        sets = {key: described(corruption, "test") for key, corruption in keys.items()}
        made = CorruptedRecord(id_, clean_digest(record, folder), list(CLASSES), sets, "in memory")
        file_once(
            store,
            f"{made} {number}",
            lambda store, made=made, number=number: file_corrupted(
                store, made, _predictions(number, made.sets)
            ),
        )


def _predictions(number: int, keys: Iterable[str]) -> pd.DataFrame:
    frames = []
    for key in keys:
        frame = pd.DataFrame(answers(number, key), columns=[f"p:{name}" for name in CLASSES])
        facts = {
            "set": key, "track": [f"track {track:02d}" for track in range(TRACKS)], "group": None,
            "label": [CLASSES[track % len(CLASSES)] for track in range(TRACKS)],
        }  # fmt: skip
        frames.append(pd.concat([pd.DataFrame(facts), frame], axis=1))
    return pd.concat(frames, ignore_index=True)
