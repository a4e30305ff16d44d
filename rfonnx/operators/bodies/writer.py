"""What the nodes that stand for one node are written with, and the decorator of functions that do so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from onnx import NodeProto, TensorProto, helper

from rfonnx.graph.tensors import Types, is_static
from rfonnx.operators.table import filling

Attrs = dict[str, Any]


class Writer:
    """The nodes that one node becomes. Methods give the names of what they make.

    Attributes:
        quantised: by tensor that a quantiser makes: names of its scale and zero point.
        only_cast: whether nothing but Casts reads what the node makes.
        block: gives the channels per block of blocked tensors, 0 where there are none.
    """

    def __init__(
        self,
        node: NodeProto,
        number: int,
        quantised: Mapping[str, Sequence[str]],
        only_cast: bool,
        types: Types,
        block: Callable[[], int],
    ) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []
        self.inputs: list[str] = list(node.input)
        self.outputs = list(node.output)
        self.attrs: Attrs = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        self.quantised = quantised
        self.only_cast = only_cast
        self.block = block
        self._types = types
        self._prefix = f"decomposed/{number}/"
        self._name = node.name

    def has(self, index: int) -> bool:
        """Whether input `index` is given."""
        return index < len(self.inputs) and bool(self.inputs[index])

    def __call__(self, op_type: str, *inputs: str, to: str = "", **attrs: Any) -> str:
        """A node with one output, named `to` or afresh; the one that makes the first output keeps the name of the whole."""
        output = to or f"{self._prefix}{len(self.nodes)}"
        name = self._name if to == self.outputs[0] else f"{self._prefix}{op_type}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op_type, list(inputs), [output], name=name, **attrs))
        return output

    def several(self, op_type: str, inputs: Sequence[str], outputs: Sequence[str], **attrs: Any) -> None:
        """A node that gives all outputs."""
        self.nodes.append(helper.make_node(op_type, inputs, outputs, name=self._name, **attrs))

    def dynamically(self, value: str) -> str:
        """A value rounded to 8 bits over its own range, as real numbers again."""
        names = [f"{self._prefix}{len(self.nodes)}/{part}" for part in ("quantised", "scale", "zero")]
        self.nodes.append(helper.make_node("DynamicQuantizeLinear", [value], names, name=names[0]))
        return self("DequantizeLinear", *names)

    def shape(self, index: int) -> tuple[int, ...]:
        """Shape of input `index`.

        Raises:
            Kept: it is not known.
        """
        _, _, shape = self._types.get(self.inputs[index], ("", 0, None))
        if shape is None or not is_static(shape):
            raise Kept
        return tuple(n or 0 for n in shape)

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
        names = [self.inputs[value], self.inputs[scale]]
        if self.has(scale + 1):
            names.append(self.inputs[scale + 1])
        attrs: Attrs = {} if axis is None else {"axis": axis}
        return self("DequantizeLinear", *names, **attrs)

    def quantized(self, value: str, scale: int) -> None:
        """The output, quantised by inputs `scale` and `scale + 1`."""
        names = [value, self.inputs[scale]]
        if self.has(scale + 1):
            names.append(self.inputs[scale + 1])
        self("QuantizeLinear", *names, to=self.outputs[0])

    def attr(self, name: str, default: Any) -> Any:
        """An attribute."""
        value = self.attrs.get(name, default)
        return value.decode() if isinstance(value, bytes) else value

    def only(self, *names: str) -> Attrs:
        """The attributes of these names."""
        return {name: self.attrs[name] for name in names if name in self.attrs}

    def scalar(self, value: float) -> str:
        """A float32 constant."""
        return self._constant(TensorProto.FLOAT, [], [value])

    def _constant(self, element: int, shape: list[int], values: list[Any]) -> str:
        name = f"{self._prefix}constant_{len(self.constants)}"
        self.constants.append(helper.make_tensor(name, element, shape, values))
        return name

    def cast(self, value: str) -> str:
        """As float32."""
        output = f"{self._prefix}{len(self.nodes)}"
        self.nodes.append(helper.make_node("Cast", [value], [output], to=TensorProto.FLOAT))
        return output

    def zero(self, index: int) -> str:
        """A zero point of the type of input `index`."""
        return self._constant(self._types[self.inputs[index]][1], [], [0])

    def floats(self, values: Sequence[float]) -> str:
        """A float32 list."""
        return self._constant(TensorProto.FLOAT, [len(values)], list(values))

    def ints(self, values: Sequence[int]) -> str:
        """An int64 list."""
        return self._constant(TensorProto.INT64, [len(values)], list(values))

    def reshaped(self, value: str, shape: Sequence[int]) -> str:
        """Under another shape."""
        return self("Reshape", value, self.ints(shape))


class Kept(Exception):
    """A node that stays as it is."""


Body = Callable[[Writer], None]
"""Writes the nodes of one kind of node."""

POOL = ("auto_pad", "ceil_mode", "kernel_shape", "pads", "strides")
"""Attributes of pools."""

CONV = ("auto_pad", "dilations", "group", "kernel_shape", "pads", "strides")
"""Attributes of convolutions."""


def body(*kinds: str) -> Callable[[Body], Body]:
    """Fills in the function that writes kinds of nodes."""
    return filling("body", *kinds)
