"""A suite on recordings that nobody here made: songs of Debian's games, OGG, 44.1 kHz, stereo, one of them whole."""

from __future__ import annotations

import json
import shutil
import struct
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
SONGS = Path("/usr/share/games/fretsonfire/data/songs")
# The shortest one.
WHOLE = "Metal madness"
SECONDS = 17

SUITE = """
name: songs
cell:
  dataset: folder
  clips: {seconds: 4}
  split: {strategy: grouped, fractions: [0.5, 0.25, 0.25]}
  features: {mel: {size: [32, 48], n_mels: 32}}
  training: {epochs: 2, batch_size: 16}
  evaluate: [test]
matrix:
  model: [majority, mfcc-svm, {cnn: {filters: [4], units: 8}}]
  augmentation: [none, {label: masks, use: [frequency-mask, time-mask]}]
  seed: [0, 1]
exclude: [{model: [majority, cnn], augmentation: masks}]
leaderboard: {baseline: {augmentation: none}}
"""


def beginning(file: Path, seconds: float) -> bytes:
    """Return the first pages of an Ogg file (RFC 3533), as a file that ends there; nothing is encoded anew."""
    data = file.read_bytes()
    rate = struct.unpack_from("<I", data, data.index(b"\x01vorbis") + 12)[0]
    start = 0
    while True:
        (position,) = struct.unpack_from("<q", data, start + 6)
        segments = data[start + 26]
        end = start + 27 + segments + sum(data[start + 27 : start + 27 + segments])
        if position >= seconds * rate:
            break
        start = end
    last = bytearray(data[start:end])
    last[5] |= 4
    last[22:26] = bytes(4)
    last[22:26] = struct.pack("<I", checksum(last))
    return data[:start] + last


def checksum(page: bytes) -> int:
    """Return the checksum of an Ogg page whose own one is zero."""
    rest = 0
    for byte in page:
        rest ^= byte << 24
        for _ in range(8):
            rest = (rest << 1 ^ 0x04C11DB7 * (rest >> 31)) & 0xFFFFFFFF
    return rest


@pytest.fixture
def songs(tmp_path: Path) -> Path:
    """Return a folder of two bands with four songs each; a song's two recordings share a folder, hence a group."""
    if not all((SONGS / band).is_dir() for band in ("muldjord", "sectoid")):
        pytest.skip(
            "Debian's packages fretsonfire-songs-muldjord and fretsonfire-songs-sectoid are not installed"
        )
    folder = tmp_path / "songs"
    for band in ("muldjord", "sectoid"):
        for file in sorted((SONGS / band).glob("*/*.ogg")):
            target = folder / band / file.parent.name / file.name
            target.parent.mkdir(parents=True, exist_ok=True)
            if file.name == "song.ogg" and file.parent.name == WHOLE:
                shutil.copy(file, target)
            else:
                target.write_bytes(beginning(file, SECONDS))
    (folder / "muldjord" / "broken").mkdir()
    (folder / "muldjord" / "broken" / "song.ogg").write_bytes(b"OggS but nothing else")
    return folder


def test_a_folder_of_songs_is_scanned_run_and_reported(network_project, songs: Path) -> None:
    project = network_project
    scanned = project.bench("data", "scan", str(songs))
    assert scanned.code == 0, scanned.err
    assert "manifest.csv: 16 of 17 files" in scanned.out
    assert "left out muldjord/broken/song.ogg" in scanned.out

    project.figures = True
    project.sections = ("leaderboard", "classes", "confusion", "curves")
    project.write(SUITE)
    ran = project.bench("run", "suite.yaml", "--data", f"folder={songs}", "--jobs", "1", timeout=500)
    assert ran.code == 0, ran.err
    folder = project.folder / "results" / "songs"
    record = json.loads(next(folder.glob("mfcc-svm-masks-0-*/cell.json")).read_text())
    counts = record["counts"]
    assert counts["train_tracks"] + counts["validation_tracks"] + counts["test_tracks"] == 16
    assert counts["train_items"] > 3 * counts["train_tracks"]
    leaderboard = (folder / "report" / "leaderboard.md").read_text()
    assert "majority" in leaderboard
    assert "2/2" in leaderboard
    for figure in (
        "per-class-folder-test",
        "difference-folder-test",
        "confusion-folder-test",
        "learning-curves",
    ):
        assert (folder / "report" / "figures" / f"{figure}.png").stat().st_size > 5000

    import pandas as pd

    for cell in folder.glob("*/predictions.parquet"):
        predictions = pd.read_parquet(cell)
        assert len(predictions) == counts["test_tracks"]
        assert predictions["group"].nunique() == 4 or len(predictions) == counts["test_tracks"]
        assert set(predictions["label"]) == {"muldjord", "sectoid"}
