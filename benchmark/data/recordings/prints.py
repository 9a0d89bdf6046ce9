"""The fingerprints of tracks: those that are stored, and those that are made now."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from benchmark.data.audio import load_mono
from benchmark.data.looking import Looker
from benchmark.data.recordings.fingerprint import SAMPLE_RATE, fingerprint_and_sketch
from benchmark.data.recordings.store import PrintStore
from benchmark.exceptions import AudioError
from benchmark.plugin.tracks import Track

if TYPE_CHECKING:
    import numpy as np

# A fingerprint and its sketch.
Print = tuple["np.ndarray", "np.ndarray"]
Progress = Callable[[int, int], None]
UNREADABLE = "cannot be read"
# So many are written at a time.
_AT_ONCE = 256
# Under this name a recording's sketch is stored beside its fingerprint.
_SKETCH = "{} sketch"


def prints_of(
    tracks: Mapping[str, Track], store: PrintStore, looker: Looker, progress: Progress
) -> tuple[dict[str, Print], dict[str, str]]:
    """Return the fingerprints and sketches of tracks by content, and why others have none.

    What is not stored is made and stored; so is which tracks hung or killed who looked at them.

    Raises:
        CacheError: when the cache cannot be read or written.
    """
    unheard = store.lost(list(tracks))
    prints = _stored([content for content in tracks if content not in unheard], store)
    absent = [content for content in tracks if content not in prints and content not in unheard]
    if not absent:
        return prints, unheard
    lost: dict[str, str] = {}
    fresh: dict[str, Print] = {}
    progress(0, len(absent))
    with closing(looker.look(_print, [(tracks[content],) for content in absent])) as looks:
        for done, look in enumerate(looks, 1):
            content = absent[look.index]
            if look.lost:
                lost[content] = look.lost
            elif look.value is None:
                unheard[content] = UNREADABLE
            else:
                fresh[content] = prints[content] = look.value
            if done % _AT_ONCE == 0:
                _keep(fresh, store)
                fresh = {}
                progress(done, len(absent))
    _keep(fresh, store)
    store.keep_lost(lost)
    progress(len(absent), len(absent))
    return prints, unheard | lost


def _stored(contents: Sequence[str], store: PrintStore) -> dict[str, Print]:
    stored = store.read([name for content in contents for name in (content, _SKETCH.format(content))])
    return {
        content: (stored[content], stored[_SKETCH.format(content)].reshape(-1, 2))
        for content in contents
        if content in stored and _SKETCH.format(content) in stored
    }


def _keep(prints: Mapping[str, Print], store: PrintStore) -> None:
    store.write(
        {content: words for content, (words, _) in prints.items()}
        | {_SKETCH.format(content): sketch.ravel() for content, (_, sketch) in prints.items()}
    )


def _print(track: Track) -> Print | None:
    try:
        return fingerprint_and_sketch(load_mono(track.path, SAMPLE_RATE, content=track.content))
    except AudioError:
        return None
