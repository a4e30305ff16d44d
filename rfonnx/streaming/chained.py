"""A streaming model run after run, as one graph: each copy begins with what the one before it carries over."""

from __future__ import annotations

import numpy as np
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

from rfonnx.gradients.preparing.large_weights import LARGE, stub
from rfonnx.gradients.preparing.renaming import rename
from rfonnx.graph.tensors import ELEMENT_TYPES
from rfonnx.results.streaming import ENDLESS, Manifest, StreamedInput

FLOATS = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.DOUBLE)
"""Types of weights whose values do not say what is read."""


def runs(manifest: Manifest, length: int) -> int:
    """How often a stream of so many frames is run, until all of every output is out."""
    made = [-(-(one.delay + one.length(length)) // one.frames) for one in manifest.flows]
    return max(-(-length // manifest.chunk), *made)


def in_copy(copy: int, name: str) -> str:
    """What a tensor of the streaming model is called in a copy of it."""
    return f"{copy}/{name}"


def outside(name: str) -> str:
    """What an input that all copies share is called."""
    return f"whole/{name}"


def chained(model: ModelProto, manifest: Manifest, length: int) -> ModelProto:
    """As many copies as a stream of `length` frames has runs.

    They are fed as `Stream` does it. Positions and ends are constants here, and so are masks. First states that the host gives,
    and what is given to every run, stay inputs; large weights are left out.
    """
    graph, chain = model.graph, _Chain(model.graph)
    copies, chunk = runs(manifest, length), manifest.chunk
    for one in manifest.inputs:
        chain.cut(one, length, copies)
    given = (*manifest.given, *(one.input for one in manifest.statistics))
    for entry in graph.input:
        if entry.name in given:
            chain.inputs.append(_called(entry, outside(entry.name)))
    shared = {name: outside(name) for name in given}
    states = {
        one.input: chain.constant(np.broadcast_to(np.asarray(one.initial, one.dtype), one.shape))
        for one in manifest.states
        if one.initial is not None
    }
    for copy in range(copies):
        over = (copy + 1) * chunk > length
        ends = np.array([one(length) if over else ENDLESS for one in manifest.ends], np.int64)
        told = {manifest.ends_input: chain.constant(ends)} if manifest.ends_input else {}
        names = chain.copy(copy, shared | states | told)
        states = {one.input: names[one.output] for one in manifest.states}
    last = [one.name for one in manifest.outputs] + list(manifest.finals)
    outputs = [_called(entry, in_copy(copies - 1, entry.name)) for entry in graph.output if entry.name in last]
    made = helper.make_graph(chain.nodes, "chain", chain.inputs, outputs, chain.stored)
    return helper.make_model(made, opset_imports=model.opset_import, ir_version=model.ir_version)


class _Chain:
    """The graph while it is written, of copies of another one."""

    def __init__(self, graph: GraphProto) -> None:
        self.graph = graph
        self.nodes: list[NodeProto] = []
        self.inputs: list[ValueInfoProto] = []
        self.stored: list[TensorProto] = [_light(tensor) for tensor in graph.initializer]
        self._weights = {tensor.name: _stored(tensor.name) for tensor in graph.initializer}

    def constant(self, value: np.ndarray) -> str:
        self.stored.append(numpy_helper.from_array(np.ascontiguousarray(value).reshape(value.shape), self._new()))
        return self.stored[-1].name

    def _new(self) -> str:
        return f"constant/{len(self.stored)}"

    def cut(self, one: StreamedInput, length: int, copies: int) -> None:
        """The whole of an input, silence behind it, and the chunk of every copy."""
        whole, silent = list(one.shape), list(one.shape)
        chunk = one.shape[one.axis]
        whole[one.axis], silent[one.axis] = length, copies * chunk - length
        kind = ELEMENT_TYPES[one.dtype]
        self.inputs.append(helper.make_tensor_value_info(outside(one.name), kind, whole))
        joined, axis = f"silence/{one.name}", self.constant(np.array([one.axis]))
        silence = self.constant(np.zeros(silent, one.dtype))
        self.nodes.append(helper.make_node("Concat", [outside(one.name), silence], [joined], joined, axis=one.axis))
        for copy in range(copies):
            begin, end = (self.constant(np.array([(copy + more) * chunk])) for more in (0, 1))
            name = in_copy(copy, one.name)
            self.nodes.append(helper.make_node("Slice", [joined, begin, end, axis], [name], name))

    def copy(self, copy: int, given: dict[str, str]) -> dict[str, str]:
        """The nodes once more; what is given stands for inputs. By the model's names those of the copy."""
        inputs = {entry.name: in_copy(copy, entry.name) for entry in self.graph.input}
        made = {name: in_copy(copy, name) for node in self.graph.node for name in node.output if name}
        names = inputs | made | self._weights | given
        for node in self.graph.node:
            self.nodes.append(rename(node, names))
            self.nodes[-1].name = in_copy(copy, node.name)
        return names


def _called(entry: ValueInfoProto, name: str) -> ValueInfoProto:
    made = ValueInfoProto()
    made.CopyFrom(entry)
    made.name = name
    return made


def _stored(name: str) -> str:
    return f"stored/{name}"


def _light(tensor: TensorProto) -> TensorProto:
    """A weight without its values, where these do not matter."""
    if tensor.data_type in FLOATS and len(tensor.raw_data) > LARGE:
        return stub(_stored(tensor.name), tensor.data_type, tensor.dims)
    made = TensorProto()
    made.CopyFrom(tensor)
    made.name = _stored(tensor.name)
    return made
