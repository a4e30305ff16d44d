"""The feature maps that two outputs are computed by: the widest tensors that still slide over the input.

A tensor sees at least what the tensors on the way to it see, so the widest one that slides is the last one before everything
is pooled together, in whatever order a file lists its nodes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from rfonnx.analysis import Analysis
from rfonnx.erf.default import NORMALISED
from rfonnx.erf.equivariance import upstream
from rfonnx.graph import Graph
from rfonnx.graph.tensors import FLOATS
from rfonnx.results import AxisField, TensorField

SLIDING = ("local", "periodic")
"""Kinds of fields that move with the position."""

Axes = Sequence[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Analysed:
    """One of the two models, bound to the shapes of a sample."""

    analysis: Analysis
    graph: Graph


def feature_pair(
    models: tuple[Analysed, Analysed], outputs: tuple[str, str], axes: tuple[Axes, Axes]
) -> tuple[TensorField, TensorField] | None:
    """The teacher's and the student's feature map before a pair of outputs, or None where one of them has none.

    Of equally wide tensors, those that both models have by one name are taken, else the last ones.

    Args:
        models, outputs: the teacher's first.
        axes: (input, axis) of each model along which they must slide.
    """
    one, other = (widest(*given) for given in zip(models, outputs, axes, strict=True))
    if not (one and other):
        return None
    common = [name for name in one if name in set(other)]
    names = (common[-1], common[-1]) if common else (one[-1], other[-1])
    return models[0].analysis.tensors[names[0]], models[1].analysis.tensors[names[1]]


def widest(model: Analysed, output: str, axes: Axes) -> list[str]:
    """The widest sliding tensors on the way to an output, in topological order; without those whose channels are normalised,
    where there are others: their sum is constant."""
    tensors = model.analysis.tensors
    found: list[tuple[int, str]] = []
    for name in upstream(model.graph, output)[1]:
        tensor = tensors.get(name)
        if tensor is None or name == output or tensor.dtype not in FLOATS or not axes:
            continue
        if all(slides(tensor, tensor.fields[pair]) for pair in axes):
            found.append((prod(tensor.fields[pair].size for pair in axes), name))
    most = max((size for size, _ in found), default=0)
    names = [name for size, name in found if size == most]
    return [name for name in names if tensors[name].op_type not in NORMALISED] or names


def slides(tensor: TensorField, field: AxisField) -> bool:
    """Whether a tensor has several positions that what they see of an axis moves with."""
    if field.kind not in SLIDING or field.tensor_axis is None or tensor.shape is None:
        return False
    return (tensor.shape[field.tensor_axis] or 0) > 1
