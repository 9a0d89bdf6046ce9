from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from fabricate import CLASSES, SUITE, make_plan, make_registry, make_results
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from benchmark.record import CellRecord
from benchmark.results.collect import collect
from benchmark.results.frames import Results
from benchmark.results.plan import Plan
from benchmark.results.sets import filed_sets
from benchmark.results.store import ResultsStore
from benchmark.suite.identity import Identifier, set_key
from benchmark.suite.load import load_suite


def other(name: str, revision: str) -> dict[str, Any]:
    return {
        "dataset": {"name": name, "version": "1", "parameters": {}, "revision": revision},
        "part": "all",
    }


TEST, VALIDATION = ({"dataset": None, "part": part} for part in ("test", "validation"))
A, B = other("folder-test", "a"), other("folder-test", "b")


def record(*evaluate: dict[str, Any], sets: dict[str, str] | None = None, classes=("x", "y")) -> CellRecord:
    spec = {"evaluate": list(evaluate)}
    return CellRecord("0" * 12, "s", {}, spec, "ok", classes=list(classes), sets=sets or {})


def tracks(**named: str) -> dict[str, frozenset[str]]:
    return {name.replace("_", ":"): frozenset(ids.split()) for name, ids in named.items()}


def names(asked, found, stored, ids=lambda each: None) -> tuple[str | None, ...]:
    return filed_sets(asked, found, stored, ids).names


def test_sets_are_filed_under_what_they_are_whatever_they_were_called() -> None:
    keys = [set_key(each) for each in (A, B, TEST)]
    assert keys[2] == "test"
    assert len(set(keys)) == 3
    found = record(A, TEST, B, sets=dict(zip(keys, ("clean", "noisy", "own"), strict=True)))
    stored = dict.fromkeys(keys, frozenset())
    assert names([B, TEST, A], found, stored) == (keys[1], "test", keys[0])


def test_of_absent_data_the_only_set_alike_is_it_and_of_several_none() -> None:
    absent = other("folder-test", None)  # type: ignore[arg-type]
    keys = [set_key(each) for each in (A, B)]
    stored = dict.fromkeys(keys, frozenset())
    two, one = record(A, B, sets=dict.fromkeys(keys, "")), record(A, sets={keys[0]: ""})
    assert names([absent], one, stored) == (keys[0],)
    assert names([A, absent], two, stored) == tuple(keys), "the other one is here"
    doubtful = filed_sets([absent, absent], two, stored, lambda each: None)
    assert doubtful.names == (None, None)
    assert "not here to tell" in doubtful.problems[0]


def test_the_only_set_of_an_old_record_is_certain() -> None:
    assert names([A], record(A), tracks(anything="1 2")) == ("anything",)


def test_parts_of_the_own_dataset_are_certain_in_old_records_for_their_labels_said_so() -> None:
    found = record(A, TEST, VALIDATION)
    stored = tracks(gtzan_test="1", gtzan_validation="2", street="3")
    assert names([VALIDATION, A, TEST], found, stored) == ("gtzan:validation", "street", "gtzan:test")
    stored = tracks(x_test="1", own_test="2")
    assert names([A, TEST], record(A, TEST), stored) == (None, None), (
        "somebody labelled another dataset x:test"
    )


def test_several_sets_of_an_old_record_are_told_apart_by_their_tracks_or_not_at_all() -> None:
    ids = {"a": frozenset("123"), "b": frozenset("456")}

    def ids_of(each: Any) -> frozenset[str]:
        return ids[each["dataset"]["revision"]]

    stored = tracks(clean="4 5", noisy="1 2")
    assert names([A, B], record(A, B), stored, ids_of) == ("noisy", "clean")
    ids["b"] = frozenset("1245")  # no way to give both a label but one
    assert names([A, B], record(A, B), stored, ids_of) == ("noisy", "clean")
    ids["a"] = ids["b"]
    doubtful = filed_sets([A, B], record(A, B), stored, ids_of)
    assert doubtful.names == (None, None)
    assert "not certain" in doubtful.problems[0]
    assert "--force" in doubtful.problems[0]


