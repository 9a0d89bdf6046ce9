"""Results in Python and in notebooks: ``benchmark.load`` and ``benchmark.run``."""

from benchmark.notebook.loading import load as load
from benchmark.notebook.running import run as run
