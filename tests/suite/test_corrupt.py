"""``corrupt`` in suites: checked with its line, expanded for each cell, and no part of any identity."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from benchmark.exceptions import SuiteError
from benchmark.plugin.manager import Plugins
from benchmark.plugin.registry import Registry
from benchmark.suite.identity import Identifier, corrupted_key
from benchmark.suite.json_schema import suite_schema
from benchmark.suite.load import Suite, load_suite
from benchmark.suite.rehearse import rehearse

SUITE = """\
name: trial
cell:
  dataset: {gtzan: {}, label: music}
  features: {mel: {size: [12, 16], n_mels: 12}}
  evaluate:
    - test
    - spotify
    - corrupt: {set: test, by: [noise, {noise: {colour: pink}, label: hiss}], severity: [1, 3]}
matrix:
  model: [majority, linear]
  seed: [0, 1]
"""


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Plugins().registry


@pytest.fixture
def load(tmp_path: Path, registry: Registry):
    def write_and_load(text: str) -> Suite:
        (tmp_path / "suite.yaml").write_text(text)
        return load_suite(tmp_path / "suite.yaml", registry)

    return write_and_load


def test_each_severity_of_each_corruption_is_a_set_of_its_own(load) -> None:
    (spec, *_) = [cell.spec for cell in load(SUITE).cells]
    assert [each.label for each in spec.evaluate] == ["music:test", "spotify"]
    assert [(each.corruption.label, each.severity, each.amount, each.unit) for each in spec.corrupted] == [
        ("noise", 1, 30.0, "dB SNR"),
        ("noise", 3, 10.0, "dB SNR"),
        ("hiss", 1, 30.0, "dB SNR"),
        ("hiss", 3, 10.0, "dB SNR"),
    ]
    assert all(each.evaluation is spec.evaluate[0] for each in spec.corrupted)


def test_cells_share_their_corrupted_sets(load) -> None:
    assert len({id(cell.spec.corrupted) for cell in load(SUITE).cells}) == 1


@pytest.mark.parametrize("name", ["test", "music:test", "gtzan:test"])
def test_a_part_of_the_dataset_goes_by_its_names(load, name: str) -> None:
    (spec, *_) = [cell.spec for cell in load(SUITE.replace("set: test", f"set: '{name}'")).cells]
    assert spec.corrupted[0].evaluation == spec.evaluate[0]


def test_another_dataset_is_corrupted_by_its_name(load) -> None:
    (spec, *_) = [cell.spec for cell in load(SUITE.replace("set: test", "set: spotify")).cells]
    assert spec.corrupted[0].evaluation == spec.evaluate[1]


def test_without_severities_all_are_meant(load) -> None:
    (spec, *_) = [cell.spec for cell in load(SUITE.replace(", severity: [1, 3]", "")).cells]
    assert [each.severity for each in spec.corrupted[:5]] == [1, 2, 3, 4, 5]


def test_no_corruption_changes_an_identity(load, registry: Registry) -> None:
    identifier = Identifier(lambda dataset: "r")
    corrupted = [identifier.identity(cell.spec) for cell in load(SUITE).cells]
    head, _, matrix = SUITE.partition("    - corrupt")
    clean = [identifier.identity(cell.spec) for cell in load(head + matrix[matrix.index("matrix") :]).cells]
    assert corrupted == clean
    assert None not in clean


def test_keys_say_what_wears_and_how_much_and_not_what_it_is_called(load) -> None:
    (spec, *_) = [cell.spec for cell in load(SUITE).cells]
    (other, *_) = [cell.spec for cell in load(SUITE.replace("label: hiss", "label: rain")).cells]
    keys = [corrupted_key(each, "test") for each in spec.corrupted]
    assert len(set(keys)) == 4
    assert keys == [corrupted_key(each, "test") for each in other.corrupted]
    assert all(key.startswith("test-noise-") for key in keys)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("set: test", "set: tset", "8: 'tset' is not evaluated as it is"),
        ("set: test", "set: validation", "8: 'validation' is not evaluated as it is"),
        ("    - test\n", "    - test\n    - validation\n", "9: the validation part chooses models"),
        ("[noise,", "[noize,", "8: There is no corruption 'noize'. Did you mean 'noise'?"),
        ("label: hiss", "label: noise", "8: corruption 'noise' is called as another one; give it a 'label'"),
        ("colour: pink", "colour: red", "8: 'colour'"),
        ("severity: [1, 3]", "severity: [0, 6]", "8: 'severity' is a list of whole numbers from 1 to 5, found [0, 6]"),
        ("severity: [1, 3]", "severe: 1", "8: 'corrupt' has no key 'severe'. Did you mean 'severity'?"),
        ("by: [noise, {noise: {colour: pink}, label: hiss}], ", "", "8: 'by' is a list of at least one corruption"),
        ("    - test\n    - spotify\n", "", "'evaluate' is a list of at least one evaluation set"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_line(load, old: str, new: str, said: str) -> None:
    assert old in SUITE
    text = SUITE.replace(old, new)
    if "chooses" in said:
        text = text.replace("set: test", "set: validation")
    with pytest.raises(SuiteError) as error:
        load(text)
    assert said in str(error.value)


@pytest.mark.parametrize("key", ["dataset", "augmentation"])
def test_a_corrupted_set_can_only_be_evaluated(load, key: str) -> None:
    with pytest.raises(SuiteError, match="corrupt"):
        load(SUITE.replace("  dataset: {gtzan: {}, label: music}", f"  {key}: {{corrupt: {{by: [noise]}}}}"))


def test_two_entries_may_not_call_two_corruptions_alike(load) -> None:
    with pytest.raises(SuiteError, match="two corruptions of 'music:test' are called 'hiss'"):
        load(SUITE.replace("matrix:", "    - corrupt: {by: [{noise: {}, label: hiss}]}\nmatrix:"))


def test_a_rehearsal_corrupts_the_stand_ins(load, registry: Registry) -> None:
    (spec, *_) = [
        cell.spec for cell in rehearse(load(SUITE.replace("set: test", "set: spotify")), registry).cells
    ]
    assert [each.severity for each in spec.corrupted] == [1, 3, 1, 3]
    assert all(each.evaluation == spec.evaluate[1] for each in spec.corrupted)
    assert spec.evaluate[1].dataset.name == "synthetic-shifted"


def test_a_study_never_sees_corrupted_sets(load, registry: Registry) -> None:
    from benchmark.suite.tuning.tune import studies

    text = SUITE.replace("model: [majority, linear]", "model: [mfcc-svm, linear]")
    suite = load(f"{text}tune: {{trials: 2, space: {{model.C: [1, 10]}}}}\n")
    assert suite.tune is not None
    found = studies(suite.tune, suite.cells)
    assert found
    assert all(study.base.corrupted == () for study in found)


def test_the_schema_takes_it_and_refuses_what_the_loader_refuses(registry: Registry) -> None:
    validator = Draft202012Validator(suite_schema(registry))
    assert validator.is_valid(yaml.safe_load(SUITE))
    for old, new in [("severity: [1, 3]", "severe: 1"), ("[noise,", "[noize,"), ("[1, 3]", "[0]")]:
        assert not validator.is_valid(yaml.safe_load(SUITE.replace(old, new)))
