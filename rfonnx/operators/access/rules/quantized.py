"""com.microsoft operators on quantised tensors: as their ai.onnx kin, with scales and zero points between the operands."""

from __future__ import annotations

from rfonnx.operators.access.op import Op, rule
from rfonnx.operators.access.primitives import Access, Path, Permute, Reduce, Reshape, Step
from rfonnx.operators.access.rules.elementwise import quantize
from rfonnx.operators.access.rules.fused import microsoft
from rfonnx.operators.access.rules.matmul import matmul, product_paths, quantization
from rfonnx.operators.access.rules.pool import pooled
from rfonnx.operators.access.rules.reduce import reduce, reduce_steps
from rfonnx.operators.access.rules.shared import axes_of, joined, known
from rfonnx.operators.access.rules.slicing import stretch

rule(*microsoft("QLinearAdd", "QLinearMul", "QLinearSigmoid", "QLinearLeakyRelu", "QLinearWhere", "MulInteger"))(joined)
rule(*microsoft("QuantizeLinear", "DequantizeLinear"))(quantize)
rule(*microsoft("ReduceSumInteger"))(reduce)
rule(*microsoft("MatMulInteger16"))(matmul)


def _scalars(op: Op, *indices: int) -> tuple[Path, ...]:
    """Scales and zero points of whole tensors."""
    return tuple(
        Path(op.name(i), (Reduce(tuple(range(len(op.shape(i))))), Reshape(()))) for i in indices if op.reads(i)
    )


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


@rule(*microsoft("QGemm"))
def gemm(op: Op) -> Access:
    """y[i,j] reads a[i,:], b[:,j] (their transposes as told), c[i,j] broadcast, and scales and zero points. Exact."""
    swap = Permute((1, 0))
    a: tuple[Step, ...] = (swap,) if op.attrs.get("transA", 0) else ()
    b: tuple[Step, ...] = (swap,) if op.attrs.get("transB", 0) else ()
    paths = [Path(op.name(0), (*a, Reduce((1,)))), Path(op.name(3), (*b, Reduce((0,))))]
    if op.reads(6):
        paths.append(Path(op.name(6)))
    return Access((*paths, *quantization(op, (1, 2), (4, 5, 7, 8))))


@rule(*microsoft("MatMulIntegerToFloat"))
def matmul_integer_to_float(op: Op) -> Access:
    """As MatMulInteger, with scales and a bias per column. Exact."""
    return Access((*product_paths(op, 0, 1), *quantization(op, (2, 4), (3, 5, 6))))


@rule(*microsoft("DynamicQuantizeMatMul"))
def dynamic_quantize_matmul(op: Op) -> Access:
    """The scale of a sees all of a, and so does every result; b[:,j], its scale and zero point, and bias[j]. Exact."""
    whole = Path(op.name(0), (Reduce(tuple(range(len(op.shape(0))))), Reshape(())))
    return Access((whole, product_paths(op, 0, 1)[1], *quantization(op, (), (2, 3, 4))))


@rule(*microsoft("MatMulNBits", "MatMulBnb4", "MatMulFpQ4"))
def matmul_packed(op: Op) -> Access:
    """y[..., j] reads a[..., :] and bias[j]; the packed weights are constant. Exact."""
    known(op, 1, 2, 3, 4)
    row = Path(op.name(0), (Reduce((len(op.shape(0)) - 1,)),))
    return Access((row, Path(op.name(5))) if op.reads(5) else (row,))


@rule(*microsoft("GatherBlockQuantized"))
def gather(op: Op) -> Access:
    """Output (before, index, after) reads its index; the packed table is constant. Exact."""
    known(op, 0, 2, 3)
    rank, indices = len(op.shape(0)), op.shape(1)
    axis = op.attrs.get("gather_axis", 0) % rank
    return Access((Path(op.name(1), (Reshape((*indices, *(1,) * (rank - 1 - axis))),)),))
