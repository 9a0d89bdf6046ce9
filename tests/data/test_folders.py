from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmark.data.folders import find_root, holds_audio, look_into, others_text, shown
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


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def left_out(root: Path) -> dict[str, str]:
    return {out.id: out.reason for out in look_into(root).left_out}


def test_audio_is_found_in_order_and_the_rest_is_counted(tmp_path):
    touch(tmp_path, "b/2.wav", "b/1.MP3", "a/deep/x.flac", "b/._1.MP3", ".hidden/y.wav", "notes.txt", "z.ogg")
    touch(tmp_path, "b/cover.jpg", "a/cover.JPG", "a/README")
    found = look_into(tmp_path)
    assert found.audio == ("a/deep/x.flac", "b/1.MP3", "b/2.wav", "z.ogg")
    assert found.left_out == ()
    assert found.others == {"": 1, ".jpg": 2, ".txt": 1, "hidden": 2}
    assert others_text(found.others) == "no audio: 2 .jpg, 1 .txt, 1 without extension, 2 hidden"


@pytest.mark.parametrize("name", ["take one", "take.1", "take.dat", "take.wav.bak"])
@pytest.mark.parametrize("container", ["WAV", "AIFF", "FLAC", "OGG", "MP3", "CAF", "W64", "AU"])
def test_audio_is_known_by_its_content_whatever_it_is_called(container, name, tmp_path):
    (tmp_path / "x").mkdir()
    soundfile.write(tmp_path / "x" / name, np.zeros(22050), 22050, format=container)
    assert look_into(tmp_path).audio == (f"x/{name}",)
    assert holds_audio(tmp_path)


def test_what_is_no_audio_is_not_taken_for_it(tmp_path):
    rng = np.random.default_rng(0)
    for number in range(200):
        (tmp_path / f"{number}.dat").write_bytes(rng.bytes(2000))
    (tmp_path / "sync.dat").write_bytes(b"\xff\xfb\x90\x00" + bytes(5000))
    np.save(tmp_path / "ones.npy", np.full(5000, -1))
    assert look_into(tmp_path).audio == ()


def test_a_link_to_a_folder_above_is_told_and_not_followed(tmp_path):
    touch(tmp_path, "data/a/x.wav", "beside/y.wav")
    (tmp_path / "data/a/loop").symlink_to(tmp_path / "data")
    (tmp_path / "data/a/self").symlink_to(tmp_path / "data/a")
    (tmp_path / "data/up").symlink_to(tmp_path)
    assert look_into(tmp_path / "data").audio == ("a/x.wav",)
    assert left_out(tmp_path / "data") == {
        "a/loop": "the dataset's folder itself",
        "a/self": "the same folder as a, under which it is read",
        "up": "a link to a folder that holds this one, and is not followed",
    }


@pytest.mark.parametrize("name", ["aaa", "zzz"])
def test_a_link_beside_a_folder_does_not_rename_it(name, tmp_path):
    touch(tmp_path, "hiphop/1.wav", "hiphop/album/2.wav")
    (tmp_path / name).symlink_to("hiphop")
    assert look_into(tmp_path).audio == ("hiphop/1.wav", "hiphop/album/2.wav")
    assert left_out(tmp_path) == {name: "the same folder as hiphop, under which it is read"}


def test_of_two_links_to_one_folder_elsewhere_the_first_by_name_is_read(tmp_path):
    touch(tmp_path, "elsewhere/album/1.wav", "data/own/2.wav")
    (tmp_path / "data/b").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "data/a").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "data/inner").symlink_to(tmp_path / "elsewhere/album")
    assert look_into(tmp_path / "data").audio == ("a/album/1.wav", "own/2.wav")
    assert left_out(tmp_path / "data") == {
        "b": "the same folder as a, under which it is read",
        "inner": "the same folder as a/album, under which it is read",
    }


def test_links_to_files_are_files_and_links_to_nothing_are_told(tmp_path):
    touch(tmp_path, "store/1.wav")
    (tmp_path / "data/x").mkdir(parents=True)
    (tmp_path / "data/x/1.wav").symlink_to(tmp_path / "store/1.wav")
    (tmp_path / "data/x/2.wav").symlink_to(tmp_path / "store/gone.wav")
    (tmp_path / "data/x/3.wav").symlink_to("3.wav")
    assert look_into(tmp_path / "data").audio == ("x/1.wav",)
    assert left_out(tmp_path / "data") == {"x/2.wav": "a link to nothing", "x/3.wav": "a link to nothing"}


def test_pipes_are_told_and_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.wav")
    os.mkfifo(tmp_path / "other")
    assert left_out(tmp_path) == dict.fromkeys(["pipe.wav", "other"], "a pipe, socket or device, not a file")


def test_names_that_are_no_text_are_told_as_they_can_be_printed(tmp_path):
    touch(tmp_path, "x/good.wav")
    os.mkdir(os.fsencode(tmp_path) + b"/caf\xe9")
    for name in (b"/x/caf\xe9.wav", b"/caf\xe9/1.wav"):
        with open(os.fsencode(tmp_path) + name, "wb"):
            pass
    reasons = left_out(tmp_path)
    assert list(reasons) == ["caf\\xe9", "x/caf\\xe9.wav"]
    assert all("not in UTF-8" in reason for reason in reasons.values())
    assert look_into(tmp_path).audio == ("x/good.wav",)


def test_characters_that_act_on_a_terminal_are_shown_as_escapes():
    assert shown("a\x1b[31mb\nc\u202e.wav") == r"a\x1b[31mb\nc\u202e.wav"
    assert shown("Chöre/日本.wav") == "Chöre/日本.wav"
