"""A model whose figures over all positions are inputs, and the part of it that makes what they are taken of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

from rfonnx.graph.order import needed, sort, true_inputs
from rfonnx.operators.table import operator
from rfonnx.tiling.stages.statistic import Statistic


def given(model: ModelProto, statistics: Sequence[Statistic], dtypes: Sequence[int]) -> ModelProto:
    """The model with statistics as inputs, in the place of the operators that took them.

    Args:
        model: not changed.
        statistics: of tensors in its main graph.
        dtypes: of each, an element type of onnx.
    """
    by_tensor = {one.tensor: one for one in statistics}
    nodes: list[NodeProto] = []
    constants: list[TensorProto] = []
    for node in model.graph.node:
        one = next((by_tensor[output] for output in node.output if output in by_tensor), None)
        if one is None:
            nodes.append(node)
        elif one.kind == "moments":
            nodes += list(_normalised(one, constants))
        else:
            nodes.append(helper.make_node("Identity", [one.names[0]], [one.tensor], f"{one.tensor}/given"))
    figures = [
        helper.make_tensor_value_info(name, dtype, one.shape)
        for one, dtype in zip(statistics, dtypes, strict=True)
        for name in one.names
    ]
    return _part(model, nodes, [*model.graph.input, *figures], [*model.graph.initializer, *constants], _outputs(model))


def _normalised(one: Statistic, constants: list[TensorProto]) -> Iterable[NodeProto]:
    """(x - mean) * scale of the statistics, then the operator's own scale and bias."""
    name, channels = one.tensor, one.shape[1]

    def constant(label: str, shape: Sequence[int]) -> str:
        constants.append(numpy_helper.from_array(np.array(shape, np.int64), f"{name}/{label}"))
        return f"{name}/{label}"

    def step(op: str, label: str, *inputs: str) -> NodeProto:
        return helper.make_node(op, inputs, [f"{name}/{label}"], f"{name}/{label}")

    along = constant("by_channel", (-1, *[1] * (len(one.shape) - 2)))
    if one.by_group:
        rows = one.rows[-1]
        row, wide = constant("a_row", (-1, 1)), constant("wide", (rows, channels // rows))
    for own, label in zip(one.norm, ("scale", "bias"), strict=True):
        if one.by_group:
            yield step("Reshape", f"own_{label}_row", own, row)
            yield step("Expand", f"own_{label}_wide", f"{name}/own_{label}_row", wide)
            own = f"{name}/own_{label}_wide"
        yield step("Reshape", f"own_{label}", own, along)
    yield step("Mul", "both_scales", one.names[1], f"{name}/own_scale")  # of channels alone: the image is scaled once
    yield step("Sub", "centred", one.of, one.names[0])
    yield step("Mul", "scaled", f"{name}/centred", f"{name}/both_scales")
    yield helper.make_node("Add", [f"{name}/scaled", f"{name}/own_bias"], [name], f"{name}/given")


def apart(model: ModelProto) -> ModelProto:
    """The model with a tensor of its own for what takes figures of an input: an output of a part is no input of it."""
    inputs, nodes = {entry.name for entry in true_inputs(model.graph)}, list[NodeProto]()
    for node in model.graph.node:
        row = operator(f"{node.domain}.{node.op_type}" if node.domain else node.op_type)
        if (row.statistic or row.keeps == "order") and node.input and node.input[0] in inputs:
            itself = f"{node.output[0]}/of"
            nodes.append(helper.make_node("Identity", [node.input[0]], [itself], itself))
            own, node = node, NodeProto()
            node.CopyFrom(own)
            node.input[0] = itself
        nodes.append(node)
    return _part(model, nodes, model.graph.input, model.graph.initializer, _outputs(model))


def _outputs(model: ModelProto) -> dict[str, int]:
    return {output.name: output.type.tensor_type.elem_type for output in model.graph.output}


def cut(model: ModelProto, outputs: Mapping[str, int]) -> ModelProto:
    """The part of a model that makes some of its tensors, as a model.

    Args:
        model: not changed.
        outputs: element types of onnx by tensor.
    """
    return _part(model, model.graph.node, model.graph.input, model.graph.initializer, outputs)


def _part(
    model: ModelProto,
    nodes: Sequence[NodeProto],
    inputs: Iterable[ValueInfoProto],
    stored: Iterable[TensorProto],
    outputs: Mapping[str, int],
) -> ModelProto:
    """A model of what some tensors need of these nodes, inputs and weights."""
    inputs, stored = list(inputs), list(stored)
    sparse = model.graph.sparse_initializer
    names = [*(entry.name for entry in inputs), *(one.name for one in stored), *(one.values.name for one in sparse)]
    kept, wanted = needed(sort(nodes, names, []), outputs)
    return helper.make_model(
        helper.make_graph(
            kept,
            model.graph.name,
            [entry for entry in inputs if entry.name in wanted],
            [helper.make_tensor_value_info(name, dtype, None) for name, dtype in outputs.items()],
            [tensor for tensor in stored if tensor.name in wanted],
            sparse_initializer=[one for one in sparse if one.values.name in wanted],
        ),
        opset_imports=model.opset_import,
        ir_version=model.ir_version,
        functions=model.functions,
    )
