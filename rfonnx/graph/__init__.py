"""Models as plain graphs: `load` reads a file, everything above sees only `Graph` and `Node`."""

from rfonnx.graph.load import load
from rfonnx.graph.model import Graph, Node

__all__ = ["Graph", "Node", "load"]
