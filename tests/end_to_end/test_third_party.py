"""A model, and features, that somebody else packages: a wheel, installed with pip, run, and shown on the leaderboard."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
from programs import built_by_pip

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]

# They need neither TensorFlow nor librosa, which take longer to import than all else; Keras models of others are tried by
# the kit.
MODEL = '''
from benchmark import Features, SklearnModel, hookimpl


class TinyNet(SklearnModel):
    """One layer of a few neurons."""

    name = "tinynet"

    def estimator(self, random_state, *, width: int = 8):
        from sklearn.neural_network import MLPClassifier

        return MLPClassifier((width,), max_iter=5, random_state=random_state)


class Spectra(Features):
    """Magnitudes of short spectra."""

    name = "spectra"
    shape, dtype = (32, 20, 1), "float32"

    def compute(self, samples, sample_rate, *, reference_length):
        import numpy as np

        clip = np.zeros(max(reference_length, 1280), np.float32)
        clip[: len(samples)] = samples[: len(clip)]
        return np.abs(np.fft.rfft(clip[:1280].reshape(20, 64)))[:, 1:].T[..., None].astype(np.float32)


@hookimpl
def bench_models():
    return [TinyNet]


@hookimpl
def bench_features():
    return [Spectra]
'''
# Its tracks are those of most tests, which are made once.
SUITE = """
name: theirs
cell:
  dataset: {synthetic: {tracks_per_class: 6, seconds: 1, difficulty: 0}}
  features: spectra
  split: {fractions: [0.34, 0.33, 0.33]}
  evaluate: [test]
matrix:
  model: [majority, {tinynet: {width: 4}}]
"""


def package(folder: Path, name: str, module: str, code: str) -> Path:
    """Return a wheel of one module and one entry point, as packaging.python.org describes the format."""
    described = f"{name.replace('-', '_')}-3.1.4"
    files = {
        f"{module}.py": code,
        f"{described}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 3.1.4\n",
        f"{described}.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{described}.dist-info/entry_points.txt": f"[bench]\n{module} = {module}\n",
    }
    record = f"{described}.dist-info/RECORD"
    files[record] = "".join(f"{file},,\n" for file in (*files, record))
    wheel = folder / f"{described}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for file, text in files.items():
            archive.writestr(file, text)
    return wheel


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the interpreter of a fresh environment with genrebench from its wheel, and two packages of others.

    What genrebench depends on is taken from the environment of the tests: installing TensorFlow takes minutes and
    proves nothing here.
    """
    folder = tmp_path_factory.mktemp("packages")
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", *built_by_pip(), "--wheel-dir", folder, ROOT],
        check=True,
    )
    wheels = [
        *folder.glob("genrebench-*.whl"),
        package(folder, "bench-tinynet", "bench_tinynet", MODEL),
        package(folder, "bench-broken", "bench_broken", "import a_module_that_nobody_has\n"),
    ]
    environment = folder / "environment"
    venv.create(environment)
    made = environment / "bin" / "python"
    # Before the dependencies are to be seen: among them pip would find a genrebench that is installed already.
    pip = [sys.executable, "-m", "pip", "--python", made]
    subprocess.run([*pip, "install", "--quiet", "--no-deps", *wheels], check=True)
    (site,) = environment.glob("lib/python*/site-packages")
    # It comes behind the environment's own packages, whose genrebench is the one that is found.
    dependencies = [path for path in sys.path if "site-packages" in path]
    (site / "dependencies.pth").write_text("\n".join(dependencies))
    return made


def bench(python: Path, folder: Path, cache: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment |= {"BENCH_CACHE": str(cache), "TF_CPP_MIN_LOG_LEVEL": "3"}
    return subprocess.run(
        [python.with_name("bench"), *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_the_wheel_holds_the_program_and_not_the_source_tree(python: Path, tmp_path: Path) -> None:
    code = "import benchmark, bench_tinynet; print(benchmark.__file__)"
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [python, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert str(python.parents[1]) in done.stdout


def test_their_model_is_discovered_run_and_on_the_leaderboard(
    python: Path, tmp_path: Path, cache: Path
) -> None:
    listed = bench(python, tmp_path, cache, "plugins")
    assert (
        "tinynet              One layer of a few neurons.  [bench_tinynet (bench-tinynet 3.1.4)]"
        in listed.stdout
    )
    assert (
        "spectra              Magnitudes of short spectra.  [bench_tinynet (bench-tinynet 3.1.4)]"
        in listed.stdout
    )
    (tmp_path / "suite.yaml").write_text(SUITE)
    ran = bench(python, tmp_path, cache, "run", "suite.yaml", "--jobs", "1")
    assert ran.returncode == 0, ran.stderr
    assert "tinynet" in ran.stdout
    assert "tinynet" in (tmp_path / "results" / "theirs" / "report" / "leaderboard.md").read_text()


def test_their_parameters_are_checked_like_ours(python: Path, tmp_path: Path, cache: Path) -> None:
    (tmp_path / "suite.yaml").write_text(SUITE.replace("width: 4", "widht: 4"))
    ran = bench(python, tmp_path, cache, "plan", "suite.yaml")
    assert ran.returncode == 2
    assert "suite.yaml:9: model 'tinynet' has no parameter 'widht'. Did you mean 'width'?" in ran.stderr


def test_a_package_that_fails_at_import_is_named_and_does_no_harm(
    python: Path, tmp_path: Path, cache: Path
) -> None:
    listed = bench(python, tmp_path, cache, "plugins")
    assert listed.returncode == 0
    assert "broken: plugin bench_broken (bench-broken 3.1.4) is broken and was left out" in listed.stdout
    assert "a_module_that_nobody_has" in listed.stdout
