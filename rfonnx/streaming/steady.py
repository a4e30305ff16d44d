"""A start without mirrored frames: another model, which need not wait for them, and is the given one from some frame on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from onnx import ModelProto, NodeProto, helper

from rfonnx.analysis.analysis import Analysis
from rfonnx.analysis.analyze import analyze
from rfonnx.errors import ModelError, ShapeError
from rfonnx.gradients.emitter import Emitter
from rfonnx.graph.tensors import ELEMENT_TYPES
from rfonnx.model.opened import Opened
from rfonnx.streaming.layout import lay_out
from rfonnx.streaming.model import LENGTHS, Source, first_taken
from rfonnx.streaming.placed import Layout, Placed
from rfonnx.streaming.relations import Bends

LONGER = (960, 3840, 7680)
"""Lengths at which it is looked for the first frame that sees nothing mirrored, beside that at which the model was looked at."""

ALL = -1
"""A count of frames: all of them."""


@dataclass(frozen=True, slots=True)
class Mirror:
    """A node that mirrors frames at the start.

    Attributes:
        placed: the node.
        axis, begin: of its frames, and how many of them it mirrors.
        shape: of what it mirrors them of.
    """

    placed: Placed
    axis: int
    begin: int
    shape: tuple[int, ...]


def steadied(source: Source) -> Source:
    """The model in which the first frame is repeated wherever the given one mirrors frames at the start.

    Args:
        source: not looked at yet.

    Returns:
        The same source where nothing is mirrored.

    Raises:
        Refused: a node cannot be streamed.
    """
    seen, layout = _looked_at(source)
    mirrors = _mirrors(seen, layout)
    if not mirrors:
        return source
    proto = _changed(source.proto, seen, mirrors, marked=False)
    differs = _differs(seen, layout, _changed(source.proto, seen, mirrors, marked=True))
    return replace(source.changed(proto), differs=differs)


def _looked_at(source: Source) -> tuple[Source, Layout]:
    """At some length, another one than the file's where it takes others."""
    tried = [(source.freed(), length) for length in dict.fromkeys([source.length, *LENGTHS])] if source.fixed else []
    tried += [(source, length) for length in dict.fromkeys([source.length, *([] if source.fixed else LENGTHS)])]
    seen = first_taken(tried, lambda pair: pair[0].seen_at(pair[1]))
    return seen, lay_out(seen)


def _mirrors(source: Source, layout: Layout) -> dict[str, Mirror]:
    """By output of the node."""
    found = {}
    for placed in layout.placed:
        for name, readings in placed.readings.items():
            for operand, (axis, reading) in readings.items():
                if isinstance(reading, Bends) and reading.mirrored and reading.begin > 0:
                    shape = tuple(n or 0 for n in source.graph.shapes[operand] or ())
                    found[name] = Mirror(placed, axis, reading.begin, shape)
    return found


def _changed(given: ModelProto, source: Source, mirrors: Mapping[str, Mirror], marked: bool) -> ModelProto:
    """The model with other frames in the place of mirrored ones: the first one, or, marked, those of an input each."""
    proto = ModelProto()
    proto.CopyFrom(given)
    taken = {name for node in given.graph.node for name in (*node.input, *node.output)}
    emit = Emitter(source.graph.opsets[""], taken | {tensor.name for tensor in given.graph.initializer}, "start/")
    del proto.graph.node[:]
    for node in given.graph.node:
        mirror = mirrors.get(node.output[0])
        if mirror is None:
            proto.graph.node.add().CopyFrom(node)
            continue
        name = emit.unique("begun")
        pads = list(mirror.placed.node.attrs["pads"])
        front = [mirror.begin if axis == mirror.axis else 0 for axis in range(len(pads))]
        if marked:
            start = emit.unique("mirrored")
            shape = [mirror.begin if axis == mirror.axis else n for axis, n in enumerate(mirror.shape)]
            kind = ELEMENT_TYPES[source.graph.dtypes[node.output[0]]]
            proto.graph.input.append(helper.make_tensor_value_info(start, kind, shape))
            added = helper.make_node("Concat", [start, node.input[0]], [name], name, axis=mirror.axis)
        else:
            added = helper.make_node("Pad", [node.input[0], emit.ints(front).name], [name], name, mode="edge")
        proto.graph.node.extend([added, _rest(node, emit, name, [n - m for n, m in zip(pads, front, strict=True)])])
    proto.graph.initializer.extend(emit.constants)
    return proto


def _rest(node: NodeProto, emit: Emitter, name: str, pads: list[int]) -> NodeProto:
    """What the node adds beside that."""
    made = NodeProto()
    made.CopyFrom(node)
    made.input[:] = [name, emit.ints(pads).name]
    return made


def _differs(source: Source, layout: Layout, marked: ModelProto) -> dict[str, int]:
    """By output, how many of its first frames see a mirrored one; -1: all, at every length that it is looked at."""
    opened, found = Opened(marked), dict[str, int]()
    for length in dict.fromkeys([source.length, *LONGER]):
        try:
            analysis = analyze(opened, source.at(length))
        except (ModelError, ShapeError):  # it takes multiples of its unit alone
            continue
        for output in (entry.name for entry in source.proto.graph.output):
            if found.get(output, ALL) == ALL:
                found[output] = _changed_frames(analysis, source, output, layout.axes.get(output))
        if ALL not in found.values():
            break
    return found


def _changed_frames(analysis: Analysis, source: Source, output: str, axis: int | None) -> int:
    """Of one output; the inputs that the source has not are what is mirrored."""
    if axis is None or output not in analysis.tensors:
        return ALL
    shape = [n or 0 for n in analysis.tensors[output].shape or ()]
    count = 0
    for start in (name for name in analysis.inputs if name not in source.shapes):
        lo, hi = analysis.intervals(output, start, 0)
        sees = np.broadcast_to(lo <= hi, shape)
        (frames,) = np.nonzero(sees.any(tuple(other for other in range(len(shape)) if other != axis)))
        count = max(count, int(frames.max(initial=-1)) + 1)
    return ALL if count == shape[axis] else count
