"""Components that do what no component should: each is named with file and line, and nothing else suffers."""

from __future__ import annotations

import io
import json
import re
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

import pytest

from benchmark.cli.main import main

COMPONENTS = """
import os, random, sys
from dataclasses import replace

import numpy as np

from benchmark import Augmentation, Dataset, Features, Metric, SklearnModel, hookimpl
from bench_datasets.synthetic import Synthetic

print("NOISE of an import")


class Odd(Synthetic):
    '''Synthetic data, and something odd about it.'''
    name = "odd"
    stands_in_for = None

    def __init__(self, *, kind: str = "", data: str = "") -> None:
        super().__init__(tracks_per_class=6, seconds=1, difficulty=0)
        self.kind = kind

    def load(self, locations):
        corpus = super().load(locations)
        first, *rest = corpus.tracks
        if self.kind == "integer labels":
            return replace(corpus, tracks=tuple(replace(t, label=corpus.classes.index(t.label)) for t in corpus.tracks))
        if self.kind == "integer classes":
            return replace(corpus, classes=tuple(range(10)))
        if self.kind == "not a number":
            return replace(corpus, tracks=(replace(first, label=float("nan")), *rest))
        if self.kind == "unlisted":
            return replace(corpus, tracks=(replace(first, label="polka"), *rest))
        if self.kind == "one id":
            return replace(corpus, tracks=(replace(first, id=rest[0].id), *rest))
        if self.kind == "list":
            return list(corpus.tracks)
        if self.kind == "raises":
            raise ValueError("the disk is shy")  # raises
        if self.kind == "exits":
            sys.exit(0)  # exits
        if self.kind == "interrupts":
            raise KeyboardInterrupt  # interrupts
        if self.kind == "another order":
            return replace(corpus, tracks=tuple(sorted(corpus.tracks, key=lambda track: random.SystemRandom().random())))
        if self.kind == "other tracks":
            left_out = random.SystemRandom().randrange(len(corpus.tracks))
            return replace(corpus, tracks=corpus.tracks[:left_out] + corpus.tracks[left_out + 1:])
        return corpus


class OddFeatures(Features):
    '''The first samples, and something odd about them.'''
    name = "odd"

    def __init__(self, *, kind: str = "") -> None:
        self.kind = kind

    @property
    def shape(self):
        if self.kind == "no shape":
            raise ValueError("there is none")  # no shape
        return (2, 2, 2, 2) if self.kind == "four lengths" else (12, 16, 1)

    @property
    def dtype(self):
        return "float64" if self.kind == "double" else "float32"

    def compute(self, samples, sample_rate, *, reference_length):
        made = np.resize(samples, (12, 16, 1)).astype("float32")
        print("NOISE of features")
        if self.kind == "list":
            return made.tolist()
        if self.kind == "raises":
            raise RuntimeError("too loud")  # features raise
        if self.kind == "exits":
            sys.exit(0)  # features exit
        os.chdir("/")
        return made


class OddBatch(Augmentation):
    name = "stale"
    acts_on = "batch"
    fresh = False


class OddCopies(Augmentation):
    '''Makes copies that it cannot describe.'''
    name = "odd"
    acts_on = "waveform"

    def __init__(self, *, kind: str = "") -> None:
        self.kind = kind

    def copies(self):
        if self.kind == "raises":
            raise ValueError("none")  # copies raise
        return [{"gain": np.float32(1)}] if self.kind == "arrays" else "many"


class OddMetric(Metric):
    name = "odd"

    def __init__(self, *, kind: str = "") -> None:
        self.kind = kind

    def compute(self, labels, probabilities):
        print("NOISE of a metric")
        if self.kind == "raises":
            raise RuntimeError("divided by nobody")  # metric raises
        if self.kind == "exits":
            sys.exit(0)  # metric exits
        return "good" if self.kind == "text" else 0.5


class Odd2(SklearnModel):
    name = "odd"

    def estimator(self, random_state, *, kind: str = ""):
        from sklearn.neighbors import NearestCentroid

        print("NOISE of a model")
        os.chdir("/")
        if kind == "raises":
            raise RuntimeError("no estimator")  # model raises
        return NearestCentroid()


class Spaced(Odd2):
    name = "spaced"

    @classmethod
    def space(cls):
        raise RuntimeError("there is no room")  # no space

    @classmethod
    def rehearsal(cls, parameters):
        sys.exit(0)  # no rehearsal


@hookimpl
def bench_datasets():
    return [Odd]


@hookimpl
def bench_features():
    return [OddFeatures]


@hookimpl
def bench_augmentations():
    return [OddBatch, OddCopies]


@hookimpl
def bench_metrics():
    return [OddMetric]


@hookimpl
def bench_models():
    return [Odd2, Spaced]
"""


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


class Here:
    """A project in which ``bench`` is run by this process."""

    def __init__(self, project) -> None:
        self.project = project
        self.folder, self.results = project.folder, project.results

    def bench(self, *arguments: str):
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            patch.chdir(self.folder)
            for name, value in self.project.variables().items():
                patch.setenv(name, value)
            patch.setattr("sys.argv", ["bench", *arguments])
            with pytest.raises(SystemExit) as ended:
                main()
        return Ended(ended.value.code or 0, out.getvalue(), err.getvalue())


