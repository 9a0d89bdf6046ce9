"""Which Keras backend is used: the one that is asked for, or one that is installed.

Keras itself takes ``KERAS_BACKEND``, else what its ``keras.json`` says, else TensorFlow. Everything here is to be
called before Keras is imported; none of it imports a backend.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, MutableMapping
from importlib.util import find_spec
from pathlib import Path

VARIABLE = "KERAS_BACKEND"
# In the order in which one is taken when nobody asked for another.
BACKENDS = ("tensorflow", "jax", "torch")
# What programs compiled for GPUs may take up, all together.
PROGRAMS_BYTES = 10**9
_PROGRAMS_VARIABLE = "JAX_COMPILATION_CACHE_DIR"
# Without these the first process takes a whole GPU's memory, also what it does not need.
ON_DEMAND = {"TF_FORCE_GPU_ALLOW_GROWTH": "true", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}


def compiled_once(folder: Path, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return what has JAX keep the programs that it compiles in ``folder``, and take them from there.

    A network's step is compiled anew for each cell otherwise, which on a GPU, with its search for the quickest
    kernels, takes longer than many a training. For GPUs only: programs for a CPU may not run on the next machine's.
    The programs that were not used for longest go when all are larger than ``PROGRAMS_BYTES``. Nothing is returned
    where ``environment`` names a folder: what lies there is the user's, and not ours to remove.
    """
    if environment.get(_PROGRAMS_VARIABLE):
        return {}
    return {
        _PROGRAMS_VARIABLE: str(folder),
        "JAX_COMPILATION_CACHE_MAX_SIZE": str(PROGRAMS_BYTES),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.2",
    }


def settle_backend(environment: MutableMapping[str, str] = os.environ) -> str:
    """Settle on a backend that is installed, and have it take GPU memory as needed; return what to tell people.

    TensorFlow is what Keras takes, and writes into its ``keras.json``, when nobody says anything. Where only another
    backend is installed, that one is set in ``environment``, which child processes inherit, and the answer says so;
    otherwise it is empty. What the environment has already is never changed.
    """
    for name, value in ON_DEMAND.items():
        environment.setdefault(name, value)
    if environment.get(VARIABLE) or asked_backend(environment) != BACKENDS[0] or _installed(BACKENDS[0]):
        return ""
    others = [name for name in BACKENDS[1:] if _installed(name)]
    if not others:
        return ""
    environment[VARIABLE] = others[0]
    return f"TensorFlow is not installed: Keras runs on {others[0]} ({VARIABLE}={others[0]})."


def asked_backend(environment: MutableMapping[str, str] = os.environ) -> str:
    """Return the backend that Keras will take."""
    return environment.get(VARIABLE) or _configured(environment) or BACKENDS[0]


def backend_problem(environment: MutableMapping[str, str] = os.environ) -> str:
    """Return why networks cannot be trained on the backend that Keras will take, or nothing."""
    name = asked_backend(environment)
    source = VARIABLE if environment.get(VARIABLE) else "Keras's keras.json"
    if name not in BACKENDS:
        return f"{source} asks for the backend '{name}'; networks are trained on {', '.join(BACKENDS)}"
    if _installed(name):
        return ""
    others = [other for other in BACKENDS if _installed(other)]
    instead = f", or set {VARIABLE}={others[0]}, which is installed" if others else ""
    return f"it needs Keras on {name}, which is not installed: pip install {name}{instead}"


def _configured(environment: MutableMapping[str, str]) -> str | None:
    home = environment.get("KERAS_HOME")
    try:
        file = Path(home) if home else Path.home() / ".keras"
        backend = json.loads((file / "keras.json").read_text(encoding="utf-8")).get("backend")
    except (OSError, ValueError, RuntimeError, AttributeError):
        return None
    return backend if isinstance(backend, str) else None


def _installed(name: str) -> bool:
    return find_spec(name) is not None
