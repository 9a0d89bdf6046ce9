"""Where things lie on this machine. None of it is part of a cell's identity."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

DATA_VARIABLE = "BENCH_DATA"
CACHE_VARIABLE = "BENCH_CACHE"
RESULTS_VARIABLE = "BENCH_RESULTS"


def default_cache() -> Path:
    """Return the cache folder: ``$BENCH_CACHE``, else the platform's per-user cache folder."""
    from platformdirs import user_cache_path

    return Path(os.environ.get(CACHE_VARIABLE) or user_cache_path("genrebench"))


def default_programs() -> Path:
    """Return the platform's per-user folder of compiled programs.

    Whoever may write there has this user run what they like: it is never a cache that others share.
    """
    from platformdirs import user_cache_path

    return Path(user_cache_path("genrebench-programs"))


def default_results() -> Path:
    """Return the results folder: ``$BENCH_RESULTS``, else ``results`` in the working directory."""
    return Path(os.environ.get(RESULTS_VARIABLE) or "results")


def default_state() -> Path:
    """Return the platform's per-user folder of what programs remember."""
    from platformdirs import user_state_path

    return Path(user_state_path("genrebench"))


@dataclass(frozen=True)
class Locations:
    """The folders that a run uses.

    ``data`` lists folders that may *be* a dataset or *hold* datasets by name (``--data DIR``, then
    ``$BENCH_DATA``); ``named`` holds ``--data NAME=DIR``. All are made absolute at once: plugins may change the working
    directory.
    """

    cache: Path = field(default_factory=default_cache)
    results: Path = field(default_factory=default_results)
    data: tuple[Path, ...] = ()
    named: Mapping[str, Path] = field(default_factory=dict)

    def __post_init__(self) -> None:
        absolute = {
            "cache": self.cache.absolute(),
            "results": self.results.absolute(),
            "data": tuple(folder.absolute() for folder in self.data),
            "named": {name: folder.absolute() for name, folder in self.named.items()},
        }
        for name, value in absolute.items():
            object.__setattr__(self, name, value)
