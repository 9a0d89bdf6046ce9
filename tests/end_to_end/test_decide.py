from __future__ import annotations

import csv
import json
import re
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from projects import FEW_SECTIONS

# Two rows that differ, and one that guesses; seeds are tested on tracks of their own.
SUITE = """
name: trial
cell:
  dataset: {synthetic: {tracks_per_class: 12, seconds: 1, difficulty: 0}}
  features: {mel: {size: [12, 16], n_mels: 12}}
  split: {fractions: [0.5, 0.17, 0.33]}
  evaluate: [test]
  metrics: [top1]
matrix:
  model:
    - majority
    - {noisy: {share: 0.1}, label: good}
    - {noisy: {share: 0.6}, label: fair}
  seed: [0, 1]
"""
NOISY = '''

class Noisy(SklearnModel):
    """Knows the answer for most tracks, and guesses for a share of them, which depends on the seed."""
    name = "noisy"

    def estimator(self, random_state, *, share: float = 0.3, seconds: float = 0.0):
        from sklearn.neighbors import NearestCentroid
        return NearestCentroid()

    def fit(self, train, validation, run):
        time.sleep(self.parameters["seconds"])
        self._seed = run.seed
        return super().fit(train, validation, run)

    def predict(self, items):
        found = super().predict(items)
        rng = np.random.default_rng([self._seed, int(100 * self.parameters["share"])])
        wrong = rng.random(len(found)) < self.parameters["share"]
        found[wrong] = np.roll(found[wrong], 1, axis=1)
        return found

@hookimpl(specname="bench_models")
def more_models():
    return [Noisy]
'''


@pytest.fixture
def racing(project: Any) -> Any:
    project.write(SUITE)
    project.sections = FEW_SECTIONS
    benchfile = project.folder / "benchfile.py"
    benchfile.write_text(benchfile.read_text() + NOISY)
    return project


def race(project: Any) -> dict[str, Any]:
    return dict(json.loads((project.results / "decide.json").read_text()))


def records(project: Any) -> list[dict[str, Any]]:
    return [json.loads(file.read_text()) for file in sorted(project.results.glob("[!.]*/cell.json"))]


def added(project: Any) -> dict[str, list[int]]:
    return {row["labels"]["model"]: row["seeds"] for row in race(project)["rows"].values()}


@pytest.mark.slow
def test_seeds_are_added_to_rows_whose_verdict_hangs_on_them_and_stay_in_the_report(racing: Any) -> None:
    ran = racing.bench("run", "suite.yaml", "--decide", "--max-seeds", "8", "--executor", "inline")
    assert ran.code == 0, ran.err
    assert "Adding" in ran.err
    seeds = added(racing)
    assert seeds
    for each in seeds.values():
        assert each == list(range(2, 2 + len(each)))
        assert len(each) <= 6
    cells = records(racing)
    extra = [cell for cell in cells if cell["labels"]["seed"] not in ("0", "1")]
    assert len(extra) == sum(map(len, seeds.values()))
    assert all(cell["provenance"]["added"] for cell in extra)
    assert all("added" not in cell["provenance"] for cell in cells if cell not in extra)
    assert "added" in ran.out

    looked = race(racing)
    assert 1 <= len(looked["looks"]) <= 8
    report = racing.bench("report", "suite.yaml", "--force")
    assert re.search(r"\d/\d, \d added", report.out)
    assert "incomplete" not in report.out
    assert racing.bench("status", "suite.yaml").out.count(" ok") >= len(cells)

    again = racing.bench("run", "suite.yaml", "--decide", "--max-seeds", "8", "--executor", "inline")
    assert again.code == 0, again.err
    assert race(racing) == looked, "the same results are the same look"


@pytest.mark.slow
def test_rows_of_one_seed_get_a_second_one_and_unlike_seeds_are_ranked_together(racing: Any) -> None:
    wild = "[{synthetic: {tracks_per_class: 12, seconds: 1, difficulty: 0, seed: 5}, label: wild}]"
    near = "- majority\n    - {noisy: {share: 0.25}, label: near}"
    text = SUITE.replace("evaluate: [test]", f"evaluate: {wild}").replace("seed: [0, 1]", "seed: [0]")
    racing.write(text.replace("- majority", near))
    ran = racing.bench("run", "suite.yaml", "--decide", "--max-seeds", "6", "--executor", "inline")
    assert ran.code == 0, ran.err
    assert "Adding 4 seeds to 4 rows, to know how much seeds change." in ran.err
    counts = {model: len(seeds) for model, seeds in added(racing).items()}
    assert min(counts.values()) == counts["majority"] == 1, "no seed changes it, and none is spent on it"
    assert max(counts.values()) == counts["good"] > 1
    with (racing.results / "report" / "leaderboard.csv").open() as file:
        ranks = {line["model"]: line["rank"] for line in csv.DictReader(file)}
    assert set(ranks) == set(counts)
    assert all(ranks.values())


