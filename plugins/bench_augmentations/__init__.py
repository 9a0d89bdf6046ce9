"""The built-in augmentations: the paper's four."""

from bench_augmentations.masks import FrequencyMask, TimeMask
from bench_augmentations.waveform import PitchShift, TimeStretch
from benchmark import Augmentation, hookimpl


@hookimpl
def bench_augmentations() -> list[type[Augmentation]]:
    """Return the built-in augmentations."""
    return [TimeStretch, PitchShift, FrequencyMask, TimeMask]
