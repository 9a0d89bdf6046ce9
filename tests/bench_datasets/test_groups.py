from __future__ import annotations

from pathlib import Path

import pytest

from bench_datasets.groups import read_groups
from bench_datasets.gtzan import Gtzan
from benchmark.exceptions import DatasetError

INDEX = """# compiled by hand
blues.00000.wav ::: John Lee Hooker ::: Song, with a comma
blues.00001.wav ::: JOHN  lee hooker :::
rock.00007.wav ::: ? ::: nobody knows
pop.00003.wav ::: Somebody Else ::: Song
"""


@pytest.fixture
def written(tmp_path: Path):
    def write(text: str) -> Path:
        (tmp_path / "artists.txt").write_text(text, encoding="utf-8")
        return tmp_path / "artists.txt"

    return write


@pytest.mark.parametrize(
    "text",
    [
        "blues.00000.wav,Ann\nblues/blues.00001.au,Bob\n",
        "file, artist\nblues.00000,  Ann\nBlues.00001.WAV, Bob, a song\n",
        "filename\tartist\tsong\nblues.00000.wav\tAnn\tOne, two\nblues.00001.wav\tBob\t\n",
        'blues.00000.wav,"Ann"\n\n# more\ngenres\\blues\\blues.00001.wav,bob\n',
    ],
)
def test_commas_tabs_headers_folders_and_suffixes_make_no_difference(written, text: str) -> None:
    assert read_groups(written(text)) == {"blues.00000": "ann", "blues.00001": "bob"}


def test_the_published_index_is_read_and_who_is_unknown_is_nobody(written) -> None:
    assert read_groups(written(INDEX)) == {
        "blues.00000": "john lee hooker",
        "blues.00001": "john lee hooker",
        "pop.00003": "somebody else",
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("blues.00000.wav\n", "artists.txt:1"),
        (
            "blues.00000.wav,Ann\nblues.00000.au,Bob\n",
            "artists.txt:2: blues.00000 is by 'bob' here, and by 'ann'",
        ),
        ("# nothing\n", "names no artist"),
        ("blues.00000.wav,?\n", "names no artist"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(written, text: str, expected: str) -> None:
    with pytest.raises(DatasetError, match=expected):
        read_groups(written(text))


def test_clips_get_their_artists_as_groups_and_the_revision_follows_them(clip, locations, written) -> None:
    for name in ("blues/blues.00000", "blues/blues.00001", "rock/rock.00007"):
        clip(f"genres/{name}.wav")
    plain = Gtzan(min_seconds=1).load(locations)
    grouped = Gtzan(min_seconds=1, groups=str(written(INDEX))).load(locations)
    assert [track.group for track in plain.tracks] == [None, None, None]
    assert [track.group for track in grouped.tracks] == ["john lee hooker", "john lee hooker", None]
    assert grouped.notes == ("1 of 3 clips have no artist in the list of groups: rock.00007.",)
    assert plain.revision != grouped.revision
    other = Gtzan(min_seconds=1, groups=str(written(INDEX.replace("JOHN  lee", "Jim")))).load(locations)
    assert other.revision != grouped.revision


def test_a_list_of_other_clips_is_an_error(clip, locations, written) -> None:
    clip("genres/blues/blues.00000.wav")
    with pytest.raises(
        DatasetError, match=r"names no clip that is here\. A line is 'blues\.00000\.wav, ARTIST'"
    ):
        Gtzan(min_seconds=1, groups=str(written("jazz.00001.wav, Ann\n"))).load(locations)


def test_a_suite_names_the_list_from_its_own_place_and_without_one_nothing_changes(tmp_path: Path) -> None:
    from benchmark.plugin.manager import Plugins
    from benchmark.suite.load import load_suite

    (tmp_path / "artists.csv").write_text("blues.00000.wav,Ann\n")
    registry = Plugins().registry
    text = "name: x\ncell: {dataset: DATASET, features: mel, model: majority}\n"
    identities = []
    for dataset in ("gtzan", "{gtzan: {groups: artists.csv}}"):
        (tmp_path / "suite.yaml").write_text(text.replace("DATASET", dataset))
        (cell,) = load_suite(tmp_path / "suite.yaml", registry).cells
        identities.append(cell.spec.dataset.identity()["parameters"])
    # Who the artists are is part of the revision.
    assert identities == [{"min_seconds": 10.0}] * 2
    assert cell.spec.dataset.parameters["groups"] == str(tmp_path / "artists.csv")
