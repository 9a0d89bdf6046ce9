"""What goes to workers without the driver's files, and what comes back; no cluster is needed for these."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmark.cli.cluster import Away, read_cluster
from benchmark.data.corpora import keeping_corpora
from benchmark.data.prepare import Request, feature_key
from benchmark.exceptions import TaskError, UsageError
from benchmark.execution.cell import CellTask, run_cell
from benchmark.execution.connection import connect, scheduler_address
from benchmark.execution.executor import Inline
from benchmark.execution.features import prepare_features
from benchmark.execution.likeness import ABSENT, differences, needed, traits
from benchmark.execution.progress import PlainDisplay
from benchmark.execution.travel import CellJourney, FeaturesJourney, Home, run_away
from benchmark.locations import Locations
from benchmark.plugin.manager import Plugins
from benchmark.plugin.registry import Registry
from benchmark.results.plan import make_plan
from benchmark.results.store import ResultsStore
from benchmark.suite.load import load_suite

SUITE = """
name: trial
cell:
  dataset: {synthetic: {tracks_per_class: 4, seconds: 1}}
  features: {mel: {size: [12, 16]}}
  split: {fractions: [0.5, 0.25, 0.25]}
  evaluate: [test]
matrix:
  augmentation: [none, {trivial-augment: {of: [time-mask, frequency-mask]}}]
  model: [majority]
"""


class Sent:
    """A driver's side of a suite of one cell, and calls that are made here as if this were another machine."""

    def __init__(self, folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (folder / "suite.yaml").write_text(
            SUITE.replace(", {trivial-augment: {of: [time-mask, frequency-mask]}}", "")
        )
        self.locations = Locations(cache=cache, results=folder / "results")
        self.plugins = Plugins()
        registry = self.plugins.registry
        self.plan = make_plan(load_suite(folder / "suite.yaml", registry), registry, self.locations)
        ((cell, id_),) = self.plan.cells
        with Inline() as executor:
            prepare_features(self.plan, [cell], registry, self.locations, executor, PlainDisplay())
        canonical = self.plan.identifier.canonical(cell.spec)
        assert canonical is not None
        made = {"started": "now", "cpu": "the driver's", "threads": 1}
        self.task = CellTask(
            id_, "trial", dict(cell.labels), canonical, cell.spec, self.locations, None, (), made
        )
        self.home = Home(registry, self.plan.corpus_of, self.locations)
        self.away = folder / "away"
        monkeypatch.setenv("BENCH_CACHE", str(self.away))
        self.calls: list[str] = []

    def call(self, function: Any, *arguments: Any) -> Any:
        self.calls.append(function.__name__)
        with keeping_corpora():
            return function(*arguments)


@pytest.fixture(scope="module")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the driver's cache, in which tests leave everything where it is."""
    return tmp_path_factory.mktemp("driver") / "cache"


@pytest.fixture
def sent(tmp_path: Path, own_cache: Path, monkeypatch) -> Sent:
    return Sent(tmp_path, own_cache, monkeypatch)


@pytest.mark.slow
def test_a_cell_is_the_same_where_none_of_the_drivers_folders_are(sent) -> None:
    journey = CellJourney(sent.home, sent.task)
    aside = sent.locations.cache.with_name("out of reach")
    parcel = journey.carry(sent.call)
    shutil.move(sent.locations.cache, aside)
    try:
        again = CellJourney.carry(
            journey, lambda f, *given: [] if f.__name__ == "lacking_rows" else sent.call(f, *given)
        )
        record = journey.arrive(parcel)
    finally:
        shutil.rmtree(sent.locations.cache, ignore_errors=True)
        shutil.move(aside, sent.locations.cache)
    assert sent.calls == ["lacking_rows", "take_rows", "run_away", "run_away"]
    store = ResultsStore(sent.locations.results, "trial")
    assert store.read(record.id).status == "ok"
    filed = {f.name: f.read_bytes() for f in store.folder_of(record).iterdir() if f.name != "cell.json"}
    assert filed == parcel.files
    assert again.files["predictions.parquet"] == parcel.files["predictions.parquet"]
    assert record.provenance["threads"] == 1
    assert record.provenance["cpu"] != "the driver's"
    assert "host" in record.provenance

    own = replace(sent.task, locations=replace(sent.locations, results=sent.away / "own"))
    made = run_cell(own)
    here = ResultsStore(sent.away / "own", "trial").folder_of(made)
    assert (here / "predictions.parquet").read_bytes() == parcel.files["predictions.parquet"]
    assert (here / "metrics.json").read_bytes() == parcel.files["metrics.json"]


def test_rows_that_a_workers_cache_has_are_not_sent_again(sent) -> None:
    for _ in range(2):
        CellJourney(sent.home, sent.task).carry(sent.call)
    assert sent.calls.count("take_rows") == 1


def test_a_cell_that_another_machine_takes_for_another_is_refused_there(sent) -> None:
    changed = {**sent.task.canonical, "model": {**sent.task.canonical["model"], "version": "0"}}
    with pytest.raises(TaskError, match="this cell is another one: model differ"):
        CellJourney(sent.home, replace(sent.task, canonical=changed)).carry(sent.call)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("../../elsewhere", b"x", "none of a result"),
        ("/tmp/elsewhere", b"x", "none of a result"),
        ("metrics.json", b"flipped", "damaged on its way"),
    ],
)
def test_files_that_are_none_of_a_result_or_were_damaged_are_not_filed(sent, name, content, message) -> None:
    journey = CellJourney(sent.home, sent.task)
    parcel = journey.carry(sent.call)
    digests = {**parcel.digests, name: hashlib.sha256(b"x").hexdigest()}
    with pytest.raises(TaskError, match=message):
        journey.arrive(replace(parcel, files={**parcel.files, name: content}, digests=digests))
    assert ResultsStore(sent.locations.results, "trial").scan() == {}
    assert not Path("/tmp/elsewhere").exists()


