"""com.microsoft operators that onnxruntime's optimiser fuses of ai.onnx ones: activations, norms, products."""

from __future__ import annotations

from rfonnx.operators.access.indexing import positions
from rfonnx.operators.access.op import Op, Unproven, declare_everything, rule
from rfonnx.operators.access.primitives import Access, Path, Reduce, Reshape, Select, Window
from rfonnx.operators.access.rules.matmul import gemm, product
from rfonnx.operators.access.rules.shared import grouped, joined, known, per_channel


def microsoft(*names: str) -> tuple[str, ...]:
    """Registry keys of com.microsoft operators."""
    return tuple(f"com.microsoft.{name}" for name in names)


rule(*microsoft("Gelu", "QuickGelu", "FastGelu", "BiasGelu", "BiasAdd", "ScaledSiLU"))(joined)
rule(*microsoft("FusedGemm"))(gemm)


@rule(*microsoft("BiasDropout"))
def bias_dropout(op: Op) -> Access:
    """y reads data, bias and residual at its position. Exact."""
    return Access(tuple(Path(op.name(index)) for index in (0, 1, 2) if op.reads(index)))


@rule(*microsoft("BiasSplitGelu"))
def bias_split_gelu(op: Op) -> Access:
    """y[n,s,d] reads x and bias at d and at d + D/2. Exact."""
    shape, half = op.shape(0), op.out_shape()[-1]
    last = len(shape) - 1
    halves = Path(op.name(0), (Window(last, half, 2, 1, half, 0),))
    bias = Path(op.name(1), (Window(0, half, 2, 1, half, 0),))
    return Access((halves, bias))


@rule(*microsoft("SkipLayerNormalization"))
def skip_layer_norm(op: Op) -> list[Access]:
    """The norm of input + skip + bias along the last axis, its statistics, and the sum itself. Exact."""
    return _skip_norm(op, summed=(0, 1, 4), scaled=(2, 3))


@rule(*microsoft("SkipSimplifiedLayerNormalization"))
def skip_simplified_layer_norm(op: Op) -> list[Access]:
    """As SkipLayerNormalization, without a shift. Exact."""
    return _skip_norm(op, summed=(0, 1, 3), scaled=(2,))


def _skip_norm(op: Op, summed: tuple[int, ...], scaled: tuple[int, ...]) -> list[Access]:
    terms = [(op.name(i), len(op.shape(i)) - 1) for i in summed if op.reads(i)]
    row = tuple(Path(name, (Reduce((axis,)),)) for name, axis in terms)
    y = Access((*row, *(Path(op.name(i)) for i in scaled if op.reads(i))))
    statistics, total = Access(row), Access(tuple(Path(name) for name, _ in terms))
    return [y, statistics, statistics, total][: len(op.node.outputs)]


@rule(*microsoft("EmbedLayerNormalization", "QEmbedLayerNormalization"))
def embed_layer_norm(op: Op) -> list[Access]:
    """y[b,s] reads the word, segment and position ids at (b,s). Exact for constant tables. The second output counts mask[b,:]."""
    known(op, 2, 3, 4, 5, 6, *range(9, len(op.node.inputs)))
    last = 7 if op.node.op_type.startswith("Q") else 8
    ids = [index for index in (0, 1, last) if index != 7 and op.reads(index)]
    y = Access(tuple(Path(op.name(i), (Reshape((*op.shape(i), 1)),)) for i in ids))
    counted = Path(op.name(7), (Reduce((1,)), Reshape((op.shape(7)[0],)))) if op.reads(7) else None
    return [y, Access((counted,) if counted else ()), y][: len(op.node.outputs)]


@rule(*microsoft("GroupNorm"))
def group_norm(op: Op) -> Access:
    """y[n, of a channel] reads all of x[n, group of the channel], gamma and beta of the channel. Exact."""
    return Access(tuple(_group_norm(op, (0,))))


