"""Quantised tensors and the real numbers that they stand for. The scale is the one that the tensor's readers are given."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from onnx import NodeProto, helper

from rfonnx.comparing.layers.layer_kinds import scale_of, takes_scales
from rfonnx.comparing.layers.wiring import Wiring
from rfonnx.model.reading.convert import kind_of
from rfonnx.operators.table import operator

PREFIX = "rfonnx/real/"
"""Before the name of a quantised tensor: what stands for it."""


@dataclass(frozen=True, slots=True)
class Real:
    """Real numbers of a quantised tensor.

    Attributes:
        name: of the tensor that holds them, in models that are made of this one.
        quantised: the tensor.
        scale: names of its scale and, if it has one, zero point.
    """

    name: str
    quantised: str
    scale: tuple[str, ...]

    def dequantise(self, prefix: str = "") -> NodeProto:
        """The node that makes `name` of `quantised`, both with a prefix."""
        inputs = [prefix + self.quantised, *self.scale]
        return helper.make_node("DequantizeLinear", inputs, [prefix + self.name], name=prefix + self.name)

    def quantise(self) -> NodeProto:
        """The node that makes `quantised` of `name`."""
        return helper.make_node(
            "QuantizeLinear", [self.name, *self.scale], [self.quantised], name=PREFIX + self.quantised
        )


def real_views(wiring: Wiring) -> Iterator[Real]:
    """The quantised tensors that an operator computes, as a QLinearConv does; what a QuantizeLinear makes has its real numbers
    before it."""
    scales: dict[str, tuple[str, ...]] = {}
    found = []
    for node in reversed(wiring.nodes):
        scale = _asked_for(wiring, node.output[0], scales) if node.output else ()
        if scale and not operator(kind_of(node)).hands_on and wiring.operands(node):
            scales[node.output[0]] = scale
            found.append(Real(PREFIX + node.output[0], node.output[0], scale))
    yield from reversed(found)


def _asked_for(wiring: Wiring, name: str, scales: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The scale and zero point that a reader takes the tensor with; through a reader that takes none, such as a MaxPool, that of
    what it makes."""
    for reader in wiring.readers.get(name, ()):
        if takes_scales(kind_of(reader)):
            scale = scale_of(reader, name)
            if (
                scale
                and scale[0]
                and not any(part in wiring.maker and wiring.operands(wiring.maker[part]) for part in scale)
            ):
                return tuple(part for part in scale if part)
        elif len(reader.output) == 1 and reader.output[0] in scales and reader.input[0] == name:
            return scales[reader.output[0]]
    return ()
