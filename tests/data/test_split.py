from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from benchmark.data.split import PARTS, Split, split_tracks
from benchmark.exceptions import SplitError
from benchmark.plugin.tracks import Corpus, LeftOut, Track
from benchmark.settings import SplitSettings


def corpus(
    per_class: int = 20, classes: int = 4, group_size: int | None = None, sides: dict | None = None
) -> Corpus:
    names = tuple(f"class{number}" for number in range(classes))
    tracks = [
        Track(
            id=f"{name}.{n:05d}",
            path=Path(f"/music/{name}/{name}.{n:05d}.wav"),
            label=name,
            content=f"{name}{n}",
            seconds=30.0,
            group=f"{name}-artist{n // group_size}" if group_size else None,
            split=(sides or {}).get(f"{name}.{n:05d}"),
        )
        for name in names
        for n in range(per_class)
    ]
    return Corpus(tuple(tracks), names)


def parts(split: Split) -> dict[str, set[int]]:
    return {"train": set(split.train), "validation": set(split.validation), "test": set(split.test)}


def test_every_track_is_on_exactly_one_side() -> None:
    sides = parts(split_tracks(corpus(), SplitSettings(), seed=0))
    assert sorted(i for side in sides.values() for i in side) == list(range(80))


def test_a_stratified_split_has_every_class_in_proportion() -> None:
    data = corpus()
    split = split_tracks(data, SplitSettings(fractions=[0.6, 0.2, 0.2]), seed=7)
    for side, expected in ((split.train, 12), (split.validation, 4), (split.test, 4)):
        assert Counter(data.tracks[i].label for i in side) == dict.fromkeys(data.classes, expected)


def test_a_split_may_have_no_validation_part() -> None:
    split = split_tracks(corpus(), SplitSettings(fractions=[0.7, 0, 0.3]), seed=0)
    assert not split.validation
    assert len(split.train) + len(split.test) == len(corpus().tracks)


def test_the_same_seed_gives_the_same_split_and_another_seed_another() -> None:
    first = split_tracks(corpus(), SplitSettings(), seed=1)
    assert first == split_tracks(corpus(), SplitSettings(), seed=1)
    assert first != split_tracks(corpus(), SplitSettings(), seed=2)


@pytest.mark.parametrize("seed", range(5))
def test_no_group_is_on_two_sides_and_classes_stay_close_to_proportion(seed: int) -> None:
    data = corpus(per_class=40, group_size=3)
    split = split_tracks(data, SplitSettings(strategy="grouped"), seed=seed)
    groups = {name: {data.tracks[i].group for i in side} for name, side in parts(split).items()}
    assert not groups["train"] & groups["validation"]
    assert not groups["train"] & groups["test"]
    assert not groups["validation"] & groups["test"]
    for label, count in Counter(data.tracks[i].label for i in split.test).items():
        assert 5 <= count <= 11, label


def test_a_grouped_split_without_groups_says_where_to_give_them() -> None:
    with pytest.raises(SplitError, match="'group' column"):
        split_tracks(corpus(), SplitSettings(strategy="grouped"), seed=0)


def test_folds_cover_every_track_once_as_test() -> None:
    data = corpus(per_class=11)
    settings = SplitSettings(folds=5)
    tests = [split_tracks(data, settings, seed=3, fold=fold) for fold in range(5)]
    assert sorted(i for split in tests for i in split.test) == list(range(44))
    for split in tests:
        assert not set(split.train) & set(split.test)
        assert not set(split.validation) & set(split.test)
        assert not set(split.train) & set(split.validation)


def test_grouped_folds_keep_groups_whole() -> None:
    data = corpus(per_class=30, group_size=3)
    for fold in range(3):
        split = split_tracks(data, SplitSettings(strategy="grouped", folds=3), seed=0, fold=fold)
        outside = {data.tracks[i].group for i in (*split.train, *split.validation)}
        assert not outside & {data.tracks[i].group for i in split.test}


def test_a_class_with_too_few_tracks_is_named_with_its_count() -> None:
    with pytest.raises(SplitError, match=r"'class\d'.* has too few tracks.*it has 2"):
        split_tracks(corpus(per_class=2), SplitSettings(), seed=0)


def test_a_class_with_too_few_tracks_says_in_which_dataset_and_why_files_were_left_out() -> None:
    silent = [LeftOut(f"class1/{n}.wav", "silent (peak 0)", "class1") for n in range(6)]
    short = [
        LeftOut(f"class1/s{n}.wav", f"too short: 0.{n} s, and 1 s is asked for", "class1") for n in range(3)
    ]
    other = LeftOut("class0/x.wav", "zero bytes", "class0")
    stray = LeftOut("stray.wav", "it lies in no class folder")
    data = corpus(per_class=8, classes=2)
    few = [track for track in data.tracks if track.label == "class0" or track.id == "class1.00000"]
    data = replace(data, name="mine", tracks=tuple(few), left_out=(*short, *silent, other, stray))
    with pytest.raises(SplitError) as caught:
        split_tracks(data, SplitSettings(), seed=0)
    said = str(caught.value)
    assert "Class 'class1' of dataset 'mine' has too few tracks for the split: it has 1," in said
    assert "9 files of that class were left out: 6 silent, 3 too short." in said
    assert "1 file of no known class was left out: 1 it lies in no class folder." in said


