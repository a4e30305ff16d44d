"""The operators of a model and what they read from each other, as drawings need it."""

from __future__ import annotations

from typing import Literal

from rfonnx.system.named import NamedTuple

Family = Literal[
    "convolution",
    "pooling",
    "normalisation",
    "product",
    "elementwise",
    "movement",
    "resampling",
    "attention",
    "recurrence",
    "quantisation",
    "other",
]
"""Operators that do alike. "pooling" takes positions together, reductions among them; "product" multiplies matrices; "movement"
puts values elsewhere: reshapes, slices, concatenations."""


class Operation(NamedTuple):
    """One node that depends on an input.

    Attributes:
        op_type: as in `TensorField`.
        node: the node's name, or "" when the file gives none.
        family: of the operator.
        tensors: names of what it makes, those that `Analysis.tensors` has.
        reads: of what it reads, numbers into the inputs of the model and, after them, the operations; ascending, each once.
            Constants, and what is read for its shape alone, are not among them.
    """

    op_type: str
    node: str
    family: Family
    tensors: tuple[str, ...]
    reads: tuple[int, ...]