@pytest.fixture
def odd(project):
    """Return a project with odd components."""
    (project.folder / "benchfile.py").write_text(COMPONENTS)
    project.write((project.folder / "suite.yaml").read_text().replace("[majority, nearest]", "[majority]"))
    return Here(project)


def line(comment: str) -> int:
    """Return where in the components a comment stands, or a line begins."""
    return next(n for n, text in enumerate(COMPONENTS.splitlines(), 1) if comment in text)


def records(project) -> list[dict]:
    return [json.loads(file.read_text()) for file in sorted(project.results.glob("*/cell.json"))]


LOAD = line("    def load(")


@pytest.mark.parametrize(
    ("kind", "where", "problem"),
    [
        ("integer labels", LOAD, "the label 0 (int) instead of a text: its class's name"),
        ("integer classes", LOAD, "a class 0 (int) instead of a text"),
        ("not a number", LOAD, "the label nan (float) instead of a text"),
        ("unlisted", LOAD, "the label 'polka', which is not in its classes (blues, classical"),
        ("one id", LOAD, "two tracks with the id 'blues.00001'"),
        ("list", LOAD, "load gave list instead of a Corpus"),
        ("raises", line("# raises"), "ValueError: the disk is shy"),
        ("exits", line("# exits"), "SystemExit: 0"),
        ("interrupts", line("# interrupts"), "KeyboardInterrupt"),
    ],
)
def test_a_dataset_that_supplies_no_corpus_is_named_and_nothing_is_run(odd, kind, where, problem) -> None:
    ran = odd.bench(
        "run", "suite.yaml", "--executor", "inline", "--set", f"cell.dataset={{odd: {{kind: {kind}}}}}"
    )
    assert ran.code == 2
    assert f"Error: dataset 'odd' (plugin benchfile.py, {odd.folder}/benchfile.py:{where}): " in ran.err
    assert problem in ran.err
    assert "Traceback" not in ran.err


def test_the_cells_of_other_datasets_are_run_and_the_report_says_which_could_not(odd) -> None:
    both = "matrix.dataset=[{synthetic: {tracks_per_class: 6, seconds: 1, difficulty: 0}}, {odd: {kind: raises}}]"
    ran = odd.bench("run", "suite.yaml", "--executor", "inline", "--set", both)
    assert ran.code == 1
    assert [record["status"] for record in records(odd)] == ["ok", "ok"]
    assert "2 of 4 cells are not ok" in ran.err
    report = (odd.results / "report" / "report.md").read_text().replace("\\", "")
    assert (
        f"Dataset odd cannot be used: dataset 'odd' (plugin benchfile.py, {odd.folder}/benchfile.py:"
        in report
    )
    assert "the disk is shy" in report


def test_an_order_that_varies_is_no_matter(odd) -> None:
    chosen = ("--set", "cell.dataset={odd: {kind: another order}}", "--executor", "inline")
    assert odd.bench("run", "suite.yaml", *chosen).code == 0
    again = odd.bench("run", "suite.yaml", *chosen)
    assert again.code == 0
    assert "[1/" not in again.err


def test_tracks_that_vary_are_explained_by_the_datasets_name(odd) -> None:
    chosen = "cell.dataset={odd: {kind: other tracks}}"
    ran = odd.bench("run", "suite.yaml", "--executor", "inline", "--set", chosen)
    assert ran.code == 1
    for record in records(odd):
        assert record["error"]["message"].startswith(
            "Dataset 'odd' gives other tracks than when this cell was planned"
        )


@pytest.mark.parametrize(
    ("change", "where", "problem"),
    [
        ("cell.features={odd: {kind: no shape}}", "# no shape", "ValueError: there is none"),
        (
            "cell.features={odd: {kind: four lengths}}",
            "def shape",
            "its shape is (2, 2, 2, 2) instead of one, two or",
        ),
        (
            "cell.features={odd: {kind: double}}",
            "def dtype",
            "its dtype is 'float64' instead of 'uint8' or 'float32'",
        ),
        ("cell.augmentation=[{odd: {kind: raises}}]", "# copies raise", "ValueError: none"),
        (
            "cell.augmentation=[{odd: {kind: arrays}}]",
            "def copies",
            "instead of a list of mappings of plain values",
        ),
        ("cell.augmentation=[{odd: {kind: text}}]", "def copies", "copies gave 'many' instead of a list"),
    ],
)
def test_what_a_component_says_of_itself_is_checked_when_it_is_planned(odd, change, where, problem) -> None:
    where = line(where) - (where in ("def shape", "def dtype"))  # With its decorator.
    ran = odd.bench("plan", "suite.yaml", "--set", change)
    assert ran.code == 2
    assert ran.err.startswith(f"NOISE of an import\nError: --set {change.partition('=')[0]}: ")
    assert f"(plugin benchfile.py, {odd.folder}/benchfile.py:{where})" in ran.err
    assert problem in ran.err


