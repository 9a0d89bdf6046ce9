from __future__ import annotations

import pytest

from bench_datasets.folder import Folder, FolderTest
from benchmark.exceptions import DatasetError
from benchmark.plugin.parameters import identity_parameters, marks_of


def test_class_folders_give_labels_and_folders_in_them_give_groups(clip, locations, tmp_path):
    for name in (
        "rock/b.flac",
        "pop/album/1.mp3",
        "pop/album/2.mp3",
        "pop/a.opus",
        "rock/live/x/y.ogg",
        "rock/z.au",
    ):
        clip(f"m/{name}", rate=44100)
    corpus = Folder(root=str(tmp_path / "m")).load(locations)
    assert corpus.classes == ("pop", "rock")
    assert {track.id: (track.label, track.group) for track in corpus.tracks} == {
        "pop/a.opus": ("pop", None),
        "pop/album/1.mp3": ("pop", "pop/album"),
        "pop/album/2.mp3": ("pop", "pop/album"),
        "rock/b.flac": ("rock", None),
        "rock/live/x/y.ogg": ("rock", "rock/live/x"),
        "rock/z.au": ("rock", None),
    }
    assert [track.id for track in corpus.tracks] == sorted(track.id for track in corpus.tracks)


def test_a_manifest_gives_ids_labels_groups_and_splits(clip, locations, tmp_path):
    clip("m/1.wav")
    clip("m/deep/2.wav")
    (tmp_path / "m/manifest.csv").write_text(
        "path,label,track_id,group,split\ndeep/2.wav,loud,two,g,test\n1.wav,quiet,one,,train\ngone.wav,lost,three,,\n"
    )
    corpus = Folder(root=str(tmp_path / "m")).load(locations)
    assert [(t.id, t.label, t.group, t.split) for t in corpus.tracks] == [
        ("one", "quiet", None, "train"),
        ("two", "loud", "g", "test"),
    ]
    assert corpus.classes == ("lost", "loud", "quiet")
    assert [(out.id, out.reason) for out in corpus.left_out] == [
        ("gone.wav", "cannot be read: No such file or directory")
    ]


def test_a_manifest_of_another_name_can_be_asked_for_and_must_be_there(clip, locations, tmp_path):
    clip("m/1.wav")
    (tmp_path / "m/lists").mkdir()
    (tmp_path / "m/lists/small.csv").write_text("path,label\n1.wav,x\n")
    root = str(tmp_path / "m")
    assert len(Folder(root=root, manifest="lists/small.csv").load(locations).tracks) == 1
    with pytest.raises(DatasetError, match=r"holds no file 'other\.csv'"):
        Folder(root=root, manifest="other.csv").load(locations)
    with pytest.raises(DatasetError, match="leaves the dataset's folder"):
        Folder(root=root, manifest="../elsewhere.csv").load(locations)


def test_a_manifest_cannot_reach_outside_its_folder(clip, locations, tmp_path):
    clip("secret.wav")
    (tmp_path / "m").mkdir()
    (tmp_path / "m/manifest.csv").write_text("path,label\n../secret.wav,x\n")
    with pytest.raises(DatasetError, match=r"manifest\.csv:2: path '\.\./secret\.wav' leaves"):
        Folder(root=str(tmp_path / "m")).load(locations)


def test_files_beside_the_class_folders_are_left_out_by_name(clip, locations, tmp_path):
    clip("m/rock/a.wav")
    clip("m/stray.wav")
    corpus = Folder(root=str(tmp_path / "m")).load(locations)
    assert [(out.id, out.reason) for out in corpus.left_out] == [("stray.wav", "it lies in no class folder")]


def test_without_a_root_the_error_says_how_to_give_one(locations):
    with pytest.raises(DatasetError, match="--data folder-test=DIR"):
        FolderTest().load(locations)


def test_where_it_lies_is_no_part_of_its_identity():
    parameters = {"root": "/somewhere", "manifest": None, "min_seconds": 1.0}
    assert "root" not in identity_parameters("", marks_of(Folder), parameters)


def test_one_name_is_for_training_and_one_for_evaluation():
    assert (Folder.role, FolderTest.role) == ("train", "test")
