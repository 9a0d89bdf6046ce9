"""What an exported audio encoder makes of a clip, by onnxruntime."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from benchmark import SAMPLE_RATE, Features, File, PluginError

if TYPE_CHECKING:
    import numpy as np

Seconds = Annotated[float, Field(gt=0)]
NEEDED = "it needs onnxruntime, which is not installed: pip install 'genrebench[onnx]'"
RANKS = (1, 2, 3)  # (samples), (windows, samples), (windows, 1, samples)


class OnnxEmbedding(Features):
    """The embedding of any audio encoder that was exported as ONNX: MERT, CLAP, PANNs, or one of your own.

    The encoder takes one waveform, float32 at ``sample_rate``: of shape (samples), (windows, samples) or (windows, 1,
    samples). A clip is cut into windows of ``window`` seconds, one each ``hop`` (default: no overlap); null takes it
    whole. What is shorter than a window is filled up with silence, what is left over at the end is left out. Of the
    encoder's ``output`` (its first unless named) the last axis is the embedding; ``pooling`` over all others, windows
    and their frames, is their ``mean``, their ``max``, or ``mean-std``: means, then deviations. The file counts by its
    content, so it must be whole: weights in a file beside it are not read. It runs on one core of the CPU.
    """

    name = "onnx-embedding"

    def __init__(
        self,
        *,
        file: Annotated[str, File()],
        sample_rate: Annotated[int, Field(ge=1000, le=192_000)],
        window: Seconds | None = None,
        hop: Seconds | None = None,
        pooling: Literal["mean", "max", "mean-std"] = "mean",
        output: str | None = None,
    ) -> None:
        if hop is not None and window is None:
            raise ValueError("'hop' says how far windows are apart, and 'window' gives none")
        self.file = Path(file)
        self.sample_rate = sample_rate
        self.window = None if window is None else max(1, round(window * sample_rate))
        self.hop = self.window if hop is None else max(1, round(hop * sample_rate))
        self.pooling = pooling
        self.output = output

    @classmethod
    def rehearsal(cls, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return the same: what an encoder makes of less is nothing smaller."""
        return dict(parameters)

    @property
    def shape(self) -> tuple[int, int, int]:
        """The embedding as one column; of one number where nothing can be made here, as ``unavailable`` says."""
        if find_spec("onnxruntime") is None or not self.file.is_file():
            return (1, 1, 1)
        encoder = _encoder(self.file)
        size = encoder.size(self.output)
        if size is None:
            size = self._embedded(self._windows(_silence(self.window or self.sample_rate))).shape[-1]
        return (size * (2 if self.pooling == "mean-std" else 1), 1, 1)

    @property
    def dtype(self) -> str:
        """Embeddings are numbers of any size."""
        return "float32"

    def compute(self, samples: np.ndarray, sample_rate: int, *, reference_length: int) -> np.ndarray:
        """Return the pooled embedding of a clip of any length."""
        import numpy as np
        import soxr

        heard = soxr.resample(samples, sample_rate, self.sample_rate, quality="HQ").astype(np.float32)
        embeddings = self._embedded(self._windows(heard))
        pooled = {
            "mean": lambda: embeddings.mean(axis=0),
            "max": lambda: embeddings.max(axis=0),
            "mean-std": lambda: np.concatenate([embeddings.mean(axis=0), embeddings.std(axis=0)]),
        }[self.pooling]()
        return pooled.astype(np.float32)[:, None, None]

    def unavailable(self) -> str:
        """Return what to install, or what is wrong with the encoder."""
        if find_spec("onnxruntime") is None:
            return NEEDED
        try:
            self.compute(_silence(SAMPLE_RATE), SAMPLE_RATE, reference_length=SAMPLE_RATE)
        except PluginError as error:
            return str(error).rstrip(".")
        return ""

    def _windows(self, heard: np.ndarray) -> np.ndarray:
        """Return windows, shape (windows, samples); at least one."""
        import numpy as np

        if self.window is None:
            return np.pad(heard, (0, max(0, 1 - len(heard))))[None]
        filled = np.pad(heard, (0, max(0, self.window - len(heard))))
        assert self.hop is not None
        starts = range(0, len(filled) - self.window + 1, self.hop)
        return np.stack([filled[start : start + self.window] for start in starts])

    def _embedded(self, windows: np.ndarray) -> np.ndarray:
        """Return the embeddings of all windows, or of all their frames, in double precision: (n, dimensions)."""
        import numpy as np

        encoder = _encoder(self.file)
        embeddings = np.concatenate([encoder(window, self.output) for window in windows]).astype(np.float64)
        if not np.isfinite(embeddings).all():
            raise PluginError(f"The encoder {self.file} gave values that are not finite.")
        return embeddings


