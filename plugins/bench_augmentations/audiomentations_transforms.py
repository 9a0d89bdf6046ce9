"""Any transform of audiomentations, as a maker of fixed copies."""

from __future__ import annotations

import hashlib
import inspect
import random
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin

from pydantic import AfterValidator, Field

from benchmark import SAMPLE_RATE, Augmentation, did_you_mean

if TYPE_CHECKING:
    import numpy as np

_PATHS = ("sounds_path", "ir_path")
_GLOBAL_GENERATORS = threading.Lock()


def _known(transform: str) -> str:
    if transform not in _transforms():
        raise ValueError(
            f"audiomentations has no such transform.{did_you_mean(transform, list(_transforms()))}"
        )
    return transform


class Audiomentations(Augmentation):
    """A ``transform`` of audiomentations, by its name, with its own parameters beside those listed here.

    ``{transform: AddGaussianSNR, min_snr_db: 10, copies: 2}`` makes two noisy copies of each item, each with noise
    and strength of its own. A transform is always applied, unless its ``p`` says otherwise. Parameters that are
    functions cannot be given in a suite. Files that a transform reads (``sounds_path``, ``ir_path``) count by their
    content, as the parameter ``files``, which is filled in.
    """

    name = "audiomentations"
    acts_on = "waveform"

    def __init__(
        self,
        *,
        transform: Annotated[str, AfterValidator(_known)],
        copies: Annotated[int, Field(gt=0)] = 1,
        **parameters: Any,
    ) -> None:
        self.count = copies
        self._name = transform
        given = {name: value for name, value in parameters.items() if name != "files"}
        self._transform = _made(transform, {"p": 1.0, **given})

    @classmethod
    def further_parameters(cls, given: Mapping[str, Any]) -> Sequence[inspect.Parameter]:
        """Return those of the transform that a suite can express, and the content of files that they name."""
        signature = inspect.signature(_transforms()[given["transform"]], eval_str=True)
        expressed = [_expressed(parameter) for parameter in signature.parameters.values()]
        named = [given[name] for name in _PATHS if name in signature.parameters and name in given]
        return [*(parameter for parameter in expressed if parameter is not None), *map(_content, named)]

    def copies(self) -> list[dict[str, Any]]:
        """Return numbered copies; each is transformed by random numbers of its own."""
        return [{"copy": number} for number in range(self.count)]

    def apply(self, data: np.ndarray, rng: np.random.Generator, **settings: Any) -> np.ndarray:
        """Return the transformed waveform; some transforms change its length."""
        import numpy as np

        with _seeded(rng):
            changed = np.asarray(self._transform(data, SAMPLE_RATE), np.float32)
        if changed.ndim != 1 or not np.isfinite(changed).all():
            raise ValueError(f"{self._name} made samples that are not finite numbers of one channel")
        return changed

    def unavailable(self) -> str:
        """Try the transform on a second of noise, for some need packages of their own."""
        import numpy as np

        rng = np.random.default_rng(0)
        try:
            self.apply(0.1 * rng.standard_normal(SAMPLE_RATE).astype(np.float32), rng)
        except Exception as error:
            said = " ".join(str(error).split())
            return (
                f"on a second of noise, {self._name} of audiomentations raised {type(error).__name__}: {said}"
            )
        return ""


@cache
def _transforms() -> dict[str, Any]:
    """Return the transforms of waveforms by name, but for the one that wraps a function."""
    import audiomentations
    from audiomentations.core.transforms_interface import BaseWaveformTransform

    return {
        name: member
        for name, member in sorted(vars(audiomentations).items())
        if isinstance(member, type) and issubclass(member, BaseWaveformTransform) and name != "Lambda"
    }


def _made(transform: str, parameters: dict[str, Any]) -> Any:
    """Return a transform; its constructor may only assert, without a word, that something holds."""
    try:
        return _transforms()[transform](**parameters)
    except AssertionError as error:
        for name in _PATHS:
            for path in _paths(parameters.get(name)):
                if not path.exists():
                    raise ValueError(f"{name}: there is no file or folder {path}.") from error
        asserted = (traceback.extract_tb(error.__traceback__)[-1].line or "").removeprefix("assert ")
        named = [f"{name}: {parameters[name]}" for name in _PATHS if parameters.get(name)]
        if named and "file" in asserted:
            raise ValueError(
                f"{', '.join(named)} holds no sound file that audiomentations knows by its extension "
                "(wav, flac, mp3, ogg, aac and some more)."
            ) from error
        said = str(error).rstrip(".") or f"it wants that {asserted}"
        raise ValueError(f"{transform} of audiomentations: {said}.") from error


def _expressed(parameter: inspect.Parameter) -> inspect.Parameter | None:
    """Return a transform's parameter as a keyword with a type, or None if a suite cannot express it."""
    annotation, default = parameter.annotation, parameter.default
    if parameter.kind is inspect.Parameter.VAR_KEYWORD or _is_function(annotation):
        return None
    if parameter.name == "p":
        annotation, default = Annotated[float, Field(ge=0, le=1)], 1.0
    elif annotation is inspect.Parameter.empty:
        annotation = Any if default in (None, inspect.Parameter.empty) else type(default)
    elif default is None:
        annotation = annotation | None
    return parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


def _content(paths: Any) -> inspect.Parameter:
    """Return a parameter whose only value is a hash of the files at ``paths``, and of those in folders there."""
    digest = hashlib.sha256()
    for root in _paths(paths):
        for file in sorted(root.rglob("*")) if root.is_dir() else [root]:
            if file.is_file():
                digest.update(file.relative_to(root).as_posix().encode() + b"\0")
                digest.update(hashlib.sha256(file.read_bytes()).digest())
    fingerprint = digest.hexdigest()[:16]
    return inspect.Parameter(
        "files", inspect.Parameter.KEYWORD_ONLY, annotation=Literal[fingerprint], default=fingerprint
    )


def _paths(given: Any) -> list[Path]:
    """Return a parameter that names one or several files or folders as a list of them."""
    return [Path(str(path)) for path in (given if isinstance(given, list) else [given] if given else [])]


def _is_function(annotation: Any) -> bool:
    return annotation is Callable or any(
        get_origin(part) is Callable for part in (annotation, *get_args(annotation))
    )


@contextmanager
def _seeded(rng: np.random.Generator) -> Iterator[None]:
    """Seed the global generators, which audiomentations draws from, and leave them as they were."""
    import numpy as np

    with _GLOBAL_GENERATORS:
        states = random.getstate(), np.random.get_state()
        seed = int(rng.integers(2**32))
        random.seed(seed)
        np.random.seed(seed)
        try:
            yield
        finally:
            random.setstate(states[0])
            np.random.set_state(states[1])