def test_old_predictions_of_classes_that_were_taken_for_each_other_are_not_used() -> None:
    found = record(A, TEST, classes=("C", "C#", "D"))
    filed = filed_sets([A, TEST], found, tracks(x_test="1", street="2"), lambda each: None)
    assert filed.names == (None, "x:test")
    assert "'C, C#'" in filed.problems[0] or "C, C#" in filed.problems[0]


def two_sets(tmp_path: Path, text: str, revisions: dict[str, str | None]) -> Plan:
    """Return a plan of a suite with two evaluation sets, whose revisions follow from their roots."""
    (tmp_path / "suite.yaml").write_text(text)
    registry = make_registry()
    suite = load_suite(tmp_path / "suite.yaml", registry)
    identifier = Identifier(lambda spec: revisions[str(spec.parameters.get("root"))])
    ids = tuple(identifier.identity(cell.spec) for cell in suite.cells)
    return Plan(suite, ids, {}, {}, lambda *_: None, identifier)  # type: ignore[arg-type,return-value]


def evaluated(first: str, second: str) -> str:
    sets = f"[{{elsewhere: {{root: A}}, label: {first}}}, {{elsewhere: {{root: B}}, label: {second}}}]"
    return SUITE.replace("[test]", sets).replace('sort: "tones:test/top1", ', "")


@pytest.fixture
def filed(tmp_path: Path) -> ResultsStore:
    """Return results of a set where all is right, called clean, and one where nothing is, called noisy."""
    plan = two_sets(tmp_path, evaluated("clean", "noisy"), REVISIONS)
    keys = [set_key(each) for each in plan.identifier.sets(plan.suite.cells[0].spec.evaluate)]
    frame = pd.DataFrame({"set": [keys[0]] * 3 + [keys[1]] * 3, "track": list("123123"), "group": None})
    frame["label"] = [*CLASSES, *CLASSES[1:], CLASSES[0]]
    for number, name in enumerate(CLASSES):
        frame[f"p:{name}"] = [float(row % 3 == number) for row in range(6)]
    store = make_results(plan, tmp_path, sets=dict(zip(keys, ("clean", "noisy"), strict=True)))
    refile(store, frame)
    return store


def refile(store: ResultsStore, predictions: pd.DataFrame) -> None:
    """File other predictions under each record."""
    for each in store.records().values():
        assert isinstance(each, CellRecord)
        store.write(each, predictions=predictions, history=[], metrics=None)


REVISIONS: dict[str, str | None] = {"None": "own", "A": "a", "B": "b"}


def collected(tmp_path: Path, store: ResultsStore, text: str, revisions=REVISIONS) -> Results:
    return collect(two_sets(tmp_path, text, revisions), store, make_registry())


@pytest.mark.parametrize(
    ("first", "second"), [("clean", "noisy"), ("noisy", "clean"), ("studio", "street")], ids=str
)
def test_values_stand_under_the_labels_of_now(tmp_path: Path, filed: ResultsStore, first, second) -> None:
    found = collected(tmp_path, filed, evaluated(first, second))
    assert (found.cells["status"] == "ok").all()
    assert (found.cells[f"{first}/top1"] == 1).all()
    assert (found.cells[f"{second}/top1"] == 0).all()
    assert not found.notes


def test_counts_and_files_left_out_are_shown_under_the_labels_of_now(tmp_path: Path) -> None:
    plan = two_sets(tmp_path, evaluated("clean", "noisy"), REVISIONS)
    one, two = (set_key(each) for each in plan.identifier.sets(plan.suite.cells[0].spec.evaluate))
    frame = pd.DataFrame({"set": [one, two], "track": "1", "group": None, "label": CLASSES[0]})
    frame = frame.assign(**{f"p:{name}": 1 / len(CLASSES) for name in CLASSES})
    store = make_results(
        plan,
        tmp_path,
        sets={one: "clean", two: "noisy"},
        counts={"train_items": 1, f"{one}_items": 2, f"{two}_items": 3},
        left_out={"dataset: a.wav": "short", f"{two}: b.wav": "silent"},
    )
    refile(store, frame)
    shown = next(iter(collected(tmp_path, store, evaluated("noisy", "clean")).records.values()))
    assert shown.counts == {"train_items": 1, "noisy_items": 2, "clean_items": 3}
    assert shown.left_out == {"tones: a.wav": "short", "clean: b.wav": "silent"}


