"""What holds of all suites, merges and identities, tried on many."""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from suite_components import FULL, GOOD, dumped, fake_registry, places, put

from benchmark.exceptions import SuiteError
from benchmark.suite.identity import Identifier
from benchmark.suite.load import Suite, load_suite
from benchmark.suite.merge import merge, read_merged
from benchmark.suite.source import PlacedValue, parse

REGISTRY = fake_registry()
KEYS = st.sampled_from(
    [
        "name",
        "cell",
        "matrix",
        "model",
        "small",
        "label",
        "use",
        "training",
        "epochs",
        "training.epochs",
        "seed",
        "x",
    ]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | KEYS
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=6
)
MAPPINGS = st.dictionaries(KEYS, VALUES, max_size=4)
QUICK = settings(max_examples=60, deadline=None)


def load(text: str, *overrides: str) -> Suite:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "suite.yaml"
        file.write_text(text, encoding="utf-8", errors="surrogatepass")
        return load_suite(file, REGISTRY, overrides)


def is_taken_or_refused_with_places(text: str) -> None:
    problems = None
    try:
        load(text)
    except SuiteError as error:
        problems = error.problems
    assert problems is None or (problems and all(each.where and each.message for each in problems))


# Suite files


@QUICK
@given(st.text(max_size=200) | VALUES.map(dumped))
def test_any_text_is_a_suite_or_is_refused_with_places(text: str) -> None:
    is_taken_or_refused_with_places(text)


