from __future__ import annotations

import numpy as np
import pytest

from benchmark.exceptions import OutOfMemoryError
from benchmark.settings import TrainingSettings
from benchmark.training.memory import is_out_of_memory, memory_explained

HUGE = 2**50


def python() -> None:
    np.empty(HUGE, np.float64)


def tensorflow() -> None:
    tf = pytest.importorskip("tensorflow")
    with tf.device("cpu:0"):
        tf.zeros([2**20, 2**20, 2**5])


def jax() -> None:
    numpy = pytest.importorskip("jax.numpy")
    numpy.zeros((2**20, 2**20, 2**5)).block_until_ready()


def torch() -> None:
    pytest.importorskip("torch").empty(HUGE)


def torch_cuda() -> None:
    raise pytest.importorskip("torch").cuda.OutOfMemoryError(
        "CUDA out of memory. Tried to allocate 2.00 GiB."
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "exhaust", [python, tensorflow, jax, torch, torch_cuda], ids=lambda each: each.__name__
)
def test_what_backends_raise_without_memory_says_which_batch_to_try(exhaust) -> None:
    with (
        pytest.raises(OutOfMemoryError) as caught,
        memory_explained(TrainingSettings(batch_size=256), in_batches=True),
    ):
        exhaust()
    assert str(caught.value) == (
        "Memory did not suffice for batches of 256. Try training.batch_size: 128, with training.gradient_accumulation: 2 "
        "for steps of the same size; on a GPU training.precision: mixed_bfloat16 takes about half of the memory."
    )
    assert is_out_of_memory(caught.value.__cause__)


@pytest.mark.parametrize(
    ("settings", "advice"),
    [
        ({"batch_size": 7, "precision": "mixed_bfloat16"}, "batches of 7. Try training.batch_size: 3."),
        ({"batch_size": 8, "gradient_accumulation": 4, "precision": "mixed_float16"},
         "Try training.batch_size: 4, with training.gradient_accumulation: 8 for steps of the same size."),
        ({"batch_size": 1}, "There are no smaller ones: use smaller features or another model"),
    ],
)  # fmt: skip
def test_advice_fits_the_settings(settings: dict, advice: str) -> None:
    with (
        pytest.raises(OutOfMemoryError, match="Memory did not suffice") as caught,
        memory_explained(TrainingSettings(**settings), in_batches=True),
    ):
        raise MemoryError
    assert advice in str(caught.value)


def test_a_model_that_is_not_trained_in_batches_is_not_told_about_them() -> None:
    with (
        pytest.raises(OutOfMemoryError, match="Use smaller features"),
        memory_explained(TrainingSettings(), in_batches=False),
    ):
        raise MemoryError


def test_other_errors_stay_as_they_are() -> None:
    error = RuntimeError("the shapes do not match")
    with pytest.raises(RuntimeError) as caught, memory_explained(TrainingSettings(), in_batches=True):
        raise error
    assert caught.value is error


@pytest.mark.slow
def test_a_cell_that_runs_out_of_memory_is_filed_as_failed_with_advice(project) -> None:
    code = (project.folder / "benchfile.py").read_text()
    (project.folder / "benchfile.py").write_text(
        code.replace('raise RuntimeError("this cell was told to fail")', "np.empty(2**50)")
    )
    project.write(
        (project.folder / "suite.yaml").read_text().replace("nearest]", "{nearest: {trouble: raise}}]")
    )
    ran = project.bench("run", "suite.yaml", "--executor", "inline")
    assert ran.code == 1
    assert "OutOfMemoryError: Memory did not suffice. Use smaller features" in ran.err
