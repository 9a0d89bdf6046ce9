from __future__ import annotations

import json
from pathlib import Path

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from benchmark.exceptions import ResultsError
from benchmark.tuning.journal import sound_length
from benchmark.tuning.storage import mend_journal, open_storage


def studied(place: Path, trials: int = 5) -> list[float]:
    """Run some trials, and return all values."""
    study = optuna.create_study(
        study_name="s",
        storage=open_storage(str(place)),
        load_if_exists=True,
        sampler=optuna.samplers.RandomSampler(0),
    )

    def objective(trial: optuna.Trial) -> float:
        trial.report(0.5, 0)
        trial.set_user_attr("who", {"a": [1, None]})
        return trial.suggest_float("x", 0, 1)

    study.optimize(objective, n_trials=trials)
    return [trial.value or 0.0 for trial in study.trials]


def flip(file: Path, position: int, bit: int = 1) -> None:
    content = bytearray(file.read_bytes())
    content[position] ^= 1 << bit
    file.write_bytes(content)


def test_a_study_goes_on_in_its_journal(tmp_path: Path) -> None:
    file = tmp_path / "studies.journal"
    first = studied(file)
    assert studied(file)[:5] == first
    assert mend_journal(str(file)) == ""
    assert all("checksum" in json.loads(line) for line in file.read_text().splitlines())


def test_other_readers_and_older_journals_are_understood(tmp_path: Path) -> None:
    file = tmp_path / "studies.journal"
    values = studied(file)
    plain = optuna.load_study(study_name="s", storage=JournalStorage(JournalFileBackend(str(file))))
    assert [trial.value for trial in plain.trials] == values
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    older = [{name: value for name, value in line.items() if name != "checksum"} for line in lines]
    file.write_text("".join(f"{json.dumps(line)}\n" for line in older))
    assert mend_journal(str(file)) == ""
    assert studied(file)[:5] == values


def test_every_flipped_bit_is_seen_and_what_comes_before_it_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "studies.journal"
    studied(file)
    content = file.read_bytes()
    name = b'"checksum"'
    for position in range(0, len(content) - 1, 7):
        if name in content[position - len(name) + 1 : position + len(name)]:
            continue  # A line whose checksum is called otherwise has none, and is what it was.
        file.write_bytes(content)
        flip(file, position)
        assert sound_length(file.read_bytes()) == content.rfind(b"\n", 0, position) + 1, position


def test_a_damaged_journal_is_an_error_until_it_is_mended(tmp_path: Path) -> None:
    file = tmp_path / "studies.journal"
    values = studied(file)
    damaged = file.read_bytes().index(b'"values":', file.stat().st_size // 2) + 12
    flip(file, damaged, 0)
    with pytest.raises(ResultsError, match=r"cannot be opened: .*line \d+ was edited, or damaged"):
        open_storage(str(file))
    assert "is kept as damaged-studies.journal" in mend_journal(str(file))
    assert (tmp_path / "damaged-studies.journal").is_file()
    left = studied(file, trials=1)
    assert [value for value in left[:-1] if value] == values[: len([v for v in left[:-1] if v])]


def test_half_a_line_of_a_killed_writer_is_cut_off_without_a_word(tmp_path: Path) -> None:
    file = tmp_path / "studies.journal"
    values = studied(file)
    with file.open("ab") as stream:
        stream.write(b'{"op_code":4,"wor')
    (tmp_path / "studies.journal.lock").write_text("")
    assert mend_journal(str(file)) == ""
    assert studied(file)[:5] == values
