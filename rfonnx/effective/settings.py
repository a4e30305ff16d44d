"""What a measurement is asked for: the options of `rfonnx erf`, as plain data."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from rfonnx.errors import QueryError
from rfonnx.results.ranges import OPTIONS

At = Literal["center"] | Sequence[float]
Channel = Literal["sum", "random"] | int
Aggregation = Literal["absolute", "positive", "square"]
Over = Literal["sum", "mean"]
Probe = Literal["difference", "mean", "grey", "noise", "blur"]
MethodChoice = Literal["gradient", "perturb", "auto"]

RANDOM_SAMPLES = 32
"""Samples drawn when neither data nor a number is given."""

_CHOICES: dict[str, tuple[str, ...]] = {
    "method": ("gradient", "perturb", "auto"),
    "probe": ("difference", "mean", "grey", "noise", "blur"),
    "aggregation": ("absolute", "positive", "square"),
    "over": ("sum", "mean"),
}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a measurement is.

    Attributes:
        samples: done; or layers, where several are measured.
        total: in all, or None when that is not known.
        half_width: see `ERF`; the largest of all units.
        runs: of the model so far, where perturbations are made; else 0.
        most_runs: in all, about, as far as that can be told.
    """

    samples: int
    total: int | None
    half_width: float
    runs: int = 0
    most_runs: int | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """Options of a measurement; see `rfonnx.erf` for what they mean."""

    channel: Channel = "sum"
    input: str | None = None
    axes: tuple[int, ...] | None = None
    data: Any = None
    n: int | None = None
    method: MethodChoice = "gradient"
    probe: Probe | None = None
    block: int | None = None
    seconds: float = 60.0
    aggregation: Aggregation = "absolute"
    over: Over = "sum"
    tolerance: float | None = None
    batch: int | None = None
    seed: int = 0
    crop: bool = True
    shapes: Mapping[str, Sequence[int] | int] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    batch_axes: Mapping[str, int | None] = field(default_factory=dict)
    providers: str | Sequence[str] | None = None
    threads: int | None = None
    progress: Callable[[Progress], None] | None = None
    partial: bool = False

    def __post_init__(self) -> None:
        for name, known in _CHOICES.items():
            value = getattr(self, name)
            if value not in known and not (name == "probe" and value is None):
                raise QueryError(f"{name} is {value!r}", f"it can be {', '.join(known)}")
        if not (isinstance(self.channel, str) and self.channel in ("sum", "random")):
            self._set("channel", whole("channel", self.channel, "it can be sum, random or a number"))
        for name in ("n", "batch", "block", "threads", "seed"):
            value = getattr(self, name)
            if value is not None:
                allowed = OPTIONS["samples" if name == "n" else name]
                self._set(name, whole(name, value, f"give {allowed}"))
                allowed.check(getattr(self, name), name)
        if self.seed is None:
            raise QueryError("seed is None", "give a whole number: a measurement can be repeated")
        if self.axes is not None:
            hint = "give whole numbers, such as (2, 3)"
            given: object = self.axes
            if isinstance(given, str) or not isinstance(given, Iterable):
                raise QueryError(f"axes is {given!r}", hint)
            self._set("axes", tuple(whole("axes", axis, hint) for axis in given))
        for name in ("tolerance", "seconds"):
            value = getattr(self, name)
            if value is not None or name == "seconds":
                if not isinstance(value, float | int):
                    raise QueryError(f"{name} is {value!r}", f"give {OPTIONS[name]}")
                OPTIONS[name].check(value, name)
        if self.method == "gradient" and (self.probe is not None or self.block is not None):
            raise QueryError("probe and block say how the input is perturbed", 'measure with method "perturb"')

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)  # frozen for everybody else


def whole(name: str, value: Any, hint: str) -> int:
    """A whole number of any integer type as an int, but no truth value.

    Raises:
        QueryError: it is none.
    """
    try:
        if isinstance(value, bool):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        raise QueryError(f"{name} is {value!r}", hint) from None
    return number
