"""What the nodes that stand for one node are written with, and the decorator of functions that do so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from onnx import TensorProto, helper

from rfonnx.graph.nodes import Node
from rfonnx.graph.tensors import Types, is_static
from rfonnx.operators.table import declare, filling

Attrs = dict[str, Any]

BODY_OPSET = 21
"""The opset of the nodes that bodies write."""


class Writer:
    """The nodes that one node becomes. Methods give the names of what they make.

    Attributes:
        prefix: what the names of all begin with that is made inside.
        nodes: what was written so far.
        constants: by name, what the nodes read beside the inputs.
        kind: the node's operator, without its domain.
        inputs, outputs, attrs: the node's.
        quantised: by tensor that a quantiser makes: names of its scale and zero point.
        only_cast: whether nothing but Casts reads what the node makes.
        block: gives the channels per block of blocked tensors, 0 where there are none.
    """

    def __init__(
        self,
        node: Node,
        prefix: str,
        types: Types,
        block: Callable[[], int],
        quantised: Mapping[str, Sequence[str]] | None = None,
        only_cast: bool = False,
    ) -> None:
        self.nodes: list[Node] = []
        self.constants: dict[str, np.ndarray] = {}
        self.kind = node.op_type
        self.inputs: list[str] = list(node.inputs)
        self.outputs = list(node.outputs)
        self.attrs: Attrs = dict(node.attrs)
        self.quantised = quantised or {}
        self.only_cast = only_cast
        self.block = block
        self._types = types
        self.prefix = prefix
        self._name = node.name

    def has(self, index: int) -> bool:
        """Whether input `index` is given."""
        return index < len(self.inputs) and bool(self.inputs[index])

    def given(self, *indices: int) -> list[str]:
        """Those of these inputs that are given."""
        return [self.inputs[index] for index in indices if self.has(index)]

    def __call__(self, op_type: str, *inputs: str, to: str = "", **attrs: Any) -> str:
        """A node with one output, named `to` or afresh; the one that makes the first output keeps the name of the whole."""
        output = to or f"{self.prefix}{len(self.nodes)}"
        self.several(op_type, inputs, [output], **attrs)
        return output

    def several(self, op_type: str, inputs: Sequence[str], outputs: Sequence[str], **attrs: Any) -> None:
        """A node that gives all these outputs."""
        name = self._name if self.outputs[0] in outputs else f"{self.prefix}{op_type}_{len(self.nodes)}"
        self.nodes.append(Node(op_type, "", name, tuple(inputs), tuple(outputs), attrs, BODY_OPSET))

    def plus(self, value: str, index: int) -> str:
        """A value and input `index`, where that is given."""
        return self("Add", value, self.inputs[index]) if self.has(index) else value

    def done(self, value: str) -> None:
        """The value is the output."""
        self("Identity", value, to=self.outputs[0])

    def dynamically(self, value: str) -> str:
        """A value rounded to 8 bits over its own range, as real numbers again."""
        names = [f"{self.prefix}{len(self.nodes)}/{part}" for part in ("quantised", "scale", "zero")]
        self.several("DynamicQuantizeLinear", [value], names)
        return self("DequantizeLinear", *names)

    def shape(self, index: int) -> tuple[int, ...]:
        """Shape of input `index`.

        Raises:
            Kept: it is not known.
        """
        shape = self._shape(index)
        if not is_static(shape):
            raise Kept("a shape that is not known")
        return tuple(n or 0 for n in shape)

    def rank(self, index: int) -> int:
        """Number of axes of input `index`.

        Raises:
            Kept: it is not known.
        """
        return len(self._shape(index))

    def _shape(self, index: int) -> tuple[int | None, ...]:
        _, _, shape = self._types.get(self.inputs[index] if self.has(index) else "", ("", 0, None))
        if shape is None:
            raise Kept("a rank that is not known")
        return shape

    def transposed(self, value: str, perm: Sequence[int], to: str = "") -> str:
        """With axis `perm[i]` as axis `i`."""
        return self("Transpose", value, to=to, perm=list(perm))

    def channels_first(self, value: str, rank: int) -> str:
        """An image whose channels came last."""
        return self.transposed(value, [0, rank - 1, *range(1, rank - 1)])

    def channels_last(self, value: str, rank: int, to: str = "") -> str:
        """An image whose channels came first."""
        return self.transposed(value, [0, *range(2, rank), 1], to)

    def dequantized(self, value: int, scale: int, axis: int | None = None) -> str:
        """An input as real numbers; its scale and zero point are inputs `scale` and `scale + 1`."""
        attrs: Attrs = {} if axis is None else {"axis": axis}
        return self("DequantizeLinear", *self.given(value, scale, scale + 1), **attrs)

    def quantized(self, value: str, scale: int) -> None:
        """The output, quantised by inputs `scale` and `scale + 1`."""
        self("QuantizeLinear", value, *self.given(scale, scale + 1), to=self.outputs[0])

    def attr(self, name: str, default: Any) -> Any:
        """An attribute."""
        return self.attrs.get(name, default)

    def only(self, *names: str) -> Attrs:
        """The attributes of these names.

        Raises:
            Kept: one is filled in, and is not known.
        """
        found = {name: self.attrs[name] for name in names if name in self.attrs}
        if None in found.values():
            raise Kept("attributes that depend on a shape that is not known")
        return found

    def scalar(self, value: float) -> str:
        """A float32 constant."""
        return self._constant(np.asarray(value, np.float32))

    def _constant(self, value: np.ndarray) -> str:
        name = f"{self.prefix}constant_{len(self.constants)}"
        self.constants[name] = value
        return name

    def cast(self, value: str) -> str:
        """As float32."""
        output = f"{self.prefix}{len(self.nodes)}"
        self.several("Cast", [value], [output], to=TensorProto.FLOAT)
        return output

    def zero(self, index: int) -> str:
        """A zero point of the type of input `index`."""
        element = self._types[self.inputs[index]][1]
        return self._constant(np.zeros((), helper.tensor_dtype_to_np_dtype(element)))

    def floats(self, values: Sequence[float]) -> str:
        """A float32 list."""
        return self._constant(np.asarray(values, np.float32))

    def ints(self, values: Sequence[int]) -> str:
        """An int64 list."""
        return self._constant(np.asarray(values, np.int64))

    def reshaped(self, value: str, shape: Sequence[int]) -> str:
        """Under another shape."""
        return self("Reshape", value, self.ints(shape))


class Kept(Exception):
    """A node that stays as it is; the text says why."""


Body = Callable[[Writer], None]
"""Writes the nodes of one kind of node."""

POOL = ("auto_pad", "ceil_mode", "kernel_shape", "pads", "strides")
"""Attributes of pools."""

CONV = ("auto_pad", "dilations", "group", "kernel_shape", "pads", "strides")
"""Attributes of convolutions."""


def body(*kinds: str, **columns: Any) -> Callable[[Body], Body]:
    """Fills in the function that writes kinds of nodes, and other columns of theirs. What they read and cost, and the shapes of
    what they make, follow where no column of theirs says it."""
    declare(*kinds, **columns)
    return filling("body", *kinds)
