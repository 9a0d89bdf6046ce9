from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.data.manifest import ManifestLine, leaves_root, read_manifest, write_manifest
from benchmark.exceptions import DatasetError


def manifest(folder: Path, text: str) -> Path:
    file = folder / "manifest.csv"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_manifest_says_path_label_and_what_else_is_known(tmp_path):
    file = manifest(
        tmp_path,
        "path,label,track_id,group,split,licence,mood\n"
        "rock/one.mp3,rock,one,The Band,train,CC-BY,loud\n"
        '"pop/a, b.mp3",pop,,,val,,\n',
    )
    assert read_manifest(file) == [
        ManifestLine("rock/one.mp3", "rock", "one", "The Band", "train", "CC-BY"),
        ManifestLine("pop/a, b.mp3", "pop", "pop/a, b.mp3", None, "validation"),
    ]


def test_a_byte_order_mark_and_umlauts_do_no_harm(tmp_path):
    file = tmp_path / "manifest.csv"
    file.write_bytes("path,label\r\nchöre/a.wav,Chöre\r\n".encode("utf-8-sig"))
    assert read_manifest(file)[0].label == "Chöre"


def test_everything_wrong_is_told_at_once_with_its_line(tmp_path):
    file = manifest(
        tmp_path,
        "path,label,track_id,split\n"
        "a.wav,rock,1,train\n"
        "../b.wav,rock,2,train\n"
        ",rock,3,train\n"
        "d.wav,,4,train\n"
        "e.wav,rock,5,Tuesday\n"
        "f.wav,rock,1,train\n"
        "a.wav,rock,7,train\n"
        "g.wav,rock,8,train,9\n",
    )
    with pytest.raises(DatasetError) as caught:
        read_manifest(file)
    lines = str(caught.value).splitlines()
    assert [line.split(": ", 1)[0] for line in lines] == [f"{file}:{n}" for n in range(3, 10)]
    for line, words in zip(
        lines,
        [
            "leaves",
            "'path' is empty",
            "'label' is empty",
            "'Tuesday' is none of",
            "first in line 2",
            "first in line 2",
            "more",
        ],
        strict=True,
    ):
        assert words in line


def test_a_hundred_wrong_lines_are_counted_and_not_all_shown(tmp_path):
    file = manifest(tmp_path, "path,label\n" + "/x.wav,rock\n" * 100)
    with pytest.raises(DatasetError, match=r"and 80 more") as caught:
        read_manifest(file)
    assert len(str(caught.value).splitlines()) == 21


@pytest.mark.parametrize(
    "path", ["../a.wav", "a/../../b.wav", "/etc/passwd", "C:\\a.wav", "..\\a.wav", "a\0.wav"]
)
def test_a_path_that_leaves_the_folder_is_recognised(path):
    assert leaves_root(path)


@pytest.mark.parametrize("path", ["a.wav", "a/b..c.wav", "./a.wav", "..a/b.wav"])
def test_a_path_that_stays_inside_is_fine(path):
    assert not leaves_root(path)


def test_missing_columns_no_lines_and_what_is_no_text_are_errors(tmp_path):
    with pytest.raises(DatasetError, match=r"manifest\.csv:1: the manifest has no column 'label'"):
        read_manifest(manifest(tmp_path, "path,genre\na.wav,rock\n"))
    with pytest.raises(DatasetError, match="lists no recording"):
        read_manifest(manifest(tmp_path, "path,label\n"))
    with pytest.raises(DatasetError, match="no column 'path' and no column 'label'"):
        read_manifest(manifest(tmp_path, ""))
    (tmp_path / "manifest.csv").write_bytes(b"path,label\n\xff\xfe,rock\n")
    with pytest.raises(DatasetError, match="UTF-8"):
        read_manifest(tmp_path / "manifest.csv")


def test_what_was_written_can_be_read(tmp_path):
    file = tmp_path / "manifest.csv"
    write_manifest(file, [{"path": 'x/"quoted", y.wav', "label": "x", "track_id": "1", "group": "g"}])
    assert read_manifest(file) == [ManifestLine('x/"quoted", y.wav', "x", "1", "g")]
    assert list(tmp_path.iterdir()) == [file]
