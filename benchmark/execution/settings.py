"""What Dask is told, in the driver and in its workers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

# A machine that is suspended, or a plugin that holds Python's lock, is silent for as long as it takes. On one machine
# a peer that is gone closes its connection; no time limit of Dask's tells more than that.
_FOR_EVER = "1 d"
SETTINGS: dict[str, Any] = {
    # A task whose worker died is a failed cell, to be looked at by a person, and not to be tried three times more.
    "distributed.scheduler.allowed-failures": 0,
    "distributed.scheduler.worker-ttl": None,
    "distributed.scheduler.idle-timeout": None,
    "distributed.scheduler.no-workers-timeout": None,
    "distributed.comm.timeouts.connect": _FOR_EVER,
    "distributed.comm.timeouts.tcp": _FOR_EVER,
    "distributed.worker.lifetime.duration": None,
    # A person's settings for clusters elsewhere.
    "distributed.scheduler.contact-address": None,
    "distributed.scheduler.preload": [],
    "distributed.worker.preload": [],
    # What would be done behind the back of a run that gives each worker one task at a time.
    "distributed.scheduler.work-stealing": False,
    "distributed.scheduler.active-memory-manager.start": False,
    "distributed.worker.profile.enabled": False,
    "distributed.worker.use-file-locking": False,
    # Nothing here reads Dask's own figures of GPUs, and looking for them has its own ways to fail.
    "distributed.diagnostics.nvml": False,
    "distributed.admin.tick.limit": "1 d",
    "logging.distributed": "critical",
}


def silence_dask(log: Path | None = None) -> None:
    """Send what Dask and its event loop say to the file ``log``, or nowhere: people get outcomes instead."""
    import logging

    handler = logging.FileHandler(log, delay=True) if log is not None else logging.NullHandler()
    for name in ("distributed", "tornado", "asyncio"):
        logger = logging.getLogger(name)
        for old in logger.handlers:
            old.close()
        logger.handlers = [handler]
        logger.propagate = False
        logger.setLevel(logging.CRITICAL)
