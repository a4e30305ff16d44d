"""Batch independence: does sample i of an output see only sample i of the inputs?

The batch is the first axis of every input whose first dimension the file leaves open, or of all inputs when it fixes them to one
length above 1. With a batch of one there is nothing to see, so an open one is made two and the model analysed again. What is
proven is proven for that batch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from rfonnx.derive.source import Fields, Int64
from rfonnx.errors import RfonnxError
from rfonnx.results import BatchFact, Shape

Dims = Mapping[str, tuple[int | str, ...]]
"""Dimensions of the inputs as the file declares them (`rfonnx.graph.Graph.declared`)."""

SAMPLES = 2
MAX_NODES = 20_000
"""Nodes of the largest model that is analysed a second time without being asked."""


def batch_facts(
    fields: Fields, declared: Dims, nodes: int, again: Callable[[dict[str, tuple[int, ...]]], Fields]
) -> dict[str, BatchFact]:
    """A fact per output.

    Args:
        fields: the analysis as it is.
        declared: dimensions of the inputs as declared.
        nodes: how many the model has.
        again: analyses the model once more, with these input shapes.
    """
    batched = [name for name, dims in declared.items() if dims and isinstance(dims[0], str)]
    if not batched:
        return _of_fixed(fields)
    if _common_length(fields, batched) < SAMPLES:
        if nodes > MAX_NODES:
            return _unknown(fields, f"the model is large: analyse it with a batch of {SAMPLES} to see")
        try:
            fields = again(doubled(fields.input_shapes, declared))
        except RfonnxError as error:
            return _unknown(fields, f"the model cannot be analysed with a batch of {SAMPLES}: {error}")
    return {name: _fact(fields, name, batched) for name in fields.outputs}


def doubled(shapes: Mapping[str, Shape], declared: Dims) -> dict[str, tuple[int, ...]]:
    """The shapes with a batch of two wherever the file leaves the batch open; a dimension of the same name is as long."""
    names = {dims[0] for dims in declared.values() if dims and isinstance(dims[0], str)}
    result = {}
    for name, shape in shapes.items():
        dims = declared.get(name)
        if shape is None or dims is None or len(dims) != len(shape) or None in shape:
            continue
        result[name] = tuple(
            SAMPLES if isinstance(dim, str) and (axis == 0 or (dim and dim in names)) else length or 0
            for axis, (dim, length) in enumerate(zip(dims, shape, strict=True))
        )
    return result


def _of_fixed(fields: Fields) -> dict[str, BatchFact]:
    """All inputs have a fixed first dimension."""
    names = [name for name, shape in fields.input_shapes.items() if shape]
    length = _common_length(fields, names)
    if length == 1:
        return _unknown(fields, "the batch is fixed to 1")
    shapes = [tensor.shape for name in fields.outputs if (tensor := fields.tensors.get(name)) is not None]
    if not length or any(not shape or shape[0] != length for shape in shapes):
        return _unknown(fields, "the file does not tell which axis is the batch")
    return {name: _fact(fields, name, names) for name in fields.outputs}


def _common_length(fields: Fields, names: list[str]) -> int:
    """Length of axis 0 of these inputs when it is the same for all, else 0."""
    lengths = {shape[0] or 0 for name in names if (shape := fields.input_shapes.get(name))}
    return lengths.pop() if len(lengths) == 1 else 0


def _unknown(fields: Fields, reason: str) -> dict[str, BatchFact]:
    return dict.fromkeys(fields.outputs, BatchFact("unknown", 0, reason))


def _fact(fields: Fields, output: str, batched: list[str]) -> BatchFact:
    """What the intervals of the output along axis 0 of the batched inputs say."""
    batch = _common_length(fields, batched)
    tensor = fields.tensors.get(output)
    if tensor is None:  # an input that is passed on, or a constant
        return BatchFact("independent", batch, "")
    own = bool(tensor.shape) and tensor.shape is not None and tensor.shape[0] == batch
    unknown_length = tensor.shape is None or tensor.shape[:1] == (None,)
    for name in batched:
        lo, hi = fields.intervals(output, name, 0)
        if unknown_length and (lo <= hi).any():
            return BatchFact("unknown", 0, f"the length of '{output}' depends on data")
        reason = _mixing(lo, hi, batch if own else 0)
        if reason and not tensor.exact:
            return BatchFact("unknown", 0, f"it is not proven that samples of '{name}' stay apart")
        if reason:
            return BatchFact("mixed", batch, f"{reason} of '{name}'")
    return BatchFact("independent", batch, "")


def _mixing(lo: Int64, hi: Int64, batch: int) -> str:
    """How positions see other samples than their own, or ""; `batch`: length of the output's axis 0, 0 when that is no batch."""
    reads = lo <= hi
    if (reads & (lo != hi)).any():
        return "a position sees several samples"
    own = np.arange(batch, dtype=np.int64).reshape(-1, *(1,) * (lo.ndim - 1))
    if batch and (reads & (lo != own)).any():
        return "a sample sees another one"
    return ""
