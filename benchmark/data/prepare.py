"""Compute features that are not in the cache yet: one task per track, so that each is decoded once."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.data.audio import load_mono
from benchmark.data.clips import Clip
from benchmark.data.items import Item, Step, Wear
from benchmark.data.libraries import made_with
from benchmark.data.store import FeatureStore
from benchmark.exceptions import AudioError, PluginError
from benchmark.isolation import reseeded
from benchmark.plugin.border import calling, checked_items
from benchmark.plugin.declared import checked_features
from benchmark.plugin.manager import load_registry
from benchmark.plugin.registry import ComponentSpec, Registry
from benchmark.plugin.tracks import Track
from benchmark.plugin.waveform import SAMPLE_RATE
from benchmark.randomness import derive_seed
from benchmark.suite.cell import canonical_json

if TYPE_CHECKING:
    import numpy as np

    from benchmark.plugin.benchfile import Benchfile
    from benchmark.plugin.features import Features

# Claims are made of some tracks at a time; what others compute is looked at so often, in seconds.
_TRACKS_AT_ONCE = 8
_SHORTEST_WAIT, _LONGEST_WAIT = 0.05, 1.0
Wanted = tuple[str, Clip, tuple[Step, ...], Wear | None]
Run = Callable[[Callable[..., Any], Iterable[tuple[Any, ...]]], Iterator[Any]]


@dataclass(frozen=True)
class Request:
    """What is needed of one track: clips after chains of waveform steps, with the keys of their features.

    With a wear, the clip is one of the track that was put through that.
    """

    track: Track
    wanted: tuple[Wanted, ...]


@dataclass(frozen=True)
class Failure:
    """A track of which some or all features could not be computed, and why."""

    track: str
    reason: str


@dataclass(frozen=True)
class Computed:
    """What came of a request: features by key, and what failed."""

    arrays: tuple[tuple[str, np.ndarray], ...]
    failure: Failure | None = None


def store_folder(features: ComponentSpec, registry: Registry, cache: Path) -> Path:
    """Return the folder of a feature space, named by what can change a feature.

    Versions of libraries do, though no cell's identity has them: else one cell might be trained on features of one
    version and tested on those of another, which its record says nothing of.
    """
    # A plugin under development may change its shape and not its version; rows must have one length all the same.
    identity = canonical_json(
        [features.identity(), SAMPLE_RATE, *checked_features(features.create(registry)), made_with()]
    )
    name = re.sub(r"[^\w-]", "_", features.name)
    return cache / "features" / f"{name}-{hashlib.sha256(identity.encode()).hexdigest()[:16]}"


def open_store(features: ComponentSpec, registry: Registry, cache: Path) -> FeatureStore:
    """Return the store of a feature space; nothing is created before something is written."""
    shape, dtype = checked_features(features.create(registry))
    described = {**features.identity(), "libraries": made_with()}
    return FeatureStore(store_folder(features, registry, cache), shape, dtype, described)


def feature_key(track: Track, clip: Clip, waveform: Sequence[Step], wear: Wear | None = None) -> str:
    """Return the key of a clip's features: the audio's content, format and wear, its place, its waveform's steps."""
    steps = tuple([step.text for step in waveform])
    return _feature_key(_heard(track), clip.start, clip.seconds, steps, None if wear is None else wear.text)


# Cells that differ in their seeds ask for the same originals. As JSON 0 is not 0.0, so types count.
@lru_cache(maxsize=100_000, typed=True)
def _feature_key(
    heard: tuple[str, ...],
    start: float | None,
    seconds: float | None,
    steps: tuple[str, ...],
    wear: str | None,
) -> str:
    text = canonical_json([*heard, start, seconds, steps, *([] if wear is None else [wear])])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def requests(tracks: Sequence[Track], items: Iterable[Item]) -> list[Request]:
    """Return one request per track for all that the items need of it."""
    wanted: dict[int, dict[str, Wanted]] = {}
    for item in items:
        key = feature_key(tracks[item.track], item.clip, item.waveform, item.wear)
        wanted.setdefault(item.track, {})[key] = (key, item.clip, item.waveform, item.wear)
    return [Request(tracks[index], tuple(own.values())) for index, own in wanted.items()]


