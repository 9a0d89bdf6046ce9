"""Processes in which components are tried, forked from the one that asks for them: they need not import libraries again.

That one must have no threads, as processes of ``programs`` and ``warm`` have none.
"""

from __future__ import annotations

import os
import subprocess
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from benchmark.contract import check, process
from benchmark.contract.check import Subject

# The beginning of programs that are to have them.
FORKED = f"""
import sys
sys.path.append({str(Path(__file__).parent)!r})
from forked_trials import fork_trials
fork_trials()
"""
_FAILED = 1


def fork_trials() -> None:
    """Have all processes that are asked for from now on be forked, but for those that try what modules import."""
    start = process.trial_process
    forked = SimpleNamespace(**{**vars(subprocess), "Popen": _Forked})

    @contextmanager
    def trial_process(subjects: Sequence[Subject], seconds: float) -> Iterator[Iterator[tuple[Path, str]]]:
        new = any(subject.kind == "plugin" for subject in subjects)
        process.subprocess = subprocess if new else forked  # type: ignore[attr-defined]
        trial: AbstractContextManager[Any] = start(subjects, seconds)
        with trial as endings:
            yield endings

    check.trial_process = trial_process  # type: ignore[attr-defined]


class _Forked(subprocess.Popen[bytes]):
    """A process as any other in all but how it begins."""

    def _execute_child(
        self, args: Any, executable: Any, preexec_fn: Any, close_fds: Any, pass_fds: Any, cwd: Any, env: Any,
        startupinfo: Any, creationflags: Any, shell: Any, read: int, written: int, out: int, out_end: int,
        err: int, err_end: int, restore_signals: Any, gid: Any, gids: Any, uid: Any, umask: Any,
        start_new_session: bool, process_group: Any,
    ) -> None:  # fmt: skip
        self.pid = os.fork()
        if not self.pid:
            try:
                if start_new_session:
                    os.setsid()
                for place, file in enumerate((read, out_end, err_end)):
                    os.dup2(file, place)
                os.chdir(cwd)
                os.environ.clear()
                os.environ.update(env)
                _, _, _, code, *arguments = args
                sys.argv = ["-c", *arguments]
                # pytest has others in their places.
                sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
                exec(code, {"__name__": "__main__"})
            except BaseException:
                traceback.print_exc()
            # Only what went wrong comes here: a trial ends its process itself.
            os._exit(_FAILED)
        self._child_created = True
        self._close_pipe_fds(read, written, out, out_end, err, err_end)  # type: ignore[attr-defined]
