"""Convolutions. Taps on padding count: they are what a kernel of that size costs, and what is usually stated."""

from __future__ import annotations

from math import prod

from rfonnx.operators.products.registry import Call, counts


@counts(
    "Conv",
    "ConvInteger",
    "DeformConv",
    "CausalConvWithState",
    "com.microsoft.FusedConv",
    "com.microsoft.NhwcConv",
    "com.microsoft.NhwcFusedConv",
    "com.microsoft.nchwc.Conv",
    "com.ms.internal.nhwc.Conv",
)
def convolution(call: Call) -> int:
    """Every output element sums over the weights of its filter: weight (out, in / group, kernel...).

    What DeformConv interpolates is not counted. Blocked tensors count with the channels that fill their last block.
    """
    return prod(call.out()) * prod(call.shape(1)[1:])


@counts("QLinearConv", "com.microsoft.QLinearConv")
def quantised_convolution(call: Call) -> int:
    """As Conv; the weight is input 3."""
    return prod(call.out()) * prod(call.shape(3)[1:])


@counts("ConvTranspose")
def transposed_convolution(call: Call) -> int:
    """Every input element is spread by the weights of its channel: weight (in, out / group, kernel...). What falls on borders
    that are cut off counts."""
    return prod(call.shape(0)) * prod(call.shape(1)[1:])


@counts("com.microsoft.QLinearConvTranspose")
def quantised_transposed_convolution(call: Call) -> int:
    """As ConvTranspose; the weight is input 3."""
    return prod(call.shape(0)) * prod(call.shape(3)[1:])
