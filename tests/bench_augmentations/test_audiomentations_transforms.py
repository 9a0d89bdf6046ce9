from __future__ import annotations

import json
import random
import subprocess
import sys
from hashlib import sha256
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from benchmark.exceptions import PluginError, PluginFailure
from benchmark.plugin.manager import load_registry
from benchmark.suite.json_schema import suite_schema

RATE = 22050
SUITE = """
name: trial
cell:
  dataset: {synthetic: {tracks_per_class: 6, seconds: 1, difficulty: 0}}
  features: {mel: {size: [12, 16], n_mels: 12}}
  split: {fractions: [0.5, 0.17, 0.33]}
  model: nearest
  augmentation:
    audiomentations:
      transform: AddGaussianSNR
      GIVEN
"""


def made(transform: str, **parameters: Any):
    registry = load_registry()
    given = {"transform": transform, **parameters}
    return registry.spec("augmentation", "audiomentations", given).create(registry)


def tone(seconds: float = 1.0) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * 440 * np.arange(int(RATE * seconds)) / RATE)).astype(np.float32)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_noise_is_added_at_the_ratio_that_is_asked_for() -> None:
    for decibels in (0.0, 20.0):
        noisy = made("AddGaussianSNR", min_snr_db=decibels, max_snr_db=decibels).apply(tone(), rng(), copy=0)
        noise = noisy - tone()
        found = 10 * np.log10(np.mean(tone() ** 2) / np.mean(noise**2))
        assert found == pytest.approx(decibels, abs=0.3)
        assert noisy.dtype == np.float32


def test_a_transform_is_always_applied_unless_its_probability_says_otherwise() -> None:
    reverse = made("Reverse")
    assert all(np.array_equal(reverse.apply(tone(), rng(seed)), tone()[::-1]) for seed in range(20))
    half = made("Reverse", p=0.5)
    turned = sum(not np.array_equal(half.apply(tone(), rng(seed)), tone()) for seed in range(60))
    assert 15 < turned < 45


def test_copies_are_numbered() -> None:
    assert made("Gain", copies=3).copies() == [{"copy": 0}, {"copy": 1}, {"copy": 2}]


@pytest.mark.parametrize(
    "transform", ["AddGaussianSNR", "AddColorNoise", "Shift", "BandPassFilter", "TimeMask"]
)
def test_the_generator_alone_decides_and_global_ones_stay_as_they_are(transform: str) -> None:
    augmentation = made(transform)
    random.seed(1)
    np.random.seed(1)
    expected = (random.random(), np.random.rand())
    random.seed(1)
    np.random.seed(1)
    first = augmentation.apply(tone(), rng(3))
    assert (random.random(), np.random.rand()) == expected
    np.testing.assert_array_equal(augmentation.apply(tone(), rng(3)), first)
    assert not np.array_equal(augmentation.apply(tone(), rng(4)), first)


