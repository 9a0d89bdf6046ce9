from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from programs import SUPPORT
from suite_components import GOOD, with_cell

from benchmark.plugin.manager import load_registry
from benchmark.plugin.registry import Registry, Source
from benchmark.suite.cell import identity
from benchmark.suite.identity import Identifier
from benchmark.suite.load import load_suite


def ids(suite, registry, revision: str | None = "r1") -> list[str | None]:
    identifier = Identifier(lambda spec: revision)
    return [identifier.identity(cell.spec) for cell in suite.cells]


def test_every_cell_has_an_identity_of_its_own_that_is_the_hash_of_its_canonical_form(load, registry) -> None:
    suite = load(GOOD)
    identifier = Identifier(lambda spec: "r1")
    for cell, id_ in zip(suite.cells, ids(suite, registry), strict=True):
        canonical = identifier.canonical(cell.spec)
        assert id_ == identity(canonical)
        assert json.loads(json.dumps(canonical)) == canonical
    assert len(set(ids(suite, registry))) == len(suite.cells)


def test_labels_order_locations_metrics_and_written_defaults_are_decoration(load, registry) -> None:
    plain = set(ids(load(GOOD), registry))
    for old, new in [
        ("{label: both, use: [stretch, mask]}", "{use: [stretch, mask], label: other}"),
        ("model: [small, {large: {width: 64}}]", "model: [{large: {width: 64}, label: big}, small]"),
        ("dataset: tones", "dataset: {tones: {root: /elsewhere}}"),
        ("dataset: tones", "dataset: {tones: {count: 4}}"),
        ("dataset: tones", "metrics: [top2]\n  dataset: tones"),
        ("dataset: tones", "split: {groups: shared}\n  dataset: tones"),
        ("use: [stretch, mask]", "use: [{stretch: {rates: [1]}}, {mask: {}, label: other}]"),
        ("epochs: 3", "epochs: 3, batch_size: 32"),
        ("epochs: 3", "epochs: 3, jit: auto, precision: float32, weight_decay: null, deterministic: false"),
        ("name: trial", "name: other\ndescription: words"),
        ("dataset: tones", "audio: {original: , label: WAV}\n  dataset: tones"),
    ]:
        assert old in GOOD
        assert set(ids(load(GOOD.replace(old, new)), registry)) == plain, new


def test_whatever_can_change_a_result_changes_the_identity(load, registry) -> None:
    plain = set(ids(load(GOOD), registry))
    for old, new in [
        ("size: 32", "size: 33"),
        ("epochs: 3", "epochs: 4"),
        ("epochs: 3", "epochs: 3, precision: mixed_bfloat16"),
        ("epochs: 3", "epochs: 3, early_stopping: {patience: 2}"),
        ("dataset: tones", "dataset: {tones: {count: 5}}"),
        ("dataset: tones", "evaluate: [validation]\n  dataset: tones"),
        ("dataset: tones", "split: {augment: before}\n  dataset: tones"),
        ("dataset: tones", "clips: {seconds: 3}\n  dataset: tones"),
        ("dataset: tones", "audio: telephone\n  dataset: tones"),
        ("seed: [0, 1]", "seed: [2, 3]"),
    ]:
        assert not set(ids(load(GOOD.replace(old, new)), registry)) & plain, new
    assert not set(ids(load(GOOD), registry, revision="r2")) & plain


def test_a_new_version_of_a_plugin_makes_new_identities(load, registry) -> None:
    suite = load(GOOD)
    newer = [
        replace(cell, spec=replace(cell.spec, model=replace(cell.spec.model, version="2")))
        for cell in suite.cells
    ]
    identifier = Identifier(lambda spec: "r1")
    assert not {identifier.identity(cell.spec) for cell in newer} & set(ids(suite, registry))


def test_a_list_file_counts_by_its_content_and_not_by_its_place(load, registry, tmp_path: Path) -> None:
    for name, content in (("a.txt", "x"), ("b.txt", "y"), ("copy.txt", "x")):
        (tmp_path / name).write_text(content)

    def with_train(name: str) -> list[str | None]:
        split = f"split: {{strategy: predefined, files: {{train: {name}, test: b.txt}}}}"
        return ids(load(GOOD.replace("dataset: tones", f"{split}\n  dataset: tones")), registry)

    assert with_train("a.txt") == with_train("copy.txt")
    assert not set(with_train("a.txt")) & set(with_train("b.txt"))


def test_a_file_that_a_component_reads_counts_by_its_content_and_not_by_its_place(
    load, registry, tmp_path: Path
) -> None:
    for name, content in (("a.h5", "x"), ("b.h5", "y"), ("copy.h5", "x")):
        (tmp_path / name).write_text(content)

    def with_weights(name: str) -> list[str | None]:
        return ids(load(GOOD.replace("width: 64", f"width: 64, weights: {name}")), registry)[4:]

    assert with_weights("a.h5") == with_weights("copy.h5")
    assert with_weights("known") == ids(load(GOOD), registry)[4:]
    different = [set(with_weights(name)) for name in ("a.h5", "b.h5", "known", "null")]
    assert len(set.union(*different)) == sum(map(len, different))
    first = with_weights("a.h5")
    (tmp_path / "a.h5").write_text("changed")
    assert not set(with_weights("a.h5")) & set(first)


