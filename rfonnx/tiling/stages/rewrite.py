"""A model whose figures over all positions are inputs, and the part of it that makes what they are taken of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from onnx import GraphProto, ModelProto, NodeProto, helper, numpy_helper

from rfonnx.graph.order import captures
from rfonnx.tiling.stages.statistic import Statistic


def given(model: ModelProto, statistics: Sequence[Statistic], dtypes: Sequence[int]) -> ModelProto:
    """A copy of the model that takes statistics as inputs, in the place of the operators that took them.

    Args:
        model: not changed; its weights are shared as far as protobuf can.
        statistics: of tensors in its main graph.
        dtypes: of each, an element type of onnx.
    """
    made = ModelProto()
    made.CopyFrom(model)
    by_tensor = {one.tensor: one for one in statistics}
    nodes: list[NodeProto] = []
    for node in made.graph.node:
        one = next((by_tensor[output] for output in node.output if output in by_tensor), None)
        if one is None:
            nodes.append(node)
        elif one.kind == "moments":
            nodes += list(_normalised(made.graph, one))
        else:
            nodes.append(helper.make_node("Identity", [one.names[0]], [one.tensor], f"{one.tensor}/given"))
    del made.graph.node[:]
    made.graph.node.extend(nodes)
    for one, dtype in zip(statistics, dtypes, strict=True):
        made.graph.input.extend(helper.make_tensor_value_info(name, dtype, one.shape) for name in one.names)
    return cut(made, {output.name: output.type.tensor_type.elem_type for output in model.graph.output})


def _normalised(graph: GraphProto, one: Statistic) -> Iterable[NodeProto]:
    """(x - mean) * scale of the statistics, then the operator's own scale and bias."""
    name, channels = one.tensor, one.shape[1]

    def constant(label: str, shape: Sequence[int]) -> str:
        graph.initializer.append(numpy_helper.from_array(np.array(shape, np.int64), f"{name}/{label}"))
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


def cut(model: ModelProto, outputs: Mapping[str, int]) -> ModelProto:
    """The part of a model that makes some of its tensors, as a model.

    Args:
        model: not changed.
        outputs: element types of onnx by tensor.
    """
    wanted, kept = set(outputs), list[NodeProto]()
    for node in reversed(model.graph.node):
        if wanted & set(node.output):
            kept.append(node)
            wanted.update(node.input)
            for attribute in node.attribute:
                for inner in (attribute.g, *attribute.graphs):
                    wanted.update(captures(inner))
    return helper.make_model(
        helper.make_graph(
            kept[::-1],
            model.graph.name,
            [entry for entry in model.graph.input if entry.name in wanted],
            [helper.make_tensor_value_info(name, dtype, None) for name, dtype in outputs.items()],
            [tensor for tensor in model.graph.initializer if tensor.name in wanted],
            sparse_initializer=[one for one in model.graph.sparse_initializer if one.values.name in wanted],
        ),
        opset_imports=model.opset_import,
        ir_version=model.ir_version,
        functions=model.functions,
    )
