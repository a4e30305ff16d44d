"""Known constants that remove dependence: masks that make attention weights exactly zero, and products with zero.

`fact` follows the producers of a tensor and finds positions where its value is certain whatever the inputs are:
0 (False), 1 (True), any one value ("fixed"), or so far below everything else that a softmax makes it 0 ("hidden": -inf, the
type's minimum, or at most -1e9). Masks that depend on inputs count where a constant part decides, as in And(causal, padding).
All answers are bool arrays that broadcast to the tensor's shape, or None where nothing is known. Sound: never certain by guess.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Literal

import numpy as np

from rfonnx.graph.nodes import Graph, Node
from rfonnx.graph.tensors import element_count
from rfonnx.operators.access import masks
from rfonnx.operators.access.bounds import HIDDEN, keeps_zero, large, mild, most, ordinary, positive
from rfonnx.operators.access.indexing import MAX_FLAT
from rfonnx.operators.access.masks import LARGEST, Mask, both, either, full
from rfonnx.operators.access.op import Known, Op, each_once
from rfonnx.operators.table import operator

Fact = Literal["zero", "one", "hidden", "fixed"]

_DEEPEST = 64  # nodes followed upwards

_NORMS = frozenset(("LayerNormalization", "RMSNormalization", "SimplifiedLayerNormalization"))
"""Norms over `axes` that make 0 of a row of zeros."""


def fact(op: Op, name: str, what: Fact, depth: int = 0) -> Mask | None:
    """Where the tensor is certainly 0, 1, hidden, or of one value."""
    if name in op.known.uncertain:
        return None
    key = (name, what)
    if key in op.known.facts:
        return op.known.facts[key]
    shape = op.graph.shapes.get(name)
    found: Mask | None = None
    if shape is not None and None not in shape and depth < _DEEPEST:
        if name in op.graph.constants:
            found = np.ones((), bool) if what == "fixed" else _constant_fact(op.graph.value(name), what)
        elif name in op.known.producers:
            found = _computed_fact(op, op.known.producers[name], name, what, depth + 1)
        if found is not None and not found.any():
            found = None
    op.known.facts[key] = found
    return found


def note_uncertain(node: Node, graph: Graph, known: Known) -> None:
    """Note that no value of what a node makes is certain: nothing is followed through the operator, or it goes position by
    position, and of what it reads nothing is certain; or it scales and shifts that by ordinary numbers."""
    row = operator(node.kind)
    if not _followed(node.kind) or (row.pointwise and known.uncertain.issuperset(node.inputs)):
        known.uncertain.update(node.outputs)
    elif row.affine and len(node.inputs) == 2:
        first, second = node.inputs
        if (first in known.uncertain and _ordinary(second, graph)) or (
            second in known.uncertain and _ordinary(first, graph)
        ):
            known.uncertain.update(node.outputs)


def _ordinary(name: str, graph: Graph) -> bool:
    """Whether a tensor is a constant of which nothing follows, and few enough numbers to see it."""
    count = element_count(graph.shapes.get(name)) if name in graph.constants else None
    return count is not None and count <= MAX_FLAT and ordinary(graph.value(name))


@cache
def _followed(kind: str) -> bool:
    """Whether values can be certain behind an operator."""
    row = operator(kind)
    told = row.pointwise or row.moves_values or row.keeps_zero or row.hides or row.sums_to_zero
    return told or kind.startswith("Reduce") or any(kind in table for table in (_MOVED, _LOGIC, _HIDDEN, _ZERO))


def _constant_fact(value: np.ndarray | None, what: Fact) -> Mask | None:
    if value is None or value.size > LARGEST or value.dtype.kind not in "biufV":
        return None
    value = each_once(value)
    if what == "zero":
        return np.asarray(value == 0)
    if what == "one":
        return np.asarray(value == 1)
    if value.dtype.kind in "bu":
        return None
    if value.dtype.kind == "i":
        return np.asarray(value <= HIDDEN)
    return np.asarray(value <= most(value, HIDDEN))


def _computed_fact(op: Op, node: Node, name: str, what: Fact, depth: int) -> Mask | None:
    """Facts of a node's first output, from those of its inputs."""
    if node.domain or node.outputs[0] != name or (operator(node.kind).pointwise and "axis" in node.attrs):
        return None  # up to opset 6, the axes of operands line up otherwise
    kind, inputs = node.op_type, node.inputs

    def of(index: int, wanted: Fact = what) -> Mask | None:
        return fact(op, inputs[index], wanted, depth)

    if operator(kind).moves_values:
        return None if kind == "Dropout" and what == "one" else masks.moved(op, node, of(0))
    if kind in _MOVED:
        return _MOVED[kind](op, node, of)
    if kind == "Where":
        return _chosen(op, node, of, what, depth)
    if what == "fixed":
        return _fixed(op, node, name, depth)
    if what == "hidden":
        return _HIDDEN[kind](op, node, of) if kind in _HIDDEN else None
    if kind in _LOGIC:
        return _LOGIC[kind](of, what == "zero")
    return _zero(op, node, depth) if what == "zero" else None


