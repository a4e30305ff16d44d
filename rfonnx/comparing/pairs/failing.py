"""Which node fails, when a model fails on a sample."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import onnx

from rfonnx.comparing.pairs.running_model import OpenModel
from rfonnx.errors import RfonnxError, RunError
from rfonnx.graph.order import subgraphs
from rfonnx.graph.text import quote
from rfonnx.model.runtime import open_session, run

FAILED = re.compile(
    r"while running (\S+) node\. Name:'(.*?)' Status Message: (.*?)\)?(?:; check the inputs' shapes and types)?$"
)
"""onnxruntime's message of a node that fails, as `rfonnx.model.runtime.run` hands it on."""


def explained(opened: OpenModel, sample: str, feed: Mapping[str, np.ndarray], error: RunError) -> RunError:
    """The error in words that name the sample and the node of the file.

    onnxruntime names the node of its optimised graph, which may have fused it, and the file may give nodes no names. So the
    model is run once more as it is written, each node named by its place.
    """
    found = FAILED.search(str(error))
    if found is None:
        return RunError(f"{opened.label} fails on {sample}: {_bare(error, opened.label)}", error.hint)
    where, reason = f"a node {found[1]}" + (f" {quote(found[2])}" if found[2] else ""), found[3]
    try:
        numbered, nodes, folder = _numbered(opened)
        run(open_session(numbered, level="none", folder=folder), None, feed)
    except RunError as again:
        found = FAILED.search(str(again))
        if found is not None and found[2] in nodes:
            where, reason = _described(nodes[found[2]]), found[3]
    except RfonnxError:
        pass  # it cannot be opened as it is written; what onnxruntime said first stands
    return RunError(
        f"{opened.label} fails on {sample} at {where}: {_reason(reason)}", "check the sample's shape, type and values"
    )


def _bare(error: RunError, label: str) -> str:
    return str(error).removeprefix(f"{label}: ").removesuffix(f"; {error.hint}")


def _reason(message: str) -> str:
    """onnxruntime's reason without the place in its own source that it begins with."""
    return re.sub(r"^\S*onnxruntime_src/.*? was false\. ", "", message)


def _described(node: onnx.NodeProto) -> str:
    made = next((output for output in node.output if output), "")
    return f"node {quote(node.name or made)} ({node.op_type}, tensor {quote(made)})"


def _numbered(opened: OpenModel) -> tuple[onnx.ModelProto, dict[str, onnx.NodeProto], str | None]:
    """The model with its nodes renamed to numbers, those nodes as the file has them, and the folder of its weights."""
    proto, folder = opened.source.proto, opened.source.folder
    numbered = onnx.ModelProto()
    numbered.CopyFrom(proto)
    nodes = {f"rfonnx/{index}": node for index, node in enumerate(_nodes(proto.graph))}
    for name, node in zip(nodes, _nodes(numbered.graph), strict=True):
        node.name = name
    return numbered, nodes, None if folder is None else str(folder)


def _nodes(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """The nodes of a graph and of the bodies in it."""
    found = []
    for node in graph.node:
        found.append(node)
        for body in subgraphs(node):
            found += _nodes(body)
    return found
