"""Every family of operators. Importing this module registers all of them: spelling, shapes, what they read, what they cost."""

from rfonnx.operators import (  # noqa: F401
    attention,
    constant,
    control,
    conv,
    conv_transpose,
    einsum,
    elementwise,
    experts,
    fused,
    fused_attention,
    fused_matmul,
    fused_norm,
    gather,
    layouts,
    matmul,
    ml,
    multi_head_attention,
    norm,
    pad,
    pool,
    quantize,
    quantized,
    quantized_matmul,
    reduce,
    resize,
    rnn,
    sampling,
    scan,
    scatter,
    sequence,
    shape,
    signal,
    slicing,
    state,
    text,
    training,
)
from rfonnx.operators.shaping import infer
from rfonnx.operators.spelling import canonicalize

__all__ = ["canonicalize", "infer"]
