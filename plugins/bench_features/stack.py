"""Several features of one clip as the channels of one picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from benchmark import Features, Parts

if TYPE_CHECKING:
    import numpy as np


class Stack(Features):
    """Several features as channels: all of one height and width, in the order given.

    Channels of 0..255 stay so where all are; beside others, which are numbers as they are, they become 0..1.
    """

    name = "stack"

    def __init__(self, *, of: Annotated[list[Any], Field(min_length=2), Parts("features")]) -> None:
        sizes = {features.shape[:2] for features in of}
        if len(sizes) > 1 or any(len(features.shape) != 3 for features in of):
            shapes = ", ".join(f"'{features.name}' {' x '.join(map(str, features.shape))}" for features in of)
            raise ValueError(
                f"features that are stacked have one height and width, and these differ: {shapes}"
            )
        self.of: list[Features] = of

    @property
    def fitted_on(self) -> Literal["nothing", "training", "everything"]:  # type: ignore[override]
        """What the least honest of them was fitted on."""
        return max(
            (features.fitted_on for features in self.of), key=("nothing", "training", "everything").index
        )

    @property
    def shape(self) -> tuple[int, int, int]:
        """Their height and width, and the sum of their channels."""
        height, width, _ = self.of[0].shape
        return (height, width, sum(features.shape[2] for features in self.of))

    @property
    def dtype(self) -> str:
        """``uint8`` where all of them are."""
        return "uint8" if {features.dtype for features in self.of} == {"uint8"} else "float32"

    def compute(self, samples: np.ndarray, sample_rate: int, *, reference_length: int) -> np.ndarray:
        """Return the channels of all, the last axis, in their order."""
        import numpy as np

        made = [
            features.compute(samples, sample_rate, reference_length=reference_length) for features in self.of
        ]
        if self.dtype == "float32":
            made = [
                image.astype(np.float32) / (255 if features.dtype == "uint8" else 1)
                for image, features in zip(made, self.of, strict=True)
            ]
        return np.concatenate(made, axis=-1).astype(self.dtype)

    def unavailable(self) -> str:
        """Return why one of them cannot work here."""
        reasons = ((features.name, features.unavailable()) for features in self.of)
        return "; ".join(f"{name}: {reason}" for name, reason in reasons if reason)
