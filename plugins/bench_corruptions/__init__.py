"""The built-in corruptions: what wears recordings down, in five severities of a physical measure each."""

from bench_corruptions.bands import BandlimitPhone, LowPass
from bench_corruptions.codecs import Mp3
from bench_corruptions.levels import Clipping, Gain, Noise
from bench_corruptions.rooms import Reverb
from bench_corruptions.times import Pitch, SilenceGaps, Speed
from benchmark import Corruption, hookimpl


@hookimpl
def bench_corruptions() -> list[type[Corruption]]:
    """Return the built-in corruptions."""
    return [Noise, Mp3, LowPass, Gain, Clipping, Reverb, Speed, Pitch, BandlimitPhone, SilenceGaps]