def test_without_a_dataset_there_is_no_identity(load, registry) -> None:
    assert set(ids(load(GOOD), registry, revision=None)) == {None}


def test_another_process_finds_the_same_identities(load, registry, tmp_path: Path) -> None:
    expected = ids(load(GOOD), registry)
    code = textwrap.dedent(f"""
        import sys, json
        sys.path.insert(0, {SUPPORT!r})
        from pathlib import Path
        from suite_components import fake_registry
        from benchmark.suite.identity import Identifier
        from benchmark.suite.load import load_suite
        registry = fake_registry()
        suite = load_suite(Path({str(tmp_path / "suite.yaml")!r}), registry)
        identifier = Identifier(lambda spec: "r1")
        print(json.dumps([identifier.identity(cell.spec) for cell in suite.cells]))
    """)
    environment = {**os.environ, "PYTHONHASHSEED": "123"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    assert json.loads(done.stdout) == expected


def test_the_registry_s_version_is_what_counts(load, registry: Registry) -> None:
    assert registry.offer("model", "small").source == Source("fakes", "fakes", "1.0")
    assert load(GOOD).cells[0].spec.model.version == "1.0"


def test_the_order_of_evaluation_sets_and_their_labels_are_decoration(load, registry) -> None:
    first = ids(load(with_cell("evaluate: [test, noises]")), registry)
    assert ids(load(with_cell("evaluate: [{noises: , label: street}, tones:test]")), registry) == first
    assert not set(ids(load(with_cell("evaluate: [test]")), registry)) & set(first)


def test_an_evaluation_dataset_that_is_absent_leaves_no_identity(load, registry) -> None:
    suite = load(with_cell("evaluate: [test, noises]"))
    identifier = Identifier(lambda spec: {"tones": "r1"}.get(spec.name))
    assert identifier.identity(suite.cells[0].spec) is None
    assert identifier.canonical(suite.cells[0].spec) is None
    other = Identifier(lambda spec: f"{spec.name}2")
    assert other.identity(suite.cells[0].spec) == identity(other.canonical(suite.cells[0].spec))


def test_settings_that_came_later_leave_the_results_that_are_there_as_they_were(load, registry) -> None:
    canonical = Identifier(lambda spec: "r1").canonical(load(GOOD).cells[0].spec)
    assert canonical["training"].keys() == {"epochs", "batch_size", "optimizer", "learning_rate", "loss"}


BUILT_INS = """
name: built_ins
cell:
  dataset: gtzan
  split: {strategy: grouped, folds: 5}
  clips: {seconds: 3}
  training: {epochs: 2, schedule: cosine}
  evaluate: [test, spotify]
matrix:
  features: [mel, {mel-image: {size: [64, 64]}}]
  model: [cnn, crnn, mfcc-svm, {mobilenet: {weights: null}}]
  augmentation: [none, [{time-stretch: {rates: [1.25]}}, [{pitch-shift: {semitones: [2]}}, frequency-mask]], mixup]
  audio: [original, {mp3: {bitrate: 64}}]
  fold: [0, 1]
exclude: [{model: mfcc-svm, augmentation: mixup}]
"""


def built_ins(distribution: str = "genrebench", **source: str) -> Registry:
    """Return the built-in components as they are offered by a wheel of a version, or otherwise."""
    registry = Registry()
    for offers in load_registry().offers.values():
        for offer in (offer for several in offers.values() for offer in several):
            registry.add(offer.component, Source(offer.source.plugin, distribution, "0.1.0", **source))  # type: ignore[arg-type]
    return registry


@pytest.fixture
def hash_of_ids(tmp_path: Path) -> Callable[[Registry], str]:
    """Return a function that gives a hash of the identities of a suite of built-in components."""
    (tmp_path / "built_ins.yaml").write_text(BUILT_INS)

    def find(registry: Registry) -> str:
        suite = load_suite(tmp_path / "built_ins.yaml", registry)
        return hashlib.sha256(" ".join(map(str, ids(suite, registry))).encode()).hexdigest()[:12]

    return find


def test_cells_of_the_first_version_s_wheel_keep_the_identities_that_it_gave_them(hash_of_ids) -> None:
    assert hash_of_ids(built_ins()) == "0a1067838062"


def test_another_distribution_with_the_same_names_and_version_is_another_identity(hash_of_ids) -> None:
    assert hash_of_ids(built_ins("their-models")) != hash_of_ids(built_ins())
    assert hash_of_ids(built_ins("their-models")) == hash_of_ids(built_ins("Their_Models"))


def test_an_editable_install_counts_by_its_source(hash_of_ids) -> None:
    assert hash_of_ids(built_ins(code="editable")) != hash_of_ids(built_ins())
    assert built_ins(code="editable").spec("model", "cnn").version.startswith("0.1.0+")
    # A dataset's revision says all that it supplies.
    assert built_ins(code="editable").spec("dataset", "gtzan").version == "0.1.0"
