"""The families of ai.onnx that few convolutional nets need, and what is asked of all operators by integer inputs alone."""

from rfonnx.operators import (  # noqa: F401
    attention,
    control,
    conv_transpose,
    einsum,
    id_rules,
    indexed,
    quantize,
    resize,
    resize_shape,
    rnn,
    sampling,
    scan,
    scatter,
    selecting,
    sequence,
    signal,
    state,
    text,
    training,
    unsupported,
)
