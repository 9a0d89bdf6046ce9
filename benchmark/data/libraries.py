"""Which versions of the libraries that make features are installed: another one may make other features."""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version

# What decodes, resamples, augments and analyses. Of what a plugin brings beside these its own version is to tell.
LIBRARIES = ("audiomentations", "librosa", "onnxruntime", "python-stretch", "scipy", "soundfile", "soxr")


@cache
def made_with() -> dict[str, str]:
    """Return the versions of those that are installed, by name. None is imported."""
    versions = {}
    for library in LIBRARIES:
        with suppress(PackageNotFoundError):
            versions[library] = version(library)
    return versions