def test_a_space_and_a_rehearsal_that_fail_are_named(odd) -> None:
    model = ("--set", "matrix.model=[spaced]")
    tuned = odd.bench("plan", "suite.yaml", *model, "--set", "tune={trials: 3, metric: top1, space: default}")
    assert tuned.code == 2
    where = f"model 'spaced' (plugin benchfile.py, {odd.folder}/benchfile.py"
    assert f"{where}:{line('# no space')}): RuntimeError: there is no room" in tuned.err
    rehearsed = odd.bench("plan", "suite.yaml", *model, "--rehearse")
    assert rehearsed.code == 2
    assert f"{where}:{line('# no rehearsal')}): SystemExit: 0" in rehearsed.err


def test_a_batch_augmentation_that_makes_fixed_copies_is_refused_with_its_line(odd) -> None:
    suite = odd.folder / "suite.yaml"
    suite.write_text(suite.read_text().replace("  evaluate:", "  augmentation: [stale]\n  evaluate:"))
    ran = odd.bench("plan", "suite.yaml", "--set", "matrix.model=[cnn]")
    assert ran.code == 2
    found = line_of(suite, "augmentation")
    assert f"suite.yaml:{found}: augmentation 'stale' changes batches, which are drawn afresh" in ran.err


def line_of(file: Path, text: str) -> int:
    return next(n for n, each in enumerate(file.read_text().splitlines(), 1) if text in each)


@pytest.mark.parametrize(
    ("change", "type_", "where", "problem"),
    [
        (
            "cell.features={odd: {kind: list}}",
            "CacheError",
            "def compute(self, samples",
            "compute gave list instead",
        ),
        ("cell.features={odd: {kind: raises}}", "CacheError", "# features raise", "RuntimeError: too loud"),
        ("cell.features={odd: {kind: exits}}", "CacheError", "# features exit", "SystemExit: 0"),
        ("cell.metrics=[{odd: {kind: raises}}]", "RuntimeError", "# metric raises", "divided by nobody"),
        ("cell.metrics=[{odd: {kind: exits}}]", "SystemExit", "# metric exits", "0"),
        (
            "cell.metrics=[{odd: {kind: text}}]",
            "PluginError",
            "def compute(self, labels",
            "compute gave str instead",
        ),
    ],
)
def test_what_fails_in_a_run_is_its_cells_failure_with_file_and_line(
    odd, change, type_, where, problem
) -> None:
    ran = odd.bench("run", "suite.yaml", "--executor", "inline", "--set", change)
    assert ran.code == 1
    assert "Traceback" not in ran.err
    (error, _) = [record["error"] for record in records(odd)]
    assert error["type"] == type_
    assert f"(plugin benchfile.py, {odd.folder}/benchfile.py:{line(where)}): " in error["message"]
    assert problem in error["message"]


def test_a_model_that_raises_leaves_the_others_alone_and_the_report_says_where(odd) -> None:
    models = "matrix.model=[majority, {odd: {kind: raises}}]"
    ran = odd.bench("run", "suite.yaml", "--executor", "inline", "--set", models)
    assert ran.code == 1
    assert sorted(record["status"] for record in records(odd)) == ["failed", "failed", "ok", "ok"]
    report = (odd.results / "report" / "report.md").read_text().replace("\\", "")
    assert f"model 'odd' (plugin benchfile.py, {odd.folder}/benchfile.py:{line('# model raises')}" in report


@pytest.mark.slow
def test_what_plugins_print_goes_to_standard_error_and_results_stay_where_they_belong(odd) -> None:
    changes = ["cell.features=odd", "cell.metrics=[odd]", "matrix.model=[odd]"]
    arguments = [word for change in changes for word in ("--set", change)]
    ran = odd.project.bench("run", "suite.yaml", "--executor", "inline", *arguments)
    assert ran.code == 0, ran.err
    assert "NOISE" not in ran.out
    assert set(re.findall("NOISE of (.*)", ran.err)) == {"an import", "features", "a metric", "a model"}
    assert len(records(odd)) == 2
    schema = odd.project.bench("schema", "suite.yaml")
    assert "NOISE of an import" in schema.err
    assert json.loads(schema.out)["title"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["features", "metric"])
def test_what_ends_the_program_in_a_worker_ends_its_cells_alone(odd, kind: str) -> None:
    change = {
        "features": "matrix.features=[{odd: {kind: exits}}, {mel: {size: [12, 16], n_mels: 12}}]",
        "metric": "cell.metrics=[top1, {odd: {kind: exits}}]",
    }[kind]
    ran = odd.project.bench("run", "suite.yaml", "--jobs", "1", "--set", change)
    assert ran.code == 1
    assert "Traceback" not in ran.err
    statuses = sorted(record["status"] for record in records(odd))
    assert statuses == (["failed", "failed", "ok", "ok"] if kind == "features" else ["failed", "failed"])
    failed = next(record for record in records(odd) if record["status"] == "failed")
    assert "plugin benchfile.py" in failed["error"]["message"]