Of = Callable[..., "Mask | None"]
"""The fact of an input: that which is asked for, or another."""

_MOVED: dict[str, Callable[[Op, Node, Of], Mask | None]] = {
    "Concat": lambda op, node, of: masks.concatenated(op, node, [of(i) for i in range(len(node.inputs))]),
    "Gather": lambda op, node, of: masks.gathered(op, node, of(0)),
    "ScatterND": lambda op, node, of: masks.scattered(op, node, of(0), of(2)),
    "Slice": lambda op, node, of: masks.sliced(op, node, of(0)),
}
"""Operators that put values elsewhere."""


def _both_one(of: Of, zero: bool) -> Mask | None:
    """Of an And or a product: 0 where one operand is, 1 where both are."""
    return either(of(0), of(1)) if zero else _and(of(0), lambda: of(1))


_LOGIC: dict[str, Callable[[Of, bool], Mask | None]] = {
    "And": _both_one,
    "Mul": _both_one,
    "Not": lambda of, zero: of(0, "one" if zero else "zero"),
    "Or": lambda of, zero: _and(of(0), lambda: of(1)) if zero else either(of(0), of(1)),
    "Sub": lambda of, zero: _and(of(0, "one"), lambda: of(1, "one" if zero else "zero")),  # 1 - mask
}
"""Where conditions, or numbers in their place, are 0 or else 1."""


def _chosen(op: Op, node: Node, of: Of, what: Fact, depth: int) -> Mask | None:
    """Of a Where: where the operand is so that is chosen, or both are."""
    return either(
        _and(of(0, "one"), lambda: of(1)),
        _and(of(0, "zero"), lambda: of(2)),
        _and(of(1), lambda: of(2)) if what != "fixed" else None,
        _all(op, node.inputs, depth) if what == "fixed" else None,
    )


def _and(first: Mask | None, second: Callable[[], Mask | None]) -> Mask | None:
    """What both know; the second is looked for where the first is known: of most operands nothing is."""
    return None if first is None else both(first, second())


def _zero(op: Op, node: Node, depth: int) -> Mask | None:
    kind, inputs = node.op_type, node.inputs

    def of(index: int, wanted: Fact = "zero") -> Mask | None:
        return fact(op, inputs[index], wanted, depth)

    if operator(kind).hides:
        return either(of(0), of(0, "hidden")) if kind == "Relu" else of(0, "hidden")
    if operator(kind).keeps_zero or (kind == "Pow" and positive(op, inputs[1])):
        return of(0)
    if kind in ("Max", "Min", "Clip") and keeps_zero(op, node):
        return of(0)
    if kind in ("Add", "Max", "Min"):
        return _and(of(0), lambda: of(1)) if len(inputs) == 2 else None
    if operator(kind).sums_to_zero:
        return masks.reduced(op, node, of(0))
    return _ZERO[kind](op, node, depth) if kind in _ZERO else None


def _normed(op: Op, node: Node, depth: int) -> Mask | None:
    """Zero where all of a row is and no bias is added."""
    zero = fact(op, node.inputs[0], "zero", depth)
    return None if any(node.inputs[2:3]) else _all_along(op, node.inputs[0], zero, node.attrs["axes"])


def _unweighted(op: Op, node: Node, hidden: Mask | None) -> Mask | None:
    """What a Softmax gives no weight. Nothing is certain of a row that is hidden altogether: it is NaN, or every score weighs
    the same."""
    axes = node.attrs["axes"]
    if hidden is None or axes is None or len(axes) != 1:
        return None
    hidden = full(op, node.inputs[0], hidden, axes[0])
    return hidden & ~hidden.all(axis=axes[0], keepdims=True)


def _zero_lines(op: Op, node: Node, depth: int) -> Mask | None:
    """Rows and columns of a product whose row or column of an operand is zero. Constants are weights: theirs count by value."""
    found: Mask | None = None
    for name, axis in zip(node.inputs, (-1, -2), strict=True):
        shape = op.graph.shapes.get(name) or ()
        if len(shape) < 2 or (name in op.graph.constants and op.known.weights != "values"):
            continue
        mask = fact(op, name, "zero", depth)
        if mask is not None:
            along = len(shape) + axis
            found = either(found, np.asarray(full(op, name, mask, along).all(axis=along, keepdims=True)))
    return found


def _padded(op: Op, node: Node, depth: int) -> Mask | None:
    return masks.padded(op, node, fact(op, node.inputs[0], "zero", depth), node.attrs.get("value") == 0)


def _triangle(op: Op, node: Node, depth: int) -> Mask | None:
    return either(fact(op, node.inputs[0], "zero", depth), masks.outside_triangle(op, node))


