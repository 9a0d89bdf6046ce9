"""How hard the synthetic datasets are: a grouped 60/40 split, MFCC means and deviations, and an SVM.

Run: python benchmarks/synthetic_difficulty.py [difficulty ...]
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import librosa
import numpy as np
from sklearn.model_selection import GroupShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from bench_datasets.synthetic import Synthetic, SyntheticShifted
from benchmark import SAMPLE_RATE
from benchmark.data.audio import load_mono
from benchmark.locations import Locations

if TYPE_CHECKING:
    from benchmark.plugin.tracks import Corpus


def summary(path: Path) -> np.ndarray:
    """Mean and deviation of 20 MFCCs and of their differences in time, shape (80,)."""
    mfcc = librosa.feature.mfcc(y=load_mono(path), sr=SAMPLE_RATE, n_mfcc=20)
    change = np.diff(mfcc, axis=1)
    return np.concatenate([mfcc.mean(1), mfcc.std(1), change.mean(1), change.std(1)])


def table(corpus: Corpus) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    features = np.stack([summary(track.path) for track in corpus.tracks])
    labels = np.array([corpus.classes.index(track.label) for track in corpus.tracks])
    return features, labels, np.array([track.group for track in corpus.tracks])


def accuracies(difficulty: float, seed: int, locations: Locations) -> tuple[float, float]:
    home = table(Synthetic(difficulty=difficulty, seed=seed).load(locations))
    shifted = table(SyntheticShifted(difficulty=difficulty, seed=seed).load(locations))
    at_home, away = [], []
    for train, test in GroupShuffleSplit(5, test_size=0.4, random_state=0).split(*home):
        model = make_pipeline(StandardScaler(), SVC(C=10)).fit(home[0][train], home[1][train])
        at_home.append(model.score(home[0][test], home[1][test]))
        away.append(model.score(*shifted[:2]))
    return 100 * float(np.mean(at_home)), 100 * float(np.mean(away))


def main() -> None:
    difficulties = [float(text) for text in sys.argv[1:]] or [0.0, 0.25, 0.5, 0.75, 1.0]
    print("| difficulty | seed | synthetic | synthetic-shifted |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        locations = Locations(cache=Path(folder))
        for difficulty in difficulties:
            for seed in (0, 1):
                start = time.perf_counter()
                home, away = accuracies(difficulty, seed, locations)
                took = time.perf_counter() - start
                print(
                    f"| {difficulty:g} | {seed} | {home:.1f} % | {away:.1f} % |  ({took:.0f} s)", flush=True
                )


if __name__ == "__main__":
    main()
