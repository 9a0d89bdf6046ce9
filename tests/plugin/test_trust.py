from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.exceptions import PluginError
from benchmark.plugin.benchfile import MOST_BYTES, Benchfile, read_benchfile
from benchmark.plugin.manager import Plugins
from benchmark.plugin.parameters import UNKNOWN
from benchmark.plugin.trust import MOST_NEIGHBOURS, is_trusted, remember


@pytest.fixture
def benchfile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Benchfile:
    """Return a benchfile that nobody has trusted, and keep memories in a folder of the test's own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("BENCH_TRUST")
    folder = tmp_path / "suites" / "mine"
    folder.mkdir(parents=True)
    (folder / "benchfile.py").write_text("raise RuntimeError('it ran')\n")
    found = read_benchfile(folder / "benchfile.py")
    assert found is not None
    return found


def test_it_is_remembered_by_content_wherever_it_lies(benchfile: Benchfile, tmp_path: Path) -> None:
    assert not is_trusted(benchfile)
    remember(benchfile)
    assert is_trusted(benchfile)
    copy = tmp_path / "copy" / "benchfile.py"
    copy.parent.mkdir()
    copy.write_bytes(benchfile.source)
    assert is_trusted(read_benchfile(copy))  # type: ignore[arg-type]
    copy.write_bytes(benchfile.source + b"#")
    assert not is_trusted(read_benchfile(copy))  # type: ignore[arg-type]


@pytest.mark.parametrize("given", ["1", "{folder}", "/nowhere:{folder}", "{folder}/suites/../suites/mine"])
def test_the_environment_trusts_all_places_or_those_below_folders(
    benchfile: Benchfile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.setenv("BENCH_TRUST", given.format(folder=tmp_path))
    assert is_trusted(benchfile)


@pytest.mark.parametrize(
    "given", ["", "0", "yes", ":", ".", "/nowhere", "suites", "{folder}/suites/min", "{folder}/suites/mine/x"]
)
def test_anything_else_in_the_environment_is_no_trust(
    benchfile: Benchfile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BENCH_TRUST", given.format(folder=tmp_path))
    assert not is_trusted(benchfile)


def test_a_damaged_memory_trusts_what_can_still_be_read(benchfile: Benchfile, tmp_path: Path) -> None:
    remember(benchfile)
    memory = tmp_path / "state" / "genrebench" / "trusted-benchfiles.jsonl"
    memory.write_bytes(b"\xff not json\n[1]\n" + memory.read_bytes())
    assert is_trusted(benchfile)


def test_without_running_it_nothing_of_it_runs_and_names_have_stand_ins(benchfile: Benchfile) -> None:
    registry = Plugins(benchfile, run=False).registry
    assert registry.broken == []
    offer = registry.offer("model", "somebodys")
    assert offer.version == UNKNOWN
    assert "was not run" in offer.component(width=3).unavailable()
    assert registry.offer("model", "cnn").source.plugin == "bench_models"


def test_a_link_that_leads_out_of_a_trusted_folder_is_not_trusted(
    benchfile: Benchfile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trusted = tmp_path / "trusted"
    trusted.mkdir()
    (trusted / "benchfile.py").symlink_to(benchfile.path)
    monkeypatch.setenv("BENCH_TRUST", str(trusted))
    assert not is_trusted(read_benchfile(trusted / "benchfile.py"))  # type: ignore[arg-type]


def test_one_that_nobody_can_have_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "benchfile.py").write_bytes(b"#" * (MOST_BYTES + 1))
    with pytest.raises(PluginError, match="longer than"):
        read_benchfile(tmp_path / "benchfile.py")


def test_what_lies_beside_it_and_could_be_imported_is_part_of_what_is_agreed_to(
    benchfile: Benchfile,
) -> None:
    folder = benchfile.path.parent
    (folder / "package").mkdir()
    (folder / "package" / "helpers.py").write_text("x = 1\n")
    remember(benchfile)
    (folder / "notes.txt").write_text("no code")
    (folder / "env").mkdir()
    (folder / "env" / "pyvenv.cfg").touch()
    (folder / "env" / "other.py").touch()
    assert is_trusted(benchfile)
    (folder / "package" / "helpers.py").write_text("x = 2\n")
    assert not is_trusted(benchfile)


def test_among_too_many_modules_to_look_at_only_this_folder_is_agreed_to(
    benchfile: Benchfile, tmp_path: Path
) -> None:
    for folder in (benchfile.path.parent, tmp_path / "copy"):
        folder.mkdir(exist_ok=True)
        (folder / "benchfile.py").write_bytes(benchfile.source)
        for number in range(MOST_NEIGHBOURS + 1):
            (folder / f"m{number}.py").touch()
    remember(benchfile)
    assert is_trusted(benchfile)
    assert not is_trusted(read_benchfile(tmp_path / "copy" / "benchfile.py"))  # type: ignore[arg-type]
