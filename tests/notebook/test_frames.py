"""Results as data frames: of a folder, of a bundle, of a suite; what the docs show runs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import bundled
import numpy as np
import pandas as pd
import pytest

import benchmark
from benchmark.exceptions import UsageError

GOLDEN = next((Path(__file__).parents[1] / "data").glob("golden-*")) / "results" / "quickstart"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundled.make_bundle(tmp_path_factory.mktemp("frames"))


@pytest.mark.parametrize("kind", ["bundle", "folder"])
def test_every_frame_is_tidy(bundle: Path, kind: str) -> None:
    loaded = benchmark.load(bundle if kind == "bundle" else bundle.parent / "results" / "made_up")
    assert len(loaded.cells) == 12
    assert set(loaded.cells["status"]) == {"ok"}
    assert loaded.axes == ["model", "augmentation"]
    assert set(loaded.cells["seed"]) == {0, 1}
    assert len(loaded.predictions) == 12 * 12
    assert loaded.predictions["correct"].dtype == bool
    shares = loaded.predictions.groupby("id")["correct"].mean()
    top1 = loaded.metrics[loaded.metrics["metric"] == "top1"].set_index("id")["value"]
    pd.testing.assert_series_equal(top1.sort_index(), shares.sort_index(), check_names=False)
    assert len(loaded.histories) == 12 * 5
    assert pd.api.types.is_numeric_dtype(loaded.histories["val_accuracy"])
    assert set(loaded.comparisons["verdict"]) <= {"better", "worse", "equal", "undecided"}
    assert set(loaded.comparisons["row"]) | set(loaded.comparisons["other"]) == set(loaded.leaderboard["row"])


def test_a_folder_gives_the_numbers_that_its_bundle_gives(bundle: Path) -> None:
    bundled_results, folder = benchmark.load(bundle), benchmark.load(bundle.parent / "results" / "made_up")
    top1 = [
        loaded.metrics[loaded.metrics["metric"] == "top1"].set_index("id")["value"].sort_index()
        for loaded in (bundled_results, folder)
    ]
    pd.testing.assert_series_equal(*top1)
    assert bundled_results.axes == folder.axes


def test_results_of_older_versions_are_loaded() -> None:
    loaded = benchmark.load(GOLDEN)
    assert len(loaded.cells) == 24
    assert loaded.metrics["value"].between(0, 1).all()
    assert np.isfinite(loaded.comparisons["difference"]).all()


def test_where_nothing_is_there_it_is_said() -> None:
    with pytest.raises(UsageError, match="no folder of results"):
        benchmark.load("nowhere/at/all")


def test_importing_the_package_imports_nothing_heavy() -> None:
    script = "import benchmark, sys; benchmark.load; print([m for m in ('pandas', 'numpy', 'keras') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
def test_the_docs_say_what_works(tmp_path: Path) -> None:
    """The blocks of code on the page are run, one after another, in a folder with a small suite."""
    page = Path(__file__).parents[2] / "docs" / "sharing.md"
    if not page.is_file():
        pytest.skip("the pages of the docs are not here")
    blocks = page.read_text(encoding="utf-8").split("```python\n")[1:]
    code = "\n".join(block.partition("```")[0] for block in blocks)
    suite = {
        "name": "quickstart",
        "cell": {
            "dataset": {"synthetic": {"tracks_per_class": 4, "seconds": 1, "difficulty": 0}},
            "features": {"mel": {"size": [12, 16], "n_mels": 12}},
            "split": {"fractions": [0.5, 0.25, 0.25]},
        },
        "matrix": {"model": ["majority", "mfcc-svm"], "seed": [0, 1]},
    }
    (tmp_path / "suites").mkdir()
    (tmp_path / "suites" / "quickstart.yaml").write_text(json.dumps(suite))
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=500, check=False
    )
    assert done.returncode == 0, done.stderr
