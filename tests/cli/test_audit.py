from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

RATE = 22050
SUITE = """
name: trial
cell:
  dataset: folder
  features: {mel: {size: [12, 16], n_mels: 12}}
  split: {strategy: predefined}
  evaluate: [test]
matrix:
  model: [majority, nearest]
"""


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.1, round(1.5 * RATE)).astype(np.float32)


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve tracks of two classes, split by the manifest; a test track is a training track as MP3, louder."""
    folder = tmp_path_factory.mktemp("music")
    lines = ["path,label,group,split"]
    for number in range(12):
        side = ("train", "train", "validation", "test")[number // 3]
        soundfile.write(folder / f"{number:02d}.wav", noise(number), RATE)
        lines.append(f"{number:02d}.wav,{('jazz', 'rock')[number % 2]},artist {number},{side}")
    soundfile.write(folder / "copy.mp3", np.clip(2 * noise(1)[4000:], -1, 1), RATE)
    (folder / "clean.csv").write_text("\n".join(lines) + "\n")
    (folder / "manifest.csv").write_text("\n".join([*lines, "copy.mp3,rock,artist 1,test"]) + "\n")
    return folder


@pytest.mark.slow
def test_a_clean_suite_is_said_to_be_clean(project, music: Path) -> None:
    project.write(SUITE.replace("dataset: folder", "dataset: {folder: {manifest: clean.csv}}"))
    ran = project.bench("audit", "suite.yaml", "--strict", "--data", f"folder={music}")
    assert ran.code == 0, ran.err
    assert "none of 2 cells leaks" in ran.out


@pytest.mark.slow
def test_a_planted_copy_is_named_with_its_twin_and_strict_exits_with_1(project, music: Path) -> None:
    project.write(SUITE)
    ran = project.bench("audit", "suite.yaml", "--strict", "--json", "--data", f"folder={music}")
    assert ran.code == 1, ran.err
    report = json.loads(ran.out)
    assert report["leaky_cells"] == 2
    found = {finding["kind"]: finding for finding in report["findings"]}
    assert found["near-duplicates"]["severity"] == "leak"
    assert {"01.wav", "copy.mp3"} == {name.split(": ")[1] for name in found["near-duplicates"]["examples"][0]}
    assert found["shared groups"]["severity"] == "warning"


@pytest.mark.slow
def test_a_strict_run_trains_nothing_and_an_ordinary_one_marks_the_leak(project, music: Path) -> None:
    project.write(SUITE)
    arguments = ("run", "suite.yaml", "--data", f"folder={music}", "--executor", "inline")
    refused = project.bench(*arguments, "--strict")
    assert refused.code == 1
    assert "near-duplicates" in refused.err
    assert not list(project.results.glob("[!.]*/cell.json"))

    ran = project.bench(*arguments)
    assert ran.code == 0, ran.err
    records = [json.loads(file.read_text()) for file in project.results.glob("[!.]*/cell.json")]
    assert len(records) == 2
    assert all("leaky" in record["marks"] for record in records)
    assert all(record["audit"]["verdict"].startswith("leaky") for record in records)
    table = (project.results / "report" / "leaderboard.csv").read_text()
    assert "leaky" in table

    again = project.bench(*arguments, "--strict")
    assert again.code == 1, "a finished suite that leaks is refused too"


@pytest.mark.slow
def test_what_sounds_alike_is_proposed_as_groups_that_mend_the_split(project, music: Path) -> None:
    project.write(SUITE)
    ran = project.bench("audit", "suite.yaml", "--groups", "alike.csv", "--data", f"folder={music}")
    assert ran.code == 0, ran.err
    lines = (project.folder / "alike.csv").read_text().splitlines()
    assert lines == ["file,group", "01.wav,artist 1", "copy.mp3,artist 1"]
    assert "duplicates: {action: remove}" in ran.out


FITTED = """
from benchmark import Features, hookimpl

class Fitted(Features):
    '''Levels, less the mean of a whole corpus.'''
    name = "fitted"
    fitted_on = "everything"
    shape, dtype = (2, 2, 1), "float32"

    def compute(self, samples, sample_rate, *, reference_length):
        import numpy as np
        return np.full((2, 2, 1), samples.std() - 0.1, np.float32)

@hookimpl
def bench_features():
    return [Fitted]
"""


@pytest.mark.slow
def test_features_that_were_fitted_on_all_of_a_corpus_leak(project, music: Path) -> None:
    with (project.folder / "benchfile.py").open("a") as file:
        file.write(FITTED)
    project.write(
        SUITE.replace("dataset: folder", "dataset: {folder: {manifest: clean.csv}}").replace(
            "{mel: {size: [12, 16], n_mels: 12}}", "fitted"
        )
    )
    ran = project.bench("audit", "suite.yaml", "--strict", "--data", f"folder={music}")
    assert ran.code == 1, ran.err
    assert "fitted on held-out tracks" in ran.out


MEMORY = """
from benchmark import SklearnModel, hookimpl

class Memory(SklearnModel):
    '''The nearest training item.'''
    name = "memory"

    def estimator(self, random_state):
        from sklearn.neighbors import KNeighborsClassifier
        return KNeighborsClassifier(1)

@hookimpl
def bench_models():
    return [Memory, Nearest]
"""

DIGITS = """
name: trial
cell:
  dataset: folder
  features: {mel: {size: [12, 16], n_mels: 12}}
  model: memory
  evaluate: [test]
matrix:
  split:
    - {strategy: stratified, fractions: [0.5, 0.17, 0.33], label: random}
    - {strategy: grouped, fractions: [0.5, 0.17, 0.33], label: by speaker}
  seed: [0, 1]
