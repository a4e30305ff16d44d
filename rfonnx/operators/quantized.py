"""com.microsoft operators on whole numbers that no body is written for: `bodies/quantized.py` has the others."""

from __future__ import annotations

from onnx import TensorProto, TypeProto

from rfonnx.graph.tensors import tensor_type
from rfonnx.operators.access.op import Op, rule
from rfonnx.operators.access.primitives import Access, Path, Reshape
from rfonnx.operators.access.shared import joined, known
from rfonnx.operators.reduce import reduce, spell_reduce
from rfonnx.operators.shaping import ShapeCall, like_standard, same, shapes
from rfonnx.operators.spelling import spelling
from rfonnx.operators.table import declare, microsoft

shapes(*microsoft("MulInteger"))(like_standard("Mul", (0, 2), TensorProto.INT32))  # A, zero point, B, zero point
shapes(*microsoft("ReduceSumInteger"))(like_standard("ReduceMean", (0,), TensorProto.INT32))


@shapes(*microsoft("GatherBlockQuantized"))
def gather_shape(call: ShapeCall) -> list[TypeProto]:
    """Gather of the dequantised table; bytes hold several values of its last axis: (4,8) bytes of 4 bits at (2,) give (2,16)."""
    shape, indices = call.shape(0), call.shape(1)
    if not shape or indices is None:
        return []
    held = 8 // call.attr("bits", 4) if call.elem(0) == TensorProto.UINT8 else 1
    table = (*shape[:-1], None if shape[-1] is None else shape[-1] * held)
    axis = call.attr("gather_axis", 0) % len(shape)
    return [tensor_type(call.elem(2), (*table[:axis], *indices, *table[axis + 1 :]))]


@rule(*microsoft("GatherBlockQuantized"))
def gather(op: Op) -> Access:
    """Output (before, index, after) reads its index; the packed table is constant. Exact."""
    known(op, 0, 2, 3)
    rank, indices = len(op.shape(0)), op.shape(1)
    axis = op.attrs.get("gather_axis", 0) % rank
    return Access((Path(op.name(1), (Reshape((*indices, *(1,) * (rank - 1 - axis))),)),))


spelling(*microsoft("ReduceSumInteger"))(spell_reduce)
rule(*microsoft("MulInteger"))(joined)
rule(*microsoft("ReduceSumInteger"))(reduce)
shapes(*microsoft("QOrderedGelu QOrderedLayerNormalization"))(same)
declare(*microsoft("GatherBlockQuantized MulInteger ReduceSumInteger"), macs=0)

declare(*microsoft("MulInteger QOrderedGelu QOrderedLayerNormalization ReduceSumInteger"), manner=(), quantised=True)
declare("com.microsoft.GatherBlockQuantized", manner=(), packed={0: ("bits", 4)}, quantised=True)
declare("com.microsoft.GatherBlockQuantized", family="movement")
declare("com.microsoft.MulInteger", family="elementwise")
declare("com.microsoft.ReduceSumInteger", family="pooling")