def missing(store: FeatureStore, asked: Iterable[Request]) -> list[Request]:
    """Return what of the requests is not stored, or damaged; requests for one content in one format are joined."""
    joined: dict[tuple[str, ...], tuple[Track, dict[str, Any]]] = {}
    for request in asked:
        _, wanted = joined.setdefault(_heard(request.track), (request.track, {}))
        wanted.update({piece[0]: piece for piece in request.wanted})
    keys = [key for _, wanted in joined.values() for key in wanted]
    absent = {key for key, row in zip(keys, store.rows(keys, verify=True), strict=True) if row < 0}
    requests = []
    for track, wanted in joined.values():
        left = tuple(piece for key, piece in wanted.items() if key in absent)
        if left:
            requests.append(Request(track, left))
    return requests


def compute(request: Request, features: ComponentSpec, benchfile: Benchfile | None) -> Computed:
    """Decode a track once, and return each key with its features.

    What a plugin raises concerns the items that it was to make, and nothing else.
    """
    registry = load_registry(benchfile)
    made: Features = features.create(registry)
    try:
        decoded = load_mono(request.track.path, SAMPLE_RATE, content=request.track.content)
        samples = _in_format(decoded, request.track, registry)
    except (AudioError, PluginError) as error:
        return Computed((), Failure(request.track.id, str(error)))
    computed = []
    reasons: dict[str, None] = {}
    for wear, wanted in _by_wear(request.wanted):
        try:
            heard = samples if wear is None else _worn(samples, request.track, wear, registry)
        except PluginError as error:
            reasons[str(error)] = None
            continue
        for key, clip, steps, _ in wanted:
            piece = _piece(heard, clip, len(heard) / len(samples))
            try:
                changed = _augmented(piece, request.track, clip, steps, registry)
                computed.append((key, _features(changed, made, len(_piece(samples, clip)))))
            except PluginError as error:
                reasons[str(error)] = None
    failure = Failure(request.track.id, "; ".join(reasons)) if reasons else None
    return Computed(tuple(computed), failure)


def prepare(
    store: FeatureStore,
    asked: Sequence[Request],
    features: ComponentSpec,
    benchfile: Benchfile | None,
    run: Run,
    progress: Callable[[int, int], None],
) -> list[Failure]:
    """Compute what is missing and store it as it comes; return the tracks that failed.

    The tracks are shared with all other processes that do the same: each is computed by who claims it (see ``claims``).
    What others have is waited for.

    ``run`` maps a function over argument tuples, in any order, holding few results at a time; ``progress`` is told
    how many of how many tracks are done.
    """
    failures: list[Failure] = []
    left = missing(store, asked)
    if not left:
        store.touch()
        return failures
    with store.writing():
        # Another process may have stored some of it before, or a damaged store was begun anew.
        left = missing(store, asked)
        total, done, wait = len(left), 0, _SHORTEST_WAIT
        while left:
            taken: dict[str, str] = {}
            arguments = ((request, features, benchfile) for request in _taken(store, left, taken))
            for outcome in run(compute, arguments):
                store.append([key for key, _ in outcome.arrays], [array for _, array in outcome.arrays])
                if outcome.failure is not None:
                    failures.append(outcome.failure)
                for key, _ in outcome.arrays[:1]:
                    store.claims.release(taken[key])
                done += 1
                progress(done, total)
            # What was taken is done, whatever came of it; what others had may be stored by now, or given up.
            mine = set(taken.values())
            for name in mine:
                store.claims.release(name)
            left = missing(store, [request for request in left if _claim(request) not in mine])
            if total - len(left) > done:
                done = total - len(left)
                progress(done, total)
            if left:
                wait = _SHORTEST_WAIT if mine else min(2 * wait, _LONGEST_WAIT)
                time.sleep(wait)
                store.claims.reap()
    return failures


