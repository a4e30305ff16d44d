"""The tensors that a file stores: in its graph, in graphs inside it, and in Constant nodes; and which of them something reads."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import onnx

from rfonnx.graph.file_nodes import plain_domain
from rfonnx.graph.order import reads, subgraphs
from rfonnx.graph.tensors import element_count
from rfonnx.model.opened import Source, opened
from rfonnx.model.reading.external import read_tensor

MAX_READ = 2**28
"""Bytes of weights that are read altogether, the small ones first; the others are named as not looked at."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One tensor.

    Attributes:
        name: in the file.
        proto: as stored.
        read: something reads it, or it is an output.
    """

    name: str
    proto: onnx.TensorProto
    read: bool

    @property
    def bytes(self) -> int:
        """Size in memory; 0 for text and unknown types."""
        try:
            size = onnx.helper.tensor_dtype_to_np_dtype(self.proto.data_type).itemsize
        except (KeyError, TypeError, ValueError):
            return 0
        return size * (element_count(tuple(self.proto.dims)) or 0)


class Store:
    """The stored tensors of a file, and their values as far as `MAX_READ` reaches.

    Attributes:
        tensors: in order of the file.
        unread: of the last call of `values`: names of tensors that nobody looked at, since their data is absent or lies
            beyond the limit.
    """

    def __init__(self, source: Source) -> None:
        """Read the file; no weights yet.

        Raises:
            ModelError: it cannot be read.
        """
        read = opened(source)
        model, self._folder = read.proto, read.folder
        self.tensors = list(_of_graph(model.graph))
        for function in model.functions:
            used = {name for node in function.node for name in reads(node)} | set(function.output)
            self.tensors += _of_nodes(function.node, used)
        self.unread: list[str] = []

    def values(self, types: Container[int] | None = None) -> Iterator[tuple[Stored, np.ndarray]]:
        """Tensors of these element types (None: all numbers) with their values, the large ones last.

        Raises:
            ModelError: data does not fit its shape.
        """
        self.unread, left = [], MAX_READ
        for tensor in sorted(self.tensors, key=lambda tensor: tensor.bytes):
            if tensor.bytes and (types is None or tensor.proto.data_type in types):
                value = read_tensor(tensor.proto, self._folder) if tensor.bytes <= left else None
                if value is None:
                    self.unread.append(tensor.name)
                else:
                    left -= tensor.bytes
                    yield tensor, value


def digest(tensor: Stored, value: np.ndarray) -> bytes:
    """The same for tensors of one type, shape and content, and for no others (SHA-256)."""
    head = f"{tensor.proto.data_type} {list(tensor.proto.dims)}".encode()
    return hashlib.sha256(head + np.ascontiguousarray(value).tobytes()).digest()


def _of_graph(graph: onnx.GraphProto) -> Iterator[Stored]:
    """Initializers and Constant nodes of a graph and of those inside it; names are unique among them."""
    graphs = list(_graphs(graph))
    used = {name for one in graphs for node in one.node for name in node.input}
    used.update(output.name for one in graphs for output in one.output)
    for one in graphs:
        for proto in one.initializer:
            yield Stored(proto.name, proto, proto.name in used)
        yield from _of_nodes(one.node, used)


def _graphs(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    yield graph
    for node in graph.node:
        for inner in subgraphs(node):
            yield from _graphs(inner)


def _of_nodes(nodes: Iterable[onnx.NodeProto], used: Container[str]) -> Iterator[Stored]:
    for node in nodes:
        if node.op_type == "Constant" and plain_domain(node.domain) == "" and node.output:
            for attribute in node.attribute:
                if attribute.name == "value":
                    yield Stored(node.output[0], attribute.t, node.output[0] in used)
