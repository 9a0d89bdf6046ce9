"""Tables and pages of an inspection, without a browser."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import fabricate
import numpy as np
import pytest

from benchmark.exceptions import ResultsError, UsageError
from benchmark.plugin.tracks import Corpus, Track
from benchmark.report.inspection.material import Inspection, inspected
from benchmark.report.inspection.spectrograms import WIDTH, mel_picture, write_spectrograms
from benchmark.report.inspection.tables import DOUBTS, FLIPS, HARD, inspection_tables
from benchmark.report.inspection.write import write_inspection
from benchmark.results.collect import collect

HOSTILE = "<script>alert(1)</script>"


def inspection(folder: Path, text: str = fabricate.SUITE, **changes: Any) -> Inspection:
    plan = fabricate.make_plan(folder, text)
    store = fabricate.make_results(plan, folder / "results", **changes)
    return inspected(collect(plan, store, fabricate.make_registry()), plan)


def tone(file: Path, hertz: float, seconds: float = 1.0) -> Track:
    import soundfile

    times = np.arange(round(seconds * 22_050)) / 22_050
    soundfile.write(file, 0.5 * np.sin(2 * np.pi * hertz * times), 22_050)
    return Track(file.stem, file, "blues", "", seconds)


def test_tables_have_a_line_for_each_track_and_say_what_was_left_away(tmp_path: Path) -> None:
    found = inspection(tmp_path, marks=["synthetic"])
    whole, short = inspection_tables(found), inspection_tables(found, 2)
    for name in (HARD, FLIPS):
        assert len(whole[name].lines) > 2
        assert short[name].lines == whole[name].lines[:2]
        assert f"The first 2 of {len(whole[name].lines)} tracks" in short[name].notes[-1]
        assert "Synthetic data" in whole[name].caption
    assert {line["label"] for line in whole[HARD].lines} <= set(fabricate.CLASSES)
    assert all(line["label"] != line["likely"] for line in whole[DOUBTS].lines)


def test_an_axis_that_does_not_vary_makes_nothing_flip(tmp_path: Path) -> None:
    text = fabricate.SUITE.replace("  augmentation: [none, {label: stretched, use: [stretch]}]\n", "")
    text = text.replace(", baseline: {augmentation: none}", "")
    found = inspection(tmp_path, text)
    assert (found.axis, found.flips) == ("", ())
    assert inspection_tables(found)[FLIPS].caption.startswith("Nothing flips")


def test_a_set_or_an_axis_that_is_not_there_is_named(tmp_path: Path) -> None:
    plan = fabricate.make_plan(tmp_path)
    results = collect(plan, fabricate.make_results(plan, tmp_path / "results"), fabricate.make_registry())
    with pytest.raises(UsageError, match=r"no evaluation set 'tones:tst'\. Did you mean 'tones:test'"):
        inspected(results, plan, "tones:tst")
    with pytest.raises(UsageError, match=r"no axis 'modell' with several values\. Did you mean 'model'"):
        inspected(results, plan, axis="modell")
    with pytest.raises(ResultsError, match="No finished cell has answers on tones:test"):
        inspected(replace(results, stored={}), plan)


def test_without_its_data_a_track_is_neither_heard_nor_seen_and_the_page_says_so(tmp_path: Path) -> None:
    text = fabricate.SUITE.replace("label: third_50%", f"label: {json.dumps(HOSTILE)}")
    write_inspection(inspection(tmp_path, text), tmp_path / "out", limit=3)
    page = (tmp_path / "out" / "inspect.html").read_text()
    assert "<audio" not in page
    assert "<img" not in page
    assert "give their folder with --data" in page
    assert HOSTILE not in page
    assert page.count("<script>") == 1


def test_csv_files_have_all_tracks_and_markdown_the_first(tmp_path: Path) -> None:
    found = inspection(tmp_path)
    files = write_inspection(found, tmp_path / "out", ["csv", "md"], limit=1)
    assert {file.name for file in files} == {
        "inspect.md", "hard-tracks.csv", "likely-wrong-labels.csv", "flips.csv",
    }  # fmt: skip
    with (tmp_path / "out" / "hard-tracks.csv").open() as file:
        assert len(list(csv.DictReader(file))) == len(found.hard) > 1
    said = (tmp_path / "out" / "inspect.md").read_text()
    assert "## Tracks that most rows get wrong" in said
    assert said.count("The first 1 of") >= 1


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultsError, match="cannot be written .* Choose another folder with --out DIR"):
        write_inspection(inspection(tmp_path), tmp_path / "file" / "out")


def test_a_spectrogram_has_low_tones_below_and_high_ones_above(tmp_path: Path) -> None:
    low, high = (mel_picture(tone(tmp_path / f"{hertz}.wav", hertz)) for hertz in (200, 6000))
    assert low.shape == high.shape == (128, WIDTH)
    assert low.max() == high.max() == 0
    # Line 0 is the lowest band.
    assert low.mean(axis=1).argmax() < 20 < 90 < high.mean(axis=1).argmax()


def test_spectrograms_of_tracks_that_are_shown_no_more_go_and_strange_names_are_no_paths(
    tmp_path: Path,
) -> None:
    first = tone(tmp_path / "a.wav", 400)
    second = replace(tone(tmp_path / "b.wav", 800), id="../../b")
    names, problems = write_spectrograms([first, second], tmp_path / "pictures")
    assert problems == {}
    assert {file.name for file in (tmp_path / "pictures").iterdir()} == set(names.values())
    kept, problems = write_spectrograms(
        [first, replace(second, path=tmp_path / "absent.wav")], tmp_path / "pictures"
    )
    assert {file.name for file in (tmp_path / "pictures").iterdir()} == set(kept.values()) == {names["a"]}
    assert list(problems) == ["../../b"]


def test_addresses_of_files_are_escaped(tmp_path: Path) -> None:
    plan = fabricate.make_plan(tmp_path)
    results = collect(plan, fabricate.make_results(plan, tmp_path / "results"), fabricate.make_registry())
    strange = tmp_path / 'a "b" #1?%20é.wav'
    tracks = tuple(
        replace(tone(strange, 300), id=f"track {number:02d}") for number in range(fabricate.TRACKS)
    )
    plan = replace(
        plan, corpora_by_key={plan.suite.cells[0].spec.dataset.key: Corpus(tracks, fabricate.CLASSES)}
    )
    write_inspection(inspected(results, plan), tmp_path / "out", ["html"])
    page = (tmp_path / "out" / "inspect.html").read_text()
    assert f'data-source="{strange.as_uri()}"' in page
    assert "a%20%22b%22%20%231%3F%2520%C3%A9.wav" in page
