"""Nodes of a file, read once: every look into protobuf takes its time, and makes another copy of a name."""

from __future__ import annotations

from operator import attrgetter

from onnx import AttributeProto, NodeProto

_TYPE = attrgetter("type")
_NESTED = {AttributeProto.GRAPH, AttributeProto.GRAPHS}  # looking them up takes longer than comparing them


def plain_domain(domain: str) -> str:
    """The domain of ai.onnx has two spellings; ours is ""."""
    return "" if domain == "ai.onnx" else domain


class FileNode:
    """A node as the file has it.

    Attributes:
        proto: the node itself.
        op_type, name: as in the file.
        domain: the plain one: that of ai.onnx is "".
        inputs, outputs: local names, "" for what is left out.
        attributes: all of them.
        nested: whether there are graphs among these.
    """

    __slots__ = ("attributes", "domain", "inputs", "name", "nested", "op_type", "outputs", "proto")

    def __init__(self, proto: NodeProto) -> None:
        self.proto = proto
        domain = proto.domain
        self.op_type, self.domain, self.name = proto.op_type, domain and plain_domain(domain), proto.name
        self.inputs, self.outputs = tuple(proto.input[:]), tuple(proto.output[:])
        self.attributes = attributes = proto.attribute[:]
        self.nested = not _NESTED.isdisjoint(map(_TYPE, attributes))
