"""Mel spectrograms as pictures: coloured as a plot would be, without axes, margins, or a plotting library at work."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from bench_features.spectrograms import Mel, Positive, Size

if TYPE_CHECKING:
    import numpy as np

Colour = Literal["grayscale", "rgb"]
ColourMap = Literal["magma", "viridis", "inferno", "plasma", "gray"]


class MelImage(Mel):
    """The paper's picture: mel spectrogram in decibels, coloured, drawn at 500 x 200, scaled to the model's size.

    ``color: grayscale`` turns the coloured picture into luminance (ITU-R 601), as the paper does; ``rgb`` keeps it.
    ``length: fit`` lets a stretched clip fill the picture; ``original`` crops or pads it to its length before.
    """

    name = "mel-image"

    def __init__(
        self,
        *,
        size: Size = [256, 256],  # noqa: B006
        color: Colour = "grayscale",
        colormap: ColourMap = "magma",
        drawn: Annotated[list[Positive], Field(min_length=2, max_length=2)] = [200, 500],  # noqa: B006
        length: Literal["fit", "original"] = "fit",
        n_mels: Positive = 128,
        n_fft: Positive = 2048,
        hop_length: Positive = 512,
        fmin: Annotated[float, Field(ge=0)] = 0.0,
        fmax: Annotated[float, Field(gt=0)] | None = None,
        htk: bool = False,
        top_db: Annotated[float, Field(gt=0)] = 80.0,
    ) -> None:
        super().__init__(
            size=size,
            n_mels=n_mels,
            n_fft=n_fft,
            hop_length=hop_length,
            fmin=fmin,
            fmax=fmax,
            htk=htk,
            top_db=top_db,
        )
        self.color = color
        self.colormap = colormap
        self.drawn = drawn
        self.length = length

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width, and one channel or three."""
        return (self.size[0], self.size[1], 3 if self.color == "rgb" else 1)

    def compute(self, samples: np.ndarray, sample_rate: int, *, reference_length: int) -> np.ndarray:
        """Return the picture as uint8."""
        import numpy as np
        from PIL import Image

        if self.length == "original":
            kept = samples[:reference_length]
            samples = np.pad(kept, (0, reference_length - len(kept)))
        decibels = self.decibels(samples, sample_rate)
        levels = np.round((decibels[::-1] / self.top_db + 1) * 255).astype(np.uint8)
        height, width = self.drawn
        plot = Image.fromarray(levels).resize((width, height), Image.Resampling.NEAREST)
        picture = Image.fromarray(_colours(self.colormap)[np.asarray(plot)])
        if self.color == "grayscale":
            picture = picture.convert("L")
        scaled = picture.resize((self.size[1], self.size[0]), Image.Resampling.BILINEAR)
        return np.asarray(scaled).reshape(self.shape)


@cache
def _colours(name: str) -> np.ndarray:
    """Return the colour map as a table, uint8, shape (256, 3)."""
    import numpy as np
    from matplotlib import colormaps

    return (colormaps[name](np.arange(256))[:, :3] * 255).round().astype(np.uint8)
