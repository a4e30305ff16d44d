"""What pairing asks about operators, answered by the tables in which these facts stand."""

from __future__ import annotations

from onnx import NodeProto

from rfonnx.operators.counting import declared
from rfonnx.operators.table import kinds, operator, operators

FOLDED = kinds("affine") | {row.kind for row in operators() if "elementwise" in row.manner and not row.hands_on}
"""Operators that exporters and optimisers fold into the sum of products before them, as long as their other operands allow it."""

FUSIONS = frozenset(
    {row.kind for row in operators() if "norm" in row.manner}
    | {kind for kind in declared() if kind.startswith("com.microsoft.")}
)
"""Operators that optimisers put in the place of several elementwise ones, under the name of the last."""


def plain(kind: str) -> str:
    """The standard operator that this one stands for; itself where there is no other.

    >>> plain("com.microsoft.FusedConv"), plain("Relu")
    ('Conv', 'Relu')
    """
    return operator(kind).stands_for or kind


def scales(kind: str) -> bool:
    """Whether it scales and shifts, given constants."""
    return operator(plain(kind)).affine


def sums_products(kind: str) -> bool:
    """Whether it is a convolution, matrix product or the like."""
    return declared().get(kind) == "counted"


def dequantises(kind: str) -> bool:
    """Whether it makes real numbers of quantised ones."""
    return kind.endswith("DequantizeLinear")


def quantises(kind: str) -> bool:
    """Whether it makes quantised numbers of real ones, with a scale that it reads or finds."""
    return kind.endswith("QuantizeLinear") and not dequantises(kind)


def takes_scales(kind: str) -> bool:
    """Whether each quantised operand is followed by its scale and zero point."""
    return dequantises(kind) or kind.rpartition(".")[2].startswith(("QLinear", "QGemm"))


def scale_of(node: NodeProto, name: str) -> tuple[str, ...]:
    """The scale and zero point behind an operand of a node that `takes_scales`; () where it does not read the tensor."""
    operands = list(node.input)
    index = operands.index(name) if name in operands else len(operands)
    return tuple(operands[index + 1 : index + 3])
