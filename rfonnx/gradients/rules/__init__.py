"""The gradient rules, one module per family of operators, named as in `rfonnx.operators`."""

# ruff: noqa: F401  # each family registers its rules when it is imported
from rfonnx.gradients.rules import (
    activations,
    binary,
    constant,
    conv,
    einsum,
    elementwise,
    matmul,
    max_pool,
    norm,
    pad,
    pool,
    quantize,
    recurrent,
    reduce,
    regions,
    resize,
    sampling,
    scan,
    shape,
    signal,
    slicing,
    unsupported,
)
