"""One study: asks Optuna for trials, tells it how they ended, and goes on where an earlier run stopped."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmark.claims import process_is_gone
from benchmark.exceptions import ResultsError
from benchmark.randomness import derive_seed
from benchmark.record import CellError
from benchmark.suite.tuning.tune import StudySpec, Tune
from benchmark.tuning.record import StudyRecord, write_record
from benchmark.tuning.resolve import trial_limit
from benchmark.tuning.search import combinations, decode, distributions, encode, make_pruner, make_sampler
from benchmark.tuning.storage import is_journal, open_storage, shown_place
from benchmark.tuning.trial import TrialOutcome

if TYPE_CHECKING:
    from pathlib import Path

    from optuna.trial import FrozenTrial

    from benchmark.claims import Claims

# What is noted with trials: which earlier trial one repeats because it did not end well, or whose value it has.
AGAIN, SAME_AS, PROCESS, ERROR, SECONDS, SPENT = "again", "same_as", "process", "error", "seconds", "seconds"
# Where the claim on a trial is.
RESULTS = "results"
_MOST_ERRORS = 5
_LONGEST_NAME = 80


@dataclass(frozen=True)
class Asked:
    """A trial that is to be run: its number, its key in the storage, and the values to be put in."""

    number: int
    trial: int
    values: Mapping[str, Any]
    is_first: bool


class Study:
    """A study in its storage. All that there is to know of it is there; nothing is remembered here.

    Any number of runs take trials of it, and count those of all. They ask and tell one at a time, and each has a claim
    on the trials that it runs.
    """

    def __init__(
        self,
        spec: StudySpec,
        id_: str,
        canonical: Mapping[str, Any],
        tune: Tune,
        place: str,
        greater: bool,
        claims: Claims,
    ) -> None:
        """Open a study, or begin it; ``greater`` says that more of the metric is better.

        Raises:
            ResultsError: when the storage cannot be opened.
        """
        self.spec, self.id = spec, id_
        self.limit = trial_limit(spec, tune)
        self._canonical, self._tune, self._place, self._greater = canonical, tune, place, greater
        self._claims = claims
        with self._alone():
            self._open()
        self._spent = float(self._study.user_attrs.get(SPENT, 0.0))
        self._began: float | None = None

    def _open(self) -> None:
        import optuna

        spec, id_, tune = self.spec, self.id, self._tune
        self._storage = open_storage(self._place)
        self._space = distributions(spec.space)
        self._defaults = encode(spec.defaults, spec.space)
        names = optuna.get_all_study_names(self._storage)
        fresh = f"{spec.label[:_LONGEST_NAME]} {id_}"
        # Labels are decoration: whatever it was called when it began, the id says which it is.
        self.name = next((name for name in names if name.endswith(id_)), fresh)
        self._study = optuna.create_study(
            study_name=self.name,
            storage=self._storage,
            direction="maximize" if self._greater else "minimize",
            pruner=make_pruner(tune.pruner),
            load_if_exists=True,
        )
        if self.name == fresh and "metric" not in self._study.user_attrs:
            for name, value in self._description().items():
                self._study.set_user_attr(name, value)

    @property
    def trials(self) -> list[FrozenTrial]:
        """All trials, those included that were tried again later."""
        return self._study.get_trials(deepcopy=False)

    def ended(self) -> list[FrozenTrial]:
        """Return the trials that count: ended, not tried again, and not cut short before they had values."""
        trials = self.trials
        repeated = _repeated(trials)
        return [
            trial
            for trial in trials
            if trial.state.is_finished()
            and trial.number not in repeated
            and trial.params.keys() == self._space.keys()
        ]

    def missing(self) -> int:
        """Return how many trials are left to be asked for."""
        if self._out_of_time():
            return 0
        running = sum(trial.state.name == "RUNNING" for trial in self.trials)
        return max(0, self.limit - len(self.ended()) - running)

    def is_done(self) -> bool:
        """Whether it has all trials or all the time that it is given, and none is running."""
        ended = self.ended()
        running = any(trial.state.name == "RUNNING" for trial in self.trials)
        return not running and bool(ended) and (len(ended) >= self.limit or self._out_of_time())

    def is_running(self) -> bool:
        """Whether a trial of it runs somewhere, or was left."""
        return any(trial.state.name == "RUNNING" for trial in self.trials)

    def waits(self) -> bool:
        """Whether others that make claims beside this process run trials of it."""
        return any(
            trial.state.name == "RUNNING" and self._claims.is_taken(self._claim(trial.number))
            for trial in self.trials
        )

    def ask(self) -> Asked | None:
        """Return the next trial to run, or None where there is none; what was tried already is not run again."""
        if self._began is None:
            self._began = time.monotonic()
        with self._alone():
            return self._ask()

    def _ask(self) -> Asked | None:
        while self.missing():
            trials = self.trials
            if not trials:
                self._study.enqueue_trial(self._defaults)
            elif self._tune.sampler.name == "grid" and not self._enqueue_from_grid(trials):
                return None
            # A seed for each trial: a study that goes on draws what it would have drawn without interruption.
            drawn = sum(AGAIN not in trial.user_attrs for trial in trials)
            self._study.sampler = make_sampler(self._tune.sampler, derive_seed("study", self.id, drawn))
            trial = self._study.ask(self._space)
            trial.set_user_attr(PROCESS, f"{socket.gethostname()}:{os.getpid()}")
            trial.set_user_attr(RESULTS, self._results())
            values = decode(trial.params, self.spec.space)
            asked = Asked(trial.number, trial._trial_id, values, trial.params == self._defaults)
            if not self._repeats(asked, trial.params, trials):
                self._claims.take(self._claim(trial.number))
                return asked
        return None

    def tell(self, asked: Asked, outcome: TrialOutcome) -> bool:
        """Note how a trial ended; return False where others took it over, since this process was stopped for long."""
        with self._alone():
            is_mine = not self._storage.get_trial(asked.trial).state.is_finished()
            if is_mine:
                self._tell(asked, outcome)
            self._claims.release(self._claim(asked.number))
        return is_mine

    def _tell(self, asked: Asked, outcome: TrialOutcome) -> None:
        from optuna.trial import TrialState

        storage = self._storage
        storage.set_trial_user_attr(asked.trial, SECONDS, round(outcome.seconds, 2))
        if outcome.error is not None:
            self._note_error(asked.trial, outcome.error)
            self._study.tell(asked.number, state=TrialState.FAIL)
        elif outcome.pruned:
            self._study.tell(asked.number, state=TrialState.PRUNED)
        else:
            self._study.tell(asked.number, outcome.value)
        self._study.set_user_attr(SPENT, max(self._seconds(), float(self._study.user_attrs.get(SPENT, 0.0))))

    def take_back(self, *, mine: bool = False, failed: bool = False, others: bool = False) -> None:
        """Let trials be tried again that a run left running when it ended: with the same values, once more.

        A trial that somebody has a claim on is not taken; ``mine`` gives up the claims of this process. In a storage
        that other results folders share, trials are taken that belong to this folder, and those of processes of this
        machine that are gone; with ``others`` all that run; with ``failed`` those, too, that failed.
        """
        with self._alone():
            if mine:
                for trial in self.trials:
                    self._claims.release(self._claim(trial.number))
            self._take_back(failed=failed, others=others)

    def _take_back(self, *, failed: bool, others: bool) -> None:
        from optuna.trial import TrialState

        trials = self.trials
        repeated = _repeated(trials)
        for trial in trials:
            running = trial.state == TrialState.RUNNING
            left = running and (others or self._is_left(trial))
            left = left and not self._claims.is_taken(self._claim(trial.number))
            if trial.number in repeated or not (left or (failed and trial.state == TrialState.FAIL)):
                continue
            parameters = {**trial.system_attrs.get("fixed_params", {}), **trial.params}
            if parameters.keys() == self._space.keys():
                self._study.enqueue_trial(parameters, user_attrs={AGAIN: trial.number})
            if running:
                self._note_error(trial._trial_id, CellError("Interrupted", "The run was stopped."))
                self._study.tell(trial.number, state=TrialState.FAIL)

    def best(self) -> FrozenTrial | None:
        """Return the best trial, the earliest of equals: of those, the row as it is."""
        complete = [trial for trial in self.trials if trial.state.name == "COMPLETE"]
        sign = 1 if self._greater else -1
        return max(complete, key=lambda trial: (sign * (trial.value or 0.0), -trial.number), default=None)

    def record(self) -> StudyRecord:
        """Return what came of it so far."""
        from importlib.metadata import version

        ended = self.ended()
        best = self.best()
        states = [trial.state.name for trial in ended]
        own = next((t for t in ended if t.params == self._defaults and t.state.name == "COMPLETE"), None)
        failed = (trial for trial in ended if trial.state.name == "FAIL")
        errors = dict.fromkeys(str(trial.user_attrs.get(ERROR, "")) for trial in failed)
        return StudyRecord(
            id=self.id,
            labels=dict(self.spec.labels),
            spec=dict(self._canonical),
            status="ok" if best is not None else "failed",
            metric=self._tune.metric.label,
            chosen_on=chosen_on(self.spec),
            values=decode(best.params, self.spec.space) if best is not None else {},
            value=best.value if best is not None else None,
            trial=best.number if best is not None else None,
            own=self.spec.defaults,
            own_value=own.value if own is not None else None,
            trials={
                "complete": states.count("COMPLETE"),
                "pruned": states.count("PRUNED"),
                "failed": states.count("FAIL"),
            },
            seconds=self._spent_seconds(),
            errors=[error for error in errors if error][:_MOST_ERRORS],
            sampler=self._tune.sampler.plain(),
            pruner=self._tune.pruner.plain(),
            optuna=version("optuna"),
            storage=shown_place(self._place),
        )

    def filed(self, results: Path) -> StudyRecord:
        """Write what came of it so far, in the suite's folder ``results``, and return it.

        Raises:
            ResultsError: when it cannot be written.
        """
        with self._alone():
            record = self.record()
            write_record(results, record)
        return record

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep others from asking and telling meanwhile."""
        try:
            with self._claims.held(f"study-{self.id}"):
                yield
        except OSError as error:
            raise ResultsError(f"{self._claims.folder} cannot be written: {error}") from error

    def _claim(self, number: int) -> str:
        return f"trial-{self.id}-{number}"

    def _results(self) -> str:
        """Return what tells the folder of claims from those of other results, on all machines that share it."""
        return str(os.stat(self._claims.folder.parent).st_ino)

    def _is_left(self, trial: FrozenTrial) -> bool:
        """Whether a trial that nobody has a claim on was left by a process that is gone."""
        is_here = trial.user_attrs.get(RESULTS) == self._results()
        return is_journal(self._place) or is_here or _is_gone(trial)

    def _description(self) -> dict[str, Any]:
        return {
            "row": dict(self.spec.labels),
            "metric": self._tune.metric.label,
            "chosen_on": chosen_on(self.spec),
            "sampler": self._tune.sampler.plain(),
            "pruner": self._tune.pruner.plain(),
        }

    def _out_of_time(self) -> bool:
        timeout = self._tune.settings.timeout
        return timeout is not None and self._seconds() >= timeout

    def _seconds(self) -> float:
        """Return how long it has been going on, in all runs together."""
        now = 0.0 if self._began is None else time.monotonic() - self._began
        return round(self._spent + now, 2)

    def _spent_seconds(self) -> float:
        """Return how long it took up to its last trial; where time ended it, at least the time that it was given."""
        spent = float(self._study.user_attrs.get(SPENT, 0.0))
        timeout = self._tune.settings.timeout
        return max(spent, timeout) if timeout is not None and self._out_of_time() else spent

    def _enqueue_from_grid(self, trials: Sequence[FrozenTrial]) -> bool:
        """Enqueue the next combination that is not there yet, unless something waits; return whether there is any."""
        if any(trial.state.name == "WAITING" for trial in trials):
            return True
        known = [{**trial.system_attrs.get("fixed_params", {}), **trial.params} for trial in trials]
        for values in combinations(self.spec.space):
            parameters = encode(values, self.spec.space)
            if parameters not in known:
                self._study.enqueue_trial(parameters)
                return True
        return False

    def _repeats(self, asked: Asked, parameters: Mapping[str, Any], trials: Iterable[FrozenTrial]) -> bool:
        """Whether a trial has values of one that is finished: cells are pure functions, so it ends the same way."""
        from optuna.trial import TrialState

        ends = (TrialState.COMPLETE, TrialState.PRUNED)
        same = next((t for t in trials if t.state in ends and t.params == parameters), None)
        if same is None:
            return False
        self._storage.set_trial_user_attr(asked.trial, SAME_AS, same.user_attrs.get(SAME_AS, same.number))
        if same.state == TrialState.COMPLETE:
            self._study.tell(asked.number, same.value)
        else:
            self._study.tell(asked.number, state=TrialState.PRUNED)
        return True

    def _note_error(self, trial: int, error: CellError) -> None:
        self._storage.set_trial_user_attr(trial, ERROR, f"{error.type}: {error.message}")
        if error.traceback:
            self._storage.set_trial_user_attr(trial, "traceback", error.traceback)


def chosen_on(spec: StudySpec) -> str:
    """Return in words on which set the values of a study are chosen."""
    (evaluation,) = spec.base.evaluate
    fold = "" if spec.base.fold is None else f", fold {spec.base.fold}"
    return f"{evaluation.label}, seed {spec.base.seed}{fold}"


def _repeated(trials: Iterable[FrozenTrial]) -> set[int]:
    """Return the numbers of trials that were tried again, or are about to be."""
    return {trial.user_attrs[AGAIN] for trial in trials if AGAIN in trial.user_attrs}


def _is_gone(trial: FrozenTrial) -> bool:
    """Whether a trial's process is one of this machine and no longer there."""
    host, _, number = str(trial.user_attrs.get(PROCESS, "")).rpartition(":")
    if host != socket.gethostname() or not number.isdecimal():
        return False
    return process_is_gone(int(number), "")