@rule(*microsoft("SkipGroupNorm"))
def skip_group_norm(op: Op) -> list[Access]:
    """As GroupNorm of x + skip + bias, and that sum itself. Exact."""
    known(op, 4)
    skip = op.shape(3)
    if len(skip) != len(op.shape(0)):
        raise Unproven(f"a skip of shape {skip} that is broadcast over space")
    total = Access(tuple(Path(op.name(i)) for i in (0, 3) if op.reads(i)))
    return [Access(tuple(_group_norm(op, (0, 3)))), total][: len(op.node.outputs)]


def _group_norm(op: Op, summed: tuple[int, ...]) -> list[Path]:
    shape = op.shape(0)
    rank = len(shape)
    channel = rank - 1 if op.attrs.get("channels_last", 1) else 1
    space = tuple(i for i in range(1, rank) if i != channel)
    group = grouped(channel, shape[channel], shape[channel], op.attrs["groups"])
    paths = [Path(op.name(i), (Reduce(space), *group)) for i in summed if op.reads(i)]
    return paths + [per_channel(op, i, channel, rank) for i in (1, 2) if op.reads(i)]


@rule(*microsoft("GatedRMSNorm"))
def gated_rms_norm(op: Op) -> Access:
    """y reads x along its group of C features, C values of scale, and the gate at its position. Exact."""
    shape, size = op.shape(0), op.shape(1)[0]
    last = len(shape) - 1
    groups = shape[last] // size
    paths = [Path(op.name(0), grouped(last, shape[last], shape[last], groups))]
    if op.reads(1):
        feature = positions(shape[last]) % size
        paths.append(Path(op.name(1), (Select(0, feature, feature),)))
    return Access((*paths, *([Path(op.name(2))] if op.reads(2) else [])))


@rule(*microsoft("MoE", "QMoE"))
def mixture_of_experts(op: Op) -> Access:
    """A token reads all its features and its router values. A superset: which experts act on it is data."""
    known(op, *range(2, len(op.node.inputs)))
    shape, router = op.shape(0), op.shape(1)
    tokens = (Reduce((1,)), Reshape((*shape[:-1], 1)))
    paths = (Path(op.name(0), (Reduce((len(shape) - 1,)),)), Path(op.name(1), tokens if len(router) == 2 else ()))
    return Access(paths, exact=False, note="which experts a token is sent to is data: all are taken")


@rule(*microsoft("BiasSoftmax"))
def bias_softmax(op: Op) -> Access:
    """Softmax of data + bias over `axis` and all later axes. Exact."""
    rank = len(op.shape(0))
    first = op.attrs.get("axis", 1) % rank
    axes = tuple(range(first, rank))
    offset = rank - len(op.shape(1))
    bias = tuple(axis - offset for axis in axes if axis >= offset)
    return Access((Path(op.name(0), (Reduce(axes),)), Path(op.name(1), (Reduce(bias),))))


@rule(*microsoft("FusedMatMul", "TransposeMatMul", "FusedMatMulActivation"))
def fused_matmul(op: Op) -> Access:
    """MatMul of operands that are transposed first: their last two axes (transA), or their first axis behind the batch
    (transBatchA). Exact."""
    return product(op, _order(op, 0, "A"), _order(op, 1, "B"))


def _order(op: Op, index: int, letter: str) -> tuple[int, ...]:
    """Axes of an operand in the order in which the product sees them."""
    order = list(range(len(op.shape(index))))
    if op.attrs.get(f"transBatch{letter}", 0) and len(order) > 2:
        order = [*order[1:-1], 0, order[-1]]
    if op.attrs.get(f"trans{letter}", 0) and len(order) > 1:
        order[-2], order[-1] = order[-1], order[-2]
    return tuple(order)


@rule(*microsoft("GemmFastGelu"))
def gemm_fast_gelu(op: Op) -> Access:
    """MatMul, bias added. Exact."""
    access = fused_matmul(op)
    return access._replace(paths=(*access.paths, Path(op.name(2)))) if op.reads(2) else access


declare_everything(
    "its scale is taken of all values at run time",
    *microsoft("DynamicQuantizeLSTM"),
)
