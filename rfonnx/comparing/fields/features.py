"""The feature maps that two outputs are computed by: the tensors with places that see most.

A tensor sees at least what the tensors on the way to it see, so the one that sees most is the last one before everything is
pooled together, in whatever order a file lists its nodes. Behind a gate over everything (squeeze-and-excitation), or attention,
positions see all and keep their places still: such tensors come after all that slide.
"""

from __future__ import annotations

from math import inf, prod

from rfonnx.effective.default import NORMALISED, survey
from rfonnx.effective.place import Place
from rfonnx.effective.subject import Subject
from rfonnx.results.fields import TensorField

SLIDING = ("local", "periodic")
"""Kinds of fields that move with the position."""


def feature_pair(
    models: tuple[Subject, Subject], outputs: tuple[str, str], places: tuple[Place, Place]
) -> tuple[TensorField, TensorField] | None:
    """The teacher's and the student's feature map before a pair of outputs, or None where one of them has none.

    Of several that see as much, those that both models have by one name are taken, else the last ones.

    Args:
        models, outputs: the teacher's first.
        places: the input of each, and its axes.
    """
    one, other = (widest(*given) for given in zip(models, outputs, places, strict=True))
    if not (one and other):
        return None
    common = [name for name in one if name in set(other)]
    names = (common[-1], common[-1]) if common else (one[-1], other[-1])
    return models[0].analysis.tensors[names[0]], models[1].analysis.tensors[names[1]]


def widest(model: Subject, output: str, place: Place) -> list[str]:
    """The tensors with places on the way to an output that see most, in topological order; without those whose channels are
    normalised, where there are others: their sum is constant."""
    tensors = model.analysis.tensors
    found = survey(model.graph, model.analysis, place, output)
    sizes = {name: _size(tensors[name], place) for name in found.names if name != output and found.has_places(name)}
    names = [name for name, size in sizes.items() if size == max(sizes.values())]
    return [name for name in names if tensors[name].op_type not in NORMALISED] or names


def _size(tensor: TensorField, place: Place) -> float:
    """Positions of the input that one position sees, borders aside; infinite where it sees all along an axis."""
    fields = [tensor.fields[place.input, axis] for axis in place.axes]
    return prod(inf if field.kind == "global" else field.size for field in fields)
