"""Small spectrograms of tracks, for looking at many of them: no axes, loud is bright, low is below."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.exceptions import AudioError
from benchmark.plugin.waveform import SAMPLE_RATE

if TYPE_CHECKING:
    import numpy as np

    from benchmark.plugin.tracks import Track

FOLDER = "spectrograms"
WIDTH, _BANDS, _ZOOM = 480, 64, 2
_TOP_DB = 80.0


def write_spectrograms(tracks: Iterable[Track], folder: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Write a PNG for each track into ``folder``; return their names by the track's id, and why there is none.

    Files are called by a digest of the track's id, which may be no name for a file. Those of other tracks go.

    Raises:
        OSError: when the folder cannot be written.
    """
    import matplotlib.image

    folder.mkdir(parents=True, exist_ok=True)
    names: dict[str, str] = {}
    problems: dict[str, str] = {}
    for track in tracks:
        name = f"{hashlib.sha256(track.id.encode('utf-8', 'surrogateescape')).hexdigest()[:16]}.png"
        try:
            picture = mel_picture(track)
        except AudioError as error:
            problems[track.id] = str(error)
            continue
        matplotlib.image.imsave(folder / name, picture, cmap="magma", origin="lower", vmin=-_TOP_DB, vmax=0.0)
        names[track.id] = name
    for file in folder.glob("*.png"):
        if file.name not in names.values():
            file.unlink()
    return names, problems


def mel_picture(track: Track) -> np.ndarray:
    """Return a track's mel spectrogram in dB under its loudest, -80 to 0, shape (128, ``WIDTH``).

    Raises:
        AudioError: when its file cannot be read, or holds other audio than when it was scanned.
    """
    import librosa
    import numpy as np

    from benchmark.data.audio import load_mono

    samples = load_mono(track.path, SAMPLE_RATE, content=track.content)
    # As many windows as columns, or a few more.
    hop = max(256, len(samples) // WIDTH)
    power = librosa.feature.melspectrogram(y=samples, sr=SAMPLE_RATE, n_mels=_BANDS, hop_length=hop)
    decibels = librosa.power_to_db(power, ref=np.max, top_db=_TOP_DB)
    columns = np.linspace(0, decibels.shape[1] - 1, WIDTH).round().astype(int)
    picture: np.ndarray = np.repeat(decibels[:, columns], _ZOOM, axis=0)
    return picture
