"""Numbers to small integers and back.

Spelling: `axis` (None when the rank is unknown) and `block_size` (0: not blocked).
"""

from __future__ import annotations

from onnx import TensorProto, TypeProto

from rfonnx.graph.nodes import Node
from rfonnx.operators.access.indexing import positions, whole
from rfonnx.operators.access.op import Op, Unproven, rule
from rfonnx.operators.access.primitives import Access, Path, Reshape, Select, Step
from rfonnx.operators.shaping import ShapeCall, shapes
from rfonnx.operators.spelling import SpellCall, spelling
from rfonnx.operators.table import declare, microsoft


@spelling("QuantizeLinear", "DequantizeLinear", *microsoft("QuantizeLinear DequantizeLinear"))
def spell_quantize(call: SpellCall) -> Node:
    """`axis` is the one along which scales differ; com.microsoft and ai.onnx agree on 1."""
    rank = call.rank(0)
    scale_rank = call.rank(1)
    block_size = call.int_attr("block_size", 0)
    if rank is None or scale_rank is None:
        return call.with_attrs(axis=None, block_size=block_size)
    if scale_rank == 0:
        return call.with_attrs(axis=0, block_size=block_size)
    axis = call.int_attr("axis", 1)
    # one scale for all may come as a list of one, for which a default axis beyond the rank does not matter
    axis = 0 if rank <= 1 and "axis" not in call.node.attrs else call.positive_axis(axis, rank)
    return call.with_attrs(axis=axis, block_size=block_size)


@shapes(*microsoft("QuantizeLinear"))
def quantize_shape(call: ShapeCall) -> list[TypeProto]:
    """The type of the zero point, else uint8."""
    return [call.like(0, call.elem(2) or TensorProto.UINT8)]


@shapes(*microsoft("DequantizeLinear"))
def dequantize_shape(call: ShapeCall) -> list[TypeProto]:
    """The type of the scale."""
    return [call.like(0, call.elem(1))]


@rule("QuantizeLinear", "DequantizeLinear", *microsoft("QuantizeLinear DequantizeLinear"))
def quantize(op: Op) -> Access:
    """y reads x at its position, and the scale and zero point that belong to it: of all, of its place on
    `axis`, or of its block of `block_size` places. Exact."""
    return Access((Path(op.name(0)), *(Path(op.name(i), _scale_steps(op, i)) for i in (1, 2) if op.reads(i))))


def _scale_steps(op: Op, index: int) -> tuple[Step, ...]:
    shape, x_shape, axis = op.shape(index), op.shape(0), op.attrs["axis"]
    if len(shape) == len(x_shape) and op.attrs["block_size"]:
        blocks = positions(x_shape[axis]) // op.attrs["block_size"]
        return (Select(axis, blocks, blocks),)
    if len(shape) > 1:
        raise Unproven(f"a scale of shape {shape} does not fit a tensor of shape {x_shape}")
    if shape in ((), (1,)):
        return (Reshape(()),)
    return (Reshape((*shape, *(1,) * (len(x_shape) - axis - 1))),)


@rule("DynamicQuantizeLinear")
def dynamic_quantize(op: Op) -> Access:
    """The scale sees everything, and so does each quantised value. Exact."""
    return Access((whole(op, 0),))


declare(
    "QuantizeLinear",
    *microsoft("DequantizeLinear QuantizeLinear"),
    hands_on=True,
    macs=0,
    manner=("scaled",),
    quantised=True,
)
declare("DequantizeLinear", evaluation="fast", hands_on=True, macs=0, manner=("scaled",), quantised=True)
declare("DynamicQuantizeLinear", hands_on=True, macs=0, manner=("norm",), quantised=True, ranged=True)
declare("QuantizeLinear", "DequantizeLinear", *microsoft("QuantizeLinear DequantizeLinear"), zero_point=2)
