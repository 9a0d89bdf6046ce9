"""Signatures by a real key of a real ssh-keygen."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import bundled
import pytest
from click.testing import CliRunner

from benchmark.bundles.signature import sign, signature_of, signer_of
from benchmark.cli.main import cli
from benchmark.exceptions import BundleError, UsageError

pytestmark = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not here")


def make_key(folder: Path, name: str) -> Path:
    key = folder / name
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(key)], check=True)
    return key


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a signed bundle, and the file of the one allowed signer."""
    folder = tmp_path_factory.mktemp("signed")
    file, key = bundled.make_bundle(folder), make_key(folder, "key")
    sign(file, key)
    allowed = folder / "allowed"
    allowed.write_text(f"ada@example.org {key.with_suffix('.pub').read_text()}")
    return file, allowed


def test_a_signer_is_named(signed: tuple[Path, Path]) -> None:
    file, allowed = signed
    assert signer_of(file, allowed) == "ada@example.org"
    ran = CliRunner().invoke(cli, ["verify", str(file), "--signers", str(allowed)])
    assert ran.exit_code == 0
    assert "signed by ada@example.org" in ran.stdout


def test_somebody_else_s_signature_is_refused(signed: tuple[Path, Path], tmp_path: Path) -> None:
    file, allowed = signed
    other = tmp_path / "other.zip"
    shutil.copy(file, other)
    sign(other, make_key(tmp_path, "stranger"))
    with pytest.raises(BundleError, match="by nobody whom"):
        signer_of(other, allowed)
    assert CliRunner().invoke(cli, ["verify", str(other), "--signers", str(allowed)]).exit_code == 1


def test_a_signature_is_of_one_file(signed: tuple[Path, Path], tmp_path: Path) -> None:
    file, allowed = signed
    other = bundled.make_bundle(tmp_path, lab="Another lab")
    shutil.copy(signature_of(file), signature_of(other))
    with pytest.raises(BundleError, match="not of this file"):
        signer_of(other, allowed)


def test_what_is_not_signed_is_said_not_to_be(signed: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="is not signed"):
        signer_of(bundled.make_bundle(tmp_path), signed[1])
    unsigned = bundled.make_bundle(tmp_path)
    said = CliRunner().invoke(cli, ["verify", str(unsigned), "--signers", str(signed[1])]).output
    assert f"\n{unsigned} is not signed: there is no" in f"\n{said}"
    with pytest.raises(BundleError, match="no key"):
        sign(signed[0], tmp_path / "absent")


def test_signers_that_are_not_there_are_no_fault_of_the_bundle(
    signed: tuple[Path, Path], tmp_path: Path
) -> None:
    ran = CliRunner().invoke(cli, ["verify", str(signed[0]), "--signers", str(tmp_path / "absent")])
    assert isinstance(ran.exception, UsageError)
