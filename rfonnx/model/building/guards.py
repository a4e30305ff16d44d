"""What onnx's inference must never be shown: it does not refuse these attributes, it crashes or never ends (onnx 1.23.2)."""

from __future__ import annotations

import re

from rfonnx.errors import misexported
from rfonnx.graph.nodes import Node
from rfonnx.graph.tensors import Tensors

_TERM = r"[a-zA-Z ]*(\.\.\.[a-zA-Z ]*)?"
_EQUATION = rf"{_TERM}(,{_TERM})*(- *>{_TERM})?"


def guard(node: Node, tensors: Tensors) -> None:
    """Refuse attributes that index out of bounds inside onnx, or that it goes round in circles over.

    Raises:
        ModelError: Split into another number of parts than outputs, GatherND with batch axes that the data does not have, or
            an Einsum of anything but letters, commas, ellipses and an arrow.
    """
    if node.op_type == "Einsum":
        equation = node.attrs.get("equation")
        if not isinstance(equation, str) or not re.fullmatch(_EQUATION, equation):
            raise misexported(f"{node}: attribute 'equation' is {equation!r}, expected one like 'bij,bjk->bik'")
    if node.op_type == "Split":
        parts = node.attrs.get("num_outputs", len(node.outputs))
        if not isinstance(parts, int) or parts != len(node.outputs):
            raise misexported(
                f"{node}: attribute 'num_outputs' is {parts!r}, but there are {len(node.outputs)} outputs"
            )
    if node.op_type == "GatherND" and "batch_dims" in node.attrs:
        batch = node.attrs["batch_dims"]
        ranks = [len(shape) for shape in (tensors.shapes.get(name) for name in node.inputs) if shape is not None]
        if not isinstance(batch, int) or (batch and not 0 < batch < min(ranks, default=1 << 30)):
            raise misexported(
                f"{node}: attribute 'batch_dims' is {batch!r}, expected less than the ranks of its inputs, {ranks}"
            )
