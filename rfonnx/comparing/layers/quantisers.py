"""What each quantiser of the student makes of the teacher's tensor: quantised and dequantised again, by the student's scales."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from onnx import NodeProto, helper

from rfonnx.comparing.layers.inner_tensors import Inner
from rfonnx.comparing.layers.layer_kinds import dequantises, quantises
from rfonnx.comparing.layers.quantised import Real
from rfonnx.comparing.layers.wiring import Wiring
from rfonnx.model.reading.convert import kind_of

PREFIX = "rfonnx/quantised/"


@dataclass(frozen=True, slots=True)
class Quantiser:
    """Copies of the nodes that quantise a tensor and dequantise it.

    Attributes:
        source: the tensor that they read.
        result: the one that they make.
        nodes: the copies.
    """

    source: str
    result: str
    nodes: tuple[NodeProto, ...]


def quantisers(wiring: Wiring, cut: Sequence[Inner], reals: Sequence[Real]) -> Iterator[Quantiser]:
    """The quantisers whose tensor is the teacher's: an input, a cut tensor, or one that is cut behind the quantiser.

    Args:
        wiring: of the student.
        cut: the tensors that hold the teacher's.
        reals: of quantised tensors that operators compute, which quantise what they make.
    """
    fed = {tensor.key for tensor in cut} | set(wiring.inputs)
    number = 0
    for real in reals:
        source = _fed(real.name, _back(wiring, real.quantised), fed)
        if source:
            name = f"{PREFIX}{number}"
            number += 1
            inner, copy = real.quantise(), real.dequantise()
            inner.name, inner.input[0], inner.output[0] = f"{name}/q", source, f"{name}/q"
            copy.name, copy.input[0], copy.output[0] = name, f"{name}/q", name
            yield Quantiser(source, name, (inner, copy))
    for node in wiring.nodes:
        if quantises(kind_of(node)) and wiring.operands(node):
            back = _back(wiring, node.output[0])
            source = _fed(node.input[0], back, fed)
            if source:
                name = f"{PREFIX}{number}"
                number += 1
                yield Quantiser(source, name, _copies(node, back, source, name))


def _back(wiring: Wiring, name: str) -> list[NodeProto]:
    """Nodes that make real numbers of a quantised tensor."""
    return [reader for reader in wiring.readers.get(name, ()) if dequantises(kind_of(reader))]


def _fed(before: str, back: Sequence[NodeProto], fed: Collection[str]) -> str:
    """The teacher's tensor behind the quantiser, with the activation that was fused into it; else the one before."""
    return next((name for name in (*(reader.output[0] for reader in back), before) if name in fed), "")


def _copies(node: NodeProto, back: Sequence[NodeProto], source: str, name: str) -> tuple[NodeProto, NodeProto]:
    inner = NodeProto()
    inner.CopyFrom(node)
    inner.name, inner.input[0] = f"{name}/q", source
    for index in range(len(inner.output)):
        inner.output[index] = f"{name}/q{index or ''}"
    if back:
        outer = NodeProto()
        outer.CopyFrom(back[0])
        scale = [f"{name}/q{list(node.output).index(i)}" if i in node.output else i for i in outer.input[1:]]
        del outer.input[1:]
        outer.input.extend(scale)
    else:
        scale = list(inner.output[1:] or inner.input[1:])
        outer = helper.make_node("DequantizeLinear", ["", *scale], [""], domain=node.domain)
        outer.attribute.extend(attribute for attribute in node.attribute if attribute.name in ("axis", "block_size"))
    outer.name, outer.input[0], outer.output[0] = name, inner.output[0], name
    return inner, outer
