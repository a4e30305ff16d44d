"""What nodes make of constant frames that come before a stream begins: those of padding, or of a Concat in front."""

from __future__ import annotations

import math

import numpy as np
from onnx import ValueInfoProto, helper, numpy_helper

from rfonnx.model.runtime import open_session, run
from rfonnx.streaming.call import Call, same
from rfonnx.streaming.flow import Flow, Led

LARGEST = 1 << 14
"""Numbers that a state begins with, at most: the manifest lists them."""


def through(call: Call, flow: Flow) -> Led | None:
    """The node is run on these frames alone, which it takes one by one.

    Args:
        call: of a node that reads frame o for frame o, of one operand with frames.
        flow: of that operand, which begins after its first frame.

    Returns:
        None: something else goes on with the frames, or they are not known, too many, or no finite numbers.
    """
    if call.still or call.row.shaped_by is not None or call.row.quantised or call.node.attrs.get("captures"):
        return None
    if len(call.readings) > 1 or "float" not in call.source.graph.dtypes[call.output]:
        return None
    constants: dict[str, np.ndarray] = {}
    for name in call.node.inputs:
        if name and name not in call.flows:
            found = call.source.values(name) if name in call.source.graph.constants else [None]
            known = [one for one in found if one is not None]
            if len(known) < len(found) or not all(same(known[0], one) for one in known):
                return None
            constants[name] = known[0]
    given = _frames(flow)
    if given is None or math.prod(call.shape(call.output, call.axis, -flow.delay)) > LARGEST:
        return None
    made = _run(call, given, constants)
    return Led(np.moveaxis(made, call.axis, 0)) if np.isfinite(made).all() else None


def _frames(flow: Flow) -> np.ndarray | None:
    """The frames before the stream begins, as the tensor has them."""
    shape = flow.with_frames(-flow.delay)
    if math.prod(shape) > LARGEST:
        return None
    if flow.led is not None:
        return np.ascontiguousarray(np.broadcast_to(np.moveaxis(flow.led.frames, 0, flow.axis), shape))
    return None if flow.before is None else np.full(shape, flow.before, flow.value.dtype)


def _run(call: Call, given: np.ndarray, constants: dict[str, np.ndarray]) -> np.ndarray:
    element = helper.np_dtype_to_tensor_dtype(given.dtype)
    graph = helper.make_graph(
        [call.proto],
        "history",
        [helper.make_tensor_value_info(call.operand, element, given.shape)],
        [ValueInfoProto(name=call.output)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(
        graph, opset_imports=call.source.proto.opset_import, ir_version=call.source.proto.ir_version
    )
    session = open_session(model, level="none", name=call.source.model.label)
    (made,) = run(session, [call.output], {call.operand: given}, call.source.model.label)
    return made
