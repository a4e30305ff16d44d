"""Nets of whole numbers: where operators only add, multiply and choose, float32 is exact, and a stream must be so bit for bit."""

from __future__ import annotations

import itertools

import numpy as np
import onnx
from onnx import numpy_helper

from rfonnx.errors import RunError
from rfonnx.model.opened import Opened
from rfonnx.results.streaming import Manifest, StreamedInput
from rfonnx.streaming.loop import Stream
from rfonnx.streaming.offline import Run, lengths, run_stream, within

WEIGHED = {"Conv": 1, "ConvTranspose": 1, "MatMul": 1, "Gemm": 1, "PRelu": 1, "Add": 0, "Sub": 0, "Mul": 0, "Concat": 0}
"""Operators with weights, and their first operand that may be one."""
EXACT = {
    *WEIGHED, "Abs", "CumSum", "Gather", "Identity", "MaxPool", "Neg", "Pad", "Relu", "Reshape", "Resize", "Slice",
    "Split", "Squeeze", "Transpose", "Unsqueeze", "DepthToSpace", "SpaceToDepth", "Expand", "Tile", "Where",
}  # fmt: skip
"""Operators that make whole numbers of whole numbers."""
FEW = 4
"""Weights of one output that are not 0, about: values must not grow too large."""
FURTHER = 64
"""Frames beside a unit that are tried, where the model does not take fewer."""
LARGEST = 2.0**23
"""Sums of no more than this are exact in float32."""


def whole_numbers(model: onnx.ModelProto) -> onnx.ModelProto | None:
    """The net with weights of -1, 1, 2, and 0, where there are many; None: it has operators that make others of them."""
    if any(node.op_type not in EXACT for node in model.graph.node):
        return None
    made = onnx.ModelProto()
    made.CopyFrom(model)
    read = {name for node in made.graph.node if node.op_type in WEIGHED for name in node.input[WEIGHED[node.op_type] :]}
    rng = np.random.default_rng(7)
    for tensor in made.graph.initializer:
        if tensor.name in read and tensor.data_type == onnx.TensorProto.FLOAT:
            shape = tuple(tensor.dims)
            kept = rng.random(shape) < FEW / max(1, int(np.prod(shape[1:])))
            value = np.where(kept, rng.choice([-1, 1, 1, 2], shape), 0).astype(np.float32)
            tensor.CopyFrom(numpy_helper.from_array(value, tensor.name))
    return made


def differs(model: onnx.ModelProto, stream: Stream) -> bool | None:
    """Whether any bit differs at any length; None: values became too large to tell, or the net takes no length near one."""
    manifest, run = stream.manifest, within(Opened(model))
    found = False
    for length in lengths(manifest):
        try:
            feeds, whole = _offline(run, manifest, length)
        except RunError:
            return None
        if max((np.abs(array).max(initial=0) for array in whole.values()), default=0) > LARGEST:
            return None
        made = run_stream(stream, feeds, next(iter(feeds.values())).shape[manifest.axis])
        found |= any(not np.array_equal(made[name], array) for name, array in whole.items())
    return found


def _offline(run: Run, manifest: Manifest, length: int) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Inputs and outputs of the first length from this one on that the model takes."""
    names = [one.name for one in manifest.outputs]
    for more in itertools.count():
        feeds = {one.name: _drawn(one, length + more) for one in manifest.inputs}
        try:
            return feeds, dict(zip(names, run(names, feeds), strict=True))
        except RunError:
            if more == manifest.unit + FURTHER:
                raise
    raise AssertionError


def _drawn(one: StreamedInput, length: int) -> np.ndarray:
    shape = (*one.shape[: one.axis], length, *one.shape[one.axis + 1 :])
    return np.random.default_rng(length).integers(-2, 3, shape).astype(one.dtype)