_ZERO: dict[str, Callable[[Op, Node, int], Mask | None]] = {
    **dict.fromkeys(_NORMS, _normed),
    "CumSum": lambda op, node, depth: masks.running(op, node, fact(op, node.inputs[0], "zero", depth)),
    "DequantizeLinear": lambda op, node, depth: fact(op, before_rounding(op, node), "zero", depth),
    "MatMul": _zero_lines,
    "Pad": _padded,
    "Softmax": lambda op, node, depth: _unweighted(op, node, fact(op, node.inputs[0], "hidden", depth)),
    "Trilu": _triangle,
}
"""Operators that make 0 of what is certain, and do not go position by position."""


def _fixed(op: Op, node: Node, name: str, depth: int) -> Mask | None:
    """0 or 1, or made of what is fixed alone."""
    kind = node.op_type
    found = either(fact(op, name, "zero", depth), fact(op, name, "one", depth))
    if operator(kind).pointwise:
        return either(found, _all(op, node.inputs, depth))
    if kind == "Pad":
        return masks.padded(op, node, fact(op, node.inputs[0], "fixed", depth), node.attrs.get("value") is not None)
    if kind in _NORMS and all(name in op.graph.constants for name in node.inputs[1:] if name):
        whole = _all_along(op, node.inputs[0], fact(op, node.inputs[0], "fixed", depth), node.attrs["axes"])
        return either(found, whole)
    if kind.startswith("Reduce"):
        return either(found, masks.reduced(op, node, fact(op, node.inputs[0], "fixed", depth)))
    if kind == "CumSum":
        return either(found, masks.running(op, node, fact(op, node.inputs[0], "fixed", depth)))
    return found


def _all_along(op: Op, name: str, mask: Mask | None, axes: list[int] | None) -> Mask | None:
    """True where the mask holds all along the axes."""
    if mask is None or axes is None:
        return None
    return np.asarray(full(op, name, mask, *axes).all(axis=tuple(axes), keepdims=True))


def _all(op: Op, names: tuple[str, ...], depth: int) -> Mask | None:
    """Where every one of the tensors is fixed."""
    result: Mask | None = np.ones((), bool)
    for name in names:
        if name and result is not None:
            result = both(result, fact(op, name, "fixed", depth))
    return result


def before_rounding(op: Op, node: Node) -> str:
    """What a DequantizeLinear gets back of a QuantizeLinear with its scale and zero point, or "". A zero comes back as zero."""
    before = op.known.producers.get(node.inputs[0])
    paired = before is not None and before.kind == "QuantizeLinear" and before.inputs[1:] == node.inputs[1:]
    return before.inputs[0] if before is not None and paired else ""


def _hidden_product(op: Op, node: Node, of: Of) -> Mask | None:
    """Of flag * minimum, or scores * scale."""
    kept = (of(index) if mild(op, node.inputs[1 - index]) else None for index in (0, 1))
    return either(_and(of(0, "one"), lambda: of(1)), _and(of(0), lambda: of(1, "one")), *kept)


def _hidden_clip(op: Op, node: Node, of: Of) -> Mask | None:
    """Never below the lowest."""
    if any(node.inputs[1:2]):
        return both(of(0), of(1))
    return of(0) if node.attrs.get("min", -np.inf) <= HIDDEN else None


_HIDDEN: dict[str, Callable[[Op, Node, Of], Mask | None]] = {
    "Add": lambda op, node, of: either(of(0), of(1)),
    "Clip": _hidden_clip,
    "Div": lambda op, node, of: of(0) if mild(op, node.inputs[1]) else None,
    "Log": lambda op, node, of: of(0, "zero"),
    "Max": lambda op, node, of: both(of(0), of(1)) if len(node.inputs) == 2 else None,
    "Min": lambda op, node, of: either(of(0), of(1)) if len(node.inputs) == 2 else None,
    "Mul": _hidden_product,
    "Sub": lambda op, node, of: either(_less(op, node, of(0), of(1)), large(op.graph.value(node.inputs[1]))),
}
"""Operators that leave hidden values hidden, and hide others."""


def _less(op: Op, node: Node, hidden: Mask | None, other: Mask | None) -> Mask | None:
    """What stays hidden when a tensor is taken off: not a line that is hidden altogether and loses its greatest value."""
    shape, less = (op.graph.shapes.get(name) for name in node.inputs)
    if hidden is None or node.inputs[1] in op.graph.constants:
        return hidden
    if shape is None or less is None:
        return None
    aligned = (1,) * (len(shape) - len(less)) + less
    axes = tuple(axis for axis, n in enumerate(shape) if aligned[len(aligned) - len(shape) + axis] == 1 and n != 1)
    hidden = full(op, node.inputs[0], hidden, *axes)
    return np.asarray(
        hidden & ~(hidden.all(axis=axes, keepdims=True) if axes else False) & ~(False if other is None else other)
    )
