"""com.microsoft operators on quantised tensors: as their ai.onnx kin, with scales and zero points between the operands."""

from __future__ import annotations

from onnx import TensorProto, TypeProto

from rfonnx.graph.nodes import Graph, Node
from rfonnx.graph.tensors import tensor_type
from rfonnx.operators.access.indexing import whole
from rfonnx.operators.access.op import Op, rule
from rfonnx.operators.access.primitives import Access, Path, Reduce, Reshape
from rfonnx.operators.access.shared import axes_of, joined, known
from rfonnx.operators.by_kind import microsoft
from rfonnx.operators.counting import declare_free
from rfonnx.operators.layouts import convolve
from rfonnx.operators.pool import pooled, spell_pool
from rfonnx.operators.reduce import reduce, reduce_steps, spell_reduce
from rfonnx.operators.shaping import ShapeCall, same, shapes
from rfonnx.operators.slicing import stretch
from rfonnx.operators.spelling import axis_attr, input_rank, int_attr, spelling, with_attrs
from rfonnx.operators.table import declare, named


@spelling("com.microsoft.QLinearSoftmax")
def spell_quantized_softmax(node: Node, graph: Graph) -> Node:
    """Its attribute `opset` says which Softmax it was made of."""
    rank = input_rank(node, graph, 0)
    if rank is None:
        return with_attrs(node, axes=None)
    axis = axis_attr(node, -1, rank)
    return with_attrs(node, axes=[axis] if int_attr(node, "opset", 13) >= 13 else list(range(axis, rank)))


@shapes(*microsoft("MulInteger"))
def integer_product_shape(call: ShapeCall) -> list[TypeProto]:
    """Inputs: A, zero point, B, zero point; into int32."""
    return [call.standard("Mul", (0, 2), TensorProto.INT32)]


@shapes(*microsoft("QLinearAveragePool", "QLinearGlobalAveragePool"))
def quantized_pool_shape(call: ShapeCall) -> list[TypeProto]:
    """The pool of the same name."""
    return [convolve(call, call.node.op_type.removeprefix("QLinear"), (0,), bool(call.attr("channels_last", 0)))]


@shapes(*microsoft("QLinearReduceMean"))
def quantized_mean_shape(call: ShapeCall) -> list[TypeProto]:
    """ReduceMean with axes as an attribute."""
    return [call.standard("ReduceMean", (0,))]


@shapes(*microsoft("ReduceSumInteger"))
def integer_sum_shape(call: ShapeCall) -> list[TypeProto]:
    """ReduceMean's shape, in int32."""
    return [call.standard("ReduceMean", (0,), TensorProto.INT32)]


rule(*microsoft("QLinearAdd", "QLinearMul", "QLinearSigmoid", "QLinearLeakyRelu", "QLinearWhere", "MulInteger"))(joined)


rule(*microsoft("ReduceSumInteger"))(reduce)


def _scalars(op: Op, *indices: int) -> tuple[Path, ...]:
    """Scales and zero points of whole tensors."""
    return tuple(whole(op, index) for index in indices if op.reads(index))


@rule(*microsoft("QLinearSoftmax"))
def softmax(op: Op) -> Access:
    """y reads x along `axes`. Exact."""
    return Access((Path(op.name(0), (Reduce(axes_of(op)),)), *_scalars(op, 1, 2, 3, 4)))


@rule(*microsoft("QLinearReduceMean"))
def reduce_mean(op: Op) -> Access:
    """y reads x along `axes`. Exact."""
    return Access((Path(op.name(0), reduce_steps(op)), *_scalars(op, 1, 2, 3, 4)))


@rule(*microsoft("QLinearAveragePool"))
def average_pool(op: Op) -> Access:
    """As AveragePool, channels last where it says so. Exact."""
    first, out = (1, op.out_shape()[1:-1]) if op.attrs.get("channels_last", 0) else (2, op.out_shape()[2:])
    access = pooled(op, first, out)
    return access._replace(paths=(*access.paths, *_scalars(op, 1, 2, 3, 4)))


@rule(*microsoft("QLinearGlobalAveragePool"))
def global_average_pool(op: Op) -> Access:
    """y reads all of space. Exact."""
    rank = len(op.shape(0))
    space = tuple(range(1, rank - 1) if op.attrs.get("channels_last", 0) else range(2, rank))
    return Access((Path(op.name(0), (Reduce(space),)), *_scalars(op, 1, 2, 3, 4)))


@rule(*microsoft("QLinearConcat"))
def concat(op: Op) -> Access:
    """Each part, with its scale and zero point, is read in its own stretch of the axis. Exact."""
    out = op.out_shape()
    axis = op.attrs["axis"] % len(out)
    paths, start = list(_scalars(op, 0, 1)), 0
    for index in range(2, len(op.node.inputs), 3):
        length = op.shape(index)[axis]
        step = stretch(axis, out[axis], start, length)
        if op.reads(index):
            paths.append(Path(op.name(index), (step,)))
        for scalar in _scalars(op, index + 1, index + 2):
            lifted = Reshape((1,) * len(out))
            only = stretch(axis, out[axis], start, length)
            only = only._replace(first=only.first.clip(0, 0), last=only.last.clip(-1, 0))
            paths.append(Path(scalar.source, (*scalar.steps, lifted, only)))
        start += length
    return Access(tuple(paths))


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


spelling(*microsoft("QLinearAveragePool"))(spell_pool)
spelling(*microsoft("QLinearReduceMean", "ReduceSumInteger"))(spell_reduce)
shapes(*microsoft("QLinearSoftmax", "QOrderedGelu", "QOrderedLayerNormalization"))(same)
declare_free(
    *microsoft(
        "QLinearAdd", "QLinearMul", "QLinearWhere", "MulInteger", "QLinearSigmoid", "QLinearLeakyRelu", "QLinearSoftmax"
    )
)
declare_free(*microsoft("QLinearAveragePool", "QLinearGlobalAveragePool", "QLinearReduceMean", "ReduceSumInteger"))
declare_free(*microsoft("QLinearConcat", "GatherBlockQuantized"))

declare(
    *named("MulInteger QOrderedGelu QOrderedLayerNormalization ReduceSumInteger", "com.microsoft"),
    manner=(),
    quantised=True,
)
declare("com.microsoft.GatherBlockQuantized", manner=(), packed={0: ("bits", 4)}, quantised=True)
declare("com.microsoft.QLinearAdd", manner=("elementwise",), quantised=True, stands_for="Add")
declare("com.microsoft.QLinearAveragePool", manner=("order free", "pool"), quantised=True, stands_for="AveragePool")
declare("com.microsoft.QLinearConcat", manner=("joined", "regular"), quantised=True, stands_for="Concat")
declare(
    "com.microsoft.QLinearGlobalAveragePool",
    manner=("order free", "pool"),
    quantised=True,
    stands_for="GlobalAveragePool",
)
declare("com.microsoft.QLinearLeakyRelu", manner=("elementwise",), quantised=True, stands_for="LeakyRelu")
declare("com.microsoft.QLinearMul", manner=("elementwise",), quantised=True, stands_for="Mul")
declare("com.microsoft.QLinearReduceMean", manner=("order free",), quantised=True, stands_for="ReduceMean")
declare("com.microsoft.QLinearSigmoid", manner=("elementwise",), quantised=True, stands_for="Sigmoid")
declare("com.microsoft.QLinearSoftmax", manner=("norm",), quantised=True, stands_for="Softmax")
declare("com.microsoft.QLinearWhere", manner=("elementwise",), quantised=True, stands_for="Where")
