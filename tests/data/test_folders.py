from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.data.folders import find_audio, find_root
from benchmark.exceptions import DatasetError
from benchmark.locations import Locations


def recognise(folder: Path) -> Path | None:
    return folder if (folder / "here").exists() else None


def dataset(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "here").touch()
    return folder


def find(locations: Locations, root: str | None = None, telling: bool = False) -> Path:
    return find_root("songs", root, locations, recognise, layout="a file called here.", telling=telling)


def test_the_suites_root_wins_over_the_named_folder_and_that_over_data_folders(tmp_path):
    one, two, three = (dataset(tmp_path / name) for name in ("one", "two", "three/songs"))
    everywhere = Locations(tmp_path, data=(three.parent,), named={"songs": two})
    assert find(everywhere, str(one)) == one
    assert find(everywhere) == two
    assert find(Locations(tmp_path, data=(three.parent,))) == three


def test_a_data_folder_may_hold_the_dataset_in_any_case_or_be_it(tmp_path):
    upper = dataset(tmp_path / "shelf/SONGS")
    assert find(Locations(tmp_path, data=(tmp_path / "shelf",))) == upper
    assert find(Locations(tmp_path, data=(upper,))) == upper


def test_a_folder_of_another_name_is_taken_only_for_a_dataset_that_can_be_told_from_others(tmp_path):
    folder = dataset(tmp_path / "mine")
    assert find(Locations(tmp_path, data=(folder,)), telling=True) == folder
    with pytest.raises(DatasetError):
        find(Locations(tmp_path, data=(folder,)))


def test_a_wrong_root_is_not_replaced_by_another_place(tmp_path):
    good = dataset(tmp_path / "shelf/songs")
    with pytest.raises(DatasetError, match="wrong"):
        find(Locations(tmp_path, data=(good.parent,)), str(tmp_path / "wrong"))


def test_the_error_says_where_it_looked_what_it_expects_and_what_to_do(tmp_path):
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    with pytest.raises(DatasetError) as caught:
        find(Locations(tmp_path, data=(shelf,)), telling=True)
    for words in (
        str(shelf),
        "a file called here.",
        "dataset: {songs: {root: DIR}}",
        "--data songs=DIR",
        "BENCH_DATA",
        "--rehearse",
    ):
        assert words in str(caught.value)


def test_audio_is_found_in_order_and_junk_is_not(tmp_path):
    for name in ("b/2.wav", "b/1.MP3", "a/deep/x.flac", "b/._1.MP3", ".hidden/y.wav", "notes.txt", "z.ogg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert find_audio(tmp_path) == ["a/deep/x.flac", "b/1.MP3", "b/2.wav", "z.ogg"]


def test_a_link_to_a_folder_above_is_not_followed_for_ever(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/x.wav").touch()
    (tmp_path / "a/loop").symlink_to(tmp_path)
    assert find_audio(tmp_path) == ["a/x.wav"]
