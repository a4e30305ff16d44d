"""Protobuf nodes to plain ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from onnx import AttributeProto, NodeProto, OperatorSetIdProto, TensorProto

from rfonnx.errors import misexported
from rfonnx.graph.file_nodes import FileNode, plain_domain
from rfonnx.graph.nodes import Graph, Node
from rfonnx.model.building.scope import Scope
from rfonnx.model.reading.external import is_external, read_tensor

_LARGE = 2**24
_CONSTANT_VALUES = {"value", "sparse_value"}


def opset_of(entry: OperatorSetIdProto) -> tuple[str, int]:
    """Domain and version of an opset import.

    Raises:
        ModelError: the version is none: onnx takes no more than 32 bits.
    """
    domain = plain_domain(entry.domain)
    if not 0 <= entry.version < 2**31:
        raise misexported(
            f"the file imports opset {domain or 'ai.onnx'} in version {entry.version}, expected 0 to {2**31 - 1}"
        )
    return domain, entry.version


def kind_of(node: NodeProto) -> str:
    """Domain and name, as `Node.kind`: "Conv", "com.microsoft.FusedConv"."""
    domain = plain_domain(node.domain)
    return f"{domain}.{node.op_type}" if domain else node.op_type


Wording = tuple[Any, ...]
"""What a node says beside the names of its tensors and its own, and the opsets that it is said in: nodes of one wording have the
same attributes, and make the same types of the same ones."""


def wording(node: FileNode, scope: Scope) -> Wording | None:
    """The wording of a node, to look others up by; None for one that holds graphs."""
    if node.nested:
        return None
    return (node.op_type, node.domain, scope.said_in, *[one.SerializeToString() for one in node.attributes])


def to_node(node: FileNode, scope: Scope, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> Node:
    """A node with plain attributes; None stands for its subgraphs, of which control flow's are filled in later.

    The tensor of a Constant node is left out of the attributes: it may be a model's whole weights. `Graph.value` gives it.
    """
    domain = node.domain
    skip = _CONSTANT_VALUES if node.op_type == "Constant" and not domain else ()
    attrs = {a.name: attribute_value(a) for a in node.attributes if a.name not in skip}
    return Node(node.op_type, domain, node.name, inputs, outputs, attrs, scope.version(domain))


def attribute_value(attribute: AttributeProto) -> Any:
    """int, float, str (bytes when it is no UTF-8), list of these, or numpy array; None for graphs and data that is absent."""
    read = _READERS.get(attribute.type)
    return None if read is None else read(attribute)


def may_hold_graphs(attrs: Mapping[str, Any]) -> bool:
    """Whether a subgraph may be among a node's attributes: it is None there, and a Graph once its nodes are known."""
    return any(value is None or isinstance(value, Graph) for value in attrs.values())


def _text(data: bytes) -> str | bytes:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


def _tensor(tensor: TensorProto) -> np.ndarray | None:
    count = 1
    for dim in tensor.dims:
        count *= dim
    return None if is_external(tensor) or not 0 <= count <= _LARGE else read_tensor(tensor, None)


_READERS: dict[int, Callable[[AttributeProto], Any]] = {
    AttributeProto.INT: lambda attribute: attribute.i,
    AttributeProto.INTS: lambda attribute: attribute.ints[:],
    AttributeProto.FLOAT: lambda attribute: attribute.f,
    AttributeProto.FLOATS: lambda attribute: attribute.floats[:],
    AttributeProto.STRING: lambda attribute: _text(attribute.s),
    AttributeProto.STRINGS: lambda attribute: [_text(s) for s in attribute.strings],
    AttributeProto.TENSOR: lambda attribute: _tensor(attribute.t),
    AttributeProto.TENSORS: lambda attribute: [_tensor(t) for t in attribute.tensors],
}


def bind_call(proto: NodeProto, scope: Scope) -> NodeProto:
    """A function body's node as the call makes it.

    Attribute references become the attributes that the call gives; without one they go, and so do inputs that it leaves out.
    """
    attributes = scope.attributes or {}
    inputs = [name if scope.resolve(name) else "" for name in proto.input]
    if not any(a.ref_attr_name for a in proto.attribute) and inputs == list(proto.input):
        return proto
    bound = NodeProto()
    bound.CopyFrom(proto)
    bound.input[:] = inputs
    del bound.attribute[:]
    for attribute in proto.attribute:
        if not attribute.ref_attr_name:
            bound.attribute.add().CopyFrom(attribute)
        elif attribute.ref_attr_name in attributes:
            copy = bound.attribute.add()
            copy.CopyFrom(attributes[attribute.ref_attr_name])
            copy.name = attribute.name
    return bound
