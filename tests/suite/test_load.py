from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from suite_components import GOOD, replaced, with_cell

from benchmark.exceptions import SuiteError
from benchmark.plugin.registry import BrokenPlugin, Registry, Source
from benchmark.suite.load import load_suite


def test_a_suite_without_fault_is_read_whole(load, tmp_path: Path) -> None:
    text = "description: words\n" + GOOD + "leaderboard: {sort: tones:test/top2}\n"
    suite = load(text)
    assert (suite.name, suite.description, suite.text) == ("trial", "words", text)
    assert suite.path == tmp_path / "suite.yaml"
    assert suite.reference is None
    assert suite.leaderboard.sort == "tones:test/top2"
    spec = suite.cells[-1].spec
    assert spec.model.parameters == {"width": 64, "kind": "deep", "weights": "known"}
    assert spec.model.version == "1.0"
    assert spec.features.parameters == {"size": 32}
    assert spec.training.epochs == 3
    assert (spec.seed, spec.fold, spec.clips, spec.split.strategy) == (1, None, None, "stratified")
    assert [metric.label for metric in spec.metrics] == ["top1", "top2", "macro-f1"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("cell:", "cel: 1\ncell:", "2: a suite has no key 'cel'. Did you mean 'cell'?"),
        ("name: trial", "name: ../trial", "1: a suite needs a 'name' of letters, digits, '.', '_' and '-'"),
        ("name: trial", "name: 2026", "1: a suite needs a 'name' of letters, digits, '.', '_' and '-'"),
        ("name: trial\n", "", "1: a suite needs a 'name' of letters"),
        ("name: trial", "description: [1]\nname: trial", "1: 'description' is text, found [1]."),
        ("dataset: tones", "datasets: tones", "3: a cell has no key 'datasets'. Did you mean 'dataset'?"),
        ("  dataset: tones\n", "", "2: 'dataset' is missing: give it under 'cell', or as an axis under 'matrix'."),
        ("dataset: tones", "dataset: tonez", "3: There is no dataset 'tonez'. Did you mean 'tones'?"),
        ("dataset: tones", "dataset: noises", "3: dataset 'noises' is for testing only and cannot be trained on"),
        ("dataset: tones", "dataset: [tones]", "3: 'dataset' is one value under 'cell', found a list; to run each, move it"),
        ("dataset: tones", "dataset: null", "3: a component (here: dataset) is a name, or one name with its"),
        ("size: 32", "sise: 32", "4: features 'picture' has no parameter 'sise'. Did you mean 'size'? Available: size."),
        ("size: 32", "size: big", "4: 'size': input should be a valid integer, found 'big'."),
        ("size: 32", "size: yes", "4: 'size': input should be a valid integer, found 'yes'."),
        ("size: 32", "size: 0", "4: 'size': input should be greater than 0, found 0."),
        ("size: 32", "\n      size: 0", "5: 'size': input should be greater than 0, found 0."),
        ("epochs: 3", "epoch: 3", "5: 'training' has no setting 'epoch'. Did you mean 'epochs'?"),
        ("epochs: 3", "epochs: 0", "5: 'epochs': input should be greater than 0, found 0."),
        ("epochs: 3", "epochs: '3'", "5: 'epochs': input should be a valid integer, found '3'."),
        ("epochs: 3", "optimizer: adm", "5: 'optimizer': input should be 'adam', 'adamw', 'sgd' or 'rmsprop', found 'adm'. "
         "Did you mean 'adam'?"),
        ("{epochs: 3}", "fast", "5: 'training' is a mapping of settings, found 'fast'."),
        ("{large: {width: 64}}", "{large: 64}", "7: the parameters of 'large' are a mapping, found 64."),
        ("{large: {width: 64}}", "{large: {}, small: {}}", "7: a component (here: model) is a name, or one name with"),
        ("{large: {width: 64}}", "{label: x}", "7: a component (here: model) is a name, or one name with"),
        ("{large: {width: 64}}", "{large: {kind: flot}}", "7: 'kind': input should be 'deep' or 'flat', found 'flot'. Did you "
         "mean 'flat'?"),
        ("[stretch, mask]", "[{stretch: {rates: [1, x]}}]", "8: 'rates': input should be a valid number, found 'x'."),
        ("[stretch, mask]", "[strech]", "8: There is no augmentation 'strech'. Did you mean 'stretch'?"),
        ("[stretch, mask]", "[stretch, []]", "8: a chain of augmentations needs at least one."),
        ("[stretch, mask]", "[[mask, stretch]]", "8: the chain mask -> stretch changes the waveform after the features"),
        ("[stretch, mask]", "[[mask, {drift: {each_epoch: true}}]]", "8: the chain mask -> drift mixes fixed copies and"),
        ("[stretch, mask]", "[{drift: {low: 2}}]", "8: augmentation 'drift' refuses its parameters: 'low' is 2 and 'high' only 1"),
        ("use: [stretch, mask]", "use: [], uses: 1", "8: a recipe has no key 'uses'. Did you mean 'use'?"),
        ("label: both", "label: [1]", "8: a label is text, found [1]."),
        ("label: both", "label: ' '", "8: a label is text, found ' '."),
        ("matrix:", "matrix: 3\nreference:", "6: 'matrix' is a mapping, found 3."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_file_line_and_what_is_allowed(
    problems, old: str, new: str, expected: str
) -> None:
    found = problems(replaced(old, new))
    assert any(problem.startswith(f"suite.yaml:{expected}") for problem in found), found


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("split: {strategy: grouped, folds: 1}", "'folds': input should be greater than or equal to 2, found 1."),
        ("split: {strategy: random}", "'strategy': input should be 'stratified', 'grouped' or 'predefined', found 'random'."),
        ("split: {fractions: [0.5, 0.2, 0.2]}", "'fractions': the fractions add up to 0.9 instead of 1"),
        ("split: {fractions: [0.5, 0.5]}", "'fractions': list should have at least 3 items after validation, not 2"),
        ("split: {fractions: [0.7, 0.3, 0]}", "'fractions': only the validation part, the second, may be 0"),
        ("evaluate: [validation]\n  split: {fractions: [0.7, 0, 0.3]}", "'validation' cannot be evaluated: the split's"),
        ("split: {fractions: [0.5, 0.5, x]}", "'fractions': input should be a valid number, found 'x'."),
        ("split: {files: {train: a.txt}}", "list files belong to 'strategy: predefined'."),
        ("split: {strategy: predefined, files: {training: a.txt}}", "'files': input should be 'train', 'validation' or 'test'"),
        ('split: {strategy: predefined, files: {train: "a\\0b"}}', "there is no file 'a\\x00b' in "),
        ("clips: {second: 3}", "'clips' has no setting 'second'. Did you mean 'seconds'?"),
        ("clips: {hop: 3}", "'clips' needs 'seconds'."),
        ("clips: 3", "'clips' is a mapping of settings, found 3."),
        ("metrics: top1", "'metrics' is a list of at least one metric, found 'top1'."),
        ("metrics: [top-1]", "There is no metric 'top-1'. Did you mean 'top1'?"),
        ("metrics: [top-k]", "metric 'top-k' needs 'k' (int)."),
        ("metrics: [top1, {top-k: {k: 2}, label: top1}]", "two metrics are called 'top1'; give one a label."),
        ("fold: [0, 1]", "'fold' is one value under 'cell', found a list; to run each, move it under 'matrix'."),
        ("fold: -1", "'fold' is a whole number from 0, found -1."),
    ],
)  # fmt: skip
def test_settings_and_metrics_are_checked_too(problems, line: str, expected: str) -> None:
    found = problems(with_cell(line))
    assert any(problem.startswith(f"suite.yaml:4: {expected}") for problem in found), found


