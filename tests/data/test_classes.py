from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.data.classes import known_tracks, match_classes, with_one_spelling, with_trained_classes
from benchmark.data.spelling import fold
from benchmark.data.split import split_tracks
from benchmark.exceptions import DatasetError
from benchmark.plugin.tracks import Corpus, Track
from benchmark.settings import SplitSettings

ALIASES = [{"hiphop": ("hip-hop", "hip hop")}]
NFC, NFD = (unicodedata.normalize(form, "Música") for form in ("NFC", "NFD"))
NAMES = st.lists(st.text(min_size=1, max_size=6), min_size=1, max_size=6, unique_by=fold)


def corpus(*labels: str, splits: str = "") -> Corpus:
    sides = splits.split() or [None] * len(labels)
    tracks = tuple(
        Track(f"{number:03d}", Path(f"{number}.wav"), label, f"content {number}", 1.0, split=side)
        for number, (label, side) in enumerate(zip(labels, sides, strict=True))
    )
    return Corpus(tracks, tuple(sorted(set(labels))))


@pytest.mark.parametrize(
    ("found", "known", "matched"),
    [
        (["C", "C#", "D"], ["C", "C#", "D"], {"C": "C", "C#": "C#", "D": "D"}),
        (["c", "C"], ["C", "c"], {"c": "c", "C": "C"}),
        (["Jazz"], ["jazz", "rock"], {"Jazz": "jazz"}),
        ([NFD], [NFC], {NFD: NFC}),
        (["कि", "की"], ["की", "कि"], {"कि": "कि", "की": "की"}),
        (["hip-hop"], ["hiphop"], {"hip-hop": "hiphop"}),
        (["Hip Hop"], ["hiphop"], {"Hip Hop": "hiphop"}),
        (["hiphop"], ["hip-hop", "rock"], {"hiphop": "hip-hop"}),
        (["r&b", "polka"], ["rock"], {}),
        (["C#", "C"], ["C"], {"C": "C"}),
    ],
)
def test_classes_match_exactly_then_by_form_and_case_then_by_aliases(found, known, matched) -> None:
    assert match_classes(found, known, ALIASES) == matched


@pytest.mark.parametrize(
    ("found", "known", "why"),
    [
        (["Jazz", "jazz"], ["jazz"], "'Jazz' and 'jazz' may both be 'jazz'"),
        (["JAZZ"], ["jazz", "Jazz"], "'JAZZ' may be 'jazz' or 'Jazz'"),
        (["hiphop", "hip-hop"], ["hiphop"], "'hip-hop' and 'hiphop' may both be 'hiphop'"),
        (["r&b", "rock"], ["rb", "rock"], "'r&b' may be 'rb', spelled otherwise"),
        (["C#"], ["C", "D"], "'C#' may be 'C', spelled otherwise"),
        (["hip hop"], ["hiphop", "hip-hop"], "'hip hop' may be 'hiphop' or 'hip-hop'"),
    ],
)
def test_what_is_not_one_to_one_is_an_error_that_shows_both_lists(found, known, why: str) -> None:
    with pytest.raises(DatasetError) as caught:
        match_classes(found, known, ALIASES, where="evaluation set 'x'")
    said = str(caught.value)
    assert why in said
    assert all(repr(name) in said for name in (*found, *known))


@given(NAMES, st.randoms())
def test_a_set_of_classes_matches_itself_in_any_order(names: list[str], random) -> None:
    mixed = random.sample(names, len(names))
    assert match_classes(mixed, names, ALIASES if not {"hiphop"} & set(map(fold, names)) else ()) == {
        name: name for name in mixed
    }


@given(NAMES)
def test_another_unicode_form_and_case_change_nothing_but_the_spelling(names: list[str]) -> None:
    upper = {unicodedata.normalize("NFD", name.upper()): name for name in names}
    upper = {other: name for other, name in upper.items() if fold(other) == fold(name)}
    assert match_classes(list(upper), names) == upper


@given(
    st.lists(st.text(max_size=3), max_size=8, unique=True),
    st.lists(st.text(max_size=3), max_size=8, unique=True),
)
def test_a_match_is_one_to_one_and_says_what_is_the_same_or_it_is_an_error(found, known) -> None:
    try:
        matched = match_classes(found, known)
    except DatasetError:
        return
    assert len(set(matched.values())) == len(matched)
    assert all(fold(one) == fold(other) and other in known for one, other in matched.items())
    assert {name: name for name in found if name in known}.items() <= matched.items()
    assert not {fold(name) for name in found if name not in matched} & {fold(name) for name in known}


def test_two_unicode_forms_of_a_name_are_one_class_and_told() -> None:
    found = with_one_spelling(corpus("rock", NFC, NFD, NFD))
    assert found.classes == ("Música", "rock") == (NFC, "rock")
    assert [track.label for track in found.tracks] == ["rock", NFC, NFC, NFC]
    assert "Música" in found.notes[0]
    untouched = corpus("rock", NFD)
    assert with_one_spelling(untouched) is untouched, "its revision and its results stay"


def test_other_names_stay_different_classes_in_one_dataset() -> None:
    several = corpus("a", "A", "C", "C#")
    assert with_one_spelling(several) is several


def split_and_matched(made: Corpus) -> Corpus:
    split = split_tracks(made, SplitSettings(strategy="predefined", fractions=[0.8, 0, 0.2]), 0)
    return with_trained_classes(made, split, {})


def test_a_predefined_split_whose_sides_spell_a_class_otherwise_is_matched_and_told() -> None:
    found = split_and_matched(corpus("Jazz", "rock", "jazz", "rock", splits="train train test test"))
    assert found.classes == ("Jazz", "rock")
    assert [track.label for track in found.tracks] == ["Jazz", "rock", "Jazz", "rock"]
    assert found.notes == ("In the held-out parts, class 'jazz' is taken for 'Jazz'.",)


def test_a_class_of_the_test_part_alone_is_named() -> None:
    found = split_and_matched(corpus("jazz", "rock", "polka", "polka", splits="train train test test"))
    assert "polka" in found.classes
    (said,) = found.notes
    assert (
        said
        == "Class 'polka' stands only in the held-out parts (2 tracks): the model is never trained on it."
    )


def test_a_test_part_with_two_spellings_is_an_error() -> None:
    with pytest.raises(DatasetError, match="'Jazz', 'jazz'"):
        split_and_matched(corpus("Jazz", "Jazz", "jazz", splits="train test test"))


def test_tracks_of_other_classes_are_left_out_by_name_with_the_nearest_class() -> None:
    made = corpus("raggae", "rock", "Jazz")
    found, unknown = known_tracks("street", made, ("reggae", "jazz", "rock"), ())
    assert [(track.id, track.label) for track in found.tracks] == [("001", "rock"), ("002", "jazz")]
    assert list(unknown) == ["000"]
    assert found.notes == (
        "Of evaluation set 'street', class 'Jazz' is taken for 'jazz'.",
        "Of evaluation set 'street', class 'raggae' (1 track) is left out: the model is not trained on it. "
        "Did you mean 'reggae'?",
    )


def test_an_evaluation_set_without_any_class_of_the_model_is_an_error() -> None:
    with pytest.raises(DatasetError, match="No class of evaluation set 'street'"):
        known_tracks("street", corpus("polka"), ("jazz",), ())
