"""Nets with BatchNormalizations for the tests of layers, and students of them: folded, quantised, damaged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static

import small_nets
from rfonnx.model.runtime import optimize

BLOCKS = 5
CHANNELS = 6
SHAPE = (1, CHANNELS, 8, 8)
CONVS = [f"w{i}" for i in range(BLOCKS)]


def residual(seed: int = 0) -> onnx.ModelProto:
    """Five times Conv, BatchNormalization and (the fourth without) Relu, the third and fifth with a skip; a pool, a MatMul."""
    draw = np.random.default_rng(seed)
    nodes, weights = [], {}
    here = "x"
    for i in range(BLOCKS):
        weights[f"w{i}"] = (draw.standard_normal((CHANNELS, CHANNELS, 3, 3)) * 0.25).astype("f")
        for name, low, high in (("g", 0.7, 1.4), ("o", -0.2, 0.2), ("m", -0.1, 0.1), ("v", 0.5, 1.5)):
            weights[f"{name}{i}"] = draw.uniform(low, high, CHANNELS).astype("f")
        nodes.append(helper.make_node("Conv", [here, f"w{i}"], [f"c{i}"], f"conv{i}", pads=[1, 1, 1, 1]))
        norm = [f"c{i}", *(f"{name}{i}" for name in "gomv")]
        nodes.append(helper.make_node("BatchNormalization", norm, [f"b{i}"], f"norm{i}"))
        before, here = here, f"b{i}" if i == 3 else f"r{i}"
        if i != 3:
            nodes.append(helper.make_node("Relu", [f"b{i}"], [f"r{i}"], f"relu{i}"))
        if i in (2, 4):
            nodes.append(helper.make_node("Add", [here, before], [f"s{i}"], f"skip{i}"))
            here = f"s{i}"
    weights["w_end"] = draw.standard_normal((CHANNELS, 4)).astype("f")
    nodes += [
        helper.make_node("GlobalAveragePool", [here], ["p"], "pool"),
        helper.make_node("Flatten", ["p"], ["f"], "flatten"),
        helper.make_node("MatMul", ["f", "w_end"], ["y"], "linear"),
    ]
    return small_nets.model(nodes, {"x": SHAPE}, {"y": (1, 4)}, weights)


def folded(net: onnx.ModelProto) -> onnx.ModelProto:
    """With its BatchNormalizations in the convolutions, as onnxruntime folds them."""
    return optimize(net)


def altered(net: onnx.ModelProto, weight: str, how: str) -> onnx.ModelProto:
    """With one weight scaled, or its output channels moved."""
    copy = onnx.ModelProto()
    copy.CopyFrom(net)
    tensor = next(tensor for tensor in copy.graph.initializer if tensor.name == weight)
    value = numpy_helper.to_array(tensor)
    value = value * np.float32(1.5) if how == "scaled" else np.roll(value, 1, 0)
    tensor.CopyFrom(numpy_helper.from_array(value, weight))
    return copy


class _Samples(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self) -> None:
        self._left: Iterator[dict[str, np.ndarray]] = iter([{"x": sample[None]} for sample in samples()])

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(self._left, None)


def samples(count: int = 4) -> np.ndarray:
    return np.random.default_rng(7).standard_normal((count, *SHAPE[1:])).astype("f")


def quantised(net: onnx.ModelProto, folder: Path, style: str) -> onnx.ModelProto:
    """By onnxruntime's quantiser: "qdq", "qoperator" or "dynamic"."""
    source, target = small_nets.save(net, folder / "before.onnx"), folder / "after.onnx"
    if style == "dynamic":
        quantize_dynamic(source, target, weight_type=QuantType.QUInt8)
    else:
        form = {"qdq": QuantFormat.QDQ, "qoperator": QuantFormat.QOperator}[style]
        quantize_static(
            source,
            target,
            _Samples(),
            quant_format=form,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QUInt8,
        )
    return onnx.load(target)