"""


def spoken(speaker: int, digit: int, take: int) -> np.ndarray:
    """Return noise with the formants of a speaker's way to say a digit; another speaker says it otherwise."""
    rng = np.random.default_rng([speaker, digit, take])
    formants = np.random.default_rng([speaker, digit]).uniform(300, 8000, 3)
    spectrum = np.fft.rfft(rng.normal(0, 0.1, round(1.1 * RATE)))
    hertz = np.fft.rfftfreq(round(1.1 * RATE), 1 / RATE)
    colour = 0.05 + sum(np.exp(-(((hertz - each) / 200) ** 2)) for each in formants)
    return np.fft.irfft(spectrum * colour).astype(np.float32)


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three digits said three times by each of nine speakers, who are the groups: three of them are tested on."""
    folder = tmp_path_factory.mktemp("digits")
    lines = ["path,label,group"]
    for speaker in range(9):
        for digit in range(3):
            for take in range(3):
                name = f"{speaker}-{digit}-{take}.wav"
                soundfile.write(folder / name, spoken(speaker, digit, take), RATE)
                lines.append(f"{name},{('one', 'two', 'three')[digit]},speaker {speaker}")
    (folder / "manifest.csv").write_text("\n".join(lines) + "\n")
    return folder


def ranked(project, digits: Path, text: str) -> list[dict[str, str]]:
    with (project.folder / "benchfile.py").open("a") as file:
        file.write(MEMORY)
    project.write(text)
    ran = project.bench("run", "suite.yaml", "--data", f"folder={digits}", "--executor", "inline")
    assert ran.code == 0, ran.err
    return list(csv.DictReader((project.results / "report" / "leaderboard.csv").read_text().splitlines()))


@pytest.mark.slow
def test_a_random_split_over_known_speakers_is_never_ranked_above_the_honest_one(
    project, digits: Path
) -> None:
    first, last = ranked(project, digits, DIGITS)
    assert (first["split"], last["split"]) == ("by speaker", "random")
    assert float(last["folder:test/top1 mean"]) > float(first["folder:test/top1 mean"]) + 0.2, (
        "as a leak would be"
    )
    assert (first["rank"], last["rank"]) == ("1", "")
    assert (first["verdict"], last["verdict"]) == ("clean", "shared groups: 100 % of held-out tracks")
    assert (first["standing"], last["standing"]) == ("honest", "shared groups")
    audit = project.bench("audit", "suite.yaml", "--data", f"folder={digits}")
    assert "and 2 share groups between training and test" in audit.out
    assert "split: {strategy: grouped}" in audit.out


@pytest.mark.slow
def test_groups_that_are_shared_on_purpose_are_ranked_without_training_again(project, digits: Path) -> None:
    alone = DIGITS.replace("    - {strategy: grouped, fractions: [0.5, 0.17, 0.33], label: by speaker}\n", "")
    (line,) = ranked(project, digits, alone)
    assert (line["rank"], line["standing"]) == ("1", "shared groups"), (
        "where all rows share, they have a table"
    )
    plain = {file.parent.name for file in project.results.glob("[!.]*/cell.json")}
    first, last = ranked(project, digits, DIGITS.replace("label: random", "groups: shared, label: random"))
    # They are tested on other tracks, so that each is ranked among its own.
    assert (first["rank"], last["rank"]) == ("1", "1")
    random = next(line for line in (first, last) if line["split"] == "random")
    assert random["verdict"] == "shared groups on purpose: 100 % of held-out tracks"
    assert plain < {file.parent.name for file in project.results.glob("[!.]*/cell.json")}, (
        "the cells are the same"
    )


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty recordings with a predefined split; a test track of 16 is a training track as MP3."""
    folder = tmp_path_factory.mktemp("copied")
    lines = ["path,label,group,split"]
    for number in range(40):
        side = "train" if number < 20 else "validation" if number < 25 else "test"
        soundfile.write(folder / f"{number:02d}.wav", noise(number), RATE)
        lines.append(f"{number:02d}.wav,{('jazz', 'rock')[number % 2]},artist {number},{side}")
    soundfile.write(folder / "copy.mp3", noise(1), RATE)
    lines.append("copy.mp3,rock,label's own,test")
    (folder / "manifest.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.mark.slow
def test_a_leak_of_one_track_is_left_out_and_what_it_changed_is_said(project, copied: Path) -> None:
    suite = SUITE.replace("[majority, nearest]", "[majority, memory]") + "  seed: [0, 1]\n"
    lines = ranked(project, copied, suite)
    assert all(line["rank"] for line in lines)
    memory = next(line for line in lines if line["model"] == "memory")
    record = next(
        json.loads(file.read_text())
        for file in project.results.glob("[!.]*/cell.json")
        if json.loads(file.read_text())["labels"]["model"] == "memory"
    )
    assert record["audit"]["sets"]["test"] == {
        "tracks": 16, "leaks": 1, "shared": 0, "ungrouped": 0, "leaking": ["copy.mp3"],
    }  # fmt: skip
    whole = float(memory["folder:test/top1 whole"])
    assert whole == pytest.approx((15 * float(memory["folder:test/top1 mean"]) + 1) / 16), (
        "the copy was right"
    )
    assert memory["verdict"] == f"1 of 16 left out, with it {100 * whole:.1f}"

    project.write(suite + "leaderboard: {leak_limit: 5 %}\n")
    ran = project.bench("report", "suite.yaml", "--data", f"folder={copied}")
    assert ran.code == 0, ran.err
    table = (project.results / "report" / "leaderboard.csv").read_text()
    lines = list(csv.DictReader(table.splitlines()))
    assert [(line["rank"], line["verdict"]) for line in lines] == [("", "leaky: 1 of 16 tracks")] * 2