def test_all_problems_of_a_file_are_said_at_once(problems) -> None:
    text = (
        replaced("dataset: tones", "dataset: tonez")
        .replace("epochs: 3", "epochs: x")
        .replace("small", "smal")
    )
    text = text.replace("name: trial", "name: a/b") + "leaderboard: {sorted: x}\n"
    assert [problem.partition(": ")[0] for problem in problems(text)] == [
        "suite.yaml:1", "suite.yaml:7", "suite.yaml:3", "suite.yaml:5", "suite.yaml:10",
    ]  # fmt: skip


def test_one_wrong_value_of_an_axis_makes_no_other_entry_look_wrong(problems) -> None:
    text = replaced("small", "smal") + "exclude: [{model: small}]\nleaderboard: {baseline: {model: small}}\n"
    (problem,) = problems(text)
    assert problem.startswith("suite.yaml:7: There is no model 'smal'")


def test_a_component_of_a_broken_plugin_is_asked_for_with_that_plugins_error(
    tmp_path: Path, registry: Registry
) -> None:
    registry.broken.append(BrokenPlugin(Source("acme", "acme", "2"), "ImportError: no acme"))
    (tmp_path / "suite.yaml").write_text(replaced("small", "acme-net"))
    with pytest.raises(SuiteError, match="acme 2.* is broken and was left out: ImportError: no acme"):
        load_suite(tmp_path / "suite.yaml", registry)