class _Encoder:
    """A model that onnxruntime has loaded."""

    def __init__(self, file: Path) -> None:
        """Load it.

        Raises:
            PluginError: when onnxruntime or the file is missing, or when it is no encoder of one waveform.
        """
        if find_spec("onnxruntime") is None:
            raise PluginError(f"Features 'onnx-embedding' cannot work here: {NEEDED}.")
        import onnxruntime

        self.file = file
        options = onnxruntime.SessionOptions()
        # Sums in another order differ in their last bits, and tracks are computed side by side anyway.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            # From its bytes, which are what counts: nothing that lies beside the file is looked for.
            self._session = onnxruntime.InferenceSession(
                file.read_bytes(), options, providers=["CPUExecutionProvider"]
            )
        except OSError as error:
            raise PluginError(f"The encoder {file} cannot be read ({error.strerror}).") from error
        # onnxruntime has no base class for what it raises.
        except Exception as error:
            raise PluginError(
                f"The encoder {file} is no ONNX model that onnxruntime {onnxruntime.__version__} can load. If its "
                f"weights are in a file beside it, save them in one file. It said: {_short(error)}."
            ) from error
        inputs = self._session.get_inputs()
        self._input = inputs[0]
        if len(inputs) != 1 or len(self._input.shape) not in RANKS or self._input.type != "tensor(float)":
            given = ", ".join(f"{tensor.name}: {tensor.type} {tensor.shape}" for tensor in inputs)
            raise PluginError(
                f"The encoder {file} takes {given}, and is to take one waveform of floats: (samples), (windows, "
                "samples) or (windows, 1, samples). Export it with what else it needs inside."
            )

    def size(self, output: str | None) -> int | None:
        """Return how many dimensions an embedding has, or None where the file does not say."""
        last = (self._output(output).shape or [None])[-1]
        return last if isinstance(last, int) and last > 0 else None

    def __call__(self, window: np.ndarray, output: str | None) -> np.ndarray:
        """Return the embedding of a window, or of each of its frames: shape (n, dimensions)."""
        rank = len(self._input.shape)
        fed = window.reshape((1,) * (rank - 1) + window.shape)
        try:
            (embedding,) = self._session.run([self._output(output).name], {self._input.name: fed})
        except Exception as error:
            raise PluginError(
                f"The encoder {self.file} takes {self._input.shape} and could not use {list(fed.shape)}: 'window' and "
                f"'sample_rate' say how many samples it gets. It said: {_short(error)}."
            ) from error
        if not embedding.ndim:
            raise PluginError(f"The encoder {self.file} gave one number instead of an embedding.")
        made: np.ndarray = embedding.reshape(-1, embedding.shape[-1])
        return made

    def _output(self, name: str | None) -> Any:
        outputs = {tensor.name: tensor for tensor in self._session.get_outputs()}
        if name is None:
            return next(iter(outputs.values()))
        if name not in outputs:
            raise PluginError(
                f"The encoder {self.file} has no output '{name}'. Available: {', '.join(outputs)}."
            )
        return outputs[name]


def _encoder(file: Path) -> _Encoder:
    """Return the encoder in a file, loaded once while the file stays as it is."""
    try:
        state = file.stat()
    except OSError as error:
        raise PluginError(f"The encoder {file} cannot be read ({error.strerror}).") from error
    return _loaded(file, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=2)
def _loaded(file: Path, size: int, modified: int) -> _Encoder:
    return _Encoder(file)


def _silence(length: int) -> np.ndarray:
    import numpy as np

    return np.zeros(length, np.float32)


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:300].rstrip(".")
