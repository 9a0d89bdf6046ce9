"""The commands of the documentation are typed as they stand, page by page, by somebody who has what a page speaks of.

Suites that would take hours are small ones of the same name here, whose rows are called as those on the pages.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import warm_shell
from projects import NETWORKS

from bench_datasets.synthetic import Synthetic

ROOT = Path(__file__).resolve().parents[2]
if not (ROOT / "docs" / "index.md").is_file():
    pytest.skip("the documentation is not here", allow_module_level=True)
pytestmark = pytest.mark.slow

SMALL = """
name: {name}
cell:
  dataset: {dataset}
  features: {{mel: {{size: [24, 24]}}}}
  split: {{fractions: [0.5, 0.25, 0.25]}}
  training: {{epochs: 1}}
  evaluate: {evaluate}
matrix:
  model: {models}
  augmentation: {augmentations}
  seed: {seeds}
leaderboard: {{sort: {sort}}}
"""
GENRES = ("blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock")
# A network is built and traced in each cell that trains one, which takes longer than all else of a page: only where a
# page's commands are about networks there are any.
CNN = "{cnn: {filters: [4]}}"
# What is not typed here: it needs a network, an image or another environment. Packages of plugins have tests of their own.
NOT_TYPED = ("pip install", "pytest ")
_BLOCK = re.compile(r"(<!-- not run: .*? -->\n)?^ *```([\w{}-]*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def suite(
    name: str, models: str, augmentations: str = "[none]", dataset: str = "gtzan", seeds: str = "[0, 1]"
) -> str:
    elsewhere = ", spotify" if dataset == "gtzan" else ""
    sort = "spotify/top1" if elsewhere else f"{dataset}:test/top1"
    return SMALL.format(
        name=name,
        dataset=dataset,
        models=models,
        augmentations=augmentations,
        evaluate=f"[test{elsewhere}]",
        sort=sort,
        seeds=seeds,
    )


@dataclass(frozen=True)
class Reader:
    """Somebody at a shell, with music and suites in the folder."""

    folder: Path
    cache: Path

    def type(self, text: str) -> subprocess.CompletedProcess[str]:
        """Run lines of a shell, which ends at the first that fails."""
        own = {
            "HOME": str(self.folder / "home"),
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "BENCH_CACHE": str(self.cache),
            "BENCH_DATA": str(self.folder / "data"),
            "BENCH_ENERGY": "off",
            "TF_CPP_MIN_LOG_LEVEL": "3",
        }
        return subprocess.run(
            ["bash", "-e", "-c", text],
            cwd=self.folder, env={**os.environ, **own}, capture_output=True, text=True, check=False, timeout=600,
        )  # fmt: skip

    def must(self, text: str) -> None:
        ran = self.type(text)
        assert ran.returncode == 0, f"{text}\n{ran.stdout[-2000:]}\n{ran.stderr[-3000:]}"


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with GTZAN in two places, as few clips as can be split, clips of two genres, and songs.

    The clips have ten seconds each: less is none to GTZAN.
    """
    folder = tmp_path_factory.mktemp("recorded")
    name = "{genre}.{number:05}.wav"
    music(folder / "data" / "gtzan", GENRES, name, 3, 10, seed=1)
    shutil.copytree(folder / "data" / "gtzan", folder / "DIR", copy_function=os.link)
    music(folder / "data" / "spotify", GENRES[-2:], name, 2, 10, seed=2)
    music(folder / "home" / "music", ("calm", "loud"), "{number}.wav", 4, 3, seed=3)
    return folder


@pytest.fixture
def reader(tmp_path: Path, recorded: Path, cache: Path) -> Iterator[Reader]:
    """Yield a reader with clips, songs in the home, and small suites."""
    # Nobody changes a clip.
    shutil.copytree(recorded, tmp_path, copy_function=os.link, dirs_exist_ok=True)
    for folder in ("suites", "bin", "bundles", "home/.ssh"):
        (tmp_path / folder).mkdir(parents=True)
    shutil.copy(tmp_path / "DIR" / "rock" / "rock.00000.wav", tmp_path / "song.mp3")
    shutil.copy(tmp_path / "DIR" / "pop" / "pop.00000.wav", tmp_path / "set.flac")
    (tmp_path / "mine.yaml").write_text(
        suite("mine", "[{linear: {}, label: cnn}, majority]", "[none, {label: paper, use: [gain]}]", "folder")
    )
    both = "[{linear: {}, label: cnn}, {mfcc-svm: {}, label: crnn}]"
    for name, text in {
        "a": suite("a", both),
        "b": suite("b", both),
        "transfer": suite("transfer", "[mfcc-svm]"),
        "paper": suite(
            "paper", "[{linear: {}, label: MobileNet FT}, majority]", "[{label: all four after, use: [gain]}]"
        ),
    }.items():
        (tmp_path / "suites" / f"{name}.yaml").write_text(text)
    with warm_shell.program(tmp_path / "bin" / "bench", NETWORKS):
        yield Reader(tmp_path, cache)


