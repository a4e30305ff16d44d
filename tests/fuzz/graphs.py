"""Random valid models: one seed, one model of 2 to 12 proposals, its inputs, and a twin that shows every tensor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from fuzz.builder import Builder, NoFit
from fuzz.proposals import attention, control, elementwise, mixing, moving, windows  # noqa: F401  they register
from fuzz.proposals.registry import PROPOSALS
from fuzz.runtime import IR_VERSION, optimised, tensor_type, value_info

OPSETS = (9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24)
ATTEMPTS = 60  # proposals tried for one model, most of them misfits
LARGEST_INPUT = 48  # elements


@dataclass(frozen=True)
class Case:
    """A random model.

    Attributes:
        model: what is analysed.
        shown: the same with every tensor an output, for the runtime.
        inputs: by name, the values that the model was built with.
        shapes: what is bound when the model is analysed; None when the file says everything.
    """

    seed: int
    model: onnx.ModelProto
    shown: onnx.ModelProto
    inputs: dict[str, np.ndarray]
    shapes: dict[str, Any] | None

    @property
    def operators(self) -> Counter[str]:
        """Node counts by operator, bodies and functions included."""
        nodes = [*self.model.graph.node, *(n for f in self.model.functions for n in f.node)]
        return Counter(f"{n.domain}.{n.op_type}".lstrip(".") for n in with_bodies(nodes) if n.domain != "local")


def with_bodies(nodes: Any) -> Iterator[onnx.NodeProto]:
    for node in nodes:
        yield node
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from with_bodies(attribute.g.node)


def make(seed: int) -> Case:
    """The model of a seed; the same in every run with the same onnxruntime."""
    random = np.random.default_rng(seed)
    net = Builder(random, int(random.choice(OPSETS)))
    inputs = {f"x{i}": input_value(net) for i in range(net.integer(1, 3))}
    net.tensors = net.body(inputs).tensors
    net.tensors = dict(net.tensors)
    refill(net, net.integer(2, 12))
    return finished(net, seed, inputs)


def input_value(net: Builder) -> np.ndarray:
    if net.chance(0.12):
        return net.random.integers(0, 3, net.integers(net.integer(0, 2), 1, 3))
    rank = net.choice([0, 1, 2, 2, 3, 3, 3, 4, 4, 4, 4, 5])
    shape = [net.integer(1, 3 if axis < 2 and rank > 2 else 7) for axis in range(rank)]
    while np.prod(shape) > LARGEST_INPUT:
        longest = int(np.argmax(shape))
        shape[longest] -= 1
    if rank and net.hollow and net.chance():
        shape[net.integer(0, rank - 1)] = 0
    return net.random.normal(size=shape).astype(np.float32)


def refill(net: Builder, wanted: int) -> None:
    added = 0
    for _ in range(ATTEMPTS):
        mark = net.mark()
        try:
            net.choice(PROPOSALS)(net)
            added += 1
        except NoFit:
            net.back_to(mark)
        if added == wanted:
            return


def finished(net: Builder, seed: int, inputs: dict[str, np.ndarray]) -> Case:
    made = [name for node in net.nodes for name in node.output if name]
    read = {name for node in net.nodes for name in node.input}
    leaves = [name for name in made if net.tensors[name].varies and name not in read and name not in captured_by(net)]
    if len(leaves) > 1 and net.chance(0.2):
        leaves = leaves[1:]
    declared, shapes = declarations(net, inputs)
    outputs = leaves or made[-1:]
    typed = net.chance()

    def model(names: list[str], inputs: list[onnx.ValueInfoProto]) -> onnx.ModelProto:
        shown = [
            value_info(n, net.tensors[n].value) if typed else helper.make_value_info(n, onnx.TypeProto()) for n in names
        ]
        graph = helper.make_graph(net.nodes, f"seed {seed}", inputs, shown, net.initializers)
        return helper.make_model(graph, opset_imports=net.opsets(), functions=net.functions, ir_version=IR_VERSION)

    free = [value_info(name, value) for name, value in inputs.items()]
    tensors = [name for name in made if isinstance(net.tensors[name].value, np.ndarray)]
    analysed = model(outputs, declared)
    if net.chance(0.1):  # as before IR version 4
        analysed.graph.input.extend(value_info(w.name, numpy_helper.to_array(w)) for w in analysed.graph.initializer)
    if net.chance(0.1):
        nodes = [net.nodes[i] for i in net.random.permutation(len(net.nodes))]
        del analysed.graph.node[:]
        analysed.graph.node.extend(nodes)
    if net.chance(0.2):
        analysed = runtime_version(analysed, net.choice(["BASIC", "EXTENDED", "ALL"]))
    elif net.chance(0.3):
        analysed = with_value_info(analysed)
    return Case(seed, analysed, model(tensors, free), inputs, shapes)


def captured_by(net: Builder) -> set[str]:
    """Names that subgraphs read."""
    return {
        name
        for node in with_bodies(net.nodes)
        for name in (*node.input, *(o.name for a in node.attribute for o in a.g.output))
    }


def runtime_version(model: onnx.ModelProto, level: str) -> onnx.ModelProto:
    """What onnxruntime saves after optimising, or the model itself where it cannot be saved."""
    try:
        return optimised(model, level)
    except Exception:  # onnxruntime raises classes of its own
        return model


def with_value_info(model: onnx.ModelProto) -> onnx.ModelProto:
    """What exporters store beside the graph."""
    try:
        return onnx.shape_inference.infer_shapes(model)
    except Exception:  # onnx's inference does not take every model that runs
        return model


def declarations(
    net: Builder, inputs: dict[str, np.ndarray]
) -> tuple[list[onnx.ValueInfoProto], dict[str, Any] | None]:
    """Inputs with their shapes, or with some dimensions open, and then the shapes to bind."""
    if net.chance(0.7):
        return [helper.make_tensor_value_info(n, tensor_type(v), v.shape) for n, v in inputs.items()], None
    found = []
    for name, value in inputs.items():
        dimensions = [net.choice([n, f"{name}_{axis}", None]) for axis, n in enumerate(value.shape)]
        found.append(helper.make_tensor_value_info(name, tensor_type(value), dimensions))
    return found, {name: value.shape for name, value in inputs.items()}
