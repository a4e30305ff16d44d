"""The families whose operators are all of other domains than ai.onnx: fused, blocked, quantised ones, and those of ai.onnx.ml."""

from rfonnx.operators import (  # noqa: F401
    blocked,
    experts,
    fused,
    fused_attention,
    fused_norm,
    ml,
    multi_head_attention,
    quantized,
    quantized_matmul,
)
from rfonnx.operators.bodies import others  # noqa: F401
