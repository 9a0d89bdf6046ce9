from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from programs import NAMED_AND_DRAWN, said_by

from benchmark import backend
from benchmark.backend import asked_backend, backend_problem, settle_backend


@pytest.fixture
def installed(monkeypatch, tmp_path: Path):
    """Return a function that says which backends are installed; nobody has configured Keras."""

    def set_installed(*names: str) -> dict[str, str]:
        monkeypatch.setattr(backend, "find_spec", lambda name: name if name in names else None)
        return {"KERAS_HOME": str(tmp_path)}

    return set_installed


def configure(environment: dict[str, str], name: str) -> None:
    Path(environment["KERAS_HOME"], "keras.json").write_text(json.dumps({"backend": name}))


def test_tensorflow_is_taken_when_nobody_asks_for_another(installed) -> None:
    environment = installed("tensorflow", "jax", "torch")
    assert settle_backend(environment) == ""
    assert "KERAS_BACKEND" not in environment
    assert asked_backend(environment) == "tensorflow"
    assert backend_problem(environment) == ""


@pytest.mark.parametrize(("present", "taken"), [(("jax", "torch"), "jax"), (("torch",), "torch")])
def test_without_tensorflow_an_installed_backend_is_taken_and_named(installed, present, taken) -> None:
    environment = installed(*present)
    assert (
        settle_backend(environment)
        == f"TensorFlow is not installed: Keras runs on {taken} (KERAS_BACKEND={taken})."
    )
    assert environment["KERAS_BACKEND"] == taken
    assert backend_problem(environment) == ""
    assert settle_backend(environment) == ""


def test_the_default_that_keras_writes_into_its_configuration_is_no_choice(installed) -> None:
    environment = installed("jax")
    configure(environment, "tensorflow")
    assert "Keras runs on jax" in settle_backend(environment)


def test_a_backend_that_was_asked_for_and_is_missing_is_never_replaced(installed) -> None:
    environment = installed("jax") | {"KERAS_BACKEND": "torch"}
    assert settle_backend(environment) == ""
    assert backend_problem(environment) == (
        "it needs Keras on torch, which is not installed: pip install torch, or set KERAS_BACKEND=jax, which is installed"
    )
    configured = installed("tensorflow")
    configure(configured, "jax")
    assert settle_backend(configured) == ""
    assert "it needs Keras on jax, which is not installed: pip install jax" in backend_problem(configured)


def test_without_any_backend_the_problem_says_what_to_install(installed) -> None:
    environment = installed()
    assert settle_backend(environment) == ""
    assert (
        backend_problem(environment)
        == "it needs Keras on tensorflow, which is not installed: pip install tensorflow"
    )


def test_a_backend_that_cannot_train_is_refused(installed) -> None:
    environment = installed("jax") | {"KERAS_BACKEND": "numpy"}
    assert backend_problem(environment) == (
        "KERAS_BACKEND asks for the backend 'numpy'; networks are trained on tensorflow, jax, torch"
    )


def test_a_broken_configuration_of_keras_counts_as_none(installed) -> None:
    environment = installed("tensorflow")
    Path(environment["KERAS_HOME"], "keras.json").write_text("[1, 2")
    assert asked_backend(environment) == "tensorflow"


def test_gpu_memory_is_taken_as_needed_unless_the_user_says_otherwise(installed) -> None:
    environment = installed("tensorflow") | {"XLA_PYTHON_CLIENT_PREALLOCATE": "true"}
    settle_backend(environment)
    assert environment["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"
    assert environment["XLA_PYTHON_CLIENT_PREALLOCATE"] == "true"


@pytest.mark.slow
def test_keras_takes_the_backend_that_is_named_here_and_is_seeded_as_it_is_imported_and_for_the_next_cell(
    tmp_path: Path,
) -> None:
    # With TensorFlow: in ``training/test_keras_model.py``, whose new process imports it anyway.
    pytest.importorskip("jax")
    (tmp_path / "keras.json").write_text(json.dumps({"backend": "jax"}))
    environment = {key: value for key, value in os.environ.items() if key != "KERAS_BACKEND"}
    environment |= {"KERAS_HOME": str(tmp_path)}
    said = said_by(NAMED_AND_DRAWN, tmp_path, libraries=(), environment=environment)
    assert said.split() == ["BACKEND", "jax", "jax", "True"]


@pytest.mark.slow
def test_a_network_without_its_backend_is_refused_before_anything_runs(project) -> None:
    project.write(
        (project.folder / "suite.yaml").read_text().replace("[majority, nearest]", "[majority, cnn]")
    )
    project.environment["KERAS_BACKEND"] = "numpy"
    ran = project.bench("run", "suite.yaml", "--executor", "inline")
    assert ran.code == 2
    assert "Model 'cnn' cannot work here: KERAS_BACKEND asks for the backend 'numpy'" in ran.err
    assert not list(project.results.glob("[!.]*/cell.json"))
