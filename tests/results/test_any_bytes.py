"""Whatever became of a result's bytes, tables are made of the rest, or it is an error for people."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from fabricate import make_plan, make_registry, make_results
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmark.exceptions import BenchError
from benchmark.results.collect import collect
from benchmark.results.matching import with_results
from benchmark.results.store import ResultsStore

FILES = ("cell.json", "predictions.parquet", "history.csv", "metrics.json")
CHANGES = st.one_of(
    st.tuples(st.just("replace"), st.floats(0, 1), st.binary(min_size=1, max_size=8)),
    st.tuples(st.just("insert"), st.floats(0, 1), st.binary(min_size=1, max_size=8)),
    st.tuples(st.just("cut"), st.floats(0, 1), st.just(b"")),
    st.tuples(st.just("whole"), st.just(0.0), st.binary(max_size=40)),
    st.tuples(
        st.just("words"), st.just(0.0), st.sampled_from([b"{}", b"[]", b"null", b"1", b'{"id": 3}', b"\xff"])
    ),
)


@pytest.fixture(scope="module")
def filed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("filed")
    make_results(make_plan(folder), folder)
    return folder


def changed(content: bytes, kind: str, place: float, junk: bytes) -> bytes:
    at = int(place * len(content))
    if kind in ("whole", "words"):
        return junk
    return content[:at] + junk + ({"insert": content[at:], "cut": b""}.get(kind, content[at + len(junk) :]))


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 11), st.sampled_from(FILES), CHANGES), min_size=1, max_size=4))
def test_no_change_of_bytes_raises_anything_but_an_error_for_people(filed: Path, changes) -> None:
    with tempfile.TemporaryDirectory() as copied:
        root = Path(copied)
        shutil.copytree(filed / "made_up", root / "made_up")
        plan = make_plan(root)
        store = ResultsStore(root, "made_up")
        folders = list(store.scan().values())
        for number, name, (kind, place, junk) in changes:
            file = folders[number] / name
            file.write_bytes(changed(file.read_bytes(), kind, place, junk))
        try:
            store.statuses()
            found = collect(with_results(plan, store, make_registry()), store, make_registry())
            for row in range(6):
                found.histories(row)
                found.by_cell(row, "tones:test")
        except BenchError:
            return
        touched = {number for number, *_ in changes}
        assert len(found.cells) == 12
        assert (found.cells["status"] == "ok").sum() >= 12 - len(touched)
