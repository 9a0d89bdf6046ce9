"""The form of a bundle's file: every byte is accounted for, and what is hostile is refused by name."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from benchmark.bundles import archive
from benchmark.bundles.archive import name_problem, read_blocks, read_members, write_archive
from benchmark.exceptions import BundleError

CONTENTS = [("manifest.json", b"{}"), ("suite/suite.yaml", b"name: a\n"), ("results/a/b-1/cell.json", b"")]


def packed(contents=CONTENTS) -> bytes:
    stream = io.BytesIO()
    write_archive(stream, contents)
    return stream.getvalue()


def read(content: bytes) -> dict[str, bytes]:
    stream = io.BytesIO(content)
    return {member.name: b"".join(read_blocks(stream, member)) for member in read_members(stream)}


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes], how: int = zipfile.ZIP_STORED) -> bytes:
    """Return what Python's own writer makes of members, at the bundles' time."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", how) as file:
        for name, content in members:
            info = name if isinstance(name, zipfile.ZipInfo) else zipfile.ZipInfo(name)
            info.compress_type = how
            file.writestr(info, content)
    return stream.getvalue()


def test_what_is_written_is_read() -> None:
    assert read(packed()) == dict(CONTENTS)


def test_other_programs_read_it(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(packed())
    with zipfile.ZipFile(tmp_path / "a.zip") as file:
        assert file.testzip() is None
        assert {name: file.read(name) for name in file.namelist()} == dict(CONTENTS)
        assert all(stat.S_IMODE(info.external_attr >> 16) == 0o644 for info in file.infolist())


@pytest.mark.parametrize("bit", [0x01, 0x80])
def test_no_flipped_bit_anywhere_goes_unseen(bit: int) -> None:
    whole = packed()
    for place in range(len(whole)):
        flipped = bytearray(whole)
        flipped[place] ^= bit
        with pytest.raises(BundleError):
            read(bytes(flipped))


def test_nothing_may_follow_or_lack() -> None:
    whole = packed()
    for changed in (whole + b"\0", b"\0" + whole, whole[:-1], whole[: len(whole) // 2], b"", b"PK"):
        with pytest.raises(BundleError):
            read(changed)


@pytest.mark.slow
def test_more_members_than_two_bytes_can_count_are_read_by_other_programs() -> None:
    many = packed([(f"results/{number}", b"") for number in range(65_536)])
    assert len(read_members(io.BytesIO(many))) == 65_536
    assert len(zipfile.ZipFile(io.BytesIO(many)).namelist()) == 65_536


def test_members_beyond_four_gigabytes_have_entries_of_their_own_form(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # As if four gigabytes were forty bytes.
    monkeypatch.setattr(archive, "_FULL32", 40)
    far = archive._directory(read_members(io.BytesIO(packed())))
    assert struct.pack("<2H", 1, 8) in far
    assert b"PK\6\6" in far


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../evil.json", "leads out"),
        ("results/../../evil.json", "leads out"),
        ("results\\..\\evil.json", "leads out"),
        ("/etc/passwd", "place on a disk"),
        ("C:/evil.json", "place on a disk"),
        ("results//a", "none that a bundle has"),
        ("results/a/b/c/d/e", "none that a bundle has"),
        ("résumé", "none that a bundle has"),
        (".hidden", "none that a bundle has"),
        ("a" * 300, "none that a bundle has"),
        ("a\x1b[2J", "none that a bundle has"),
    ],
)
def test_names_that_lead_elsewhere_are_refused_by_name(name: str, said: str) -> None:
    hostile = zipped(("manifest.json", b"{}"), (name, b"evil"))
    with pytest.raises(BundleError, match=said) as caught:
        read(hostile)
    assert "\x1b" not in str(caught.value)
    with pytest.raises(BundleError):
        packed([(name, b"")])
    assert name_problem(name)


def test_a_bomb_is_refused_by_name_before_it_unfolds() -> None:
    bomb = zipped(("manifest.json", bytes(50_000_000)), how=zipfile.ZIP_DEFLATED)
    with pytest.raises(BundleError, match=r"'manifest\.json' is refused: it is compressed"):
        read(bomb)


def test_a_length_that_is_not_there_takes_no_memory() -> None:
    lying = bytearray(packed())
    lying[18:26] = struct.pack("<2L", 1_900_000_000, 1_900_000_000)
    with pytest.raises(BundleError, match=r"'manifest\.json' is refused: it says that it has 1,900,000,000"):
        read(bytes(lying))


def test_a_link_is_refused_by_name() -> None:
    info = zipfile.ZipInfo("results/link")
    info.create_system = 3
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with pytest.raises(BundleError, match="'results/link' is refused: it is a link"):
        read(zipped(("manifest.json", b"{}"), (info, b"/etc/passwd")))


@pytest.mark.parametrize("second", ["manifest.json", "Manifest.JSON"])
def test_a_name_that_is_there_twice_is_refused(second: str) -> None:
    with (
        pytest.warns(UserWarning, match="Duplicate name")
        if second == "manifest.json"
        else pytest.MonkeyPatch.context()
    ):
        hostile = zipped(("manifest.json", b"{}"), (second, b"{}"))
    with pytest.raises(BundleError, match=f"'{second}' is there twice"):
        read(hostile)


def test_more_members_than_bundles_have_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    many = packed([(f"results/{number}", b"") for number in range(20)])
    monkeypatch.setattr(archive, "MOST_MEMBERS", 10)
    with pytest.raises(BundleError, match="more than 10 members"):
        read(many)


def test_members_that_overlap_are_refused() -> None:
    """Two entries of the directory that lead to the same bytes, as in Fifield's bombs (2019)."""
    whole = bytearray(packed())
    second = whole.rindex(b"suite/suite.yaml") - 4
    whole[second : second + 4] = struct.pack("<L", 0)
    with pytest.raises(BundleError, match=r"directory's entry of member 'suite/suite\.yaml'"):
        read(bytes(whole))
