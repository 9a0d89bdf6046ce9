from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def graphs_as_they_were_traced() -> Iterator[None]:
    """Have TensorFlow, once it is here, not make graphs faster first: that takes longer than the few steps of a toy."""
    tf = sys.modules.get("tensorflow")
    if tf is None:
        yield
        return
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    yield
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": False})
