"""The table of what fused and quantised operators stand for, held against the tables of decompositions and of costs."""

from __future__ import annotations

import onnx
import pytest

from rfonnx.gradients.decompose import decomposed
from rfonnx.operators.counting import declared
from rfonnx.operators.table import kinds, operators

STANDS_FOR = {row.kind: row.stands_for for row in operators() if row.stands_for}
MOVES = {"com.microsoft.nchwc.ReorderInput", "com.microsoft.nchwc.ReorderOutput", "com.microsoft.nchwc.Upsample"}


def test_every_operator_that_is_decomposed_stands_for_one() -> None:
    assert decomposed() - MOVES <= set(STANDS_FOR)


@pytest.mark.parametrize(("kind", "plain"), STANDS_FOR.items())
def test_what_an_operator_stands_for_costs_alike(kind: str, plain: str) -> None:
    costs = declared()
    assert plain not in STANDS_FOR
    assert costs[kind] == costs[plain]


@pytest.mark.parametrize("kind", sorted({*STANDS_FOR.values(), *kinds("affine")} - {"SimplifiedLayerNormalization"}))
def test_what_operators_stand_for_is_in_the_standard(kind: str) -> None:
    assert onnx.defs.has(kind)
