"""Optuna's journal of JSON lines, each with a checksum."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from typing import Any

from optuna.storages.journal import JournalFileBackend

from benchmark.digests import canonical_json, checksum
from benchmark.exceptions import ResultsError

CHECK = "checksum"


class CheckedJournal(JournalFileBackend):
    """A journal file that sees what was changed in it. Other readers of such files take no notice of the checksums."""

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """See ``JournalFileBackend``, which syncs what it appends."""
        super().append_logs([{**log, CHECK: _checksum(log)} for log in logs])

    def read_logs(self, log_number_from: int) -> Generator[dict[str, Any], None, None]:
        """See ``JournalFileBackend``.

        Raises:
            ResultsError: when a line is not what was written.
        """
        for number, log in enumerate(super().read_logs(log_number_from), log_number_from + 1):
            if not _is_sound(log):
                raise ResultsError(f"line {number} was edited, or damaged on the disk")
            yield {name: value for name, value in log.items() if name != CHECK}


def sound_length(content: bytes) -> int:
    """Return how many bytes of a journal come before the first line that is damaged, or not whole."""
    length = 0
    for line in content.splitlines(keepends=True):
        try:
            log = json.loads(line)
        except ValueError:
            break
        if not line.endswith(b"\n") or not isinstance(log, dict) or not _is_sound(log):
            break
        length += len(line)
    return length


def _is_sound(log: Mapping[str, Any]) -> bool:
    return CHECK not in log or log[CHECK] == _checksum({n: value for n, value in log.items() if n != CHECK})


def _checksum(log: Mapping[str, Any]) -> int:
    return checksum("", canonical_json(json.loads(json.dumps(log))).encode())