def test_a_component_that_two_plugins_offer_is_a_problem_at_its_line(
    tmp_path: Path, registry: Registry
) -> None:
    registry.add(registry.offer("model", "small").component, Source("others", "others", "3.0"))
    (tmp_path / "suite.yaml").write_text(GOOD)
    with pytest.raises(
        SuiteError, match=r"suite\.yaml:7: model 'small' is offered by two plugins, fakes .* and others"
    ):
        load_suite(tmp_path / "suite.yaml", registry)


def test_a_file_that_a_component_reads_must_exist_beside_the_file_that_names_it(
    load, problems, tmp_path: Path
) -> None:
    text = replaced("width: 64", "width: 64, weights: nets/a.h5")
    assert problems(text) == [f"suite.yaml:7: there is no file 'nets/a.h5' in {tmp_path}."]
    (tmp_path / "nets").mkdir()
    (tmp_path / "nets" / "a.h5").write_text("numbers")
    assert load(text).cells[-1].spec.model.parameters["weights"] == str(tmp_path / "nets" / "a.h5")


def test_list_files_must_exist_beside_the_file_that_names_them(
    load, problems, registry, tmp_path: Path
) -> None:
    text = with_cell("split: {strategy: predefined, files: {train: a.txt, test: b.txt}}")
    assert problems(text) == [
        f"suite.yaml:4: there is no file '{name}' in {tmp_path}." for name in ("a.txt", "b.txt")
    ]
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("x\n")
    expected = {"train": str(tmp_path / "a.txt"), "test": str(tmp_path / "b.txt")}
    assert load(text).cells[0].spec.split.files == expected
    (tmp_path / "nested").mkdir()
    (tmp_path / "nested" / "child.yaml").write_text("extends: ../suite.yaml\nname: child\n")
    child = load_suite(tmp_path / "nested" / "child.yaml", registry)
    assert child.cells[0].spec.split.files == expected


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("{sort: tones:test/top3}", "there is no column (evaluation set/metric) 'tones:test/top3'. Did you mean 'tones:test/top"),
        ("{sort: 3}", "'sort': input should be a valid string, found 3."),
        ("{baseline: {augmentation: nothing}}", "axis 'augmentation' has no value labelled 'nothing'. Available: both, none."),
        ("{baseline: {augmentation: boht}}", "axis 'augmentation' has no value labelled 'boht'. Did you mean 'both'?"),
        ("{baseline: {augmentatio: none}}", "there is no axis 'augmentatio'. Did you mean 'augmentation'?"),
        ("{shown: [{augmentation: boht}]}", "axis 'augmentation' has no value labelled 'boht'. Did you mean 'both'?"),
        ("{shown: [{augmentatio: none}]}", "there is no axis 'augmentatio'. Did you mean 'augmentation'?"),
        ("{shown: []}", "'shown'"),
        ("{baseline: none}", "'baseline': input should be a valid dictionary, found 'none'."),
        ("{sorted: x}", "'leaderboard' has no setting 'sorted'. Did you mean 'sort'?"),
        ("{ensembles: {sizes: 5}}", "'ensembles' has no setting 'sizes'. Did you mean 'size'?"),
        ("{ensembles: {size: 0}}", "'size': input should be greater than 0, found 0."),
        ("{ensembles: {choose: best}}", "'choose': input should be 'greedy', found 'best'."),
        ("{leak_limit: a few}", "'leak_limit': a share is written like 10 % or 0.1, found 'a few'"),
        ("{leak_limit: 60 %}", "'leak_limit': input should be less than or equal to 0.5, found 0.6."),
    ],
)  # fmt: skip
def test_a_leaderboard_can_only_name_what_there_is(problems, settings: str, expected: str) -> None:
    (found,) = problems(GOOD + f"leaderboard: {settings}\n")
    assert found.startswith(f"suite.yaml:10: {expected}")


