"""What an operator takes of all positions together, where that follows from figures of parts: sums, squares, extremes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rfonnx.analysis.analysis import Analysis
from rfonnx.graph.nodes import Node
from rfonnx.graph.text import quote
from rfonnx.operators.row import Statistic as Kind
from rfonnx.operators.table import operator
from rfonnx.results.tiling import Pair


@dataclass(frozen=True, slots=True)
class Statistic:
    """A figure that a model takes over all positions of a tensor.

    Attributes:
        kind: see `Operator.statistic`.
        named: the tensor that it is, for messages.
        tensor: what is made of it; of moments, the tensor normalised by them.
        of: the tensor that it is taken of, whose positions tiles make.
        axes: of that tensor, along which everything is taken together.
        rows: shape into which what is left is laid out, to be taken together too within each row; (): it is not.
        shape: of the figure as the model takes it.
        laid_out: the tensor that is taken together: `of`, or what it is laid out in rows as.
        epsilon: that is added to a variance.
        norm: names of the operator's own scale and bias; (): it has none.
        by_group: these have an element for each row, and not for each channel.
    """

    kind: Kind
    named: str
    tensor: str
    of: str
    axes: tuple[int, ...]
    rows: tuple[int, ...]
    shape: tuple[int, ...]
    laid_out: str
    epsilon: float = 0.0
    norm: tuple[str, ...] = ()
    by_group: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the inputs that hold it."""
        parts = ("mean", "scale") if self.kind == "moments" else (self.kind,)
        return tuple(f"{self.tensor}/{part}" for part in parts)

    def holds(self, of: Sequence[int], laid_out: Sequence[int | None] | None) -> bool:
        """Whether it is the same figure where these two tensors have other shapes: what is left of each has as many positions."""
        if self.laid_out != self.of:
            return tuple(laid_out or ())[: len(self.rows)] == self.rows
        return math.prod(n for axis, n in enumerate(of) if axis not in self.axes) == math.prod(self.shape)


POWERS: Mapping[int, Kind] = {1: "l1", 2: "l2"}
"""Figures by the power of a pool."""


def statistic_of(analysis: Analysis, tensor: str, pairs: Sequence[Pair]) -> Statistic | str:
    """The figure for which a tensor takes these axes together; or why there is none."""
    makers = {output: node for node in analysis.graph.nodes for output in node.outputs}
    if tensor not in makers:
        return f"{quote(tensor)} is made inside a function or a loop"
    node, named = makers[tensor], f"{quote(tensor)} ({makers[tensor].kind})"
    kind = operator(node.kind).statistic
    if kind == "lp":
        kind = POWERS.get(int(node.attrs.get("p", 2)), "")
    if not kind:
        return f"{named} takes everything together, and that is no sum over positions"
    of, shape = node.inputs[0], _shape(analysis, node.inputs[0])
    axes = _axes(node, len(shape))
    if axes is None:
        return f"{named} takes axes together that the file does not fix"
    if kind == "moments":
        return (
            _norm(analysis, node, named, makers, pairs)
            or f"{named} normalises what is laid out anew, or by group before opset 21"
        )
    if _slides(analysis, of, pairs):
        return Statistic(kind, named, tensor, of, axes, (), _shape(analysis, tensor), of)
    before = _before_reshape(analysis, makers.get(of), shape, axes, pairs)
    if before is None:
        return f"{named} takes together what is laid out anew before"
    return Statistic(kind, named, tensor, *before, _shape(analysis, tensor), of)


def _norm(
    analysis: Analysis, node: Node, named: str, makers: Mapping[str, Node], pairs: Sequence[Pair]
) -> Statistic | None:
    """Mean and variance by channel, or by group of channels: as an operator says it, or by a Reshape before and one behind."""
    of, shape = node.inputs[0], _shape(analysis, node.inputs[0])
    epsilon, groups = float(node.attrs.get("epsilon", 1e-5)), int(node.attrs.get("num_groups", 0))
    axes, norm = tuple(range(2, len(shape))), (node.inputs[1], node.inputs[2])
    if _slides(analysis, of, pairs):
        if groups and node.version < 21:
            return None
        rows = (shape[0], groups) if groups else ()
        figures = (*shape[:2], *[1] * len(axes))
        return Statistic("moments", named, node.outputs[0], of, axes, rows, figures, of, epsilon, norm)
    before = _before_reshape(analysis, makers.get(of), shape, axes, pairs)
    behind = [other for other in analysis.graph.nodes if other.inputs[:1] == node.outputs[:1]]
    if before is None or not behind or operator(behind[0].kind).keeps != "order":
        return None
    whole, back = _shape(analysis, before[0]), behind[0].outputs[0]
    if _shape(analysis, back) != whole:
        return None
    wanted = (*whole[:2], *[1] * (len(whole) - 2))
    return Statistic("moments", named, back, *before, wanted, of, epsilon, norm, by_group=True)


def _axes(node: Node, rank: int) -> tuple[int, ...] | None:
    """The axes that an operator takes together; those of pools and norms are the ones after batch and channels."""
    if "axes" not in node.attrs:
        return tuple(range(2, rank))
    axes = node.attrs["axes"]
    return None if axes is None else tuple(axis % rank for axis in axes)


def _before_reshape(
    analysis: Analysis, maker: Node | None, shape: tuple[int, ...], axes: tuple[int, ...], pairs: Sequence[Pair]
) -> tuple[str, tuple[int, ...], tuple[int, ...]] | None:
    """The tensor before it was laid out in rows, its axes in them, and the rows: (N, C, H, W) for (N, G, C/G * H * W)."""
    if maker is None or operator(maker.kind).keeps != "order" or not _slides(analysis, maker.inputs[0], pairs):
        return None
    before, slid = _shape(analysis, maker.inputs[0]), sorted(_walked(analysis, maker.inputs[0], pairs))
    first, rows = slid[0], shape[: len(shape) - len(axes)]
    trailing = slid == list(range(first, len(before))) and axes == tuple(range(len(rows), len(shape)))
    if not trailing or math.prod(before[:first]) % math.prod(rows):
        return None
    return maker.inputs[0], tuple(slid), rows


def _slides(analysis: Analysis, tensor: str, pairs: Sequence[Pair]) -> bool:
    """Whether each of these axes walks along one of its own in a tensor."""
    if tensor not in analysis.tensors:
        return False
    fields = [analysis.tensors[tensor].fields[pair] for pair in pairs]
    walked = {field.tensor_axis for field in fields}
    return None not in walked and all(field.kind in ("local", "periodic") for field in fields)


def _walked(analysis: Analysis, tensor: str, pairs: Sequence[Pair]) -> set[int]:
    """The axes of a tensor that walk along these."""
    return {analysis.tensors[tensor].fields[pair].tensor_axis or 0 for pair in pairs}


def _shape(analysis: Analysis, tensor: str) -> tuple[int, ...]:
    return tuple(n or 0 for n in analysis.graph.shapes.get(tensor) or ())
