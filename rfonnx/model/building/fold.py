"""Values of the tensors that depend on no input, computed when somebody asks and never larger than is sensible."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from onnx import TensorProto, numpy_helper

from rfonnx.errors import misexported
from rfonnx.graph.nodes import Node
from rfonnx.graph.order import subgraphs
from rfonnx.graph.tensors import Tensors, check_size, element_count
from rfonnx.graph.text import quote
from rfonnx.model.building.reshaped import filling, reshaped
from rfonnx.model.building.scope import Placed
from rfonnx.model.reading.convert import may_hold_graphs
from rfonnx.model.reading.external import check_external, is_external, read_tensor
from rfonnx.operators.evaluator import MAX_ELEMENTS, limit_of, run_node
from rfonnx.operators.table import operator
from rfonnx.results.fields import Shape

MAX_KEPT = 2**16
"""Larger values are dropped again after use."""
MAX_TOTAL = 2**26
"""Elements in memory at once, over all values."""
MAX_PASSED = 1024
"""Elements of a tensor whose value is given to shape inference (axes, pads, sizes, split lengths)."""


class Constants:
    """All constants of a model.

    Attributes:
        names: of all constants, also those whose value cannot be had.
        partial: values of which only some elements are known (see `partial`); these are no constants.
        steps: nodes that may still be run to count the rounds of loops: one inside another is counted again and again.
    """

    def __init__(self, tensors: Tensors, folder: Path | None) -> None:
        self.names: set[str] = set()
        self.steps = 20_000
        self._tensors = tensors
        self._folder = folder
        self._stored: dict[str, TensorProto] = {}
        self._calls: dict[str, Placed] = {}
        self._values: dict[str, np.ndarray | None] = {}
        self._passed: dict[str, TensorProto | None] = {}
        self._views: dict[
            tuple[int, Shape], tuple[np.ndarray, np.ndarray]
        ] = {}  # by the identity of the number in them
        self._held = 0
        self.partial: dict[str, np.ndarray] = {}

    def add_tensor(self, name: str, tensor: TensorProto) -> None:
        """Record a tensor that is stored in the file. Its data is not looked at.

        Raises:
            ModelError: its external data lies outside the model's folder.
            ShapeError: its dimensions are absurd.
        """
        check_external(tensor)
        shape = tuple(tensor.dims[:])
        if shape not in self._tensors.sized:
            check_size(name, shape, "stored in the file")
            self._tensors.sized.add(shape)
        self._tensors.set_tensor(name, tensor.data_type, shape)
        self._stored[name] = tensor
        self.names.add(name)

    def add_value(self, name: str, value: np.ndarray) -> None:
        """Record a value that is known without computing (a shape)."""
        self._values[name] = value
        self.names.add(name)

    def add_unknown(self, name: str) -> None:
        """Record a constant whose value cannot be had."""
        self._values[name] = None
        self.names.add(name)

    def add_call(self, call: Placed) -> None:
        """Record a node that reads constants alone."""
        for name in call.node.outputs:
            if name:
                self._calls[name] = call
                self.names.add(name)

    def forget(self, name: str) -> None:
        """Drop what was recorded, before a loop's body is inferred again."""
        self.names.discard(name)
        for table in (self._stored, self._calls, self._values, self._passed, self.partial):
            table.pop(name, None)

    def evaluate(self, name: str) -> np.ndarray | None:
        """Value of a constant; None when it is no constant, its data is absent, or it is larger than `MAX_ELEMENTS`.

        Without recursion: chains of constants are as long as the file likes.

        Raises:
            ModelError: data in the file does not fit its shape.
        """
        if name in self._values:
            return self._values[name]
        filled = self._filled(name)
        if filled is not None:
            return filled
        pending = [name]
        large: list[str] = []
        while pending:
            current = pending[-1]
            if current not in self._values:
                call = self._calls.get(current)
                if call is None:
                    self._keep(current, self._read(current), large)
                else:
                    wanted = self._wanted(call)
                    missing = [n for n in call.node.inputs if n and n not in self._values and n in self.names]
                    if wanted and missing:
                        pending.extend(missing)
                        continue
                    self._compute(call, wanted, large)
            pending.pop()
        value = self._values[name]
        for current in large:
            dropped = self._values.pop(current, None)
            self._held -= 0 if dropped is None else dropped.size
        return value

    def value(self, name: str) -> np.ndarray | None:
        """As `evaluate`, of a name that may be no constant's, "" among them."""
        return self.evaluate(name) if name in self.names else None

    def whole(self, name: str) -> tuple[int, ...] | None:
        """Value of a constant list of int64, as of the lengths of a shape; None when it is none, or cannot be had."""
        stored, shape = self._stored.get(name), self._tensors.shapes.get(name)
        if stored is not None and shape is not None and len(shape) == 1 and self._tensors.dtypes[name] == "int64":
            raw = stored.raw_data
            if raw and len(raw) == 8 * (shape[0] or 0) and not (is_external(stored) or stored.HasField("segment")):
                return struct.unpack(f"<{shape[0]}q", raw)  # no array is made of it
        value = self.value(name)
        return None if value is None or value.ndim != 1 or value.dtype != np.int64 else tuple(value.tolist())

    def passed(self, name: str) -> TensorProto | None:
        """Value of a small constant as shape inference takes it, or None."""
        if name not in self._passed:
            stored = self._stored.get(name)
            if stored is not None and not is_external(stored):
                self._passed[name] = stored if self._fits(name, MAX_PASSED) else None
                return self._passed[name]
            count = element_count(self._tensors.shapes.get(name))
            value = self.evaluate(name) if count is not None and count <= MAX_PASSED else None
            self._passed[name] = None if value is None else numpy_helper.from_array(np.asarray(value, order="C"))
        return self._passed[name]

    def tensor(self, name: str) -> TensorProto | None:
        """A constant that no node makes, as it is stored, or as its value was recorded; None when it is none."""
        value = self._values.get(name)
        if name in self._stored or value is None:
            return self._stored.get(name)
        return numpy_helper.from_array(np.asarray(value, order="C"), name)

    def _read(self, name: str) -> np.ndarray | None:
        tensor = self._stored.get(name)
        if tensor is None or not self._fits(name, MAX_ELEMENTS):
            return None
        return read_tensor(tensor, self._folder)

    def _fits(self, name: str, limit: int) -> bool:
        count = element_count(self._tensors.shapes.get(name))
        return count is not None and count <= limit

    def _wanted(self, call: Placed) -> bool:
        """False when the result is too large, or takes too long; its inputs are not computed then."""
        node = call.node
        row = operator(node.op_type)
        if node.domain:
            return False
        limit = limit_of(row)
        read = node.inputs[1:] if row.shape_only else node.inputs
        for name in read if row.sized_by_values else (*read, *node.outputs):
            if name and not self._fits(name, limit):
                return False
        for name in node.inputs:  # text operators may take regular expressions: a stranger's one can run for ever
            if name and self._tensors.dtypes.get(name) == "string":
                return False
        return not (may_hold_graphs(node.attrs) and subgraphs(call.proto))

    def _compute(self, call: Placed, wanted: bool, large: list[str]) -> None:
        node = call.node
        results: list[np.ndarray | None] = [None] * len(node.outputs)
        if wanted:
            operands = [self._operand(node, index) for index in range(len(node.inputs))]
            if all(o is not None or not n for o, n in zip(operands, node.inputs, strict=True)):
                view = reshaped(node.op_type, node.attrs, operands, self._tensors.shapes.get(node.outputs[0]))
                results = run_node(call.proto, dict(call.scope.opsets), operands) if view is None else [view]
        for name, value in zip(node.outputs, results, strict=True):
            if name:
                self._keep(name, value, large)

    def _filled(self, name: str) -> np.ndarray | None:
        """A constant that a ConstantOfShape fills, in whatever shape it is read: a view of its number. No node is run for it."""
        call, shape = self._calls.get(name), self._tensors.shapes.get(name)
        while call is not None and operator(call.node.kind).keeps == "order":
            call = self._calls.get(call.node.inputs[0])
        if call is None or call.node.kind != "ConstantOfShape" or not self._fits(name, MAX_ELEMENTS) or shape is None:
            return None
        number = filling(call.node.attrs)
        if number is None:
            return None
        key = (id(number), shape)
        if key not in self._views:
            self._views[key] = np.broadcast_to(number.reshape(()), tuple([n or 0 for n in shape])), number
        return self._views[key][0]

    def _operand(self, node: Node, index: int) -> np.ndarray | None:
        name = node.inputs[index]
        if index == 0 and operator(node.op_type).shape_only:
            shape = self._tensors.shapes[name] or ()
            return np.broadcast_to(np.float32(0), tuple(d or 0 for d in shape))  # takes no memory
        return self._values[name] if name else None

    def _keep(self, name: str, value: np.ndarray | None, large: list[str]) -> None:
        """Remember a value; what is large, or does not fit beside the others, only until the asking is done."""
        size = 0 if value is None else int(value.size)
        if self._held + size > MAX_TOTAL:
            value, size = None, MAX_KEPT + 1
            large.append(name)
        elif size > MAX_KEPT:
            large.append(name)
        if value is not None:
            self._held += size
            value.flags.writeable = False  # every caller gets the same array
        self._values[name] = value


def constant_array(name: str, value: object) -> np.ndarray:
    """Value of a Constant node's plain attribute (value_int, value_floats, ...).

    Raises:
        ModelError: it is no such value.
    """
    if isinstance(value, int):
        return np.array(value, np.int64)
    if isinstance(value, float):
        return np.array(value, np.float32)
    if isinstance(value, str | bytes):
        return np.array(value, object)
    if isinstance(value, list):
        if all(isinstance(v, int) for v in value):
            return np.array(value, np.int64)
        return np.array(value, np.float32 if all(isinstance(v, float) for v in value) else object)
    raise misexported(f"constant {quote(name)} has no value")
