"""How much processor time ``bench plugins check`` takes of each built-in model: 30 s of one core at most are promised.

Run: python benchmarks/checking.py [MODEL]...
"""

from __future__ import annotations

import os
import resource
import sys

from benchmark.contract.check import Subject, check
from benchmark.plugin.manager import Plugins

# What has no default, as it would be given.
GIVEN = {"keras-application": {"network": "MobileNetV2", "weights": None}}
TIMEOUT = 600.0


def main(names: list[str]) -> None:
    """Print, for each model, seconds of user and system time together, and whether all rules are kept."""
    os.environ.update(OMP_NUM_THREADS="1", TF_CPP_MIN_LOG_LEVEL="3")
    registry = Plugins().registry
    for name in names or registry.names("model"):
        (offer,) = registry.offers["model"][name]
        subject = Subject("model", name=name, source=offer.source, parameters=GIVEN.get(name, {}))
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        outcomes = check(subject, TIMEOUT)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        broken = [f"{each.rule}: {finding}" for each in outcomes for finding in each.findings]
        untried = [each.not_tried for each in outcomes if each.not_tried]
        print(f"{name:<18} {took:5.1f} s  {'; '.join([*broken, *untried[:1]]) or 'ok'}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
