"""The built-in datasets, and formats that their audio may be put through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmark import hookimpl

if TYPE_CHECKING:
    from benchmark import AudioFormat, Dataset


@hookimpl
def bench_datasets() -> list[type[Dataset]]:
    """Return the datasets that come with the harness."""
    from bench_datasets.folder import Folder, FolderTest
    from bench_datasets.gtzan import Gtzan
    from bench_datasets.spotify import Spotify
    from bench_datasets.synthetic import Synthetic, SyntheticShifted

    return [Gtzan, Spotify, Folder, FolderTest, Synthetic, SyntheticShifted]


@hookimpl
def bench_audio_formats() -> list[type[AudioFormat]]:
    """Return the audio formats that come with the harness."""
    from bench_datasets.formats import Mp3, Ogg

    return [Mp3, Ogg]
