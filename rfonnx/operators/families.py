"""The family of an operator, for people: what colours in drawings stand for. It follows from the table of operators."""

from __future__ import annotations

from functools import cache

from rfonnx.operators.row import Operator
from rfonnx.operators.table import operator
from rfonnx.results.operations import Family


@cache
def family(kind: str) -> Family:
    """The family of an operator: the one that its row says, else what the other columns tell; "other" when they tell none.

    Args:
        kind: as in `Operator.kind`.
    """
    row = operator(kind)
    return row.family or (family(row.stands_for) if row.stands_for else _told(row))


def _told(row: Operator) -> Family:
    """By the columns. The order matters: attention and norms also take positions together, a product may be elementwise."""
    manner = set(row.manner)
    if row.attending or "attention" in manner:
        return "attention"
    if row.recurrent:
        return "recurrence"
    if row.hands_on and row.quantised:
        return "quantisation"
    if manner & {"pool", "order free"}:
        return "pooling"
    if "norm" in manner or row.normalises:
        return "normalisation"
    if manner & {"product", "by row"}:
        return "product"
    if manner & {"by channel", "channels last"}:
        return "convolution"
    if row.pointwise or "elementwise" in manner:
        return "elementwise"
    if row.moves or row.keeps or "joined" in manner:
        return "movement"
    return "other"
