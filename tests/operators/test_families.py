"""Families of operators: every operator that has a rule has one, and they are what people expect."""

from __future__ import annotations

from typing import get_args

import pytest

from rfonnx.operators.access.op import registered
from rfonnx.operators.families import family
from rfonnx.operators.table import operators
from rfonnx.results.operations import Family


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("Conv", "convolution"),
        ("com.microsoft.FusedConv", "convolution"),
        ("QLinearConv", "convolution"),
        ("ConvTranspose", "convolution"),
        ("MaxPool", "pooling"),
        ("ReduceMean", "pooling"),
        ("BatchNormalization", "normalisation"),
        ("Softmax", "normalisation"),
        ("com.microsoft.SkipLayerNormalization", "normalisation"),
        ("Gemm", "product"),
        ("com.microsoft.MatMulNBits", "product"),
        ("Relu", "elementwise"),
        ("Cast", "elementwise"),
        ("Reshape", "movement"),
        ("Concat", "movement"),
        ("Resize", "resampling"),
        ("Attention", "attention"),
        ("com.microsoft.MultiHeadAttention", "attention"),
        ("LSTM", "recurrence"),
        ("QuantizeLinear", "quantisation"),
        ("Shape", "other"),
        ("made.up.Operator", "other"),
    ],
)
def test_well_known_operators(kind: str, expected: Family) -> None:
    assert family(kind) == expected


def test_every_family_has_operators_and_every_operator_a_family() -> None:
    found = {row.kind: family(row.kind) for row in operators()}
    assert set(found.values()) == set(get_args(Family))


OTHER = {
    *("If", "OneHot", "Shape", "Size", "Det", "Range", "Multinomial", "ConstantOfShape", "EyeLike"),
    *("RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "MelWeightMatrix"),
    *("BlackmanWindow", "HammingWindow", "HannWindow", "NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss"),
}
"""Operators on tensors of ai.onnx, with a rule, that are of no family."""


def test_operators_on_tensors_are_of_a_family() -> None:
    """Sequences, strings and files of images aside."""
    outside = ("Image", "Sequence", "Optional", "String", "Regex", "TfIdf")
    grey = {kind for kind in registered() if "." not in kind and family(kind) == "other"}
    assert {kind for kind in grey if not kind.startswith(outside)} == OTHER
