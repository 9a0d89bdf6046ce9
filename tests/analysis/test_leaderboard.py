from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmark.analysis.leaderboard import baseline_rows, leaderboard, varying
from benchmark.results.frames import Measure

TOP1 = Measure("test", "top1", greater_is_better=True, percent=True)
LOSS = Measure("test", "log-loss", greater_is_better=False, percent=False)


def make_cells(*rows: tuple[str, str, list[float | None]], leaky: tuple[str, ...] = ()) -> pd.DataFrame:
    """Return a line per cell from (model, augmentation, a value per seed; None for a failed cell)."""
    return pd.DataFrame([
        {
            "row": number,
            "model": model,
            "augmentation": augmentation,
            "cell": str(seed),
            "status": "failed" if value is None else "ok",
            "marks": ("leaky",) if model in leaky else (),
            "total": 10.0,
            "training_seconds": float(seed),
            "test/top1": np.nan if value is None else value,
            "test/log-loss": np.nan if value is None else value,
        }
        for number, (model, augmentation, values) in enumerate(rows)
        for seed, value in enumerate(values)
    ])  # fmt: skip


def board(cells: pd.DataFrame, measure: Measure = TOP1, **options: object) -> pd.DataFrame:
    return leaderboard(cells, ["model", "augmentation"], [measure], **options)  # type: ignore[arg-type]


def test_a_row_has_the_mean_and_the_sample_deviation_over_its_cells() -> None:
    line = board(make_cells(("a", "none", [0.5, 0.7, 0.9]))).iloc[0]
    assert line["test/top1 mean"] == pytest.approx(np.mean([0.5, 0.7, 0.9]))
    assert line["test/top1 sd"] == pytest.approx(np.std([0.5, 0.7, 0.9], ddof=1))
    assert (line["ok"], line["expected"], line["training_seconds"]) == (3, 3, 1.0)


def test_one_cell_has_no_deviation() -> None:
    assert np.isnan(board(make_cells(("a", "none", [0.5]))).iloc[0]["test/top1 sd"])


def test_a_row_of_which_a_finished_cell_lacks_the_value_has_no_mean() -> None:
    """What is left would be the mean of other seeds than other rows have, and look like any other."""
    cells = make_cells(("a", "none", [0.5, 0.7, 0.9]), ("b", "none", [0.4, 0.4, 0.4]))
    cells.loc[0, "test/top1"] = np.nan
    table = board(cells).set_index("model")
    assert np.isnan(table.loc["a", "test/top1 mean"])
    assert np.isnan(table.loc["a", "test/top1 sd"])
    assert table.index.tolist() == ["b", "a"]


def test_the_best_row_comes_first_and_equal_ones_in_the_order_of_the_suite() -> None:
    table = board(
        make_cells(("a", "none", [0.5]), ("b", "none", [0.9]), ("c", "none", [0.5]), ("d", "none", [0.1]))
    )
    assert table["model"].tolist() == ["b", "a", "c", "d"]


def test_a_measure_where_less_is_better_orders_upside_down() -> None:
    table = board(make_cells(("a", "none", [0.5]), ("b", "none", [0.9])), LOSS)
    assert table["model"].tolist() == ["a", "b"]


def test_an_incomplete_row_is_last_however_good_it_is() -> None:
    table = board(make_cells(("a", "none", [0.99, None]), ("b", "none", [0.1, 0.2])))
    assert table["model"].tolist() == ["b", "a"]
    assert table.iloc[1][["ok", "expected", "status"]].tolist() == [1, 2, "1 failed"]


def test_a_leaky_row_is_last_however_good_it_is() -> None:
    table = board(make_cells(("a", "none", [0.99]), ("b", "none", [0.5]), leaky=("a",)))
    assert table["model"].tolist() == ["b", "a"]
    assert table["standing"].tolist() == ["honest", "leaky"]


def in_standings(cells: pd.DataFrame, **standings: str) -> pd.DataFrame:
    return cells.assign(standing=cells["model"].map(standings), verdict=cells["model"].map(standings))


