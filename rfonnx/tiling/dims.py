"""Which axes of inputs and outputs move together, and at which rates."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from rfonnx.analysis.analysis import Analysis
from rfonnx.graph.text import quote
from rfonnx.results.tiling import Pair
from rfonnx.system.named import NamedTuple


class Dim(NamedTuple):
    """Axes of inputs that one axis of an output walks along, with all others that an output ties to them.

    Attributes:
        rates: positions that each (input, axis) moves by, as whole numbers without a common factor.
        reason: why no rates fit, or "".
    """

    rates: dict[Pair, int]
    reason: str = ""


Lengths = dict[str, tuple[int, ...]]
"""Shapes of inputs by name."""


def lengths_of(analysis: Analysis) -> Lengths:
    """Of all inputs; 0 where a length depends on data."""
    return {name: tuple(n or 0 for n in shape or ()) for name, shape in analysis.input_shapes.items()}


def longer(shapes: Mapping[str, tuple[int, ...]], by: Mapping[Pair, int]) -> Lengths:
    """Shapes whose axes are longer by so many positions, or shorter where these are negative."""
    return {name: tuple(n + by.get((name, axis), 0) for axis, n in enumerate(shape)) for name, shape in shapes.items()}


def find_dims(analysis: Analysis) -> list[Dim]:
    """One per group, in the order of the first input's axes.

    Of all axes that windows slide along; of others behind samples and channels, where outputs walk along them.
    """
    pairs = [pair for pair in _pairs(analysis) if pair in analysis.windowed or _walked(analysis, pair)]
    rates = {pair: Fraction(1) for pair in pairs}
    group = {pair: i for i, pair in enumerate(pairs)}
    reasons: dict[int, str] = {}
    for tied in _tied(analysis, pairs):
        first, stride = tied[0]
        for pair, other in tied[1:]:
            rate = rates[first] * other / stride
            if group[pair] == group[first]:
                if rates[pair] != rate:
                    reasons[group[pair]] = (
                        f"{quote(pair[0])} along axis {pair[1]} and {quote(first[0])} go to outputs by different rates"
                    )
                continue
            old, scale = group[pair], rate / rates[pair]
            for member in pairs:
                if group[member] == old:
                    group[member], rates[member] = group[first], rates[member] * scale
    return [_dim([p for p in pairs if group[p] == g], rates, reasons.get(g, "")) for g in dict.fromkeys(group.values())]


def _pairs(analysis: Analysis) -> Iterable[Pair]:
    for name, shape in analysis.input_shapes.items():
        yield from ((name, axis) for axis in range(len(shape or ())))


def _walked(analysis: Analysis, pair: Pair) -> bool:
    fields = [analysis.tensors[output].fields[pair] for output in analysis.outputs if output in analysis.tensors]
    seen = [field for field in fields if field.kind != "none"]
    return pair[1] > 1 and bool(seen) and all(field.tensor_axis is not None and field.stride > 0 for field in seen)


def _dim(members: Sequence[Pair], rates: dict[Pair, Fraction], reason: str) -> Dim:
    inputs = [name for name, _ in members]
    if len(set(inputs)) < len(inputs):
        reason = f"two axes of '{next(i for i in inputs if inputs.count(i) > 1)}' are laid along one axis of an output"
    common = math.lcm(*(rates[pair].denominator for pair in members))
    whole = {pair: int(rates[pair] * common) for pair in members}
    divisor = math.gcd(*whole.values())
    return Dim({pair: rate // divisor for pair, rate in whole.items()}, reason)


def _tied(analysis: Analysis, pairs: Sequence[Pair]) -> Iterable[list[tuple[Pair, Fraction]]]:
    """The (input, axis) pairs that each axis of each output walks along, with their positions per position of the output."""
    for output in analysis.outputs:
        if output not in analysis.tensors:
            continue
        fields = analysis.tensors[output].fields
        by_axis: dict[int, list[tuple[Pair, Fraction]]] = {}
        for pair in pairs:
            axis = fields[pair].tensor_axis
            if axis is not None and fields[pair].stride > 0:
                by_axis.setdefault(axis, []).append((pair, fields[pair].stride))
        yield from by_axis.values()
