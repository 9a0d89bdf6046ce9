"""Which tracks rows get wrong, which few get right, which flip when one thing is changed. Pure functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmark.analysis.inspection.answers import Answers
from benchmark.analysis.inspection.confident import Suspects, suspects

WRONG_BY_ALL, WRONG_BY_MOST, RIGHT_BY_FEW = "wrong by all", "wrong by most", "right by few"
# Few are a quarter of the rows at most, and one at least.
_FEW = 0.25


@dataclass(frozen=True)
class Hard:
    """A track that most rows get wrong.

    ``track`` is its place in ``Answers.tracks``; ``kinds`` why it is listed; ``right_by`` the rows that get it right,
    of ``tested_by`` many; ``share`` the mean share of cells that do; ``instead`` what is said of it most often that is
    not its class, by so many rows.
    """

    track: int
    kinds: tuple[str, ...]
    right_by: tuple[int, ...]
    tested_by: int
    share: float
    instead: int
    instead_by: int


@dataclass(frozen=True)
class Flip:
    """A track whose answer changes with a value of an axis.

    Of ``pairs`` cells, each with the cell of the baseline that differs in nothing else, ``gained`` became right and
    ``lost`` became wrong. ``wavers`` is how often two cells of one row disagree about it (0 to 1), whatever is changed;
    NaN where rows have one cell.
    """

    value: str
    track: int
    gained: int
    lost: int
    pairs: int
    wavers: float


@dataclass(frozen=True)
class Doubt:
    """A track whose label is likely to be wrong.

    ``likely`` is the class that it is of instead; the probabilities are means over rows; ``rows`` flag it by
    themselves, of ``tested_by`` many.
    """

    track: int
    likely: int
    of_label: float
    of_likely: float
    margin: float
    rows: tuple[int, ...]
    tested_by: int


def hard_tracks(answers: Answers) -> list[Hard]:
    """Return the tracks that most rows get wrong, the hardest first."""
    tested, right, said = answers.cells > 0, answers.is_right, answers.said
    rows = np.array(answers.rows)
    lines = []
    for track in range(len(answers.tracks)):
        by = tuple(map(int, rows[right[:, track]]))
        count = int(tested[:, track].sum())
        kinds = _kinds(len(by), count)
        if not kinds:
            continue
        others = Counter(
            int(answer) for answer in said[tested[:, track], track] if answer != answers.labels[track]
        ).most_common(1)
        instead, instead_by = others[0] if others else (-1, 0)
        share = float(np.nanmean(answers.right[:, track]))
        lines.append(Hard(track, kinds, by, count, share, instead, instead_by))
    return sorted(lines, key=lambda line: (line.share, -line.tested_by, line.track))


def _kinds(right: int, tested: int) -> tuple[str, ...]:
    if not tested or 2 * right >= tested:
        return ()
    kinds = [WRONG_BY_MOST if right else WRONG_BY_ALL]
    if 0 < right <= max(1, int(_FEW * tested)) and tested > 2:
        kinds.append(RIGHT_BY_FEW)
    return tuple(kinds)


def flips(answers: Answers, pairs: Mapping[str, Sequence[tuple[int, int]]]) -> list[Flip]:
    """Return the tracks that are right with a value of an axis and wrong without it, or the reverse.

    ``pairs`` are rows by value of the axis (see ``baseline_pairs``). Cells are compared that have the same seed and
    fold. Those of which one side more is gained or lost come first.
    """
    wavers = _wavers(answers)
    count = len(answers.tracks)
    lines = []
    for value, several in pairs.items():
        gained, lost, compared = (np.zeros(count, np.int64) for _ in range(3))
        for base, row in several:
            for cell in answers.by_cell[base].keys() & answers.by_cell[row].keys():
                before, after = (_filled(answers.by_cell[member][cell], count) for member in (base, row))
                both = (before >= 0) & (after >= 0)
                compared += both
                gained += both & (after > before)
                lost += both & (after < before)
        lines += [
            Flip(
                value, track, int(gained[track]), int(lost[track]), int(compared[track]), float(wavers[track])
            )
            for track in np.flatnonzero(gained + lost).tolist()
        ]
    return sorted(lines, key=lambda line: (-abs(line.gained - line.lost), line.pairs, line.value, line.track))


def doubts(answers: Answers) -> tuple[list[Doubt], Suspects]:
    """Return the tracks whose labels are likely to be wrong, the surest first, and what confident learning found.

    Judged are the mean probabilities of all rows; and each row by itself, which says how far they agree.
    """
    whole = suspects(answers.labels, answers.together)
    flagging = np.zeros(answers.cells.shape, bool)
    for place in range(len(answers.rows)):
        tested = np.flatnonzero(answers.cells[place] > 0)
        own = suspects(answers.labels[tested], answers.probabilities[place, tested].astype(np.float64))
        flagging[place, tested] = own.flagged
    rows, together = np.array(answers.rows), answers.together
    lines = [
        Doubt(
            track,
            int(whole.likely[track]),
            float(together[track, answers.labels[track]]),
            float(together[track, whole.likely[track]]),
            float(whole.margins[track]),
            tuple(map(int, rows[flagging[:, track]])),
            int((answers.cells[:, track] > 0).sum()),
        )
        for track in np.flatnonzero(whole.flagged).tolist()
    ]
    return sorted(lines, key=lambda line: (-line.margin, line.track)), whole


def _filled(known: tuple[np.ndarray, np.ndarray], count: int) -> np.ndarray:
    """Return 1 where a cell is right, 0 where it is wrong, and -1 where it did not test a track."""
    filled = np.full(count, -1)
    filled[known[0]] = known[1]
    return filled


def _wavers(answers: Answers) -> np.ndarray:
    """Return the probability that two different cells of one row disagree about a track, mean over rows."""
    cells, share = answers.cells.astype(float), np.nan_to_num(answers.right)
    several = cells > 1
    disagree = 2 * share * (1 - share) * cells / np.where(several, cells - 1, 1)
    rows = several.sum(axis=0)
    mean: np.ndarray = np.where(rows > 0, (disagree * several).sum(axis=0) / np.maximum(rows, 1), np.nan)
    return mean
