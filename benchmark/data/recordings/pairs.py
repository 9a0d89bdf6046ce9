"""Which of the pairs that fingerprints propose are one recording when they are listened to."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.data.audio import load_mono
from benchmark.data.looking import Looker
from benchmark.data.recordings.confirm import DRIFT, SAME, Agreement, compare, compare_relative, rate_of
from benchmark.data.recordings.fingerprint import SAMPLE_RATE, SECONDS
from benchmark.data.recordings.prints import Print
from benchmark.data.recordings.relatives import Relative, relatives
from benchmark.data.recordings.search import Match, candidates
from benchmark.data.recordings.store import Pair
from benchmark.plugin.tracks import Track

if TYPE_CHECKING:
    import numpy as np

# Two recordings that agree in so much of the longer one are one. Two that each share that much with a third one share
# something with each other, so that copies of copies are copies; the songs of a medley are not.
_WHOLE = 0.6
_Numbers = tuple[int, int]


def confirmed(
    tracks: Sequence[Track], prints: Sequence[Print], looker: Looker
) -> tuple[list[Pair], dict[str, str]]:
    """Return the contents of those candidates that are one recording, and why some could not be compared."""
    words = [words for words, _ in prints]
    whole: dict[_Numbers, bool] = {}
    lost: dict[str, str] = {}

    def listen(proposals: Sequence[Match | Relative]) -> None:
        asked = [
            (
                tracks[proposal.first],
                tracks[proposal.second],
                words[proposal.first],
                words[proposal.second],
                proposal,
            )
            for proposal in proposals
        ]
        with closing(looker.look(_is_whole, asked)) as looks:
            for look in looks:
                pair = _numbers(proposals[look.index])
                if look.lost:
                    first, second = (tracks[number] for number in pair)
                    lost[first.content] = f"{look.lost} when it was compared with {second.id}"
                    lost[second.content] = f"{look.lost} when it was compared with {first.id}"
                elif look.value is not None:
                    whole[pair] = look.value

    listen(candidates(words))
    listen(
        [
            relative
            for relative in relatives(words, [sketch for _, sketch in prints])
            if _numbers(relative) not in whole
        ]
    )
    _heard.cache_clear()
    pairs = [(tracks[a].content, tracks[b].content, whole[a, b]) for a, b in sorted(whole)]
    return pairs, lost


def _numbers(proposal: Match | Relative) -> _Numbers:
    return min(proposal.first, proposal.second), max(proposal.first, proposal.second)


def _is_whole(
    first: Track, second: Track, words: np.ndarray, others: np.ndarray, proposal: Match | Relative
) -> bool | None:
    """Return whether two tracks are one recording nearly throughout, or None if they have nothing in common."""
    sound, other_sound = _heard(first.path, first.content), _heard(second.path, second.content)
    if isinstance(proposal, Match):
        agreed = _agreement(sound, other_sound, words, others, proposal)
    else:
        agreed = compare_relative(sound, other_sound, proposal)
    if agreed.level < SAME:
        return None
    return agreed.seconds * SAMPLE_RATE >= _WHOLE * max(len(sound), len(other_sound))


@lru_cache(maxsize=32)
def _heard(path: Path, content: str) -> np.ndarray:
    return load_mono(path, SAMPLE_RATE, content=content)[: round(SECONDS * SAMPLE_RATE)]


def _agreement(
    first: np.ndarray, second: np.ndarray, words: np.ndarray, others: np.ndarray, match: Match
) -> Agreement:
    """Return how alike two recordings are, also where one runs a little faster than clocks differ."""
    agreed = compare(first, second, match.offset, match.at)
    if agreed.level >= SAME:
        return agreed
    relative = Relative(match.first, match.second, match.distance, 0, 1.0, match.at, match.at - match.offset)
    rate = rate_of(words, others, relative)
    return compare_relative(first, second, relative) if abs(rate - 1) > DRIFT / 2 else agreed
