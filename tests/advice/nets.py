"""Random small nets along one axis, of convolutions, pools and shortcuts, and what their positions really depend on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import onnx
import onnxruntime
from onnx import helper

import small_nets


class Net(NamedTuple):
    """A net from x (1, 2, length) to y.

    Attributes:
        joins: output of each shortcut's Add, and its operands.
    """

    model: onnx.ModelProto
    joins: dict[str, tuple[str, str]]


def random_net(seed: int, length: int | None = None) -> Net:
    """Weights are positive: what is read changes what it is read by, and nothing cancels."""
    draw = np.random.default_rng(seed)
    length = length or int(draw.integers(6, 28))
    nodes: list[onnx.NodeProto] = []
    weights: dict[str, np.ndarray] = {}
    joins: dict[str, tuple[str, str]] = {}
    last, walked = "x", length

    def window(source: str, kernel: int, stride: int, dilation: int, pads: list[int]) -> str:
        name, weight = f"t{len(nodes)}", f"w{len(nodes)}"
        weights[weight] = draw.uniform(0.5, 1.5, (2, 2, kernel)).astype("f")
        more = {"strides": [stride], "dilations": [dilation], "pads": pads}
        nodes.append(helper.make_node("Conv", [source, weight], [name], f"conv/{name}", **more))
        return name

    for _ in range(int(draw.integers(3, 9))):
        kind = draw.integers(4)
        kernel, dilation = int(draw.choice([1, 3, 5])), int(draw.choice([1, 1, 2]))
        span = (kernel - 1) * dilation
        if kind == 0 and walked > 3:
            nodes.append(helper.make_node("AveragePool", [last], [f"p{len(nodes)}"], kernel_shape=[2], strides=[2]))
            last, walked = nodes[-1].output[0], walked // 2
        elif kind == 1:
            inner = window(window(last, kernel, 1, dilation, [span // 2, span - span // 2]), 3, 1, 1, [1, 1])
            nodes.append(helper.make_node("Add", [inner, last], [f"a{len(nodes)}"]))
            joins[nodes[-1].output[0]] = (inner, last)
            last = nodes[-1].output[0]
        elif kind == 2 and walked > span + 2:
            last, walked = window(last, kernel, 1, dilation, [0, 0]), walked - span
        else:
            last = window(last, kernel, 1, dilation, [span // 2, span - span // 2])
    nodes.append(helper.make_node("Identity", [last], ["y"]))
    model = small_nets.model(nodes, {"x": (1, 2, length)}, {"y": (1, 2, walked)}, weights)
    return Net(model, joins)


def changed(model: onnx.ModelProto, tensor: str, position: int, axis: int = 2) -> np.ndarray:
    """Which positions of a tensor change with a position of x, from zeros on: (positions along its last axis,)."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    if tensor not in [output.name for output in copy.graph.output]:
        copy.graph.output.append(onnx.ValueInfoProto(name=tensor))
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(copy.SerializeToString(), options, providers=["CPUExecutionProvider"])
    shape = [dim.dim_value for dim in copy.graph.input[0].type.tensor_type.shape.dim]
    before = np.zeros(shape, "f")
    after = before.copy()
    np.moveaxis(after, axis, 0)[position] = 1
    first, second = (session.run([tensor], {"x": x})[0] for x in (before, after))
    return (first != second).reshape(-1, first.shape[-1]).any(axis=0)


def reaching(model: onnx.ModelProto, tensor: str) -> np.ndarray:
    """Which positions of a tensor depend on the first and on the last position of x."""
    return changed(model, tensor, 0) & changed(model, tensor, -1)