def music(folder: Path, genres: tuple[str, ...], name: str, clips: int, seconds: int, seed: int) -> None:
    """Write some clips a genre of random notes, four a second, higher from genre to genre, and noise."""
    import numpy as np
    import soundfile

    rng = np.random.default_rng(seed)
    for pitch, genre in enumerate(genres):
        (folder / genre).mkdir(parents=True)
        for number in range(clips):
            notes = np.repeat(rng.uniform(300, 600, 4 * seconds + 1) + 500 * pitch, 5512)
            heard = 0.3 * np.sin(2 * np.pi * np.cumsum(notes) / 22050) + 0.05 * rng.normal(size=len(notes))
            soundfile.write(folder / genre / name.format(genre=genre, number=number), heard, 22050)


def program(file: Path, text: str) -> None:
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)


def typed(page: Path) -> list[str]:
    """Return the blocks of a page's commands, without what is not typed and what stands for something to choose."""
    found = []
    for note, language, text in _BLOCK.findall(page.read_text(encoding="utf-8")):
        lines = [line for line in text.splitlines() if not line.startswith(NOT_TYPED)]
        if not note and language in ("", "console") and any(line.startswith("bench ") for line in lines):
            found.append("\n".join(re.sub(r" \[--.*\]", "", line) for line in lines))
    return found


def a_network(reader: Reader) -> None:
    models = f"[{CNN}, {{linear: {{}}, label: MobileNet FT}}]"
    once = "exclude: [{model: cnn, seed: 1}]\n"
    (reader.folder / "suites" / "paper.yaml").write_text(suite("paper", models) + once)


def nothing(reader: Reader) -> None:
    """Bring nothing about."""


def a_cluster(reader: Reader) -> None:
    program(reader.folder / "bin" / "sbatch", "echo 7")


def kept_models(reader: Reader) -> None:
    models, augmentations = (
        "[{linear: {}, label: MobileNet FT}, majority]",
        "[{label: all four after, use: [gain]}, none]",
    )
    (reader.folder / "suites" / "paper.yaml").write_text(suite("paper", models, augmentations))
    reader.must("bench run suites/paper.yaml --keep-models")


def finished_paper(reader: Reader) -> None:
    reader.must("bench run suites/paper.yaml")


def finished_results(reader: Reader) -> None:
    reader.must("bench run suites/a.yaml && bench run suites/b.yaml && cp -r results results-of-last-week")


def networks(reader: Reader) -> None:
    (reader.folder / "suites" / "paper.yaml").write_text(suite("paper", f"[{CNN}]", seeds="[0]"))


def results_to_share(reader: Reader) -> None:
    folder = reader.folder
    # As few songs as there are: whoever reproduces a result computes all anew.
    (folder / "data" / "folder").symlink_to(folder / "home" / "music")
    (folder / "suites" / "paper.yaml").write_text(
        suite("paper", "[{linear: {}, label: cnn}]", "[{label: masks, use: [gain]}]", "folder")
    )
    reader.must(
        "ssh-keygen -q -t ed25519 -N '' -f ~/.ssh/id_ed25519 && echo ada@example.org $(cat ~/.ssh/id_ed25519.pub) > signers"
    )
    reader.must("bench run suites/paper.yaml && bench export suites/paper.yaml -o laptop.zip")
    reader.must("mkdir -p cluster bundles && cp -r results cluster/results && cp laptop.zip bundles")


def first_suite(reader: Reader) -> None:
    page = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    (yaml,) = re.findall(r"```yaml\n(name: first.*?)```", page, re.DOTALL)
    # Fewer and shorter tracks, as those of a rehearsal, and one epoch: it is the page's suite in all else.
    for said, small in (
        ("dataset: synthetic", f"dataset: {{synthetic: {json.dumps(Synthetic.stand_in)}}}"),
        ("epochs: 4", "epochs: 1"),
    ):
        assert said in yaml
        yaml = yaml.replace(said, small)
    (reader.folder / "first.yaml").write_text(yaml)


PAGES: dict[str, Callable[[Reader], None]] = {
    "README.md": a_network,
    "docs/audit.md": nothing,
    "docs/cluster.md": a_cluster,
    "docs/inspect.md": finished_paper,
    "docs/plugins.md": nothing,
    "docs/predict.md": kept_models,
    "docs/reports.md": finished_results,
    "docs/running.md": nothing,
    "docs/sharing.md": results_to_share,
    "docs/suites.md": networks,
    "docs/transfer.md": nothing,
    "docs/tutorial.md": first_suite,
}


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_says_to_type_does_what_it_says(reader: Reader, page: str) -> None:
    if page == "docs/sharing.md" and shutil.which("ssh-keygen") is None:
        pytest.skip("ssh-keygen is not here, which signs")
    PAGES[page](reader)
    blocks = typed(ROOT / page)
    assert blocks
    for block in blocks:
        some_id = next((reader.folder / "results").glob("paper/*-0-*"), Path("none")).name[-12:]
        reader.must(block.replace("0a1b2c3d4e5f", some_id))


def test_no_page_with_commands_is_left_out() -> None:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    assert {str(page.relative_to(ROOT)) for page in pages if typed(page)} == set(PAGES)