def may_be_ranked(table: pd.DataFrame) -> list[bool]:
    return (table["complete"] & table["clean"]).tolist()


def test_rows_that_share_groups_are_ranked_apart_from_honest_ones_and_above_leaky_ones() -> None:
    cells = make_cells(("a", "none", [0.99]), ("b", "none", [0.9]), ("c", "none", [0.5]))
    table = board(in_standings(cells, a="leaky", b="shared groups", c="honest"))
    assert table["model"].tolist() == ["c", "b", "a"]
    assert may_be_ranked(table) == [True, False, False]


def test_where_all_rows_share_groups_they_are_ranked_among_themselves() -> None:
    cells = make_cells(("a", "none", [0.5]), ("b", "none", [0.9]), ("c", "none", [0.99]))
    table = board(in_standings(cells, a="shared groups", b="shared groups", c="leaky"))
    assert table["model"].tolist() == ["b", "a", "c"]
    assert may_be_ranked(table) == [True, True, False]


def test_an_honest_row_that_is_incomplete_still_keeps_those_that_share_groups_from_a_rank() -> None:
    cells = make_cells(("a", "none", [0.5, None]), ("b", "none", [0.9, 0.9]))
    table = board(in_standings(cells, a="honest", b="shared groups"))
    assert table["model"].tolist() == ["a", "b"]
    assert may_be_ranked(table) == [False, False]


def test_tracks_that_are_left_out_are_counted_with_the_value_that_they_would_give() -> None:
    cells = make_cells(("a", "none", [0.70, 0.72, 0.74]))
    cells["test left out"], cells["test tracks"] = [1, np.nan, 3], [75, np.nan, 75]
    cells["test/top1 whole"] = [0.80, np.nan, 0.78]
    cells["verdict"] = "clean"
    (line,) = board(cells).to_dict("records")
    assert line["verdict"] == f"0 to 3 of 75 left out, with them {100 * np.mean([0.80, 0.72, 0.78]):.1f}"
    assert line["test/top1 whole"] == pytest.approx(np.mean([0.80, 0.72, 0.78]))
    assert line["test/top1 mean"] == pytest.approx(0.72)
    cells["verdict"] = "groups unknown"
    assert board(cells).iloc[0]["verdict"].endswith("76.7; groups unknown")


def test_differences_are_taken_to_the_row_that_differs_in_the_baselines_axes_alone() -> None:
    cells = make_cells(
        ("a", "none", [0.5, 0.7]),
        ("a", "masks", [0.9, 0.9]),
        ("b", "none", [0.2, 0.2]),
        ("b", "masks", [0.1, 0.1]),
    )
    table = board(cells, baseline={"augmentation": "none"}).set_index(["model", "augmentation"])
    assert table.loc[("a", "masks"), "test/top1 difference"] == pytest.approx(0.3)
    assert table.loc[("b", "masks"), "test/top1 difference"] == pytest.approx(-0.1)
    assert np.isnan(table.loc[("a", "none"), "test/top1 difference"])


def test_a_row_whose_counterpart_is_excluded_has_no_baseline() -> None:
    table = board(make_cells(("a", "none", [0.5]), ("b", "masks", [0.5])))
    assert baseline_rows(table, ["model", "augmentation"], {"augmentation": "none"}) == {}


def test_axes_with_one_value_need_no_column() -> None:
    cells = make_cells(("a", "none", [0.5]), ("b", "none", [0.5]))
    assert varying(cells, ["model", "augmentation"]) == ["model"]


def test_a_row_stands_where_the_audit_puts_its_worst_cell() -> None:
    cells = make_cells(("a", "none", [0.5, 0.6]), ("b", "none", [0.5, 0.6]))
    cells["standing"] = ["honest", "shared groups", "honest", "honest"]
    table = board(cells).set_index("model")
    assert table["standing"].to_dict() == {"a": "shared groups", "b": "honest"}