@pytest.mark.slow
def test_a_race_that_is_killed_goes_on_with_the_same_looks(racing: Any) -> None:
    racing.write(
        SUITE.replace("share: 0.1", "share: 0.1, seconds: 0.5").replace(
            "share: 0.6", "share: 0.6, seconds: 0.5"
        )
    )
    command = ("run", "suite.yaml", "--decide", "--max-seeds", "8", "--executor", "inline")
    process = racing.start(*command)
    end = time.monotonic() + 120
    while time.monotonic() < end and not ((racing.results / "decide.json").exists() and added(racing)):
        time.sleep(0.02)
    before = race(racing)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    ran = racing.bench("report", "suite.yaml", "--force")
    assert ran.code == 0, ran.err
    assert "incomplete" not in ran.out, "what was added and not run is not missed"

    ran = racing.bench(*command)
    assert ran.code == 0, ran.err
    after = race(racing)
    assert after["looks"][: len(before["looks"])] == before["looks"]
    whole = {each["labels"]["model"]: each["seeds"] for each in before["rows"].values()}
    assert all(added(racing)[model][: len(seeds)] == seeds for model, seeds in whole.items())
    done = {(cell["labels"]["model"], int(cell["labels"]["seed"])) for cell in records(racing)}
    assert {(model, seed) for model, seeds in added(racing).items() for seed in seeds} <= done


@pytest.mark.slow
def test_two_drivers_side_by_side_look_as_one_does_and_train_nothing_twice(racing: Any) -> None:
    racing.write(SUITE.replace("{share: 0.1}", "{share: 0.1, seconds: 0.3}"))
    command = ("run", "suite.yaml", "--decide", "--max-seeds", "6", "--executor", "inline")
    alone = racing.bench(*command, "--results", "alone")
    assert alone.code == 0, alone.err
    expected = json.loads((racing.folder / "alone" / "trial" / "decide.json").read_text())

    racing.environment["TRACKER_LOG"] = str(racing.folder / "log")
    drivers = [racing.start(*command) for _ in range(2)]
    for driver in drivers:
        _, said = driver.communicate(timeout=300)
        assert driver.returncode == 0, said
        assert "Traceback" not in said
    assert race(racing) == expected
    trained = (racing.folder / "log").read_text().splitlines()
    assert len(trained) == len(set(trained)) == len(records(racing))
    assert not (racing.results / ".claims").exists()


@pytest.mark.slow
def test_no_seed_is_added_that_would_not_be_done_within_the_budget(racing: Any) -> None:
    ran = racing.bench("run", "suite.yaml", "--decide", "--budget", "0.0000001", "--executor", "inline")
    assert ran.code == 0, ran.err
    assert "within the budget" in ran.err
    assert added(racing) == {}


@pytest.mark.slow
def test_a_rehearsal_can_be_decided_too(racing: Any) -> None:
    ran = racing.bench("run", "suite.yaml", "--rehearse", "--decide", "--executor", "inline")
    assert ran.code == 0, ran.err
    assert (racing.folder / "results" / "trial-rehearsal" / "decide.json").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--max-seeds", "5"), "give --decide too"),
        (("--budget", "1"), "give --decide too"),
        (("--decide", "--force"), "do not go together"),
    ],
)
def test_options_that_do_not_go_together_are_refused_in_words(
    racing: Any, options: tuple[str, ...], said: str
) -> None:
    ran = racing.bench("run", "suite.yaml", *options)
    assert ran.code == 2
    assert said in ran.err
    assert not racing.results.exists()


@pytest.mark.slow
def test_a_suite_without_an_axis_of_seeds_cannot_be_decided(racing: Any) -> None:
    racing.write(SUITE.replace("  seed: [0, 1]\n", ""))
    ran = racing.bench("run", "suite.yaml", "--decide", "--executor", "inline")
    assert ran.code == 2
    assert "seed is no axis" in ran.err


@pytest.mark.slow
def test_a_damaged_record_of_looks_is_refused_and_not_forgotten(racing: Any) -> None:
    ran = racing.bench("run", "suite.yaml", "--decide", "--max-seeds", "3", "--executor", "inline")
    assert ran.code == 0, ran.err
    file = Path(racing.results / "decide.json")
    file.write_text(file.read_text().replace('"price": 2.0', '"price": 1.0'))
    ran = racing.bench("report", "suite.yaml")
    assert ran.code == 1
    assert "decide.json" in ran.err
    assert "Traceback" not in ran.err
