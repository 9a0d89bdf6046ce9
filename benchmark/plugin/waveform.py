"""What waveforms are to components: float32, one channel, shape (n,), at one sample rate."""

from __future__ import annotations

# In Hz. Whatever a recording has is brought to it.
SAMPLE_RATE = 22_050