@QUICK
@given(st.binary(max_size=60), st.integers(0, len(GOOD)))
def test_any_bytes_in_a_suite_are_taken_or_refused_with_places(junk: bytes, place: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "suite.yaml"
        file.write_bytes(GOOD[:place].encode() + junk + GOOD[place:].encode())
        problems = []
        try:
            load_suite(file, REGISTRY)
        except SuiteError as error:
            problems = list(error.problems)
        assert all(str(folder) in problem.where for problem in problems)


@QUICK
@given(st.sampled_from(list(places(FULL))), VALUES)
def test_any_value_at_any_place_is_taken_or_refused_with_places(path: tuple[Any, ...], junk: Any) -> None:
    changed = copy.deepcopy(FULL)
    put(changed, path, junk)
    is_taken_or_refused_with_places(dumped(changed))


# Merging and overriding


def source(value: dict[str, Any]) -> PlacedValue:
    return parse(dumped(value), "file") if value else PlacedValue({}, {})


PLAIN = st.none() | st.booleans() | st.integers() | st.text("abc", max_size=3)
PLAIN_VALUES = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=6
)
PLAIN_MAPPINGS = st.dictionaries(KEYS, PLAIN_VALUES, max_size=4)


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the paths of all that is neither a mapping nor below a list."""
    if isinstance(value, dict) and value:
        for key, below in value.items():
            yield from leaves(below, (*path, key))
    else:
        yield path


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        value = value[step]
    return value


@QUICK
@given(PLAIN_MAPPINGS)
def test_merging_nothing_changes_nothing(base: dict[str, Any]) -> None:
    assert merge(source(base), source({})).value == base


@QUICK
@given(PLAIN_MAPPINGS, PLAIN_MAPPINGS)
def test_what_is_merged_on_top_is_there_and_merging_it_again_changes_nothing(base, over) -> None:
    below, above = source(base), source(over)
    once = merge(below, above)
    assert (below.value, above.value) == (base, over), "neither is changed"
    assert merge(once, above).value == once.value
    for path in leaves(over):
        found = at(over, path)
        if found is None and len(path) > 1 and path[:2] != ("cell", "model"):
            assert not _is_there(once.value, path), "null takes away"
        elif found not in ({}, None):
            assert at(once.value, path) == found


@QUICK
@given(PLAIN_MAPPINGS, PLAIN_MAPPINGS)
def test_all_that_is_merged_has_a_place(base, over) -> None:
    merged = merge(source(base), source(over))
    for path in places(merged.value):
        assert path in merged.places
    assert all(_is_there(merged.value, path) for path in merged.places if path), "and nothing else has one"


def _is_there(value: Any, path: tuple[Any, ...]) -> bool:
    try:
        at(value, path)
    except (KeyError, IndexError, TypeError):
        return False
    return True


SETTABLE = {
    "cell.training.epochs": st.integers(1, 99),
    "cell.training.batch_size": st.integers(1, 99),
    "cell.features.picture.size": st.integers(1, 99),
    "matrix.seed": st.lists(st.integers(0, 99), min_size=1, max_size=3, unique=True),
    "cell.seed": st.integers(0, 99),
    "name": st.text("abc", min_size=1, max_size=5),
}


@QUICK
@given(st.sampled_from(sorted(SETTABLE)).flatmap(lambda key: st.tuples(st.just(key), SETTABLE[key])))
def test_an_override_is_a_small_suite_that_extends_the_file(given_: tuple[str, Any]) -> None:
    key, value = given_
    over: Any = value
    for step in reversed(key.split(".")):
        over = {step: over}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "base.yaml").write_text(GOOD)
        (Path(folder) / "over.yaml").write_text(dumped({"extends": "base.yaml", **over}))
        by_file, _ = read_merged(Path(folder) / "over.yaml")
        by_option, _ = read_merged(Path(folder) / "base.yaml", [f"{key}={value}"])
    assert by_file.value == by_option.value


# Identities

PARTS_OF_A_CELL = {
    "count": st.integers(1, 3),
    "size": st.integers(1, 3),
    "width": st.sampled_from([None, 8, 9]),  # None: the model without a width
    "kind": st.sampled_from(["deep", "flat"]),
    "epochs": st.integers(1, 2),
    "precision": st.sampled_from(["float32", "mixed_bfloat16"]),
    "recipe": st.sampled_from(["none", "stretch", "mask", "both", "chain"]),
    "clips": st.sampled_from([None, 2.0, 3.0]),
    "audio": st.sampled_from([None, 3400, 4000]),
    "copies": st.sampled_from([None, "remove", "report"]),
    "augment": st.sampled_from(["after", "before"]),
    "evaluate": st.sets(st.sampled_from(["test", "validation", "noises"]), min_size=1),
    "seed": st.integers(0, 2),
    "revision": st.sampled_from(["r1", "r2"]),
}
CONTENT = st.fixed_dictionaries(PARTS_OF_A_CELL)
DECORATION = st.fixed_dictionaries(
    {
        "labels": st.booleans(),
        "defaults": st.booleans(),
        "root": st.sampled_from([None, "/here", "/there"]),
        "order": st.randoms(),
        "metrics": st.sampled_from([["top1"], ["top2", "macro-f1"]]),
        "axis": st.sampled_from(["seed", "model", "none"]),
        "name": st.sampled_from(["a", "b"]),
    }
)
RECIPES: dict[str, Any] = {
    "none": [],
    "stretch": ["stretch"],
    "mask": ["mask"],
    "both": ["stretch", "mask"],
    "chain": [["stretch", "mask"]],
}


def written(content: dict[str, Any], how: dict[str, Any]) -> str:
    """Return a suite of one cell with this content, written in one of many ways."""

    def labelled(name: str, parameters: dict[str, Any], label: str) -> Any:
        if not how["labels"] and not parameters and not how["defaults"]:
            return name
        return {name: parameters} | ({"label": label} if how["labels"] else {})

    default = {"root": how["root"]} if how["root"] else {}
    tones = {"count": content["count"]} if content["count"] != 4 or how["defaults"] else {}
    model = (
        labelled("small", {}, "Small one")
        if content["width"] is None
        else labelled("large", {"width": content["width"], "kind": content["kind"]}, "Large one")
    )
    sets = [
        labelled("noises", {}, "Street") if each == "noises" else each for each in sorted(content["evaluate"])
    ]
    how["order"].shuffle(sets)
    cell: dict[str, Any] = {
        "dataset": labelled("tones", {**tones, **default}, "Tones of mine"),
        "features": labelled("picture", {"size": content["size"]}, "Pictures"),
        "training": {"epochs": content["epochs"]},
        "split": {"augment": content["augment"]},
        "model": model,
        "augmentation": RECIPES[content["recipe"]],
        "evaluate": sets,
        "seed": content["seed"],
        "metrics": how["metrics"],
    }
    if how["labels"]:
        cell["augmentation"] = {"use": cell["augmentation"], "label": "Some"}
    if content["precision"] != "float32" or how["defaults"]:
        cell["training"]["precision"] = content["precision"]
    if how["defaults"]:
        cell["training"] |= {"batch_size": 32, "jit": "auto"}
        cell["split"] |= {"strategy": "stratified"}
    if content["clips"] is not None:
        cell["clips"] = {"seconds": content["clips"]}
    if content["audio"] is not None:
        cell["audio"] = labelled("telephone", {"highest": content["audio"]}, "Phone")
    if content["copies"] is not None:
        cell["duplicates"] = {"action": content["copies"]}
    keys = list(cell)
    how["order"].shuffle(keys)
    suite: dict[str, Any] = {"name": how["name"], "cell": {key: cell[key] for key in keys}}
    if how["axis"] != "none":
        suite["matrix"] = {how["axis"]: [suite["cell"].pop(how["axis"])]}
    return dumped(suite)


def id_of(content: dict[str, Any], how: dict[str, Any]) -> str | None:
    (cell,) = load(written(content, how)).cells
    return Identifier(lambda spec: content["revision"]).identity(cell.spec)


def meant(content: dict[str, Any]) -> dict[str, Any]:
    """Return the content without what means nothing: the kind of a model that has none."""
    return content if content["width"] is not None else {**content, "kind": None}


@settings(max_examples=40, deadline=None)
@given(CONTENT, DECORATION, DECORATION)
def test_decoration_never_changes_an_identity(content, one, other) -> None:
    assert id_of(content, one) == id_of(content, other)


@settings(max_examples=30, deadline=None)
@given(
    CONTENT,
    CONTENT,
    DECORATION,
    st.sets(st.sampled_from(sorted(["count", "size", "width", "recipe", "seed"]))),
)
def test_anything_else_always_does(one, other, how, same) -> None:
    other = {**other, **{key: one[key] for key in same}}
    assert (id_of(one, how) == id_of(other, how)) == (meant(one) == meant(other))


# Each example tries all parts that happen to differ, of 14, so that few miss none.
@settings(max_examples=10, deadline=None)
@given(CONTENT, CONTENT, DECORATION)
def test_a_single_difference_is_enough(one, other, how) -> None:
    identity = id_of(one, how)
    for key in PARTS_OF_A_CELL:
        changed = {**one, key: other[key]}
        if changed != one:
            assert (id_of(changed, how) == identity) == (meant(one) == meant(changed)), key
