"""What all components have in common: a kind, a name, and parameters that are a function's signature."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from inspect import Parameter
from typing import Any, ClassVar, Literal

Kind = Literal["dataset", "audio", "features", "augmentation", "corruption", "model", "metric"]


class Location:
    """Marks a parameter that says where something lies (``Annotated[str | None, Location()]``).

    Such a parameter is no part of a cell's identity: moving a dataset changes no result.
    """


class File:
    """Marks a parameter that names a file (``Annotated[str | None, File()]``), whose place a suite gives from its own.

    The file's content is part of a cell's identity, its name and place are not. ``names`` are values that are no files.
    With ``folder`` it may be a folder too, of which all files count, by their names in it and their contents; hidden
    ones do not.
    """

    def __init__(self, *names: str, folder: bool = False) -> None:
        self.names = names
        self.folder = folder

    def is_file(self, value: Any) -> bool:
        """Whether ``value`` names a file."""
        return isinstance(value, str) and value not in self.names


class Later:
    """Marks a parameter that a component got after results had been made without it.

    At its default it is no part of a cell's identity, so that those results stay valid. The price is that this default
    can never be changed. (``default`` is filled in from the signature.)
    """

    def __init__(self, default: Any = None) -> None:
        self.default = default


class Parts:
    """Marks a parameter that lists other components (``Annotated[list[Any], Parts("features")]``).

    A suite writes each of them as it writes any component, or a list of them in place of one, and the constructor is
    given instances. What they are is part of what the component is.
    """

    def __init__(self, kind: Kind) -> None:
        self.kind = kind


class Component:
    """Base of everything that a plugin supplies.

    The keyword-only parameters of ``parameters_from()`` (``__init__`` unless a kind says otherwise), with
    their annotations and defaults, *are* the component's parameter schema. Ranges and choices are written as
    ``Annotated[int, Field(gt=0)]`` and ``Literal["a", "b"]``.

    An instance is made as ``cls(**parameters)``. Making one must be cheap: load nothing heavy in ``__init__``.
    """

    kind: ClassVar[Kind]
    name: ClassVar[str]

    @classmethod
    def parameters_from(cls) -> Callable[..., Any]:
        """Return the function whose keyword-only parameters are this component's parameters."""
        return cls.__init__

    @classmethod
    def further_parameters(cls, given: Mapping[str, Any]) -> Sequence[Parameter]:
        """Return parameters that depend on the values of the others, which are checked and complete in ``given``.

        For a component whose function takes ``**parameters`` too, such as a wrapper of somebody's classes, one of
        which a parameter chooses. Annotations are types, not texts. What else is in ``given`` is not checked yet.
        """
        return ()

    @classmethod
    def rehearsal(cls, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parameters with which it is rehearsed: the same ones, or smaller."""
        return dict(parameters)

    def unavailable(self) -> str:
        """Return why it cannot work on this machine (a package or an encoder is missing), or nothing.

        Asked before anything is run, and never when a suite is only read.
        """
        return ""
