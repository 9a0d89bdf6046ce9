"""Bundles say what is in them, and are believed in nothing."""

from __future__ import annotations

import json
import os
import shutil
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import bundled
import fabricate
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from benchmark.bundles.archive import write_archive
from benchmark.bundles.export import export
from benchmark.bundles.manifest import MANIFEST, read_manifest
from benchmark.bundles.opening import opened, opened_plan
from benchmark.bundles.verify import verify
from benchmark.cli.main import cli
from benchmark.digests import file_digest, sealed
from benchmark.exceptions import BundleError
from benchmark.results.collect import collect
from benchmark.results.store import ResultsStore


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundled.make_bundle(tmp_path_factory.mktemp("bundle"), lab="A lab")


def bench(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(each) for each in arguments])


def contents_of(file: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as opened_file:
        return {name: opened_file.read(name) for name in opened_file.namelist()}


def forged(file: Path, target: Path, changes: dict[str, bytes | None]) -> Path:
    """Write a bundle with other members, whose manifest fits them: digests are no signatures."""
    import hashlib

    contents = contents_of(file)
    manifest = json.loads(contents.pop(MANIFEST))
    for name, content in changes.items():
        if content is None:
            contents.pop(name)
        else:
            contents[name] = content
    manifest["members"] = {
        name: {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in contents.items()
    }
    with target.open("wb") as stream:
        sealed_bytes = json.dumps(sealed(manifest)).encode()
        write_archive(stream, [(MANIFEST, sealed_bytes), *contents.items()])
    return target


def test_a_bundle_is_as_it_says(bundle: Path) -> None:
    found = verify(bundle)
    assert (found.problems, found.cells) == ([], 12)
    assert found.known is not None
    assert found.known.lab == "A lab"
    assert bench("verify", bundle).exit_code == 0


def test_cells_that_two_rows_share_are_no_cells_without_a_result(tmp_path: Path) -> None:
    plan = fabricate.make_plan(tmp_path, fabricate.FEW)
    store = fabricate.make_results(plan, tmp_path / "results")
    shared = replace(plan, ids=(*plan.ids[:-1], plan.ids[0]))
    done = export(shared, store, tmp_path / "a.zip")
    assert (done.cells, done.of, done.notes) == (len(plan.ids), len(plan.ids), ())
    lacking = export(replace(plan, ids=(*plan.ids[:-1], "0" * 12)), store, tmp_path / "b.zip")
    assert lacking.notes == ("1 cell of the suite has no result in it.",)


def test_the_same_results_are_the_same_bytes(bundle: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.copytree(bundle.parent / "results", elsewhere / "results")
    for folder in ResultsStore(elsewhere / "results", "made_up").scan().values():
        os.utime(folder / "cell.json", (1, 1))
        # What a folder is called is decoration.
        folder.rename(folder.with_name(f"renamed-{folder.name[-12:]}"))

    from benchmark.bundles.export import export

    plan = fabricate.make_plan(elsewhere)
    again = export(
        plan, ResultsStore(elsewhere / "results", "made_up"), elsewhere / "b.zip", lab=" A  lab "
    ).file
    assert again.read_bytes() == bundle.read_bytes()


def test_it_holds_no_weights_and_no_audio(tmp_path: Path) -> None:

    from benchmark.bundles.export import export

    plan = fabricate.make_plan(tmp_path)
    store = fabricate.make_results(plan, tmp_path / "results")
    for folder in store.scan().values():
        (folder / "model").mkdir()
        (folder / "model" / "weights.bin").write_bytes(b"weights")
        (folder / "track.wav").write_bytes(b"RIFF")
    file = export(plan, store, tmp_path / "a.zip").file
    assert {name.rpartition("/")[2] for name in contents_of(file)} == {
        MANIFEST, "suite.yaml", "0-suite.yaml", "cell.json", "predictions.parquet", "history.csv", "metrics.json",
    }  # fmt: skip


@pytest.mark.slow
def test_every_flipped_byte_is_seen_and_what_it_is_of_is_named(tmp_path: Path) -> None:
    bundle = bundled.make_bundle(tmp_path, text=fabricate.FEW)
    whole = bundle.read_bytes()
    with zipfile.ZipFile(bundle) as file:
        begins = [(info.header_offset, info.filename) for info in file.infolist()]
        directory = file.start_dir
    target = tmp_path / "flipped.zip"
    # Each header and directory byte is tried in the archive's own tests; here, places all over the file.
    for place in range(3, len(whole), len(whole) // 40):
        flipped = bytearray(whole)
        flipped[place] ^= 0x10
        target.write_bytes(flipped)
        found = verify(target)
        assert found.problems, place
        if place < directory:
            name = max(each for each in begins if each[0] <= place)[1]
            parts = name.split("/")
            assert any(parts[-1] in said or parts[-2 % len(parts)] in said for said in found.problems), (
                name,
                found,
            )
    ran = bench("verify", target)
    assert ran.exit_code == 1


def test_edited_predictions_are_seen_though_all_digests_fit(bundle: Path, tmp_path: Path) -> None:
    """Whoever edits predictions and computes digests anew has metrics that do not follow from them."""
    name = next(name for name in contents_of(bundle) if name.endswith("predictions.parquet"))
    folder = name.rpartition("/")[0]
    table = pq.read_table(pa.BufferReader(contents_of(bundle)[name])).to_pandas()
    columns = [column for column in table if column.startswith("p:")]
    table[columns] = [[float(column == f"p:{label}") for column in columns] for label in table["label"]]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pandas(table.astype(dict.fromkeys(columns, "float32"))), sink)
    record = json.loads(contents_of(bundle)[f"{folder}/cell.json"])
    (tmp_path / "p").write_bytes(sink.getvalue().to_pybytes())
    metrics = json.dumps({"tones:test": {"top1": 0.25}}).encode()
    (tmp_path / "m").write_bytes(metrics)
    record["files"] |= {
        "predictions.parquet": file_digest(tmp_path / "p"),
        "metrics.json": file_digest(tmp_path / "m"),
    }
    record.pop("digest")
    changes = {
        name: sink.getvalue().to_pybytes(),
        f"{folder}/metrics.json": metrics,
        f"{folder}/cell.json": json.dumps(sealed(record)).encode(),
    }
    found = verify(forged(bundle, tmp_path / "forged.zip", changes))
    assert found.problems == [
        f"{folder.rpartition('/')[2]}: tones:test/top1 is 0.25 in metrics.json, and 1 by its predictions."
    ]


def test_an_edited_specification_gives_another_id(bundle: Path, tmp_path: Path) -> None:
    name = next(name for name in contents_of(bundle) if name.endswith("cell.json"))
    record = json.loads(contents_of(bundle)[name])
    record.pop("digest")
    record["spec"]["seed"] = 77
    found = verify(forged(bundle, tmp_path / "f.zip", {name: json.dumps(sealed(record)).encode()}))
    assert len(found.problems) == 1
    assert "specification does not give the id" in found.problems[0]


def test_a_cell_that_is_listed_and_gone_is_named(bundle: Path, tmp_path: Path) -> None:
    gone = next(name for name in contents_of(bundle) if name.endswith("cell.json")).rpartition("/")[0]
    changes: dict[str, bytes | None] = {
        name: None for name in contents_of(bundle) if name.startswith(f"{gone}/")
    }
    found = verify(forged(bundle, tmp_path / "f.zip", changes))
    assert found.problems == [f"cell {gone[-12:]} is listed, and not there."]


def test_a_manifest_leads_to_no_other_place(bundle: Path, tmp_path: Path) -> None:
    contents = contents_of(bundle)
    manifest = json.loads(contents.pop(MANIFEST))
    for name in ("../../../etc", "/etc", "a/b", ""):
        target = tmp_path / "f.zip"
        with target.open("wb") as stream:
            write_archive(
                stream,
                [(MANIFEST, json.dumps(sealed(manifest | {"suite": name})).encode()), *contents.items()],
            )
        with pytest.raises(BundleError, match="no name of a suite"), opened(target):
            pass


def test_a_later_version_is_said_to_be_one(bundle: Path) -> None:
    manifest = json.loads(contents_of(bundle)[MANIFEST])
    with pytest.raises(BundleError, match="later version"):
        read_manifest(json.dumps(sealed(manifest | {"format": 99})).encode())


def test_a_benchfile_of_a_bundle_is_not_run(tmp_path: Path) -> None:
    folder = tmp_path / "made"
    folder.mkdir()
    trap = tmp_path / "trapped"
    (folder / "benchfile.py").write_text(f"open({str(trap)!r}, 'w')\nraise SystemExit(0)\n")
    file = bundled.make_bundle(folder)
    assert "suite/benchfile.py" in contents_of(file)
    assert verify(file).problems == []
    with opened_plan(file):
        pass
    assert bench("report", file, "--format", "md", "-o", tmp_path / "r").exit_code == 0
    assert not trap.exists()
    assert "benchfile" not in sys.modules


def test_a_bundle_gives_the_tables_that_its_results_gave(bundle: Path) -> None:

    plan = fabricate.make_plan(bundle.parent)
    before = collect(plan, ResultsStore(bundle.parent / "results", "made_up"), fabricate.make_registry())
    with opened_plan(bundle) as (opened_bundle, known, registry):
        after = collect(known, opened_bundle.store, registry)
    assert after.measures == before.measures
    assert after.cells.equals(before.cells)
    assert set(after.cells["status"]) == {"ok"}


def test_a_results_folder_is_checked_too(tmp_path: Path) -> None:
    folder = bundled.make_bundle(tmp_path).parent / "results" / "made_up"
    assert bench("verify", folder).exit_code == 0
    file = next(folder.glob("*/history.csv"))
    file.write_bytes(file.read_bytes().replace(b"0.1", b"0.9", 1))
    ran = bench("verify", folder)
    assert ran.exit_code == 1
    assert file.parent.name in ran.stderr
    assert "history.csv is not what was filed" in ran.stderr


def test_what_is_no_bundle_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "text.zip").write_text("no bundle")
    assert "no bundle" in bench("verify", tmp_path / "text.zip").stderr
    for path in (tmp_path, tmp_path / "absent"):
        assert "no bundle" in str(bench("verify", path).exception)


def test_a_database_that_a_stranger_s_suite_names_is_not_opened(bundle: Path, tmp_path: Path) -> None:

    tune = """
tune: {metric: top1, storage: "postgresql://elsewhere.example/studies", space: {training.epochs: {low: 1, high: 20}}}
leaderboard: {baseline: {tuning: default}}
"""
    text = fabricate.SUITE[: fabricate.SUITE.index("leaderboard")] + tune
    file = forged(bundle, tmp_path / "f.zip", {"suite/suite.yaml": text.encode()})
    with opened_plan(file) as (_, plan, _):
        assert plan.suite.tune is not None
        assert plan.suite.tune.settings.storage is None
