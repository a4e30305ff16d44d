"""Writes nodes: unique names, constants stored once, and the few spellings that differ between opsets 17 and 26."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper

from rfonnx.gradients.values import Value
from rfonnx.graph.tensors import ELEMENT_TYPES

_BOOLEAN = {"Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Not", "And", "Or", "Xor", "IsNaN", "IsInf"}
_INT64 = {"Shape", "Size", "ArgMax", "ArgMin", "NonZero"}


class Emitter:
    """A list of nodes and constants that grows.

    Attributes:
        opset: of ai.onnx, 17 to 26.
        nodes, constants: what was emitted so far; nodes are in topological order.
        scope: prefix of the names of what comes next: the node that a rule is at work on.
    """

    def __init__(self, opset: int, taken: Iterable[str] = (), prefix: str = "gradient/") -> None:
        self.opset = opset
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []
        self.scope = ""
        self._prefix = prefix
        self._taken = set(taken)
        self._count = 0
        self._constants: dict[tuple[str, tuple[int, ...], bytes], Value] = {}

    def __call__(self, op_type: str, *inputs: Value | None, dtype: str | None = None, **attrs: Any) -> Value:
        """Emit a node with one output, whose type is that of the first input unless `dtype` or the operator says otherwise."""
        return self.many(op_type, inputs, (dtype,), **attrs)[0]

    def many(
        self,
        op_type: str,
        inputs: Sequence[Value | None],
        dtypes: Sequence[str | None],
        domain: str = "",
        **attrs: Any,
    ) -> list[Value]:
        """Emit a node with several outputs, one per entry of `dtypes`; "" leaves an output out."""
        names = ["" if value is None else value.name for value in inputs]
        while names and not names[-1]:
            names.pop()
        first = next((value.dtype for value in inputs if value is not None), "float32")
        if op_type in _BOOLEAN:
            first = "bool"
        elif op_type in _INT64:
            first = "int64"
        outputs = [
            Value(self, "" if dtype == "" else self.unique(op_type), first if dtype is None else dtype)
            for dtype in dtypes
        ]
        node = helper.make_node(op_type, names, [o.name for o in outputs], domain=domain or None, **attrs)
        node.name = next(o.name for o in outputs if o.name)
        self.nodes.append(node)
        return outputs

    def inner(self) -> Emitter:
        """An emitter for a subgraph: it shares names and constants with this one, and has nodes of its own."""
        inner = Emitter(self.opset, (), self._prefix)
        inner.constants, inner._constants = self.constants, self._constants
        inner._taken, inner._count, inner.scope = self._taken, self._count, self.scope
        return inner

    def unique(self, label: str) -> str:
        """A name that nothing else has."""
        while True:
            name = f"{self._prefix}{self.scope}/{label}_{self._count}"
            self._count += 1
            if name not in self._taken:
                self._taken.add(name)
                return name

    def constant(self, array: np.ndarray) -> Value:
        """A constant tensor; equal ones are stored once."""
        array = np.ascontiguousarray(array) if array.ndim else array
        key = (str(array.dtype), array.shape, array.tobytes())
        if key not in self._constants:
            name = self.unique("constant")
            self.constants.append(numpy_helper.from_array(array, name))
            self._constants[key] = Value(self, name, str(array.dtype))
        return self._constants[key]

    def scalar(self, value: float, dtype: str) -> Value:
        """A constant of rank 0."""
        return self.constant(np.array(value, dtype))

    def ints(self, values: Sequence[int]) -> Value:
        """A constant list of integers."""
        return self.constant(np.array(values, np.int64).reshape(-1))

    def cast(self, value: Value, dtype: str) -> Value:
        """A Cast node."""
        return self("Cast", value, dtype=dtype, to=ELEMENT_TYPES[dtype])

    def reduce(self, op_type: str, value: Value, axes: Sequence[int], keepdims: bool = True) -> Value:
        """A reduction: `axes` is an input of ReduceSum, and of the others from opset 18."""
        keep = int(keepdims)
        if op_type == "ReduceSum" or self.opset >= 18:
            return self(op_type, value, self.ints(axes), keepdims=keep)
        return self(op_type, value, axes=list(axes), keepdims=keep)

    def concat(self, values: Sequence[Value], axis: int) -> Value:
        """The values one after another along an axis."""
        return values[0] if len(values) == 1 else self("Concat", *values, axis=axis)

    def shape_of(self, value: Value) -> Value:
        """The shape as a tensor, for the few rules that must hold for any number of seeds."""
        return self("Shape", value)