def test_a_result_that_was_not_asked_for_is_not_filed(sent) -> None:
    journey = CellJourney(sent.home, sent.task)
    parcel = journey.carry(sent.call)
    with pytest.raises(TaskError, match="not asked for"):
        journey.arrive(replace(parcel, record=replace(parcel.record, id="../../elsewhere")))
    assert not sent.locations.results.exists()


def test_lists_of_a_split_go_with_their_cell(sent, tmp_path: Path) -> None:
    corpus = sent.plan.corpus_of(sent.task.spec.dataset)
    third = len(corpus.tracks) // 3
    files = {}
    for number, side in enumerate(("train", "validation", "test")):
        files[side] = tmp_path / f"{side}.txt"
        tracks = corpus.tracks[number::3]
        files[side].write_text("\n".join(track.id for track in tracks[:third]))
    suite = SUITE.replace("{fractions: [0.5, 0.25, 0.25]}", "{strategy: predefined, files: %s}" % {
        side: str(file) for side, file in files.items()
    }).replace(", {trivial-augment: {of: [time-mask, frequency-mask]}}", "")  # fmt: skip
    (tmp_path / "listed.yaml").write_text(suite)
    registry = sent.plugins.registry
    plan = make_plan(load_suite(tmp_path / "listed.yaml", registry), registry, sent.locations)
    ((cell, id_),) = plan.cells
    task = replace(sent.task, id=id_, spec=cell.spec, canonical=plan.identifier.canonical(cell.spec))

    def call(function: Any, *arguments: Any) -> Any:
        if function is run_away:
            for file in files.values():
                file.unlink()
        return sent.call(function, *arguments)

    record = CellJourney(Home(registry, plan.corpus_of, sent.locations), task).carry(call).record
    assert record.status == "ok", record.error


