"""What a measurement is asked for: the options of `rfonnx erf`, as plain data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from rfonnx.errors import QueryError

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
        samples: done.
        total: samples in all, or None when that is not known.
        half_width: see `ERF`; the largest of all units.
    """

    samples: int
    total: int | None
    half_width: float


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
    aggregation: Aggregation = "absolute"
    over: Over = "sum"
    tolerance: float | None = None
    batch: int | None = None
    seed: int = 0
    crop: bool = True
    shapes: Mapping[str, Sequence[int] | int] = field(default_factory=dict)
    providers: str | Sequence[str] | None = None
    threads: int | None = None
    progress: Callable[[Progress], None] | None = None

    def __post_init__(self) -> None:
        for name, known in _CHOICES.items():
            value = getattr(self, name)
            if value not in known and not (name == "probe" and value is None):
                raise QueryError(f"{name} is {value!r}", f"it can be {', '.join(known)}")
        if isinstance(self.channel, str) and self.channel not in ("sum", "random"):
            raise QueryError(f"channel is {self.channel!r}", "it can be sum, random or a number")
        for name, value, least in (("n", self.n, 1), ("batch", self.batch, 1), ("block", self.block, 1)):
            if value is not None and value < least:
                raise QueryError(f"{name} is {value}", f"give at least {least}")
        if self.tolerance is not None and not self.tolerance > 0:
            raise QueryError(f"tolerance is {self.tolerance}", "give a share of the mass above 0, such as 0.05")
