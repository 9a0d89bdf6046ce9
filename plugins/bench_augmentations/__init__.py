"""The built-in augmentations: the paper's four, any of audiomentations, and those of training batches."""

from bench_augmentations.acoustics import Gain, Noise, Reverb
from bench_augmentations.audiomentations_transforms import Audiomentations
from bench_augmentations.codecs import Codec
from bench_augmentations.covers import GridMask, RandomCutout
from bench_augmentations.fourier import FourierMix
from bench_augmentations.frequencies import FilterAugment, FreqMixStyle, SpecMix
from bench_augmentations.keras_cv_layers import KerasCv
from bench_augmentations.keras_layers import CutMix, MixUp, RandomErasing
from bench_augmentations.masks import FrequencyMask, TimeMask
from bench_augmentations.policies import TrivialAugment
from bench_augmentations.waveform import PitchShift, TimeStretch
from benchmark import Augmentation, hookimpl


@hookimpl
def bench_augmentations() -> list[type[Augmentation]]:
    """Return the built-in augmentations."""
    return [
        TimeStretch,
        PitchShift,
        FrequencyMask,
        TimeMask,
        FilterAugment,
        Noise,
        Gain,
        Reverb,
        Codec,
        Audiomentations,
        TrivialAugment,
        MixUp,
        CutMix,
        SpecMix,
        FreqMixStyle,
        RandomErasing,
        GridMask,
        FourierMix,
        RandomCutout,
        KerasCv,
    ]
