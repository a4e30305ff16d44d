"""If, Loop and Scan: their bodies become Graphs of their own, with the types that flow in and around."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onnx import NodeProto, TypeProto

from rfonnx.graph.model import Node
from rfonnx.graph.order import captures, subgraphs
from rfonnx.graph.scope import Scope

if TYPE_CHECKING:
    from rfonnx.graph.build import Builder


def captured(proto: NodeProto, scope: Scope) -> list[str]:
    """Graph-wide names that the node's subgraphs read from outside."""
    return list(dict.fromkeys(scope.resolve(name) for graph in subgraphs(proto) for name in captures(graph)))


def infer(builder: Builder, proto: NodeProto, node: Node, scope: Scope) -> dict[int, TypeProto] | None:
    return None
