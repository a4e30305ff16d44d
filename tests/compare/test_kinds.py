"""Which students count as int8: by the column of the table, not by their operators' names."""

from __future__ import annotations

import pytest

from compare.mac_cases import CASES
from rfonnx.comparing.cost.student_kind import is_quantised
from rfonnx.model.reading.load import load

MODELS = {case.kind: case for case in CASES}
QUANTISED = ["QGemm", "QAttention", "QMoE", "QLinearConv", "MatMulNBits", "MatMulBnb4", "DynamicQuantizeMatMul"]


@pytest.mark.parametrize("name", QUANTISED)
def test_a_model_with_a_quantised_operator_is_quantised(name: str) -> None:
    assert is_quantised(load(MODELS[f"com.microsoft.{name}"].model()))


@pytest.mark.parametrize("kind", ["Conv", "MatMul", "com.microsoft.FusedConv", "com.microsoft.MoE"])
def test_a_model_of_real_numbers_is_not(kind: str) -> None:
    assert not is_quantised(load(MODELS[kind].model()))