@pytest.mark.parametrize(("text", "share"), [("10 %", 0.1), ("2.5%", 0.025), ("0.3", 0.3), ("0", 0.0)])
def test_a_limit_of_leaks_is_a_percentage_or_a_share(load, text: str, share: float) -> None:
    assert load(GOOD + f"leaderboard: {{leak_limit: {text}}}\n").leaderboard.leak_limit == pytest.approx(
        share
    )


def test_rows_that_are_shown_may_name_numbers(load) -> None:
    shown = [{"seed": "1", "model": "small"}]
    assert load(GOOD + "leaderboard: {shown: [{seed: 1, model: small}]}\n").leaderboard.shown == shown


def test_a_baseline_may_name_a_number(load) -> None:
    assert load(GOOD + "leaderboard: {baseline: {seed: 1}}\n").leaderboard.baseline == {"seed": "1"}


def test_a_missing_file_lists_the_suites_nearby(tmp_path: Path, registry: Registry) -> None:
    (tmp_path / "other.yaml").write_text(GOOD)
    with pytest.raises(SuiteError) as caught:
        load_suite(tmp_path / "suite.yaml", registry)
    assert (
        str(caught.value)
        == f"{tmp_path}/suite.yaml: there is no such file. Suites in {tmp_path}: other.yaml."
    )


def test_a_folder_is_no_suite_and_those_in_or_near_it_are_listed(tmp_path: Path, registry: Registry) -> None:
    (tmp_path / "other.yaml").write_text(GOOD)
    results = tmp_path / "results"
    results.mkdir()
    for folder, listed in ((tmp_path, True), (results, True), (tmp_path / "results" / "gone", False)):
        with pytest.raises(SuiteError) as caught:
            load_suite(folder, registry)
        assert ("this is a folder, and a suite is a YAML file." in str(caught.value)) is listed
        assert (f" Suites in {tmp_path}: other.yaml." in str(caught.value)) is listed


def test_a_bundle_is_no_suite_and_what_it_is_for_is_said(tmp_path: Path, registry: Registry) -> None:
    for name, size in (("small.zip", 100), ("large.zip", 2_000_000)):
        (tmp_path / name).write_bytes(b"PK\x03\x04".ljust(size, b"\xff"))
        with pytest.raises(SuiteError, match="no suite: 'bench report' shows what a bundle holds"):
            load_suite(tmp_path / name, registry)


def test_a_suite_of_a_few_cells_is_loaded_at_once(load) -> None:
    durations = []
    for _ in range(5):
        started = time.perf_counter()
        load(GOOD)
        durations.append(time.perf_counter() - started)
    assert min(durations) < 0.06


def test_loading_a_suite_imports_nothing_heavy() -> None:
    code = """if True:
        import sys
        import benchmark.suite.load, benchmark.suite.identity, benchmark.suite.json_schema
        heavy = {"numpy", "tensorflow", "keras", "librosa", "pandas", "scipy", "sklearn", "matplotlib", "distributed"}
        print(sorted(heavy & set(sys.modules)))
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("early_stopping: {}", "'early_stopping' needs 'patience'."),
        (
            "early_stopping: {patience: 2, metrics: loss}",
            "'early_stopping' has no setting 'metrics'. Did you mean 'metric'?",
        ),
        ("early_stopping: {patience: 0}", "'patience': input should be greater than 0, found 0."),
        (
            "precision: bfloat16",
            "'precision': input should be 'float32', 'mixed_bfloat16' or 'mixed_float16'",
        ),
        ("jit: onn", "'jit': input should be 'auto', 'on' or 'off', found 'onn'. Did you mean 'on'?"),
    ],
)
def test_settings_of_training_are_checked_to_the_innermost(problems, settings: str, expected: str) -> None:
    (found,) = problems(replaced("epochs: 3", f"epochs: 3, {settings}"))
    assert expected in found


def test_early_stopping_needs_a_validation_part(problems) -> None:
    text = replaced("epochs: 3", "epochs: 3, early_stopping: {patience: 2}")
    text = text.replace("dataset: tones", "dataset: tones\n  split: {fractions: [0.7, 0, 0.3]}", 1)
    assert any("early stopping looks at the validation part" in problem for problem in problems(text))
