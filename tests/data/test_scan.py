from __future__ import annotations

import csv
import io
import os
import tempfile
from pathlib import Path, PurePosixPath

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from benchmark.data.folders import is_text, look_into, shown
from benchmark.data.manifest import (
    COLUMNS,
    SPLITS,
    Table,
    leaves_root,
    read_manifest,
    read_table,
    write_manifest,
)
from benchmark.data.probe import Probe
from benchmark.data.scan import merge
from benchmark.exceptions import DatasetError

HARMLESS = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

# What a file may be called, but for names that end a path or that no encoding can write.
names = (
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), min_size=1, max_size=12)
    .filter(lambda name: name not in (".", "..") and not name.startswith("."))
    .filter(lambda name: len(os.fsencode(name)) < 200)
)
paths = st.lists(names, min_size=1, max_size=3).map("/".join)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
words = texts.map(str.strip).filter(bool)
probes = st.builds(
    Probe,
    seconds=st.floats(0, 100),
    sample_rate=st.integers(1, 192000),
    channels=st.just(1),
    peak=st.floats(0, 1),
    content=st.text("0123456789abcdef", min_size=64, max_size=64),
    problem=st.sampled_from(["", "", "", "not audio"]),
)
good = Probe(2.0, 22050, 1, 0.5, "0" * 64)


def written(folder: Path, rows, columns=COLUMNS, **more) -> Path:
    write_manifest(folder / "manifest.csv", rows, columns, **more)
    return folder / "manifest.csv"


@HARMLESS
@given(st.dictionaries(words, words, min_size=1, max_size=5), st.booleans())
def test_whatever_is_written_into_a_manifest_is_read_from_it(labels, marked):
    assume(not any(leaves_root(path) for path in labels))
    normal = {PurePosixPath(path).as_posix() for path in labels}
    assume(len(normal) == len(labels))
    with tempfile.TemporaryDirectory() as folder:
        rows = [
            {"path": path, "label": label, "track_id": f"t{n}", "licence": label}
            for n, (path, label) in enumerate(labels.items())
        ]
        entries = read_manifest(written(Path(folder), rows, marked=marked))
    assert [(e.path, e.label, e.licence) for e in entries] == [
        (PurePosixPath(path).as_posix(), label, label) for path, label in labels.items()
    ]


@HARMLESS
@given(st.binary(max_size=300))
def test_any_bytes_in_place_of_a_manifest_are_read_or_an_error_that_names_the_file(data):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "manifest.csv"
        file.write_bytes(b"path,label\n" + data)
        entries, said = [], ""
        try:
            entries = read_manifest(file)
        except DatasetError as error:
            said = str(error)
    assert bool(entries) != (str(file) in said)
    assert all(entry.path and entry.label and not leaves_root(entry.path) for entry in entries)


@HARMLESS
@given(
    st.sampled_from(sorted(SPLITS)),
    st.sampled_from([str.upper, str.title, str.lower, lambda side: f" {side} "]),
)
def test_sides_are_known_in_any_spelling(side, spelt):
    with tempfile.TemporaryDirectory() as folder:
        row = {"path": "a.wav", "label": "x", "split": spelt(side)}
        assert read_manifest(written(Path(folder), [row]))[0].split == SPLITS[side]


@HARMLESS
@given(
    st.lists(
        st.tuples(paths, words, texts),
        min_size=1,
        max_size=4,
        unique_by=lambda e: PurePosixPath(e[0].strip()).as_posix(),
    ),
    st.dictionaries(paths, probes, max_size=5),
)
def test_a_scan_keeps_every_word_of_a_person_and_lists_every_usable_file_once(lines, files):
    lines = [line for line in lines if not leaves_root(line[0])]
    assume(lines)
    rows = tuple({"path": path, "label": label, "remark": remark} for path, label, remark in lines)
    merged = merge(Table(("path", "label", "remark"), rows), files, min_seconds=1.0)
    kept, added = merged.rows[: len(rows)], merged.rows[len(rows) :]
    assert [{key: row[key] for key in ("path", "label", "remark")} for row in kept] == list(rows)
    assert len(added) == merged.added
    listed = [name for name in files if name in {row["path"] for row in merged.rows}]
    told = {out.id for out in merged.left_out}
    spelt = {PurePosixPath(row["path"].strip()).as_posix() for row in rows}
    assert set(listed) | told | (set(files) & spelt) == set(files)
    assert all(files[row["path"]].unusable(1.0) == "" for row in added)


@HARMLESS
@given(st.dictionaries(paths, st.just(good), min_size=1, max_size=5))
def test_a_second_scan_of_the_same_files_finds_nothing_new(files):
    files = {name: probe for name, probe in files.items() if PurePosixPath(name).as_posix() == name}
    first = merge(None, files, min_seconds=1.0)
    assume(first.rows)
    with tempfile.TemporaryDirectory() as folder:
        table = read_table(written(Path(folder), first.rows))
    assert not merge(table, files, min_seconds=1.0).changed


@HARMLESS
@given(st.lists(paths, min_size=1, max_size=6, unique=True), st.data())
def test_every_file_of_any_folder_is_accounted_for_once(wanted, data):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        made = {"audio": 0, "others": 0, "links": 0}
        for path in wanted:
            file = root / f"{path}{data.draw(st.sampled_from(['.wav', '.txt', '']))}"
            try:
                file.parent.mkdir(parents=True, exist_ok=True)
                if file.exists():
                    continue
                file.write_bytes(b"")
            except OSError:  # a file where a folder should be, a name that this file system has not
                continue
            made["audio" if file.suffix == ".wav" else "others"] += 1
        for number in range(data.draw(st.integers(0, 2))):
            (root / f"link{number}").symlink_to(root)
            made["links"] += 1
        found = look_into(root)
        assert len(found.audio) == made["audio"]
        assert sum(found.others.values()) == made["others"]
        assert len(found.left_out) == made["links"]
        assert list(found.audio) == sorted(found.audio)
        assert all((root / name).is_file() for name in found.audio)


@HARMLESS
@given(st.binary(min_size=1, max_size=30).filter(lambda name: b"\0" not in name and b"/" not in name))
def test_any_name_can_be_shown(name):
    text = os.fsdecode(name)
    said = shown(text)
    assert said.isprintable()
    said.encode()
    if is_text(text) and text.isprintable():
        assert said == text


def test_a_carriage_return_in_a_name_does_not_end_a_line(tmp_path):
    file = written(tmp_path, [{"path": "a\rb.wav", "label": "x"}, {"path": "c\r\nd.wav", "label": "x"}])
    assert [entry.path for entry in read_manifest(file)] == ["a\rb.wav", "c\r\nd.wav"]
    assert next(csv.reader(io.StringIO(file.read_text(), newline=""))) == list(COLUMNS)
