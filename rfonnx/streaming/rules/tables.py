"""Constants that hold something for each position: tables that the file stores, and what is computed from the positions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from onnx import TensorProto, helper

from rfonnx.errors import ModelError, ShapeError
from rfonnx.gradients.values import Value
from rfonnx.graph.tensors import ELEMENT_TYPES
from rfonnx.model import runtime
from rfonnx.model.opened import Opened
from rfonnx.model.reading.convert import kind_of
from rfonnx.operators.table import operator
from rfonnx.results.streaming import Length
from rfonnx.streaming.call import Call, same

DEEPEST = 40
"""Nodes from a position to what is computed from it, at most."""
CLOSE = 1e-6
"""Share of the largest value by which numbers may differ that are computed for a few positions, and for all of them."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Which positions a chunk takes.

    Attributes:
        frames: of a chunk of the tensor whose frames are the positions.
        first: number of the first position that is taken, in the first chunk.
        count: of positions that are taken.
        length: of the tensor.
    """

    frames: int
    first: int
    count: int
    length: Length


def by_position(call: Call, name: str, axis: int, rows: Rows) -> Value:
    """A constant with something for each frame along an axis: that of the frames of a chunk.

    What is computed from positions is computed from those of the chunk. A stored table is looked up; the stream may not be longer
    than it is.

    Raises:
        Refused: it is neither.
    """
    found = [array for array in call.source.values(name) if array is not None]
    if len(found) < len(call.source.views):
        raise call.refuse(f"has a constant '{name}' along the streamed axis that is too large to be looked at")
    longest = max(found, key=lambda array: array.shape[axis])
    if any(not same(array, np.take(longest, range(array.shape[axis]), axis)) for array in found):
        raise call.refuse(f"has a constant '{name}' of numbers for each frame that depend on how many there are")
    whole = longest if call.source.fixed else _whole(call, name, axis, rows.length, longest)
    if whole is None:
        return _computed(call, name, axis, rows, longest)
    call.writer.lengths.at_most(rows.length, whole.shape[axis])
    emit = call.writer.emit
    places = call.writer.clamped(call.writer.places(rows.frames, rows.first, rows.count), whole.shape[axis])
    return emit("Gather", emit.constant(whole), places, axis=axis)


def _whole(call: Call, name: str, axis: int, length: Length, longest: np.ndarray) -> np.ndarray | None:
    """The constant where the input is as long as a table that it is made of; None: there is no longer one."""
    source = call.source
    known = longest.shape[axis]
    sizes = {n for stored in _stored(call, name) for n in source.stored[stored].dims if n > known}
    for size in sorted(sizes, reverse=True):
        frames = next((n for n in range(source.length, 4 * size + source.length) if length(n) >= size), 0)
        try:
            value = source.ready.graph(source.at(frames)).value(name)
        except (ModelError, ShapeError):
            continue
        if value is None or value.shape[axis] != size or value.ndim != longest.ndim:
            continue
        if same(longest, np.take(value, range(known), axis)):
            return value
    return None


def _stored(call: Call, name: str) -> Iterator[str]:
    """Tensors of the file that a constant is made of."""
    todo, seen = [name], {name}
    while todo:
        one = todo.pop()
        if one in call.source.stored:
            yield one
        elif one in call.source.makers:
            node = call.source.makers[one]
            if not operator(node.op_type).shape_only:
                todo += [operand for operand in node.input if operand and operand not in seen]
                seen.update(node.input)


def _computed(call: Call, name: str, axis: int, rows: Rows, longest: np.ndarray) -> Value:
    """What is computed from positions, of those of a chunk.

    Raises:
        Refused: it is not, or comes out otherwise: it is looked at once, of the first and of the last positions.
    """
    emit = call.writer.emit
    places = call.writer.places(rows.frames, rows.first, rows.count)
    before = len(emit.nodes)
    value = _of(call, name, rows, places, 0)
    read = {operand for node in emit.nodes[before:] for operand in node.input}
    held = [tensor for tensor in (*emit.constants, *call.source.stored.values()) if tensor.name in read]
    inputs = [helper.make_tensor_value_info(places.name, TensorProto.INT64, [rows.count])]
    outputs = [helper.make_tensor_value_info(value.name, ELEMENT_TYPES[value.dtype], None)]
    graph = helper.make_graph(emit.nodes[before:], "positions", inputs, outputs, held)
    source = call.source.proto
    model = Opened(helper.make_model(graph, opset_imports=source.opset_import, ir_version=source.ir_version))
    whole = longest.shape[axis]
    for first in {0, max(0, whole - rows.count)}:
        feeds = {places.name: np.arange(first, first + rows.count)}
        (found,) = runtime.run(model.session(level="none"), [value.name], feeds)
        count = min(rows.count, whole)
        expected = np.take(longest, range(first, first + count), axis)
        if not np.allclose(np.take(found, range(count), axis), expected, CLOSE, CLOSE, equal_nan=True):
            raise call.refuse(f"has a constant '{name}' that is made of positions otherwise than one by one")
    return value


def _of(call: Call, name: str, rows: Rows, places: Value, depth: int) -> Value:
    """A constant of the positions of a chunk.

    Raises:
        Refused: it is not made of them.
    """
    emit, source = call.writer.emit, call.source
    found = [array for array in source.values(name) if array is not None]
    lengths = [rows.length(length) for length in source.views]
    first = found[0] if len(found) == len(lengths) else None
    if first is not None and all(same(first, array) for array in found):
        return Value(emit, name, source.graph.dtypes[name]) if name in source.stored else emit.constant(first)
    along = [i for i in range(0 if first is None else first.ndim) if [array.shape[i] for array in found] == lengths]
    if first is None or len(along) != 1 or name not in source.makers or depth > DEEPEST:
        raise call.refuse(
            f"has a constant '{name}' that differs from frame to frame, and is not made of their positions"
        )
    (axis,) = along
    steps = _steps(found, axis)
    if steps is not None:
        start, step = steps
        numbers = (
            places if (start, step) == (0, 1) else places * emit.scalar(step, "int64") + emit.scalar(start, "int64")
        )
        cast = numbers if first.dtype == np.int64 else numbers.cast(str(first.dtype))
        return cast.reshape([-1 if i == axis else 1 for i in range(first.ndim)])
    node = source.makers[name]
    shape = [rows.count if i == axis else n for i, n in enumerate(first.shape)]
    inputs = []
    for index, operand in enumerate(node.input):
        if index == operator(kind_of(node)).shaped_by:
            inputs.append(emit.ints(shape).name)
        else:
            inputs.append(_of(call, operand, rows, places, depth + 1).name if operand else "")
    made = [emit.unique(node.op_type) if one else "" for one in node.output]
    call.writer.copy(node, inputs, made)
    emit.nodes[-1].name = made[0]
    return Value(emit, made[list(node.output).index(name)], str(first.dtype))


def _steps(found: Sequence[np.ndarray], axis: int) -> tuple[int, int] | None:
    """Where numbers begin that go up evenly with the position, and by how much; None: they are no such whole numbers."""
    if any(array.size != array.shape[axis] or array.dtype.kind not in "if" for array in found):
        return None
    longest = max(found, key=np.size).reshape(-1)
    start, step = longest[0], longest[1] - longest[0]
    if not (float(start).is_integer() and float(step).is_integer()):
        return None
    steps = int(start), int(step)
    even = all(np.array_equal(array.reshape(-1), steps[0] + steps[1] * np.arange(array.size)) for array in found)
    return steps if even and steps[1] else None
