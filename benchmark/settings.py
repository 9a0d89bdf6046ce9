"""The parts of a cell that are settings of the core rather than components: strict, documented, exported."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
    field_validator,
)
from pydantic_core import PydanticKnownError

from benchmark.validation import sentence

if TYPE_CHECKING:
    from pydantic import GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema

Fraction = Annotated[float, Field(ge=0, lt=1)]
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d+)?) ?%")


def _share(given: Any) -> Any:
    """Return a share that is written as a percentage as a number."""
    if not isinstance(given, str):
        return given
    match = _PERCENT.fullmatch(given.strip())
    if match is None:
        raise ValueError(f"a share is written like 10 % or 0.1, found {given!r}")
    return float(match[1]) / 100


TrainingShare = Annotated[float, Field(gt=0, le=1, strict=True, allow_inf_nan=False), BeforeValidator(_share)]


class Settings(BaseModel):
    """Base: unknown keys and wrong types are errors, instances never change."""

    # Most suites use few of them: what checks one is built when it first does.
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False, defer_build=True)
    # Settings that came when there were results already: at their defaults they are no part of a cell's identity.
    later: ClassVar[frozenset[str]] = frozenset()
    # Settings that say how a result is to be read, and are no part of what it is.
    decoration: ClassVar[frozenset[str]] = frozenset()


class SplitSettings(Settings):
    """How tracks are divided into training, validation and test.

    ``stratified`` keeps class proportions; ``grouped`` does so too and keeps each group (artist, source
    recording) on one side; ``predefined`` takes the sides from the dataset's manifest or from list ``files``.
    With ``folds``, the cell's ``fold`` (0 to folds - 1) is the test part and the rest is divided into
    training and validation in the proportion of the first two ``fractions``. A validation part of 0 is none.
    With ``groups: shared`` rows are ranked though groups are on both sides: the suite asks about new tracks of known
    groups. Without it such rows are kept apart from those that are tested on new groups.
    """

    decoration = frozenset({"groups"})

    strategy: Literal["stratified", "grouped", "predefined"] = "stratified"
    fractions: Annotated[
        list[Fraction], Field(min_length=3, max_length=3, description="training, validation, test; sum 1")
    ] = [0.6, 0.2, 0.2]
    folds: Annotated[int, Field(ge=2)] | None = None
    files: dict[Literal["train", "validation", "test"], str] | None = None
    augment: Literal["after", "before"] = "after"
    groups: Literal["apart", "shared"] = "apart"

    @field_validator("fractions")
    @classmethod
    def _whole(cls, fractions: list[float]) -> list[float]:
        if not fractions[0] or not fractions[2]:
            raise ValueError("only the validation part, the second, may be 0")
        if abs(sum(fractions) - 1) > 1e-6:
            raise ValueError(f"the fractions add up to {sum(fractions):g} instead of 1")
        return fractions


class ClipSettings(Settings):
    """Cut each track into clips of ``seconds``, one every ``hop`` seconds (default: no overlap)."""

    seconds: Annotated[float, Field(gt=0)]
    hop: Annotated[float, Field(gt=0)] | None = None


class EarlyStopping(Settings):
    """End a stage of training after ``patience`` epochs in which the validation ``metric`` did not get better.

    Better is by more than ``min_delta``. With ``restore_best`` the weights of the best epoch are kept, else the last.
    """

    patience: Annotated[int, Field(gt=0)]
    metric: Literal["loss", "accuracy"] = "loss"
    min_delta: Annotated[float, Field(ge=0)] = 0.0
    restore_best: bool = True


class SmoothedLoss(Settings):
    """Of a label, ``label_smoothing`` is shared out evenly among all classes (Szegedy et al. 2016)."""

    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0


class FocalLoss(SmoothedLoss):
    """The loss of a class of probability p is weighed by ``alpha`` (1 - p) ** ``gamma`` (Lin et al. 2017)."""

    gamma: Annotated[float, Field(ge=0)] = 2.0
    alpha: Annotated[float, Field(gt=0)] = 0.25


# By name, what of a loss may be set.
LOSSES: dict[str, type[Settings]] = {
    "sparse_categorical_crossentropy": Settings,
    "categorical_crossentropy": SmoothedLoss,
    "categorical_focal_crossentropy": FocalLoss,
    "kl_divergence": Settings,
}
BALANCED = "balanced"


def _loss(given: Any) -> Any:
    """Return the name of a loss, or its name with all of its parameters where one is not at its default."""
    name, parameters = given, None
    if isinstance(given, Mapping):
        if len(given) != 1:
            raise ValueError("a loss is a name, or one name with its parameters")
        ((name, parameters),) = given.items()
    if name not in LOSSES:
        expected = ", ".join(f"'{loss}'" for loss in LOSSES)
        raise PydanticKnownError("literal_error", {"expected": expected})
    kind = LOSSES[name]
    try:
        made = kind.model_validate({} if parameters is None else parameters)
    except ValidationError as error:
        allowed = ", ".join(kind.model_fields) or "none"
        wrong = "; ".join(
            sentence(str(detail["loc"][-1] if detail["loc"] else name), detail) for detail in error.errors()
        )
        raise ValueError(f"of {name} ({wrong} Its parameters: {allowed})") from error
    return name if made == kind() else {name: made.model_dump()}


def _class_weights(given: Any) -> Any:
    if given is None or given == BALANCED:
        return given
    if not isinstance(given, Mapping) or not given:
        raise ValueError(f"must be '{BALANCED}', or weights by class, {{blues: 2, jazz: 0.5}}, or null")
    for name, weight in given.items():
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 < weight < float("inf"):
            raise ValueError(f"the weight of {name!r} must be a number above 0")
    return {str(name): float(weight) for name, weight in given.items()}


class _LossSchema:
    """The schema of a loss, made when somebody asks for it: that builds what checks the parameters of each loss."""

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return _loss_schema()


def _loss_schema() -> dict[str, Any]:
    parameters = {
        name: {
            field: {key: value for key, value in schema.items() if key != "title"}
            for field, schema in kind.model_json_schema()["properties"].items()
        }
        for name, kind in LOSSES.items()
        if kind.model_fields
    }
    mappings = [
        {
            "type": "object",
            "properties": {
                name: {"type": ["object", "null"], "properties": fields, "additionalProperties": False}
            },
            "additionalProperties": False,
            "required": [name],
        }
        for name, fields in parameters.items()
    ]
    return {"anyOf": [{"enum": list(LOSSES)}, *mappings]}


Loss = Annotated[str | dict[str, dict[str, float]], BeforeValidator(_loss), _LossSchema()]
ClassWeights = Annotated[
    str | dict[str, float] | None,
    BeforeValidator(_class_weights),
    WithJsonSchema(
        {
            "anyOf": [
                {"const": BALANCED},
                {
                    "type": "object",
                    "minProperties": 1,
                    "additionalProperties": {"type": "number", "exclusiveMinimum": 0},
                },
                {"type": "null"},
            ]
        }
    ),
]


class TrainingSettings(Settings):
    """How a model is trained. A model may ignore what has no meaning for it (an SVM has no epochs).

    ``loss`` is the name of one, or ``{name: parameters}`` where one of them is not at its default. ``class_weights``
    weigh the loss of training items by their class: ``balanced`` by n / (classes x items of the class), as
    scikit-learn does, or numbers by the class's name (1 where none is given).

    ``precision`` and ``jit`` do not look at the machine unless they say so, because a cell must mean the same
    everywhere. ``schedule`` and ``warmup`` (in epochs) change the learning rate within each stage;
    ``gradient_accumulation`` batches are averaged into one step. ``weight_decay`` of null is the optimizer's own.
    """

    later = frozenset(
        {
            "precision",
            "jit",
            "gradient_accumulation",
            "schedule",
            "warmup",
            "weight_decay",
            "clip_norm",
            "early_stopping",
            "deterministic",
            "class_weights",
        }
    )

    epochs: Annotated[int, Field(gt=0)] = 12
    batch_size: Annotated[int, Field(gt=0)] = 32
    optimizer: Literal["adam", "adamw", "sgd", "rmsprop"] = "adam"
    learning_rate: Annotated[float, Field(gt=0)] = 0.001
    loss: Loss = "sparse_categorical_crossentropy"
    class_weights: ClassWeights = None
    schedule: Literal["constant", "cosine", "linear"] = "constant"
    warmup: Annotated[float, Field(ge=0, description="epochs over which the learning rate rises")] = 0.0
    weight_decay: Annotated[float, Field(ge=0)] | None = None
    clip_norm: Annotated[float, Field(gt=0)] | None = None
    gradient_accumulation: Annotated[int, Field(gt=0)] = 1
    early_stopping: EarlyStopping | None = None
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"
    jit: Literal["auto", "on", "off"] = "auto"
    deterministic: bool = False


class DuplicateSettings(Settings):
    """What becomes of tracks of the dataset that are the same recording, found before the split.

    ``remove`` keeps the first (by id) of each set of copies; of a set whose labels disagree none is kept, since none
    can be trusted. ``report`` only lists them.
    """

    action: Literal["report", "remove"] = "remove"


SETTINGS: dict[str, type[Settings]] = {
    "split": SplitSettings,
    "training": TrainingSettings,
    "clips": ClipSettings,
    "duplicates": DuplicateSettings,
}


class EnsembleSettings(Settings):
    """Ensembles of rows, made from stored predictions: nothing is trained.

    ``greedy`` chooses rows by their validation predictions (Caruana et al. 2004, with replacement); an ensemble has
    ``size`` members at most, of which several may be the same row. With ``seeds`` each row's seeds are an ensemble
    too.
    """

    size: Annotated[int, Field(gt=0, le=100)] = 5
    choose: Literal["greedy"] = "greedy"
    seeds: bool = False


class LeaderboardSettings(Settings):
    """How rows are ordered (``sort: <evaluation set>/<metric>``) and which row is the ``baseline``.

    ``baseline`` names values of axes: differences are taken to the row that has these values and otherwise
    the same ones. Each entry of ``shown`` names values of axes too: the best row that has them is in the figure of
    accuracies per class, instead of the best row of all and its baseline. A difference of less than ``smallest``
    points is too small to care about: rows that are surely closer are called equal. Tracks that leak are left out of a
    test set up to the share ``leak_limit``; a row where more would go is leaky. ``ensembles`` of rows stand in a table
    of their own.
    """

    sort: str | None = None
    smallest: Annotated[float, Field(gt=0, le=100, description="points")] = 2.0
    baseline: dict[str, str] | None = None
    shown: Annotated[list[dict[str, str]], Field(min_length=1)] | None = None
    ensembles: EnsembleSettings | None = None
    leak_limit: Annotated[
        float,
        Field(ge=0, le=0.5),
        BeforeValidator(_share),
        WithJsonSchema(
            {
                "anyOf": [
                    {"type": "number", "minimum": 0, "maximum": 0.5},
                    {"type": "string", "pattern": "^ *[0-9]{1,3}(\\.[0-9]+)? ?% *$"},
                ],
                "default": 0.1,
            }
        ),
    ] = 0.1

    @field_validator("baseline", "shown", mode="before")
    @classmethod
    def _labels(cls, given: Any) -> Any:
        """Turn seeds and other numbers into the labels that they have as values of an axis."""
        if isinstance(given, list):
            return [cls._labels(label) for label in given]
        if not isinstance(given, dict):
            return given
        return {
            axis: str(label) if isinstance(label, int | float) else label for axis, label in given.items()
        }
