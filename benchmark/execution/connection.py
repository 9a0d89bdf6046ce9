"""How a Dask cluster is reached."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.exceptions import ClusterError, UsageError, error_text
from benchmark.execution.cluster import Cluster

if TYPE_CHECKING:
    from benchmark.execution.likeness import Need
    from benchmark.plugin.registry import Registry

_ADDRESS = re.compile(r"(tcp|tls)://\S+:\d+")
_CONNECTING_SECONDS = 20
# Tracks and rows travel with their tasks, which Dask has a warning for.
_CONFIG = {"distributed.admin.large-graph-warning-threshold": "4GB"}


def connect(scheduler: str, registry: Registry, needs: Sequence[Need], say: Callable[[str], None]) -> Cluster:
    """Return a connection to the cluster whose scheduler is at an address, or in the scheduler file of that name.

    TLS is as Dask's own configuration says. A connection without is said to be.

    Raises:
        UsageError: when ``scheduler`` is neither, or Dask is not installed.
        ClusterError: when nobody answers there.
    """
    address = scheduler_address(scheduler)
    try:
        import dask
        from distributed import Client
    except ImportError as error:
        raise UsageError(
            f"--scheduler needs Dask, which cannot be imported ({error}): pip install 'genrebench[dask]'."
        ) from error
    dask.config.set(_CONFIG)
    if address.startswith("tls://") and not dask.config.get("distributed.comm.tls.client.cert", None):
        raise UsageError(
            f"--scheduler {scheduler}: this machine has no certificate to show there. Say where it is in Dask's "
            "configuration (distributed.comm.tls: ca-file, client.cert, client.key), or by the variables of the "
            "documentation's page on clusters."
        )
    try:
        client = Client(address, timeout=_CONNECTING_SECONDS, set_as_default=False)
    except Exception as error:
        raise ClusterError(
            f"There is no scheduler that answers at {address} ({error_text(error)}). Is it running ('dask scheduler'), "
            "can this machine reach it, and do both use TLS, with certificates of one authority, or neither?"
        ) from error
    if not address.startswith("tls://"):
        say(
            f"WARNING: the connection to {address} is NOT ENCRYPTED and nobody has to say who they are: whoever "
            "reaches the ports of this cluster can read your data and run code as you on all of its machines. Use it "
            "in a network of your own alone, or start scheduler and workers with TLS (see the documentation's page on "
            "clusters)."
        )
    return Cluster(client, registry, needs, say)


def scheduler_address(scheduler: str) -> str:
    """Return the address of a scheduler, which may be in a file that ``dask scheduler --scheduler-file`` has written.

    Raises:
        UsageError: when it is neither an address nor such a file.
    """
    if _ADDRESS.fullmatch(scheduler):
        return scheduler
    told: Any = None
    if "://" not in scheduler:
        try:
            told = json.loads(Path(scheduler).read_text(encoding="utf-8"))["address"]
        except OSError as error:
            raise UsageError(
                f"--scheduler {scheduler}: it is no address (tcp://HOST:PORT, tls://HOST:PORT), and no file that can "
                f"be read ({error.strerror or error})."
            ) from error
        except (ValueError, KeyError, TypeError):
            told = ""
    if isinstance(told, str) and _ADDRESS.fullmatch(told):
        return told
    raise UsageError(
        f"--scheduler {scheduler}: give tcp://HOST:PORT, tls://HOST:PORT, or the file that 'dask scheduler "
        "--scheduler-file FILE' writes."
    )
