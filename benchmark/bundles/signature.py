"""Signatures of bundles by SSH keys, which everybody has: made and checked by ``ssh-keygen -Y``.

It needs OpenSSH 8.0 or later. A signature lies beside its bundle, with ``.sig`` behind the name.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from benchmark.exceptions import BundleError

NAMESPACE, ENDING = "genrebench", ".sig"
_SECONDS = 600


def signature_of(file: Path) -> Path:
    """Return where the signature of a file lies."""
    return file.with_name(file.name + ENDING)


def sign(file: Path, key: Path) -> Path:
    """Sign a file with a private key, or with the public key of one that an agent holds; return the signature.

    Raises:
        BundleError: when that cannot be done.
    """
    if not key.is_file():
        raise BundleError(f"There is no key {key} to sign with: give an SSH key, such as ~/.ssh/id_ed25519.")
    signature = signature_of(file)
    signature.unlink(missing_ok=True)
    done = _ssh_keygen(["sign", "-f", str(key.absolute()), "-n", NAMESPACE, str(file.absolute())])
    if done.returncode or not signature.is_file():
        raise BundleError(f"{file} could not be signed with {key}: {_said(done)}")
    return signature


def signer_of(file: Path, signers: Path) -> str:
    """Return who of the allowed signers has signed a file.

    Args:
        file: what was signed.
        signers: lines of a name and a public key, see ALLOWED SIGNERS in ssh-keygen(1).

    Raises:
        BundleError: when there is no signature, it is not of this file, or of nobody who is allowed.
    """
    signature = signature_of(file)
    if not signers.is_file():
        raise BundleError(f"There is no file of allowed signers {signers}.")
    if not signature.is_file():
        raise BundleError(f"{file} is not signed: there is no {signature.name} beside it.")
    places = ["-s", str(signature.absolute()), "-f", str(signers.absolute())]
    answer = _ssh_keygen(["find-principals", *places])
    name = answer.stdout.splitlines()[0].strip() if answer.stdout.strip() else ""
    if answer.returncode or not name:
        raise BundleError(f"{file} is signed by nobody whom {signers} allows.")
    with file.open("rb") as stream:
        done = _ssh_keygen(["verify", *places, "-I", name, "-n", NAMESPACE], stream)
    if done.returncode:
        raise BundleError(f"The signature of {file} is not of this file: {_said(done)}")
    return name


def _ssh_keygen(arguments: list[str], stream: object = None) -> subprocess.CompletedProcess[str]:
    program = shutil.which("ssh-keygen")
    if program is None:
        raise BundleError("Signatures need ssh-keygen (OpenSSH 8.0 or later), which is not here.")
    try:
        return subprocess.run(  # noqa: S603 (no shell, and names that begin with a dash are made absolute)
            [program, "-Y", *arguments],
            stdin=stream if stream is not None else subprocess.DEVNULL,  # type: ignore[call-overload]
            capture_output=True, text=True, timeout=_SECONDS, check=False,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        raise BundleError(f"ssh-keygen cannot be run: {error}") from error


def _said(done: subprocess.CompletedProcess[str]) -> str:
    return (done.stderr.strip() or done.stdout.strip() or f"it ended with {done.returncode}").splitlines()[-1]