@pytest.mark.slow
def test_another_process_draws_the_same() -> None:
    code = (
        "import numpy as np; from hashlib import sha256; from benchmark.plugin.manager import load_registry\n"
        "r = load_registry(); a = r.spec('augmentation', 'audiomentations', {'transform': 'AddColorNoise'}).create(r)\n"
        f"x = np.linspace(-1, 1, {RATE}, dtype=np.float32)\n"
        "print(sha256(a.apply(x, np.random.default_rng(3)).tobytes()).hexdigest())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    here = made("AddColorNoise").apply(np.linspace(-1, 1, RATE, dtype=np.float32), rng(3))
    assert done.stdout.strip() == sha256(here.tobytes()).hexdigest()


def test_all_defaults_of_the_transform_are_part_of_what_it_is() -> None:
    spec = load_registry().spec("augmentation", "audiomentations", {"transform": "AddGaussianSNR"})
    assert dict(spec.parameters) == {
        "transform": "AddGaussianSNR", "copies": 1, "min_snr_db": 5.0, "max_snr_db": 40.0, "p": 1.0,
    }  # fmt: skip
    assert spec.identity()["parameters"] == dict(spec.parameters)


@pytest.mark.parametrize(
    "transform",
    # It takes what librosa compiles by Numba when it is first used.
    [
        "TimeStretch",
        "Padding",
        "Gain",
        "PitchShift",
        "SevenBandParametricEQ",
        pytest.param("Trim", marks=pytest.mark.slow),
    ],
)
def test_others_work_by_name_too(transform: str) -> None:
    augmentation = made(transform)
    assert augmentation.unavailable() == ""
    changed = augmentation.apply(tone(), rng())
    assert changed.ndim == 1
    assert len(changed) > 1000


def test_files_that_a_transform_reads_count_by_their_content(project) -> None:
    import soundfile

    noises = project.folder / "noises"
    noises.mkdir()
    soundfile.write(noises / "one.wav", tone()[::-1], RATE)
    registry = load_registry()

    def identity(folder: str) -> dict[str, Any]:
        given = {"transform": "AddBackgroundNoise", "sounds_path": folder}
        spec = registry.spec("augmentation", "audiomentations", given)
        assert not np.array_equal(spec.create(registry).apply(tone(), rng()), tone())
        return dict(spec.parameters)

    first = identity(str(noises))
    assert identity(str(noises)) == first
    soundfile.write(noises / "one.wav", tone() ** 2, RATE)
    assert {name for name, value in identity(str(noises)).items() if value != first[name]} == {"files"}
    noise = SUITE.replace("AddGaussianSNR", "AddBackgroundNoise")
    project.write(noise.replace("GIVEN", "sounds_path: nowhere"))
    ran = project.bench("plan", "suite.yaml")
    assert ran.code == 2
    assert "suite.yaml:9: augmentation 'audiomentations' refuses its parameters" in ran.err
    project.write(noise.replace("GIVEN", "sounds_path: 3"))
    assert "suite.yaml:11: 'sounds_path'" in project.bench("plan", "suite.yaml").err
    project.write(noise.replace("GIVEN", "p: 1"))
    assert "needs 'sounds_path'" in project.bench("plan", "suite.yaml").err


def test_a_transform_of_a_function_is_not_offered() -> None:
    with pytest.raises(PluginError, match="audiomentations has no such transform"):
        made("Lambda")
    with pytest.raises(PluginError, match="has no parameter 'part_transform'"):
        made("RepeatPart", part_transform="abs")


@pytest.mark.parametrize(
    ("given", "line", "why"),
    [
        (
            "min_snr: 3",
            11,
            "augmentation 'audiomentations' has no parameter 'min_snr'. Did you mean 'min_snr_db'?",
        ),
        ("min_snr_db: loud", 11, "'min_snr_db': input should be a valid number, found 'loud'"),
        ("p: 2", 11, "'p': input should be less than or equal to 1, found 2"),
        ("copies: 0", 11, "'copies': input should be greater than 0, found 0"),
        ("min_snr_db: 50", 9, "refuses its parameters: min_snr_db must not be greater than max_snr_db"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(project, given: str, line: int, why: str) -> None:
    project.write(SUITE.replace("GIVEN", given))
    ran = project.bench("plan", "suite.yaml")
    assert ran.code == 2
    assert f"suite.yaml:{line}: {why}" in ran.err or (f"suite.yaml:{line}" in ran.err and why in ran.err)
    assert ran.err.count("Error: ") == 1


def test_a_name_nearly_right_is_put_right(project) -> None:
    project.write(SUITE.replace("GIVEN", "min_snr_db: 3").replace("AddGaussianSNR", "AddGausianSNR"))
    ran = project.bench("plan", "suite.yaml")
    assert ran.code == 2
    assert "suite.yaml:10: 'transform'" in ran.err
    assert "Did you mean 'AddGaussianSNR'?" in ran.err
    assert "min_snr_db" not in ran.err


@pytest.mark.slow
def test_a_transform_without_its_package_is_named_before_anything_runs(project) -> None:
    try:
        import pyroomacoustics  # noqa: F401
    except ImportError:
        pass
    else:
        pytest.skip("the package is here")
    project.write(SUITE.replace("GIVEN", "copies: 1").replace("AddGaussianSNR", "RoomSimulator"))
    ran = project.bench("run", "suite.yaml")
    assert ran.code == 2
    assert "Augmentation 'audiomentations' cannot work here" in ran.err
    assert "No module named 'pyroomacoustics'" in ran.err


@pytest.mark.slow
def test_copies_are_made_stored_and_counted(project) -> None:
    project.write(SUITE.replace("GIVEN", "copies: 2"))
    ran = project.bench("run", "suite.yaml", "--executor", "inline")
    assert ran.code == 0, ran.err
    (file,) = project.results.glob("[!.]*/cell.json")
    assert json.loads(file.read_text())["counts"]["train_items"] == 3 * 30


def test_the_schema_takes_flat_parameters() -> None:
    validator = Draft202012Validator(suite_schema(load_registry()))

    def valid(given: dict[str, Any]) -> bool:
        return validator.is_valid({"name": "x", "cell": {"augmentation": {"audiomentations": given}}})

    assert valid({"transform": "AddGaussianSNR", "min_snr_db": 3, "copies": 2})
    assert not valid({"min_snr_db": 3})
    assert not valid({"transform": "AddGaussianSNR", "copies": 0})


def test_its_page_says_that_there_are_further_parameters(project) -> None:
    shown = project.bench("plugins", "show", "audiomentations")
    assert "transform: str, required" in shown.out
    assert "and further ones, by the values of these" in shown.out


def test_a_folder_without_sounds_and_one_that_is_not_there_are_told_by_name(tmp_path) -> None:
    (tmp_path / "notes.txt").write_text("no sound")
    for transform, parameter in (("AddBackgroundNoise", "sounds_path"), ("ApplyImpulseResponse", "ir_path")):
        with pytest.raises(PluginFailure, match=rf"{parameter}: {tmp_path} holds no sound file"):
            made(transform, **{parameter: str(tmp_path)})
        with pytest.raises(PluginFailure, match=f"{parameter}: there is no file or folder {tmp_path}/gone"):
            made(transform, **{parameter: f"{tmp_path}/gone"})


def test_what_a_transform_asserts_without_a_word_is_told() -> None:
    with pytest.raises(PluginFailure, match="it wants that max_amplitude >= min_amplitude"):
        made("AddGaussianNoise", min_amplitude=0.5, max_amplitude=0.1)
