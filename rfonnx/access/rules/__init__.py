"""What each operator reads, by family. Importing this package registers every rule."""

from rfonnx.access.rules import (
    attention,
    conv,
    elementwise,
    matmul,
    norm,
    pad,
    pool,
    reduce,
    resize,
    rnn,
    scan,
    scatter,
    shape,
    signal,
    slicing,
    training,
)

__all__ = [
    "attention",
    "conv",
    "elementwise",
    "matmul",
    "norm",
    "pad",
    "pool",
    "reduce",
    "resize",
    "rnn",
    "scan",
    "scatter",
    "shape",
    "signal",
    "slicing",
    "training",
]
