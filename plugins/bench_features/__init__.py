"""The built-in features."""

from bench_features.descriptors import Chroma, Cqt, Mfcc, Pcen, Tempogram
from bench_features.images import MelImage
from bench_features.musicnn import MusicnnMel
from bench_features.onnx import OnnxEmbedding
from bench_features.spectrograms import Mel, Stft
from bench_features.stack import Stack
from benchmark import Features, hookimpl


@hookimpl
def bench_features() -> list[type[Features]]:
    """Return the built-in features."""
    return [Mel, MelImage, MusicnnMel, Stft, Mfcc, Chroma, Cqt, Tempogram, Pcen, OnnxEmbedding, Stack]
