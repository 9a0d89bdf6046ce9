from __future__ import annotations

import re
from pathlib import Path

from benchmark import SAMPLE_RATE

ROOT = Path(__file__).resolve().parents[2]
# It says which rates MPEG knows.
OTHERS = {"benchmark/data/mpeg.py"}


def test_the_sample_rate_is_written_down_once() -> None:
    written = re.compile(rb"\b22_?050\b")
    assert written.fullmatch(f"{SAMPLE_RATE}".encode())
    places = {
        str(file.relative_to(ROOT))
        for folder in ("benchmark", "plugins")
        for file in (ROOT / folder).rglob("*.py")
        if written.search(file.read_bytes())
    }
    assert places - OTHERS == {"benchmark/plugin/waveform.py"}
