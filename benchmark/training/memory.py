"""Out of memory, as the backends say it, told to people with what to try next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from benchmark.exceptions import OutOfMemoryError

if TYPE_CHECKING:
    from benchmark.settings import TrainingSettings

# By the classes' names, so that no backend need be imported.
_ALWAYS = {"ResourceExhaustedError", "OutOfMemoryError", "MemoryError"}
# Errors of many kinds, and what those of memory say: XLA, CUDA below TensorFlow and XLA, PyTorch on the CPU.
_SOMETIMES = {"XlaRuntimeError", "JaxRuntimeError", "InternalError", "RuntimeError"}
_SAID = (
    "RESOURCE_EXHAUSTED",
    "CUDA_ERROR_OUT_OF_MEMORY",
    "CUDA out of memory",
    "DefaultCPUAllocator: can't allocate",
)


@contextmanager
def memory_explained(settings: TrainingSettings, *, in_batches: bool) -> Iterator[None]:
    """Say what to try when what is done inside runs out of memory; ``in_batches`` if the size of batches matters.

    Raises:
        OutOfMemoryError: in place of the backend's own error, which stays its cause.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, OutOfMemoryError) or not is_out_of_memory(error):
            raise
        raise OutOfMemoryError(_advice(settings, in_batches)) from error


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error of Python, TensorFlow, JAX or PyTorch means that memory did not suffice."""
    names = {kind.__name__ for kind in type(error).__mro__}
    return bool(names & _ALWAYS) or (bool(names & _SOMETIMES) and any(said in str(error) for said in _SAID))


def _advice(settings: TrainingSettings, in_batches: bool) -> str:
    if not in_batches:
        return "Memory did not suffice. Use smaller features, fewer tracks or copies, or less parallelism (--jobs 1)."
    size, accumulation = settings.batch_size, settings.gradient_accumulation
    trouble = f"Memory did not suffice for batches of {size}. "
    if size == 1:
        return trouble + "There are no smaller ones: use smaller features or another model, or fewer --jobs."
    half = size // 2
    advice = f"Try training.batch_size: {half}"
    if size % 2 == 0:
        advice += f", with training.gradient_accumulation: {2 * accumulation} for steps of the same size"
    if settings.precision == "float32":
        advice += "; on a GPU training.precision: mixed_bfloat16 takes about half of the memory"
    return f"{trouble}{advice}."