def test_a_set_that_cannot_be_told_from_another_has_no_values_and_a_reason(tmp_path: Path, filed) -> None:
    plan = two_sets(tmp_path, evaluated("x", "y"), REVISIONS)
    absent = Identifier(lambda spec: None if spec.parameters.get("root") else "own")
    found = collect(replace(plan, identifier=absent), filed, make_registry())
    assert found.cells["x/top1"].isna().all()
    assert any("12 cells on x: several evaluation sets" in note for note in found.notes)


def test_old_results_stand_under_a_new_label_where_there_is_one_set(tmp_path: Path) -> None:
    store = make_results(make_plan(tmp_path), tmp_path)
    renamed = SUITE.replace("dataset: tones", "dataset: {tones: , label: bells}").replace(
        "tones:test", "bells:test"
    )
    found = collect(make_plan(tmp_path, renamed), store, make_registry())
    assert found.cells["bells:test/top1"].notna().all()


@st.composite
def filed_by_label(
    draw,
) -> tuple[CellRecord, dict[str, frozenset[str]], dict[str, frozenset[str] | None], list[str]]:
    """Return an old record, its stored tracks by label, what is known of datasets by revision, and the true labels."""
    parts = draw(
        st.lists(st.sampled_from([TEST, VALIDATION]), max_size=2, unique_by=lambda each: each["part"])
    )
    sets = draw(
        st.permutations([*parts, *(other("folder-test", name) for name in draw(st.sampled_from(OTHERS)))])
    )
    others = iter(draw(st.permutations(["a", "b", "c", "x:test", "y:validation"])))
    truth = [f"x:{each['part']}" if each["dataset"] is None else next(others) for each in sets]
    assume(len(set(truth)) == len(truth))
    ids = {each["dataset"]["revision"]: draw(IDS) for each in sets if each["dataset"]}
    stored = {}
    for each, label in zip(sets, truth, strict=True):
        own = draw(IDS) if each["dataset"] is None else ids[each["dataset"]["revision"]]
        stored[label] = frozenset(draw(st.sets(st.sampled_from(sorted(own)), min_size=1)))
    known = {name: draw(st.sampled_from([own, None])) for name, own in ids.items()}
    return record(*sets), stored, known, truth


IDS = st.frozensets(st.sampled_from("123456"), min_size=1)
OTHERS = [["a"], ["a", "b"], ["a", "b", "c"], []]


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(filed_by_label())
def test_an_old_set_is_never_taken_for_another(case) -> None:
    found, stored, known, truth = case
    asked = found.spec["evaluate"]
    assume(asked)

    def ids_of(each: Any) -> frozenset[str] | None:
        return known[each["dataset"]["revision"]] if each["dataset"] else None

    filed = filed_sets(asked, found, stored, ids_of)
    for name, true, problem in zip(filed.names, truth, filed.problems, strict=True):
        assert name in (None, true)
        assert bool(problem) == (name is None)
    if len(asked) == 1:
        assert filed.names == tuple(truth)


@given(
    st.permutations([A, B, TEST, VALIDATION, other("street", "a")]),
    st.permutations(list("vwxyz")),
    st.randoms(),
)
def test_labels_and_order_never_change_what_a_set_is_filed_under(sets, labels, random) -> None:
    keys = {set_key(each): label for each, label in zip(sets, labels, strict=True)}
    assert len(keys) == 5
    asked = random.sample(sets, 5)
    assert names(asked, record(*sets, sets=keys), dict.fromkeys(keys, frozenset())) == tuple(
        map(set_key, asked)
    )
