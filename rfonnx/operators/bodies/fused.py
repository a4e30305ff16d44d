"""Operators that onnxruntime fused."""

from __future__ import annotations

from rfonnx.operators.bodies.writer import CONV, Writer, body
from rfonnx.operators.table import microsoft


def activated(w: Writer, value: str, added: int | None = None) -> None:
    """What a fused operator ends with: an input that is added where it is given, and an activation."""
    if added is not None:
        value = w.plus(value, added)
    kind = w.attr("activation", "") or "Identity"
    parameters = list(w.attr("activation_params", []))
    if kind == "Clip":
        w("Clip", value, w.scalar(parameters[0]), w.scalar(parameters[1]), to=w.outputs[0])
    elif kind == "LeakyRelu":
        w(kind, value, to=w.outputs[0], alpha=parameters[0] if parameters else w.attr("alpha", 0.01))
    elif kind == "HardSigmoid":
        w(kind, value, to=w.outputs[0], alpha=parameters[0], beta=parameters[1])
    else:
        w(kind, value, to=w.outputs[0])


@body("com.microsoft.FusedConv", manner=("by channel",), stands_for="Conv", weighted=True)
def _fused_conv(w: Writer) -> None:
    activated(w, w("Conv", *w.inputs[:3], **w.only(*CONV)), added=3)


@body("com.microsoft.FusedGemm", manner=("product",), stands_for="MatMul")
def _fused_gemm(w: Writer) -> None:
    made = w("Gemm", *w.inputs, **w.only("alpha", "beta", "transA", "transB"))
    w.attrs = {"activation_params": [v for v in (w.attrs.get("activation_alpha"),) if v is not None], **w.attrs}
    activated(w, made)


@body("com.microsoft.BiasGelu", manner=("elementwise",), pointwise=True, stands_for="Gelu")
def _bias_gelu(w: Writer) -> None:
    biased = w("Add", *w.inputs)
    half = w("Mul", biased, w.scalar(0.5))
    w("Mul", half, w("Add", w("Erf", w("Mul", biased, w.scalar(0.5**0.5))), w.scalar(1.0)), to=w.outputs[0])


@body("com.microsoft.SkipLayerNormalization", manner=("elementwise",), stands_for="LayerNormalization")
def _skip_layer_norm(w: Writer) -> None:
    total, epsilon = _skipped(w, 4), w.attr("epsilon", 1e-12)
    w.several("LayerNormalization", [total, *w.given(2, 3)], w.outputs[:3], epsilon=epsilon)


@body(*microsoft("FusedMatMul TransposeMatMul"), manner=("product",), stands_for="MatMul")
@body("com.microsoft.FusedMatMulActivation", manner=(), stands_for="MatMul")
def _fused_matmul(w: Writer) -> None:
    """alpha A' B': `transBatchA` brings the first axis of A behind the batch's, `transA` then swaps the last two."""
    made = w("MatMul", *(_turned(w, index, side) for index, side in enumerate("AB")))
    alpha = w.attr("alpha", 1.0)
    activated(w, made if alpha == 1.0 else w("Mul", made, w.scalar(alpha)))


@body("com.microsoft.GemmFastGelu", manner=(), stands_for="MatMul")
def _gemm_fast_gelu(w: Writer) -> None:
    w("Gelu", w.plus(w("MatMul", *w.inputs[:2]), 2), to=w.outputs[0], approximate="tanh")


@body("com.microsoft.BiasSplitGelu", manner=(), family="elementwise")
def _bias_split_gelu(w: Writer) -> None:
    """Half of the last axis gates the other half."""
    halves = [f"{w.prefix}{half}" for half in ("value", "gate")]
    w.several("Split", [w("Add", *w.inputs)], halves, axis=-1, num_outputs=2)
    w("Mul", halves[0], w("Gelu", halves[1]), to=w.outputs[0])


def _turned(w: Writer, index: int, side: str) -> str:
    name, swap, batch = w.inputs[index], w.attr(f"trans{side}", 0), w.attr(f"transBatch{side}", 0)
    axes = list(range(w.rank(index) if swap or batch else 0))
    if len(axes) < 2:
        return name
    if batch:
        axes = [*axes[1:-1], axes[0], axes[-1]]
    if swap:
        axes[-2:] = axes[:-3:-1]
    return w.transposed(name, axes)


@body(
    "com.microsoft.SkipSimplifiedLayerNormalization",
    manner=("elementwise",),
    stands_for="SimplifiedLayerNormalization",
)
def _skip_simplified_layer_norm(w: Writer) -> None:
    total, epsilon = _skipped(w, 3), w.attr("epsilon", 1e-12)
    w.several("SimplifiedLayerNormalization", [total, w.inputs[2]], w.outputs[:3:2], epsilon=epsilon)
    if any(w.outputs[1:2]):
        w.several("LayerNormalization", [total, w.inputs[2]], [f"{w.prefix}other", w.outputs[1]])


def _skipped(w: Writer, bias: int) -> str:
    """The sum that is normalised: input, skip and, where it is given, the bias at this index; output 3 shows it."""
    total = w.plus(w("Add", w.inputs[0], w.inputs[1]), bias)
    if len(w.outputs) > 3 and w.outputs[3]:
        total = w("Identity", total, to=w.outputs[3])
    return total