def test_features_of_a_track_are_made_of_its_file_wherever_that_lies(sent) -> None:
    spec = sent.task.spec.features
    ((track, *_),) = [sent.plan.corpus_of(sent.task.spec.dataset).tracks]
    from benchmark.data.clips import Clip

    clip = Clip(0.0, None)
    request = Request(track, ((feature_key(track, clip, ()), clip, (), None),))
    made = FeaturesJourney(sent.home, request, spec, None).carry(sent.call)
    assert made.failure is None
    assert [key for key, _ in made.arrays] == [request.wanted[0][0]]

    broken = sent.away / "broken.wav"
    broken.parent.mkdir(exist_ok=True)
    broken.write_bytes(b"RIFF")
    other = replace(request, track=replace(track, path=broken))
    failure = FeaturesJourney(sent.home, other, spec, None).carry(sent.call).failure
    assert str(broken) in failure.reason
    absent = replace(request, track=replace(track, path=Path("/nowhere/a.wav")))
    failure = FeaturesJourney(sent.home, absent, spec, None).carry(sent.call).failure
    assert (failure.track, failure.reason) == (
        track.id,
        "/nowhere/a.wav cannot be read: No such file or directory",
    )


def test_what_cells_need_is_named_and_what_differs_is_too(tmp_path: Path) -> None:
    registry = Plugins().registry
    (tmp_path / "suite.yaml").write_text(SUITE)
    needs = needed(load_suite(tmp_path / "suite.yaml", registry).cells)
    assert {("dataset", "synthetic"), ("features", "mel"), ("model", "majority")} <= set(needs)
    # Parts of components count.
    assert {("augmentation", "trivial-augment"), ("augmentation", "time-mask")} <= set(needs)
    here = traits(registry, needs)
    assert differences(here, dict(here)) == []
    model = here["model 'majority'"]
    there = {**traits(Registry(), needs), "keras": "2.0"}
    assert f"model 'majority' is {ABSENT} there and {model} here" in differences(here, there)
    assert f"keras is 2.0 there and {here['keras']} here" in differences(here, there)


@pytest.mark.parametrize(
    "text", ["http://host:80", "host:8786", "tcp://host", "tls://", "inproc://1/2/3", ""]
)
def test_what_is_no_scheduler_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="tcp://HOST:PORT"):
        scheduler_address(text)


def test_a_scheduler_has_an_address_or_a_file(tmp_path: Path) -> None:
    assert scheduler_address("tls://gpu-7:8786") == "tls://gpu-7:8786"
    file = tmp_path / "scheduler.json"
    for text, fits in [
        ('{"address": "tcp://10.0.0.1:8786"}', True), ('{"address": "ucx://10.0.0.1:8786"}', False),
        ('{"address": 5}', False), ("[]", False), ("{", False), ("\x00", False),
    ]:  # fmt: skip
        file.write_text(text)
        if fits:
            assert scheduler_address(str(file)) == "tcp://10.0.0.1:8786"
        else:
            with pytest.raises(UsageError, match="--scheduler-file FILE"):
                scheduler_address(str(file))


def test_options_that_do_not_go_together_are_refused() -> None:
    assert read_cluster(None, None, 3, "inline") is None
    assert read_cluster("tls://h:1", 2, None, "local") == Away("tls://h:1", 2)
    for given in [
        (None, 1, None, "local"),
        ("tls://h:1", None, None, "inline"),
        ("tls://h:1", None, 2, "local"),
    ]:
        with pytest.raises(UsageError):
            read_cluster(*given)


def test_without_dask_it_is_said_how_to_get_it(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match=r"pip install 'genrebench\[dask\]'"):
        connect("tls://host:8786", Registry(), (), print)


def test_runs_on_one_machine_do_not_import_dask() -> None:
    code = (
        "import sys, benchmark.cli.run, benchmark.execution.cell, benchmark.execution.dask_workers; "
        "sys.exit(' '.join({'dask', 'distributed'} & set(sys.modules)) or 0)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_tls_without_a_certificate_is_told_before_anybody_is_called() -> None:
    dask = pytest.importorskip("dask")
    pytest.importorskip("distributed")
    with (
        dask.config.set({"distributed.comm.tls.client.cert": None}),
        pytest.raises(UsageError, match="no certificate to show"),
    ):
        connect("tls://gpu-head:8786", Plugins().registry, [], print)