def _taken(store: FeatureStore, left: Sequence[Request], taken: dict[str, str]) -> Iterator[Request]:
    """Yield what others do not compute, some tracks at a time; ``taken`` gets the claim of each key.

    Others may have stored some of it by now.
    """
    for start in range(0, len(left), _TRACKS_AT_ONCE):
        some = [request for request in left[start : start + _TRACKS_AT_ONCE] if store.take(_claim(request))]
        still = missing(store, some)
        for name in {*map(_claim, some)} - {*map(_claim, still)}:
            store.claims.release(name)
        for request in still:
            taken |= dict.fromkeys((key for key, *_ in request.wanted), _claim(request))
        yield from still


def _claim(request: Request) -> str:
    return hashlib.sha256(canonical_json(_heard(request.track)).encode()).hexdigest()[:32]


def _heard(track: Track) -> tuple[str, ...]:
    """Return what a track's samples are made of: its content, and its format if it is put through one."""
    if track.audio is None:
        return (track.content,)
    return (track.content, canonical_json(track.audio.parts()))


def _in_format(samples: np.ndarray, track: Track, registry: Registry) -> np.ndarray:
    if track.audio is None:
        return samples
    made = track.audio.create(registry)
    with calling(made, "apply"):
        changed = made.apply(samples, SAMPLE_RATE)
    return checked_items(made, "apply", changed, (None,), "float32")


def _by_wear(wanted: Iterable[Wanted]) -> list[tuple[Wear | None, list[Wanted]]]:
    """Return what is wanted by wear: one worn track at a time is in memory."""
    together: dict[str, tuple[Wear | None, list[Wanted]]] = {}
    for request in wanted:
        wear = request[3]
        together.setdefault("" if wear is None else wear.text, (wear, []))[1].append(request)
    return list(together.values())


def _worn(samples: np.ndarray, track: Track, wear: Wear, registry: Registry) -> np.ndarray:
    """Return a whole track as it sounds after a corruption.

    What is drawn hangs on the track and the corruption, and not on the amount: no model, seed or suite hears another.
    """
    import numpy as np

    seed = derive_seed("corruption", track.content, canonical_json(wear.corruption.parts()))
    with reseeded(seed):
        made = wear.corruption.create(registry)
        with calling(made, "apply", f"amount {wear.amount:g}"):
            changed = made.apply(samples.copy(), SAMPLE_RATE, np.random.default_rng(seed), wear.amount)
    return checked_items(made, "apply", changed, (None,), "float32")


def _piece(samples: np.ndarray, clip: Clip, scale: float = 1.0) -> np.ndarray:
    """Return a clip's samples, at places times ``scale`` of a track that became longer or shorter."""
    start = round(clip.start * SAMPLE_RATE * scale)
    return (
        samples[start:]
        if clip.seconds is None
        else samples[start : start + round(clip.seconds * SAMPLE_RATE * scale)]
    )


def _augmented(
    piece: np.ndarray, track: Track, clip: Clip, steps: Sequence[Step], registry: Registry
) -> np.ndarray:
    """Apply a chain of steps; each draws its random numbers by its place in the chain."""
    import numpy as np

    # Other items are made of the same samples, and not every plugin leaves them as they are.
    changed = piece.copy()
    for count, step in enumerate(steps, 1):
        chain = " ".join(earlier.text for earlier in steps[:count])
        seed = derive_seed("waveform", track.content, clip.start, clip.seconds, chain)
        rng = np.random.default_rng(seed)
        with reseeded(seed):
            made = step.component.create(registry)
            with calling(made, "apply", str(step) if step.settings else ""):
                changed = made.apply(changed, rng, **step.arguments)
        changed = checked_items(made, "apply", changed, (None,), "float32")
    return changed


def _features(samples: np.ndarray, made: Features, reference_length: int) -> np.ndarray:
    # Features are to draw nothing; those that do all the same make the same of the same samples.
    with reseeded(0), calling(made, "compute"):
        array = made.compute(samples, SAMPLE_RATE, reference_length=reference_length)
    return checked_items(made, "compute", array, *checked_features(made))
