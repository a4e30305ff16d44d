"""Input sizes for which a model is neither blind nor wasteful, found by analysing it at several sizes.

Wasteful: a layer of windows adds no context, since each position before it sees from border to border (`derive.idle`).
Blind: no position of the layer with the largest field sees from border to border, before things are taken together or given out.
Both ends are found by bisection over whole strides, and then one by one between them: an axis with a remainder is seen otherwise.
Lengths of which one analysis proves that nothing sees them whole (`derive.most_seen`) are not analysed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from rfonnx.analysis.analysis import Analysis
from rfonnx.analysis.analyze import analyze
from rfonnx.analysis.bisection import last_that
from rfonnx.analysis.derive.analysed import length_of, told
from rfonnx.analysis.derive.idle import WINDOWED, idle_layers, reaching
from rfonnx.analysis.derive.most_seen import most_seen
from rfonnx.errors import RfonnxError
from rfonnx.graph.nodes import Graph, Node
from rfonnx.model.opened import Opened, with_free
from rfonnx.operators.access.primitives import Spread
from rfonnx.operators.families import family
from rfonnx.operators.movement import treats
from rfonnx.results.advice import InputSizes
from rfonnx.results.fields import AxisField
from rfonnx.results.plain import axes_text
from rfonnx.system.named import NamedTuple

STEPS = (1, 2, 4, 8, 16, 32, 64, 128)
"""By how much lengths are changed: the first that the model takes twice."""

MOST_TRIED = 400
"""Lengths that are looked at in all, by input."""

Pair = tuple[str, int]
NOT_TAKEN = "the model does not take it"


def input_sizes(
    model: Opened,
    shapes: Mapping[str, Sequence[int] | int] | None = None,
    weights: Literal["structure", "values"] = "structure",
    batch_axes: Mapping[str, int | None] | None = None,
) -> tuple[InputSizes, ...]:
    """The sizes of each input along each axis that windows slide along; axes of one length are changed together.

    Raises:
        ModelError, QueryError, ShapeError: as `rfonnx.analyze`, at the size that is asked for.
    """
    own = analyze(model, shapes, weights, batch_axes=batch_axes)
    found = []
    for name in dict.fromkeys(name for name, _ in own.windowed):
        by_length: dict[int, list[int]] = {}
        for pair in own.windowed:
            if pair[0] == name:
                by_length.setdefault(length_of(own, pair), []).append(pair[1])
        for axes in by_length.values():
            sizes = _Sizes(with_free(model, own.windowed), own, weights, name, axes)
            found += [_along(sizes, (name, axis)) for axis in axes]
    return tuple(sorted(found, key=lambda one: own.windowed.index((one.input, one.axis))))


class At(NamedTuple):
    """A model at a length, and by windows alone: without what takes a whole axis at the length that was asked about."""

    whole: Analysis
    local: Analysis


class Seen(NamedTuple):
    """What is looked at: the layer with the largest field, along an axis of an input.

    Attributes:
        most: the length beyond which, for certain, none of its positions sees from border to border.
        most_idle: and beyond which no layer adds nothing.
    """

    pair: Pair
    tensor: str
    field: AxisField
    most: float
    most_idle: float


class _Sizes:
    """A model at other lengths of some axes of an input.

    Attributes:
        length, step: lengths that it takes are `length` plus or less multiples of `step`; a step of 0: it takes no other.
        problem: why it takes no other.
        proto: of the model.
    """

    def __init__(self, model: Opened, own: Analysis, weights: Any, name: str, axes: Sequence[int]) -> None:
        self._model, self._weights, self._name, self._axes = model, weights, name, axes
        self.proto = model.proto
        self._shapes = {name: tuple(length or 0 for length in shape or ()) for name, shape in own.input_shapes.items()}
        self.own, self.length, self.problem = own, self._shapes[name][axes[0]], ""
        self._taken = {name for name, *_ in own.globals}
        self._inexact = sum(not tensor.exact for tensor in own.program.tensors)
        self._kept: dict[int, At | None] = {self.length: At(own, own.local)}
        self.step = next((step for step in STEPS if self._takes(step)), 0)

    def _takes(self, step: int) -> bool:
        return self.at(self.length + step) is not None and self.at(self.length + 2 * step) is not None

    def at(self, length: int) -> At | None:
        """The analysis at a length; None where the model does not take it, or too many were tried."""
        if length not in self._kept:
            shape = [length if axis in self._axes else n for axis, n in enumerate(self._shapes[self._name])]
            if len(self._kept) >= MOST_TRIED:
                return None
            try:
                found = analyze(self._model, {**self._shapes, self._name: shape}, self._weights)
                self._kept[length] = At(found, found.by_windows(self._taken)) if self._runs(found) else None
            except RfonnxError as error:
                self._kept[length], self.problem = None, str(error)
        return self._kept[length]

    def _runs(self, found: Analysis) -> bool:
        """Whether shapes fit: no window is longer than what it slides over, and no shape contradicts what leads to it."""
        if sum(not tensor.exact for tensor in found.program.tensors) > self._inexact:
            self.problem = next(iter(set(found.warnings) - set(self.own.warnings)), "shapes do not fit there")
            return False
        spread = {
            tensor.node_index
            for tensor in found.program.tensors
            for _, steps in tensor.paths
            if any(isinstance(step, Spread) for step in steps)
        }
        nodes = (node for index, node in enumerate(found.graph.nodes) if index not in spread)
        return not any(_too_long(found.graph, node) for node in nodes)

    def lengths(self, most: int) -> range:
        """From the least to the first that is above `most`."""
        least = self.length % self.step or self.step
        return range(least, most + 2 * self.step, self.step)

    @property
    def tried(self) -> int:
        """How many lengths were analysed."""
        return sum(one is not None for one in self._kept.values())


def _too_long(graph: Graph, node: Node) -> bool:
    """Whether the window of a convolution or a pool is longer than what it slides over. onnx infers a length of 1 then."""
    kernel, pads = node.attrs.get("kernel_shape"), node.attrs.get("pads")
    if not kernel or not pads or family(node.kind) not in WINDOWED or treats(node.kind, "channels last"):
        return False
    lengths, rank = (graph.shapes.get(node.inputs[0]) or ())[2:], len(kernel)
    spans = [(k - 1) * d + 1 for k, d in zip(kernel, node.attrs.get("dilations") or [1] * rank, strict=True)]
    padded = [(n or 0) + pads[i] + pads[i + rank] for i, n in enumerate(lengths[:rank])]
    return any(n < span for n, span in zip(padded, spans, strict=False))


def _along(sizes: _Sizes, pair: Pair) -> InputSizes:
    own = sizes.own
    deepest = own.advice.deepest.get(pair[0])
    if deepest is None:
        return InputSizes(*pair, sizes.length, reason="no layer of windows sees the input along all of its axes")
    field = own.local.tensors[deepest].fields[pair]
    made = InputSizes(*pair, sizes.length, deepest, field.size)
    if field.kind not in ("local", "periodic"):
        return made._replace(reason=f"the field of '{deepest}' does not slide along the axis")
    if not own.local.tensors[deepest].exact:
        return made._replace(reason=f"the field of '{deepest}' is only known as at most what is shown")
    if not sizes.step:
        return made._replace(reason=f"the model takes no other lengths of {axes_text([pair[1]])}: {sizes.problem}")
    above = sizes.at(sizes.lengths(field.size)[-1])
    if above is None:
        return made._replace(reason=f"the model takes no length beyond that field of {field.size}: {sizes.problem}")
    if above.local.tensors[deepest].fields[pair].size != field.size:
        return made._replace(reason=f"the field of '{deepest}' is another one at other lengths")
    most = most_seen(sizes.proto, above.local, deepest, pair)
    seen = Seen(pair, deepest, field, *((math.inf, math.inf) if most is None else most))
    sees_to = _sees_to(sizes, seen)
    grows_from, idle = _grows_from(sizes, seen)
    return made._replace(grows_from=grows_from, idle=idle, sees_to=sees_to, step=sizes.step, tried=sizes.tried)


def _sees_to(sizes: _Sizes, seen: Seen) -> int | None:
    """The largest length at which some position of a tensor sees from border to border; above its field there is none."""

    def sees(length: int) -> bool:
        found = sizes.at(length) if length <= seen.most else None
        if found is None:
            return False
        shape = found.local.tensors[seen.tensor].shape or ()
        return reaching(found.local, seen.tensor, shape, seen.pair)[0] > 0

    lengths = sizes.lengths(seen.field.size)
    low, high = _ends(
        sizes, seen, lengths, lambda length: length <= seen.most and (sizes.at(length) is None or sees(length))
    )
    return next((length for length in reversed(lengths[low:high]) if sees(length)), None)


def _grows_from(sizes: _Sizes, seen: Seen) -> tuple[int | None, str]:
    """The smallest length from which on no layer adds nothing, and a layer that does at the length below; "": the model does not
    take that."""

    def idle(length: int) -> str:
        """A layer that adds nothing, or that is not proven to add something; "" where all do."""
        if length > max(seen.most_idle, sizes.length):
            return ""  # and the model takes it, as it takes a smaller one
        found = sizes.at(length)
        if found is None:
            return NOT_TAKEN
        layers = idle_layers(found.whole, found.local, [seen.pair])
        return next((one.tensor for one in layers if one.whole == one.positions), "")

    lengths = sizes.lengths(seen.field.size)
    low, high = _ends(sizes, seen, lengths, lambda length: bool(idle(length)))
    last = next((index for index in range(high - 1, low - 1, -1) if idle(lengths[index])), low - 1)
    first, below = lengths[last + 1], idle(lengths[last]) if last >= 0 else ""
    return (first if not idle(first) else None), "" if below == NOT_TAKEN else below


def _ends(sizes: _Sizes, seen: Seen, lengths: range, holds: Callable[[int], bool]) -> tuple[int, int]:
    """Numbers of lengths between which something ends to hold that held for smaller ones.

    What strides leave of an axis differs with its remainder, and nobody reads it: so lengths are compared that differ by whole
    strides, with a remainder of which all is read. Between the two that are found, each has to be looked at.
    """
    coarse = -(-math.ceil(seen.field.stride * seen.field.period) // sizes.step)  # steps
    beyond = range(len(lengths), len(lengths) + coarse)
    whole = next((n for n in beyond if _ends_read(sizes, seen, lengths.start + n * lengths.step)), beyond[0])
    found = [-1, *range(whole % coarse, len(lengths), coarse)]
    low = last_that(lambda number: holds(lengths[found[number]]), 0, len(found))
    high = low + 1
    return max(found[low], 0), min(found[high] + 1 if high < len(found) else len(lengths), len(lengths))


def _ends_read(sizes: _Sizes, seen: Seen, length: int) -> bool:
    """Whether any position of the layer with the largest field depends on the last position of the axis."""
    found = sizes.at(length)
    return found is not None and bool(told(found.local, seen.tensor, seen.pair)[1].max() >= length - 1)