def test_too_few_tracks_for_the_folds_are_an_occasion_to_take_fewer_of_them() -> None:
    with pytest.raises(SplitError, match=r"with 9 folds\. Add tracks, or take fewer folds\."):
        split_tracks(corpus(per_class=4), SplitSettings(folds=9), seed=0, fold=0)


def test_a_byte_order_mark_at_the_beginning_of_a_list_is_no_part_of_a_name(tmp_path: Path) -> None:
    files = {}
    for side, number in (("train", 0), ("test", 1)):
        names = f"class0.{number:05d}\nclass1.{number:05d}\n"
        (tmp_path / side).write_text(names, encoding="utf-8-sig")
        files[side] = str(tmp_path / side)
    settings = SplitSettings(strategy="predefined", files=files, fractions=[0.5, 0, 0.5])
    split = split_tracks(corpus(per_class=2, classes=2), settings, seed=0)
    assert (split.train, split.test) == ((0, 2), (1, 3))


def test_sides_from_a_manifest_are_taken_as_they_are() -> None:
    sides = {f"class{c}.{n:05d}": PARTS[n % 3] for c in range(4) for n in range(6)}
    data = corpus(per_class=6, sides=sides)
    split = split_tracks(data, SplitSettings(strategy="predefined"), seed=0)
    assert {data.tracks[i].split for i in split.validation} == {"validation"}
    assert len(split.test) == 8


def test_list_files_name_tracks_by_path_and_say_what_is_absent(tmp_path: Path) -> None:
    lists = {
        "train": "class0/class0.00000.wav\nclass1/class1.00000.wav\nclass1/class1.00999.wav\n",
        "validation": "class0.00001\n\n",
        "test": "# comment\nclass0/class0.00002.au\n",
    }
    files = {}
    for side, text in lists.items():
        (tmp_path / side).write_text(text)
        files[side] = str(tmp_path / side)
    data = corpus(per_class=3, classes=2)
    split = split_tracks(data, SplitSettings(strategy="predefined", files=files), seed=0)
    names = {name: [data.tracks[i].id for i in side] for name, side in parts(split).items()}
    assert names == {
        "train": ["class0.00000", "class1.00000"], "validation": ["class0.00001"], "test": ["class0.00002"],
    }  # fmt: skip
    assert any("class1.00999" in note for note in split.notes)
    assert any("2 tracks are in no part" in note for note in split.notes)


def test_list_files_that_spell_tracks_otherwise_fit_where_it_is_certain_and_say_so(tmp_path: Path) -> None:
    names = ["jazz/01", "rock/01", "Música/02", "pop/03", "Pop/03"]
    tracks = [Track(n, Path("/data") / f"{n}.wav", n[:3], f"content of {n}", 30.0) for n in names]
    lists = {"train": "Jazz/01.wav\nROCK\\01.WAV\n", "test": "Mu\u0301sica/02.wav\nPop/03.wav\npop/03.wav\n"}
    files = {side: str(tmp_path / side) for side in lists}
    for side, text in lists.items():
        (tmp_path / side).write_text(text, encoding="utf-8")
    data = Corpus(tuple(tracks), ("Mús", "Pop", "jaz", "pop", "roc"))
    asked = SplitSettings(strategy="predefined", files=files, fractions=[0.8, 0, 0.2])
    split = split_tracks(data, asked, seed=0)
    assert (split.train, split.test) == ((0, 1), (2, 3, 4))
    assert split.notes == (
        "2 entries of the train list are spelled otherwise than their tracks, the first is 'Jazz/01.wav' for 'jazz/01'.",
        "1 entries of the test list are spelled otherwise than their tracks, the first is 'Mu\u0301sica/02.wav' for "
        "'Música/02'.",
    )
    (tmp_path / "test").write_text("POP/03.wav\n")
    with pytest.raises(SplitError, match="fits several tracks: Pop/03, pop/03"):
        split_tracks(data, asked, seed=0)


def test_a_track_in_two_lists_is_an_error_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("class0.00000\n")
    (tmp_path / "b").write_text("class0.00001\nclass0.00000\n")
    files = {"train": str(tmp_path / "a"), "test": str(tmp_path / "b")}
    with pytest.raises(SplitError, match=r"b:2: 'class0.00000' is in 'train' already"):
        split_tracks(corpus(), SplitSettings(strategy="predefined", files=files), seed=0)


def test_the_fault_filtered_lists_fit_real_clips(shared: Path) -> None:
    genres = shared / "data" / "gtzan" / "genres"
    tracks = [
        Track(file.stem, file, file.parent.name, file.stem, 15.0) for file in sorted(genres.rglob("*.wav"))
    ]
    lists = shared / "reference" / "gtzan-fault-filtered"
    files = {
        "train": str(lists / "train_filtered.txt"),
        "validation": str(lists / "valid_filtered.txt"),
        "test": str(lists / "test_filtered.txt"),
    }
    data = Corpus(tuple(tracks), tuple(sorted({t.label for t in tracks})))
    split = split_tracks(data, SplitSettings(strategy="predefined", files=files), seed=0)
    listed = {Path(line).stem for line in (lists / "test_filtered.txt").read_text().split()}
    assert {data.tracks[i].id for i in split.test} == listed & {t.id for t in tracks}
    assert split.train


@pytest.mark.parametrize("strategy", ["stratified", "predefined"])
def test_a_dataset_of_one_class_is_refused(strategy: str) -> None:
    with pytest.raises(SplitError, match="nothing to tell apart: .* found only 'class0'"):
        split_tracks(corpus(classes=1), SplitSettings(strategy=strategy), seed=0)
