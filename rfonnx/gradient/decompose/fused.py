"""Operators that onnxruntime fused."""

from __future__ import annotations

from rfonnx.gradient.decompose.writer import CONV, Writer, body


def _activated(w: Writer, value: str) -> None:
    """The activation that a fused operator ends with."""
    kind = w.attr("activation", "")
    parameters = list(w.attr("activation_params", []))
    if not kind:
        w("Identity", value, to=w.outputs[0])
    elif kind == "Clip":
        w("Clip", value, w.scalar(parameters[0]), w.scalar(parameters[1]), to=w.outputs[0])
    elif kind == "LeakyRelu":
        w(kind, value, to=w.outputs[0], alpha=parameters[0] if parameters else w.attr("alpha", 0.01))
    elif kind == "HardSigmoid":
        w(kind, value, to=w.outputs[0], alpha=parameters[0], beta=parameters[1])
    else:
        w(kind, value, to=w.outputs[0])


@body("com.microsoft.FusedConv")
def _fused_conv(w: Writer) -> None:
    made = w("Conv", *w.inputs[:3], **w.only(*CONV))
    _activated(w, w("Add", made, w.inputs[3]) if w.has(3) else made)


@body("com.microsoft.FusedGemm")
def _fused_gemm(w: Writer) -> None:
    made = w("Gemm", *w.inputs, **w.only("alpha", "beta", "transA", "transB"))
    w.attrs = {"activation_params": [v for v in (w.attrs.get("activation_alpha"),) if v is not None], **w.attrs}
    _activated(w, made)


@body("com.microsoft.BiasGelu")
def _bias_gelu(w: Writer) -> None:
    biased = w("Add", *w.inputs)
    half = w("Mul", biased, w.scalar(0.5))
    w("Mul", half, w("Add", w("Erf", w("Mul", biased, w.scalar(0.5**0.5))), w.scalar(1.0)), to=w.outputs[0])


@body("com.microsoft.SkipLayerNormalization")
def _skip_layer_norm(w: Writer) -> None:
    total = w("Add", w.inputs[0], w.inputs[1])
    if w.has(4):
        total = w("Add", total, w.inputs[4])
    if len(w.outputs) > 3 and w.outputs[3]:
        total = w("Identity", total, to=w.outputs[3])
    parameters = [w.inputs[2], *([w.inputs[3]] if w.has(3) else [])]
    w("LayerNormalization", total, *parameters, to=w.outputs[0], epsilon=w.attr("epsilon", 1e-12))
