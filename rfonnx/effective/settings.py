"""What a measurement is asked for: the options of `rfonnx erf`, as plain data."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

from rfonnx.errors import QueryError
from rfonnx.results.option import option, options
from rfonnx.system.late import Late

if TYPE_CHECKING:
    from rfonnx.results import binding
else:
    binding = Late("rfonnx.results.binding")

At = Literal["center"] | Sequence[float]
Channel = Literal["sum", "random"] | int
Aggregation = Literal["absolute", "positive", "square"]
Over = Literal["sum", "mean"]
Probe = Literal["difference", "mean", "grey", "noise", "blur"]
MethodChoice = Literal["gradient", "perturb", "auto"]


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
    """Options of a measurement.

    Attributes:
        data: None: random samples; an array whose axis 0 counts samples, or such arrays by input; the path of a folder, an image,
            a .npy or a .npz; or an iterable of samples, read one by one.
        axes: of the input, that the map spans.
        shapes, values, batch_axes: as in `rfonnx.analyze`; samples need not hold the inputs of `values`.
        progress: called with a `Progress` after each batch.
        partial: when interrupted, give what was measured before, if there is any.

    What the others mean stands in their declarations, which are the help of `rfonnx erf` too.
    """

    channel: Channel = option("sum", "How the unit's channels are weighed.", metavar="sum|random|N")
    input: str | None = option(
        None, "The input to look at. [default: the first that a window slides along]", metavar="NAME"
    )
    axes: Sequence[int] | None = option(
        None,
        "Axes of the input that the map spans, such as 2,3. [default: those that a window slides along]",
        metavar="LIST",
    )
    data: binding.Data | None = option(
        None,
        "A folder of images or arrays, or one .npy, .npz or image file. [default: random]",
        metavar="DIR|FILE",
    )
    n: int | None = option(
        None, "Samples at most. [default: all; random: 32]", flag="-n", within="samples", metavar="N"
    )
    tolerance: float | None = option(
        None, "Stop when the map's 95% interval is at most this share of its mass, such as 0.05.", metavar="X"
    )
    seed: int = option(0, "Of what is drawn at random.")
    method: MethodChoice = option(
        "gradient",
        "Gradients, or changes of the input; auto: gradients where every operator has one.",
        choices=get_args(MethodChoice),
        preset="auto",
    )
    probe: Probe | None = option(
        None,
        "What perturb does: occlude with the mean, ..., or take differences. [default: mean]",
        choices=get_args(Probe),
    )
    block: int | None = option(
        None,
        "Size of the blocks that perturb occludes, all of them. [default: coarse, then finer ones where something changes]",
        metavar="N",
    )
    seconds: float = option(
        60.0,
        "What perturb takes at most without --block, about: blocks stay as coarse as that needs.",
        metavar="X",
    )
    aggregation: Aggregation = option(
        "absolute",
        "What is averaged over samples.",
        flag="--aggregate",
        choices=get_args(Aggregation),
    )
    over: Over = option("sum", "How the input's other axes are reduced.", choices=get_args(Over))
    crop: bool = option(True, "Run on the unit's field alone, where that is proven to be the same.")
    batch: int | None = option(None, "Samples per run. [default: by the model's size]", metavar="N")
    threads: int | None = option(None, "Threads per operator. [default: all cores]", metavar="N")
    providers: str | Sequence[str] | None = option(
        None,
        "Execution provider of onnxruntime, such as cuda. Repeatable. [default: cpu]",
        flag="--provider",
        metavar="NAME",
        many=True,
    )
    shapes: binding.Shapes = field(default_factory=dict)
    values: binding.Values = field(default_factory=dict)
    batch_axes: binding.BatchAxes = field(default_factory=dict)
    progress: Callable[[Progress], None] | None = None
    partial: bool = False

    def __post_init__(self) -> None:
        known = options(type(self))
        for name, asked in known.items():
            value = getattr(self, name)
            if asked.choices and value not in asked.choices and not (name == "probe" and value is None):
                raise QueryError(f"{name} is {value!r}", f"it can be {', '.join(asked.choices)}")
        if not (isinstance(self.channel, str) and self.channel in ("sum", "random")):
            self._set("channel", whole("channel", self.channel, "it can be sum, random or a number"))
        for name, asked in known.items():
            value, allowed = getattr(self, name), asked.range
            if allowed is not None and (value is not None or name in ("seed", "seconds")):
                if allowed.whole:
                    value = whole(name, value, f"give {allowed}")
                    self._set(name, value)
                elif not isinstance(value, float | int):
                    raise QueryError(f"{name} is {value!r}", f"give {allowed}")
                allowed.check(value, name)
        if self.axes is not None:
            hint = "give whole numbers, such as (2, 3)"
            given: object = self.axes
            if isinstance(given, str) or not isinstance(given, Iterable):
                raise QueryError(f"axes is {given!r}", hint)
            self._set("axes", tuple(whole("axes", axis, hint) for axis in given))
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
