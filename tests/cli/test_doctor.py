"""``bench doctor`` tells of any machine, asks nobody, and never fails."""

from __future__ import annotations

import socket
import subprocess
from importlib import metadata
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmark.cli import doctor
from benchmark.cli.doctor import command


@pytest.fixture(autouse=True)
def no_network(monkeypatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def told(*arguments: object) -> str:
    done = CliRunner().invoke(command, [str(each) for each in arguments])
    assert done.exit_code == 0, done.output
    assert "Traceback" not in done.output
    return done.output


def test_what_is_there_and_what_is_not_is_told_with_how_to_get_it(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "mobilenet_2_5_224_tf_no_top.h5").touch()
    (tmp_path / "gtzan").mkdir()
    said = told("--data", tmp_path, "--cache", tmp_path / "cache")
    assert f"+ gtzan: {tmp_path / 'gtzan'}" in said
    assert "- spotify: say where it is, by --data spotify=DIR" in said
    assert f": {tmp_path / 'models' / 'mobilenet_2_5_224_tf_no_top.h5'}" in said
    assert "- vgg16, ImageNet" in said
    assert "which is used" in said
    assert "cannot be told" not in said


def test_with_nothing_optional_it_says_what_to_install(monkeypatch, tmp_path: Path) -> None:
    needed = [
        "click>=8",
        'av>=14; extra == "codecs"',
        'onnxruntime>=1.20; extra == "onnx"',
        'x; extra == "dev"',
    ]
    monkeypatch.setattr(doctor.metadata, "requires", lambda name: needed)

    def version(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(doctor.metadata, "version", version)
    monkeypatch.setattr(doctor, "find_spec", lambda name: None)
    monkeypatch.setattr(doctor.shutil, "which", lambda name: None)
    said = told("--cache", tmp_path / "cache")
    assert "- codecs: av: pip install 'genrebench[codecs]'" in said
    assert "- onnx: onnxruntime: pip install 'genrebench[onnx]'" in said
    assert "dev" not in said.partition("plugins:")[0].partition("optional packages:")[2]
    assert "- keras is not installed" in said
    assert "- tensorflow is not installed: pip install tensorflow" in said
    assert "networks are trained on the CPU" in said


def test_with_everything_the_gpus_are_those_that_the_driver_names(monkeypatch, tmp_path: Path) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 'GPU 0: NVIDIA H100 (UUID: GPU-1234)'\n")
    program.chmod(0o755)
    monkeypatch.setattr(doctor.shutil, "which", lambda name: str(program))
    monkeypatch.setattr(doctor.metadata, "version", lambda name: "1.0")
    assert "+ GPU 0: NVIDIA H100\n" in told("--cache", tmp_path)
    program.write_text("#!/bin/sh\nexit 9\n")
    assert "the NVIDIA driver sees no GPU" in told("--cache", tmp_path)

    def hang(*_: object, **__: object) -> None:
        raise subprocess.TimeoutExpired("nvidia-smi", 10)

    monkeypatch.setattr(doctor.subprocess, "run", hang)
    assert "does not answer" in told("--cache", tmp_path)


def test_what_cannot_be_told_ends_nothing(monkeypatch, tmp_path: Path) -> None:
    def broken(name: str) -> None:
        raise RuntimeError("a broken machine")

    monkeypatch.setattr(doctor.shutil, "which", broken)
    said = told("--cache", tmp_path)
    assert "this cannot be told: RuntimeError: a broken machine" in said
    assert "places:" in said
