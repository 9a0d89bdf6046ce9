from __future__ import annotations

import pandas as pd

from benchmark.analysis.learning_curves import mean_curve


def test_cells_that_stopped_early_leave_the_mean_to_the_others() -> None:
    long = pd.DataFrame({"epoch": [1, 2, 3], "accuracy": [0.1, 0.3, 0.5]})
    short = pd.DataFrame({"epoch": [1, 2], "accuracy": [0.3, 0.5]})
    found = mean_curve({"0": long, "1": short}, "accuracy")
    assert found.index.tolist() == [1, 2, 3]
    assert found.round(6).tolist() == [0.2, 0.4, 0.5]


def test_a_column_that_no_cell_has_gives_an_empty_curve() -> None:
    assert mean_curve({"0": pd.DataFrame({"epoch": [1]})}, "val_accuracy").empty
